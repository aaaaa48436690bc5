// The little that a probe asks of a card: so that its logic runs on a real one, and in tests on one that cheats.

import type { ProbeStep } from '../protocol/probe.js';

/** Offsets and lengths are multiples of `blockBytes`. What the card refuses is thrown. */
export interface Medium {
  /** A multiple of `blockBytes`. */
  readonly sizeBytes: number;
  /** Valid until the next call. May be shorter only where the card ends. */
  read(offsetBytes: number, lengthBytes: number): Uint8Array;
  write(offsetBytes: number, bytes: Uint8Array): void;
  flush(): void;
}

/** What is written, told apart and called good or bad at once. */
export const blockBytes = 4096;

/** Everything that a probe takes from outside, besides the card. */
export interface Surroundings {
  /** A clock in milliseconds. */
  nowMs(): number;
  /** Called before every request; throws when the person wants to stop. */
  step(doneBytes: number): void;
  enter(step: ProbeStep, totalBytes: number): void;
  /** Whether an error is the card's own (a place that cannot be written or read); others end the probe. */
  isCardError(error: unknown): boolean;
}

/** A number rounded down to whole blocks. */
export const wholeBlocks = (bytes: number): number => Math.floor(bytes / blockBytes) * blockBytes;
