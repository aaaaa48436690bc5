// What a person may call a disk or a slot when nothing is written: a path, a link, a label, `slot 3` or its number, a port.

import { deviceAt, type SystemFacts } from '../devices/facts.js';
import type { DiskSight } from '../devices/rows.js';
import { isSameLabel, placeName } from '../devices/slots.js';
import { type PiburnError, usageError } from '../errors.js';
import type { SlotPlace } from '../protocol.js';

/** The disks that a word means; `usb`: all readers on USB. @throws PiburnError (usage) `NO_DISK`. */
export function disksOf(
  word: string,
  facts: SystemFacts,
  rows: readonly DiskSight[],
  places: readonly SlotPlace[],
): DiskSight[] {
  const place = placeOf(word, places);
  if (place !== undefined) {
    const inSlot = rows.find(({ slot }) => slot?.port === place.port);
    if (inSlot === undefined) throw notThere(place, rows);
    return [inSlot];
  }
  const readers = rows.filter(({ kind, transport }) => kind === 'reader' && transport === 'usb');
  if (word.toLowerCase() === 'usb' && readers.length > 0) return readers;
  const disk = diskAt(word, facts, rows);
  if (disk === undefined) throw unknown('NO_DISK', `there is no disk ${JSON.stringify(word)}`, rows, places);
  return [disk];
}

/**
 * The slot that a word means, whether its reader is plugged in or not.
 * @throws PiburnError (usage) `NO_SLOT`.
 */
export function slotOf(
  word: string,
  facts: SystemFacts,
  rows: readonly DiskSight[],
  places: readonly SlotPlace[],
): SlotPlace {
  const place = placeOf(word, places);
  if (place !== undefined) return place;
  const disk = diskAt(word, facts, rows);
  if (disk?.slot !== undefined) return disk.slot;
  const what = disk === undefined ? `there is no slot ${JSON.stringify(word)}` : `${disk.path} is in no reader's slot`;
  throw unknown('NO_SLOT', what, rows, places);
}

/** A label counts before a number, and a label cannot be one. */
function placeOf(text: string, places: readonly SlotPlace[]): SlotPlace | undefined {
  const word = text.trim();
  const number = /^(?:slot ?)?([0-9]{1,6})$/i.exec(word)?.[1];
  return (
    places.find(({ label }) => isSameLabel(label, word)) ??
    places.find((place) => place.port === word || (number !== undefined && place.number === Number(number)))
  );
}

/** The disk at a path, of a partition too; a bare name is one below /dev. */
function diskAt(word: string, facts: SystemFacts, rows: readonly DiskSight[]): DiskSight | undefined {
  const device = deviceAt(word.includes('/') ? word : `/dev/${word}`, facts);
  const disk = device?.parent === undefined ? device : facts.devices.get(device.parent);
  return rows.find(({ path }) => path === disk?.path);
}

function notThere(place: SlotPlace, rows: readonly DiskSight[]): PiburnError {
  const why = place.port.startsWith('mmc-') ? 'there is no card in it' : 'its reader is not plugged in';
  return unknown('NO_DISK', `there is no disk in ${placeName(place)}: ${why}`, rows, []);
}

const shownNames = 12;

function unknown(code: string, message: string, rows: readonly DiskSight[], places: readonly SlotPlace[]): PiburnError {
  const absent = places.filter(({ port }) => !rows.some(({ slot }) => slot?.port === port));
  const names = [
    ...rows.map(({ path, slot }) => (slot === undefined ? path : `${placeName(slot)} (${path})`)),
    ...(code === 'NO_SLOT' ? absent.map(placeName) : []),
  ];
  const more = names.length > shownNames ? [`${names.length - shownNames} more`] : [];
  const hint =
    names.length === 0 ? 'no disk was found' : `there are: ${[...names.slice(0, shownNames), ...more].join(', ')}`;
  return usageError(code, message, { hint });
}
