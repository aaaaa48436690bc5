// Which media `probe`, `format` and `eject` mean: paths, slots, labels, `usb`.

import { readSystem } from '../devices/describe.js';
import { selectDevices } from '../devices/select.js';
import { usageError } from '../errors.js';
import { expandHostlist } from '../hostlist.js';
import { readSlotBook } from '../records/slot-book.js';
import { cardTarget } from './card-target.js';
import { allowances, type SafetyFlags } from './medium-safety.js';
import { recordsPlace } from './person.js';

/** @throws PiburnError (usage, refused): a word that means nothing. */
export async function mediaOf(list: string, flags: SafetyFlags): Promise<string[]> {
  const words = expandHostlist(list, 'DEVICE', { spaces: true });
  if (words.every((word) => word.includes('/'))) return words;
  const { book } = readSlotBook(recordsPlace(undefined, process.env));
  return selectDevices(words, await readSystem(), book, { protectedPaths: [], ...allowances(flags) });
}

/** The one medium that is meant; without a word that of DEV. */
export async function mediumOf(word: string | undefined, flags: SafetyFlags): Promise<string> {
  const list = cardTarget(word);
  const [first, ...others] = await mediaOf(list, flags);
  if (first !== undefined && others.length === 0) return first;
  throw usageError('ONE_MEDIUM', `'${list}' means ${others.length + 1} cards, and this is done to one at a time`, {
    hint: 'name one',
  });
}
