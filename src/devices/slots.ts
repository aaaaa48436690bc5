// The slots of card readers: numbers and labels that stay with the place where a reader is plugged in. Pure.

import { type PiburnError, usageError } from '../errors.js';
import { given } from '../given.js';
import type { SlotPlace } from '../protocol.js';
import type { BlockDevice, SystemFacts } from './facts.js';
import { naturally } from './natural-order.js';
import { isDisk } from './refuse-disk.js';
import { isSystemDisk } from './system-disk.js';

/** The slots that have been numbered or named before, whether plugged in or not. */
export interface SlotBook {
  readonly slots: readonly SlotPlace[];
}

/**
 * All slots by port: those of the book as they are, and those of readers that are plugged in and not in the book. These
 * get the lowest numbers that are free, in the order of their ports.
 */
export function numberSlots(facts: SystemFacts, book: SlotBook): Map<string, SlotPlace> {
  const places = new Map(book.slots.map((slot) => [slot.port, slot]));
  const taken = new Set(book.slots.map((slot) => slot.number));
  const ports = readersOf(facts)
    // The slot that a Pi runs from is no place for cards, and would be the first.
    .filter((disk) => !isSystemDisk(disk, facts))
    .flatMap((disk) => disk.port ?? []);
  let number = 1;
  for (const port of [...new Set(ports)].sort(naturally)) {
    if (places.has(port)) continue;
    while (taken.has(number)) number += 1;
    taken.add(number);
    places.set(port, { port, number });
  }
  return places;
}

/** How people call a slot: by its label, else `slot 3`. */
export const placeName = (slot: SlotPlace): string => slot.label ?? `slot ${slot.number}`;

/**
 * A card reader or a stick: something on USB with a removable medium, or a card in an MMC slot. Fixed USB disks and chips
 * on the board are none.
 */
export const isReader = (device: BlockDevice): boolean =>
  isDisk(device) && device.removable && !device.onBoard && ['usb', 'mmc'].includes(device.transport);

/** All readers, in the order of their names. */
export const readersOf = (facts: SystemFacts): BlockDevice[] => [...facts.devices.values()].filter(isReader);

/**
 * A label as it is kept. `port`: the slot that is to get it, which may have it already.
 * @throws PiburnError (usage, `SLOT_LABEL`): not 1 to 32 letters, digits, spaces or `. _ -`; a word that means something
 * else; another slot's label.
 */
export function checkLabel(text: string, book: SlotBook, port?: string): string {
  const label = text.normalize('NFC').trim();
  if (!/^[\p{L}\p{Nd} ._-]{1,32}$/u.test(label))
    throw wrongLabel(label, 'is no label', 'use 1 to 32 letters, digits, spaces, points, hyphens or underscores');
  if (!/^[\p{L}\p{Nd}]/u.test(label))
    throw wrongLabel(
      label,
      'does not begin with a letter or a digit',
      `try ${label.replace(/^[ ._-]+/, '') || 'left-1'}`,
    );
  if (/^(usb|[0-9]+|slot[ ._-]*[0-9]*)$/i.test(label))
    throw wrongLabel(label, 'means something else as a device', `add a word, such as 'left ${label}'`);
  const other = book.slots.find((slot) => slot.port !== port && isSameLabel(slot.label, label));
  if (other === undefined) return label;
  throw wrongLabel(label, `is the label of slot ${other.number} (${other.port}) already`, 'choose another one');
}

/** Labels are the same whatever their case. */
export const isSameLabel = (label: string | undefined, word: string): boolean =>
  label?.toLowerCase() === word.normalize('NFC').trim().toLowerCase();

const wrongLabel = (label: string, what: string, hint: string): PiburnError =>
  usageError('SLOT_LABEL', `the slot label ${JSON.stringify(label)} ${what}`, given({ hint }));
