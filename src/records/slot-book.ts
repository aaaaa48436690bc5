// The slot book: `slots.json`, the numbers and names that readers' slots have been given. It is renamed into place, so
// that it is always whole.

import { closeSync, fsyncSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { given } from '../given.js';
import type { SlotPlace } from '../protocol.js';
import { parseLine, readTail } from './lines.js';
import { whileLocked } from './lock.js';
import { findPlace, inWords, openOwn, type RecordsPlace, syncDirectory, unusable } from './place.js';
import { amount, listOf, oneOf, shape, text } from './shape.js';

export interface SlotBook {
  readonly slots: readonly SlotPlace[];
}

export interface ReadSlotBook {
  readonly book: SlotBook;
  /** Why it is empty although there is a file. */
  readonly warning?: string;
}

const maxSlots = 1000;
const maxBytes = 1024 * 1024;
const slotPlace = shape<SlotPlace>({ port: text, number: amount }, { label: text });
const bookShape = shape<SlotBook & { readonly version: 1 }>({ version: oneOf(1), slots: listOf(slotPlace) }, {});

/**
 * The slots that are known; a damaged file counts as an empty one, and the warning says so.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function readSlotBook(place: RecordsPlace): ReadSlotBook {
  const path = join(place.directory, 'slots.json');
  const descriptor = findPlace(place) === undefined ? undefined : openOwn(place, path, 'read');
  if (descriptor === undefined) return { book: { slots: [] } };
  try {
    const bytes = inWords(path, () => readTail(descriptor, maxBytes));
    const slots = bookShape(parseLine(bytes.toString('utf8')))?.slots;
    const wrong = slots === undefined ? 'it is damaged, or of another version' : problemOf(slots);
    if (slots !== undefined && wrong === undefined) return { book: { slots } };
    return { book: { slots: [] }, warning: `${path} is not used: ${wrong}; slots are numbered anew` };
  } finally {
    closeSync(descriptor);
  }
}

function problemOf(slots: readonly SlotPlace[]): string | undefined {
  if (slots.length > maxSlots) return `it has more than ${maxSlots} slots`;
  if (slots.some(({ port, number }) => port === '' || !Number.isInteger(number) || number < 1))
    return 'it has a slot without a port or a number';
  const labels = slots.flatMap(({ label }) => label?.toLowerCase() ?? []);
  const twice =
    new Set(slots.map(({ port }) => port)).size < slots.length ||
    new Set(slots.map(({ number }) => number)).size < slots.length ||
    new Set(labels).size < labels.length;
  return twice ? 'it has two slots with the same port, number or name' : undefined;
}

/**
 * Puts a slot book into place.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function writeSlotBook(place: RecordsPlace, book: SlotBook): void {
  whileLocked(place, () => replaceBook(place, book));
}

/**
 * Changes the slot book while no other piburn does.
 * @returns the new book, and the warning of reading the old one.
 * @throws PiburnError `RECORDS_UNUSABLE`, and what `change` throws.
 */
export function changeSlotBook(place: RecordsPlace, change: (book: SlotBook) => SlotBook): ReadSlotBook {
  return whileLocked(place, () => {
    const before = readSlotBook(place);
    const book = change(before.book);
    replaceBook(place, book);
    return { book, ...given({ warning: before.warning }) };
  });
}

function replaceBook(place: RecordsPlace, { slots }: SlotBook): void {
  const path = join(place.directory, 'slots.json');
  const wrong = problemOf(slots);
  const json = `${JSON.stringify({ version: 1, slots }, undefined, 2)}\n`;
  if (wrong !== undefined) throw unusable(`${path} was not written: ${wrong}`);
  if (Buffer.byteLength(json) > maxBytes) throw unusable(`${path} was not written: it would be larger than 1 MiB`);
  const partial = join(place.directory, 'slots.json.partial'); // one at a time, under the lock
  inWords(path, () => {
    rmSync(partial, { force: true });
    const descriptor = openOwn(place, partial, 'create');
    try {
      writeFileSync(descriptor, json);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(partial, path);
    syncDirectory(place.directory);
  });
}
