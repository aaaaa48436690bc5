// What one burn carries along from open to sealed, and the ways in which it stops.

import { failure, type PiburnError } from '../errors.js';
import type { SegmentTable } from '../image/segment-table.js';
import type { CardJob, CardResult, Repair } from '../protocol.js';
import type { CardCounters } from './counters.js';
import { Cancelled } from './trouble.js';
import type { Bench } from './write.js';

/** The state of one burn. */
export interface Burn {
  readonly job: CardJob;
  readonly table: SegmentTable;
  readonly counters: CardCounters;
  readonly bench: Bench;
  readonly tally: Tally;
}

/** What becomes the result. */
export interface Tally {
  bootable: CardResult['bootable'];
  direct: boolean;
  writtenBytes: number;
  verifiedBytes: number;
  /** Undefined: nothing was to be compared. */
  unchangedBytes?: number;
  writeMs: number;
  verifyMs: number;
  cardId?: string;
  ejected?: boolean;
  readonly repairs: Repair[];
  readonly warnings: string[];
}

export const emptyTally = (delta: boolean): Tally => ({
  bootable: 'untouched',
  direct: true,
  writtenBytes: 0,
  verifiedBytes: 0,
  ...(delta ? { unchangedBytes: 0 } : {}),
  writeMs: 0,
  verifyMs: 0,
  repairs: [],
  warnings: [],
});

/** What the card holds, or a file that stands in for one shall hold. */
export const sizeOf = ({ bench, job }: Burn): number => job.fileBytes ?? bench.card.info.sizeBytes;

export function stopIfCancelled(counters: CardCounters): void {
  if (counters.cancelled) throw new Cancelled();
}

export const imageBroken = (path: string): PiburnError =>
  failure('IMAGE_BROKEN', `${path} was left unfinished: the image could not be read to its end`, {
    device: path,
    hint: 'see the message about the image',
  });

export const imageNotRead = (path: string): PiburnError =>
  failure('IMAGE_BROKEN', `${path} was not begun: the image could not be read to its end`, {
    device: path,
    hint: 'see the message about the image; the card is as it was',
  });
