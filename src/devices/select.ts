// What the words of `--device` mean: paths, `usb`, labels and numbers of slots. Pure; the words come apart already.

import { type PiburnError, refusal, usageError } from '../errors.js';
import { given } from '../given.js';
import type { SlotPlace } from '../protocol.js';
import type { BlockDevice, SystemFacts } from './facts.js';
import { naturally } from './natural-order.js';
import { diskRefusals, type RefusalOptions } from './refuse-disk.js';
import { isReader, isSameLabel, numberSlots, placeName, readersOf, type SlotBook } from './slots.js';

const shownReasons = 4;
const shownSlots = 16;

/**
 * The targets that words mean, in the order of the words. A word with a slash is a path, and so is one that is neither
 * `usb` nor a slot: a file to be made, perhaps. The same target may come twice; `refusals` says so.
 * @throws PiburnError: `NO_SLOT`, `WORD_IS_FILE` (usage); `NO_READER` (refused).
 */
export function selectDevices(
  words: readonly string[],
  facts: SystemFacts,
  book: SlotBook,
  options: RefusalOptions,
): string[] {
  const places = [...numberSlots(facts, book).values()];
  return words.flatMap((word) => {
    if (word.includes('/')) return [word];
    const slot = slotOf(word, places);
    if (slot === undefined && word.toLowerCase() !== 'usb') return [fileOf(word, facts, places)];
    if (facts.lookUp(word).entry !== undefined) throw isFileToo(word, slot);
    return slot === undefined ? usbReaders(facts, book, options) : [deviceIn(slot, facts)];
  });
}

/** A file that is there, or one with an ending; anything else is more likely a label that was mistyped. */
function fileOf(word: string, facts: SystemFacts, places: readonly SlotPlace[]): string {
  if (word.includes('.') || facts.lookUp(word).entry !== undefined) return word;
  const known = places.slice(0, shownSlots).map(placeName).join(', ');
  throw usageError('NO_SLOT', `no slot is called '${word}'${known === '' ? '' : `: there are ${known}`}`, {
    hint: `see \`piburn slots\`, or write ./${word} for a new file`,
  });
}

/** All readers that nothing speaks against, in the order of their slots; fixed disks are none, on USB neither. */
export function defaultDevices(facts: SystemFacts, book: SlotBook, options: RefusalOptions): string[] {
  const free = readersInOrder(facts, book).filter((disk) => reasonsAgainst(disk, facts, options).length === 0);
  return free.map((disk) => disk.path);
}

const reasonsAgainst = (disk: BlockDevice, facts: SystemFacts, options: RefusalOptions): PiburnError[] =>
  diskRefusals(disk.path, disk, facts, options);

/** Readers by the numbers of their slots; those without a port come last. */
export function readersInOrder(facts: SystemFacts, book: SlotBook): BlockDevice[] {
  const places = numberSlots(facts, book);
  const numberOf = ({ port }: BlockDevice) => places.get(port ?? '')?.number ?? Number.MAX_SAFE_INTEGER;
  return readersOf(facts).sort((a, b) => numberOf(a) - numberOf(b) || naturally(a.name, b.name));
}

function usbReaders(facts: SystemFacts, book: SlotBook, options: RefusalOptions): string[] {
  const readers = readersInOrder(facts, book).filter(({ transport }) => transport === 'usb');
  const judged = readers.map((disk) => ({ disk, reasons: reasonsAgainst(disk, facts, options) }));
  const free = judged.filter(({ reasons }) => reasons.length === 0);
  if (free.length > 0) return free.map(({ disk }) => disk.path);
  const reasons = judged.flatMap((each) => each.reasons.slice(0, 1)).map(({ failure }) => failure.message);
  const more = reasons.length > shownReasons ? ` And ${reasons.length - shownReasons} more.` : '';
  const words = reasons.length === 0 ? 'there is none.' : `${reasons.slice(0, shownReasons).join(' ')}${more}`;
  throw refusal('NO_READER', `No USB card reader can be written: ${words}`, { hint: 'Plug in a reader with a card.' });
}

/** The slot with this label, or of `slot 3` or `slot3`. */
function slotOf(word: string, places: readonly SlotPlace[]): SlotPlace | undefined {
  const labelled = places.find(({ label }) => isSameLabel(label, word));
  const number = /^slot ?([0-9]{1,6})$/i.exec(word.trim())?.[1];
  if (labelled !== undefined || number === undefined) return labelled;
  const numbered = places.find((place) => place.number === Number(number));
  if (numbered !== undefined) return numbered;
  const known = [...places].sort((a, b) => a.number - b.number).map(withNumber);
  const more = known.length > shownSlots ? [`${known.length - shownSlots} more`] : [];
  throw usageError('NO_SLOT', `There is no slot ${Number(number)}.`, {
    hint:
      known.length === 0
        ? 'Plug in a card reader; no slot is known yet.'
        : `Slots that are known: ${[...known.slice(0, shownSlots), ...more].join(', ')}`,
  });
}

const withNumber = (slot: SlotPlace): string =>
  slot.label === undefined ? placeName(slot) : `${placeName(slot)} (slot ${slot.number})`;

function deviceIn(slot: SlotPlace, facts: SystemFacts): string {
  const there = [...facts.devices.values()].filter(({ port }) => port === slot.port);
  const [reader, ...others] = there.filter(isReader);
  if (reader !== undefined && others.length === 0) return reader.path;
  const details = given({ device: there[0]?.path, hint: 'Give the path of the device, such as /dev/sda.' });
  if (reader !== undefined) {
    const paths = [reader, ...others].map(({ path }) => path).join(' and ');
    throw usageError(
      'NO_SLOT',
      `${placeName(slot)} may be ${paths}: they cannot be told apart by their port.`,
      details,
    );
  }
  if (there[0] !== undefined)
    throw refusal('NO_READER', `${there[0].path} is plugged in at ${placeName(slot)}, and is no card reader.`, details);
  // The kernel has no disk for an MMC slot without a card.
  if (slot.port.startsWith('mmc-'))
    throw refusal('NO_MEDIUM', `${placeName(slot)} is empty: there is no card in it.`, { hint: 'Put a card in.' });
  throw refusal('NO_READER', `The reader of ${placeName(slot)} is not plugged in (${slot.port}).`, {
    hint: 'Plug it in where it was before, or give another device.',
  });
}

function isFileToo(word: string, slot: SlotPlace | undefined): PiburnError {
  const other = slot === undefined ? 'the USB card readers' : withNumber(slot);
  return usageError('WORD_IS_FILE', `${word} may mean ${other}, or the file of that name in this folder.`, {
    hint: `Write ./${word} for the file, or ${slot === undefined ? 'the paths of the readers' : 'run piburn elsewhere'}.`,
  });
}
