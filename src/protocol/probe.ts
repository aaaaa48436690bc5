// What `piburn probe` finds out about a card: how much it holds, where it fails, and how fast it is.

import type { Failure } from '../errors.js';

/** How a stretch of a card read back after it had been written. */
export type PlaceState =
  /** As it was written. */
  | 'good'
  /** Nothing of what was written: zeros, 0xff, or what was there before. */
  | 'lost'
  /** The right block with wrong bytes in it. */
  | 'changed'
  /** A block that was written to another place. */
  | 'elsewhere'
  /** It could not be written or read at all. */
  | 'error';

/** Places that lie together and fared alike. */
export interface PlaceRun {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly state: PlaceState;
  /** Of `elsewhere`: the place of the block that was found, less the place where it was found. */
  readonly shiftBytes?: number;
}

/** How a card pretends to be larger than it is. */
export type FakeKind =
  /** Addresses beyond the end begin again at 0. */
  | 'wraparound'
  /** What is written beyond the end is gone. */
  | 'limbo'
  /** Both: addresses begin again at a round number, and what lies between the end and that number is gone. */
  | 'chain';

export type Verdict =
  | { readonly kind: 'good' }
  /** All there, but too slow for a Pi. */
  | { readonly kind: 'slow'; readonly writeBytesPerSecond: number }
  | { readonly kind: 'fake'; readonly how: FakeKind; readonly holdsBytes: number }
  /** `places`: how many stretches read back wrong; `firstBytes`: where the first of them begins. */
  | { readonly kind: 'failing'; readonly places: number; readonly firstBytes: number }
  /** It refuses writes, or takes them and keeps what it had. */
  | { readonly kind: 'read-only' };

/** Speed at one place of a card, in bytes per second; a field is missing where nothing was measured. */
export interface SpeedPoint {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly writeBytesPerSecond?: number;
  readonly readBytesPerSecond?: number;
}

/** Requests of 4 KiB at random places, one after another. */
export interface RandomAccess {
  readonly requests: number;
  readonly perSecond: number;
  readonly medianMs: number;
  readonly worstMs: number;
}

/** All that was found out about one card. */
export interface ProbeFacts {
  readonly sizeBytes: number;
  readonly full: boolean;
  readonly verdict: Verdict;
  /** How much of the card was written and read back. */
  readonly checkedBytes: number;
  /** Whatever is not good, ascending, at most 1000; `badMore` counts the rest. */
  readonly bad: readonly PlaceRun[];
  readonly badMore: number;
  /** Ascending. */
  readonly speeds: readonly SpeedPoint[];
  readonly randomWrites?: RandomAccess;
  readonly randomReads?: RandomAccess;
  /** What the random places are drawn from: the same seed looks at the same places. */
  readonly seed: number;
  /** False where the page cache could not be left out of the reading. */
  readonly direct: boolean;
  readonly elapsedMs: number;
}

/** What a worker is to do, in this order; `done` is the end, good or bad. */
export const probeSteps = [
  'opening',
  'wiping',
  'markers',
  'filling',
  'writing',
  'random-writes',
  'checking',
  'reading',
  'random-reads',
  'bisecting',
  'clearing',
  'done',
] as const;
export type ProbeStep = (typeof probeSteps)[number];

/** How a probe ended: with facts, or with why there are none. */
export interface ProbeOutcome {
  readonly facts?: ProbeFacts;
  readonly failure?: Failure;
  /** Whether anything was written: then the old content is gone, and there is no partition table. */
  readonly touched: boolean;
}

/** A card that was given a file system. */
export interface FormattedCard {
  readonly path: string;
  readonly fileSystem: 'fat32' | 'exfat';
  readonly label: string;
  readonly partition: { readonly startBytes: number; readonly sizeBytes: number };
}

/** A medium that was taken out of use. */
export interface EjectedMedium {
  readonly path: string;
  readonly unmounted: readonly string[];
  /** False where the slot has no such command (a card in an MMC slot): it may just be pulled. */
  readonly ejected: boolean;
  readonly transport: string;
}
