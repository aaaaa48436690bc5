// Changes of the slot book: `slots name` and `slots forget`.

import { checkLabel, numberSlots, type SlotBook } from '../devices/slots.js';
import { type PiburnError, usageError } from '../errors.js';
import { given } from '../given.js';
import type { SlotPlace } from '../protocol.js';
import type { RecordsPlace } from '../records/place.js';
import { changeSlotBook } from '../records/slot-book.js';
import type { DisksSeen } from './see-disks.js';
import { slotOf } from './slot-words.js';

interface Naming {
  readonly port: string;
  /** Undefined: the label is taken away. */
  readonly label?: string;
}

/**
 * Gives slots the labels of `WHAT=LABEL`, all or none; two may change theirs in one go.
 * @returns the slots as they are now, in the order of the words.
 * @throws PiburnError (usage) `SLOT_ASSIGNMENT`, `NO_SLOT`, `SLOT_LABEL`; `RECORDS_UNUSABLE`.
 */
export function nameSlots(assignments: readonly string[], seen: DisksSeen, place: RecordsPlace): SlotPlace[] {
  const places = [...numberSlots(seen.facts, seen.book).values()];
  const namings = assignments.map((text) => parse(text, seen, places));
  const twice = namings.find(({ port }, index) => namings.findIndex((other) => other.port === port) !== index);
  if (twice !== undefined) throw wrong(`the slot at ${twice.port} is named twice`, 'name every slot once');
  const { book } = changeSlotBook(place, (now) => named(namings, [...numberSlots(seen.facts, now).values()]));
  return namings.flatMap(({ port }) => book.slots.find((slot) => slot.port === port) ?? []);
}

function parse(text: string, { facts, rows }: DisksSeen, places: readonly SlotPlace[]): Naming {
  const at = text.indexOf('=');
  if (at <= 0)
    throw wrong(`${JSON.stringify(text)} is not WHAT=LABEL`, 'write it as: piburn slots name "slot 3=left 2"');
  const { port } = slotOf(text.slice(0, at), facts, rows, places);
  const label = text.slice(at + 1).trim();
  return { port, ...given({ label: label === '' ? undefined : label }) };
}

/** The old labels go first, so that slots can swap theirs. */
function named(namings: readonly Naming[], slots: readonly SlotPlace[]): SlotBook {
  let book: SlotBook = {
    slots: slots.map((slot) => (namings.some(({ port }) => port === slot.port) ? withLabel(slot, undefined) : slot)),
  };
  for (const { port, label } of namings) {
    const checked = label === undefined ? undefined : checkLabel(label, book, port);
    book = { slots: book.slots.map((slot) => (slot.port === port ? withLabel(slot, checked) : slot)) };
  }
  return book;
}

const withLabel = ({ port, number }: SlotPlace, label: string | undefined): SlotPlace => ({
  port,
  number,
  ...given({ label }),
});

const wrong = (message: string, hint: string): PiburnError => usageError('SLOT_ASSIGNMENT', message, { hint });

/**
 * Takes a slot, or all whose reader is not plugged in, out of the book. An empty MMC slot looks as if it were not there,
 * so those are only forgotten by name.
 * @returns what was in the book and is no more.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function forgetSlots(what: SlotPlace | undefined, { rows }: DisksSeen, place: RecordsPlace): SlotPlace[] {
  const isMeant = ({ port }: SlotPlace) =>
    what === undefined ? !port.startsWith('mmc-') && !rows.some(({ slot }) => slot?.port === port) : port === what.port;
  let gone: readonly SlotPlace[] = [];
  changeSlotBook(place, ({ slots }) => {
    gone = slots.filter(isMeant);
    return { slots: slots.filter((slot) => !isMeant(slot)) };
  });
  return [...gone];
}
