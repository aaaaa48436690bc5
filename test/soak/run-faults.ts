// What can happen to a whole run of a soak: its image or its store has a fault, or its caller breaks it off. `IMAGE` and
// `STORE` stand for the beginning of those paths.

import type { Chance } from './card-faults.js';
import { type Form, smallImageBytes } from './image.js';

export interface RunFault {
  readonly name: string;
  readonly rules: readonly string[];
  /** Codes that its cards, or the run, may have besides those of the cards' own faults. */
  readonly codes: readonly string[];
  /** Only with images in these forms. */
  readonly forms: readonly Form[];
  /** What the caller does after so many events. */
  readonly caller?: { readonly does: 'cancel' | 'leave'; readonly afterEvents: number };
}

const packed: readonly Form[] = ['gz', 'xz'];
const any: readonly Form[] = ['raw', 'gz', 'xz'];

/** One fault of each kind. */
export function drawRunFaults(next: Chance): RunFault[] {
  const place = (share: number) => Math.floor(smallImageBytes * share * (0.2 + next(60) / 100));
  return [
    ...storeFaults(next),
    {
      name: 'image cannot be read',
      rules: [`read path=/IMAGE at=${place(0.9)} errno=EIO`],
      codes: ['EIO', 'IMAGE_UNREADABLE', 'IMAGE_BROKEN', 'IMAGE_CORRUPT'],
      forms: any,
    },
    {
      // As if a bit of memory had turned over: the file itself is right, so it is the card that looks wrong.
      name: 'image is wrong in memory',
      rules: [`mmap path=/IMAGE at=${place(1)} flip=${next(8)}`],
      codes: ['VERIFY_MISMATCH', 'IMAGE_CHANGED'],
      forms: ['raw'],
    },
    { name: 'image cannot be mapped', rules: ['mmap path=/IMAGE errno=ENOMEM'], codes: [], forms: ['raw'] },
    { name: 'image is read in small parts', rules: ['read path=/IMAGE short=8192'], codes: [], forms: any },
  ];
}

const storeFaults = (next: Chance): RunFault[] => [
  {
    name: 'store full',
    rules: [`write path=/STORE from=${next(4_000_000)} errno=ENOSPC`],
    codes: ['STORE_FULL', 'IMAGE_BROKEN'],
    forms: packed,
  },
  {
    name: 'store may not be used',
    rules: ['change path=/STORE name=mkdir errno=EACCES'],
    codes: ['STORE_UNUSABLE'],
    forms: any,
  },
  { name: 'store cannot flush', rules: ['flush path=/STORE errno=EIO'], codes: ['EIO', 'IMAGE_BROKEN'], forms: any },
  {
    name: 'store cannot rename',
    rules: ['change path=/STORE name=rename errno=EIO'],
    codes: ['EIO', 'IMAGE_BROKEN'],
    forms: any,
  },
];

/** The caller breaks the run off, or does not listen any more: needs no rule. */
export const drawCaller = (next: Chance): RunFault =>
  next(2) === 0
    ? {
        name: 'cancelled',
        rules: [],
        codes: ['INTERRUPTED'],
        forms: any,
        caller: { does: 'cancel', afterEvents: 1 + next(60) },
      }
    : { name: 'nobody listens', rules: [], codes: [], forms: any, caller: { does: 'leave', afterEvents: next(20) } };
