// The slots of a run: which targets are meant, and how people call them. A slot is a place, not a device name: a reader
// that comes back as /dev/sdg is still the slot that it was.

import { readSystem } from '../devices/describe.js';
import { lookAtMedium } from '../devices/disk-events.js';
import { deviceAt, type SystemFacts } from '../devices/facts.js';
import { diskRefusals } from '../devices/refuse-disk.js';
import { defaultDevices, readersInOrder, selectDevices } from '../devices/select.js';
import { numberSlots, placeName, type SlotBook } from '../devices/slots.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import { type BurnOptions, canSwap } from './options.js';
import { isChosenByPiburn } from './order.js';
import { readerOf, type Slot } from './slot.js';
import { rulesOf } from './target-rules.js';

/**
 * The slots that the words of `--device` mean; without a word all readers that nothing speaks against, and empty ones
 * where cards can be put in later. `nodes`: how many there are to burn.
 * @throws PiburnError (usage, refused): a word that means nothing, or no reader at all.
 */
export async function chooseSlots(
  words: readonly string[],
  options: BurnOptions,
  storeDirectory: string,
  book: SlotBook,
  nodes: number,
): Promise<readonly Slot[]> {
  // Where the kernel does not look at readers by itself, a card that was changed shows only when somebody does.
  await Promise.all(readersInOrder(await readSystem(), book).map(({ path }) => lookAtMedium(path)));
  const facts = await readSystem();
  const rules = rulesOf(options, storeDirectory, undefined);
  const devices = words.length === 0 ? defaultDevices(facts, book, rules) : selectDevices(words, facts, book, rules);
  if (devices.length === 0)
    throw usageError('NO_DEVICE_GIVEN', 'no target was given, and no reader with a card is there that may be written', {
      hint: 'put a card in, see `piburn info`, or say --device=/dev/sd[a-c]',
    });
  const wanted = isChosenByPiburn({ devices: words }) ? [...devices, ...emptyReaders(devices.length)] : devices;
  return namedSlots(wanted, facts, book);

  /** Readers that can take a card later, as many as there are nodes without a card. */
  function emptyReaders(ready: number): string[] {
    if (nodes <= ready || !canSwap(options)) return [];
    return readersInOrder(facts, book)
      .filter(({ transport }) => words.length === 0 || transport === 'usb')
      .filter((disk) => diskRefusals(disk.path, disk, facts, rules)[0]?.failure.code === 'NO_MEDIUM')
      .slice(0, nodes - ready)
      .map(({ path }) => path);
  }
}

function namedSlots(devices: readonly string[], facts: SystemFacts, book: SlotBook): Slot[] {
  const places = numberSlots(facts, book);
  const known = devices.map((path) => {
    const device = deviceAt(path, facts);
    const place = device?.port === undefined ? undefined : places.get(device.port);
    return { path, device, place };
  });
  const numbers = new Set(known.map(({ place }) => place?.number));
  const isNumbered = numbers.size === known.length && !numbers.has(undefined);
  return known.map(({ path, device, place }, index) => ({
    slot: isNumbered && place !== undefined ? place.number : index + 1,
    device: path,
    ...given({
      port: device?.port,
      place: place === undefined ? undefined : placeName(place),
      reader: device && readerOf(device),
    }),
  }));
}
