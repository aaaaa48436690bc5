// One burn: everything that a worker gets, and how it ended.

import type { Failure } from '../errors.js';
import type { PatchBlock } from './node.js';

/** The thing that is written: which one it is, so that a worker can refuse what is no longer the same. */
export interface TargetIdentity {
  readonly path: string;
  readonly kind: 'block' | 'file';
  /** `MAJOR:MINOR` of a block device. */
  readonly deviceNumber?: string;
  /** The kernel's count of media and devices that came and went under this name (Linux 5.15 or newer). */
  readonly diskSequence?: number;
  /** Size that was shown to the person; undefined for a file that does not exist yet. */
  readonly sizeBytes?: number;
  /** Of the reader, or of a card on the MMC bus. */
  readonly serial?: string;
}

/** Everything that a worker needs to burn one card. */
export interface CardJob {
  readonly target: TargetIdentity;
  /** The decoded image: a spool, or the raw image file itself. */
  readonly imagePath: string;
  /** A `SegmentTable` (src/image/segment-table.ts), still growing while the image is decoded. */
  readonly segments: SharedArrayBuffer;
  /** The `CardCounters` (src/card/counters.ts) of this card. */
  readonly counters: SharedArrayBuffer;
  readonly patch: readonly PatchBlock[];
  readonly verify: boolean;
  /** Write the unused bytes too. */
  readonly full: boolean;
  /** Compare first, and write only what differs; only together with `verify`, and without `wipeAll`. */
  readonly delta: boolean;
  /** Largest single write or read request; undefined: what the device shows to be good for it, less while it struggles. */
  readonly requestBytes?: number;
  /** Size that a file standing in for a card shall have; undefined: the image's own size. */
  readonly fileBytes?: number;
  /** Markers behind the image, written before and looked for after, tell a card of false capacity (block devices only). */
  readonly probe: boolean;
  /** Every byte of the card is made zero first. */
  readonly wipeAll: boolean;
  /** The card's medium is ejected when it is good. */
  readonly eject: boolean;
  /** The identity of the card if it has none yet, 32 hexadecimal digits; written behind the image (src/card/mark.ts). */
  readonly newCardId: string;
  /** Cards of this run: a card that is one of them is not burned again. */
  readonly burned: readonly BurnedMark[];
  /** Cards that have failed in this run by their own fault: they get no second try. */
  readonly failed: readonly FailedCard[];
}

export interface FailedCard {
  readonly cardId: string;
  readonly hostname?: string;
}

/** What is on a card of this run and on no other. */
export interface BurnedMark {
  readonly hostname: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** XXH3-128 of those bytes. */
  readonly digest: Uint8Array;
}

/**
 * What a card went through, in this order; with `delta` it is compared before and after it is written, and then perhaps
 * needs no verifying. `done` is the end, good or bad.
 */
export const phases = [
  'waiting',
  'wiping',
  'comparing',
  'writing',
  'flushing',
  'verifying',
  'sealing',
  'done',
] as const;
export type Phase = (typeof phases)[number];

/** A segment that read back wrong and was right in the end. */
export interface Repair {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** `reread`: the second reading was right. `rewritten`: it had to be written again. */
  readonly how: 'reread' | 'rewritten';
}

/** How one burn ended. Exactly the cards with outcome `good` may be used. */
export interface CardResult {
  readonly outcome: 'good' | 'failed' | 'cancelled';
  readonly failure?: Failure;
  /** Whether a Pi could start from the card now: `untouched` means that nothing was written to it. */
  readonly bootable: 'yes' | 'no' | 'untouched' | 'unknown';
  readonly writtenBytes: number;
  readonly skippedBytes: number;
  readonly verifiedBytes: number;
  /** With `delta`: what the card had already, and was not written. */
  readonly unchangedBytes?: number;
  readonly writeMs: number;
  readonly verifyMs: number;
  readonly totalMs: number;
  readonly repairs: readonly Repair[];
  readonly warnings: readonly string[];
  /** Of the pieces that were written, and of those that were read back. */
  readonly writeLatency?: LatencySummary;
  readonly readLatency?: LatencySummary;
  /** The identity that the card had, or has got. */
  readonly cardId?: string;
  readonly ejected?: boolean;
  /** False where the file system has no O_DIRECT and reads were answered with its cache dropped first. */
  readonly direct: boolean;
}

/** How long pieces took: median and p99 in ms for 4 MiB, of pieces of 1 MiB and more; `maxMs` is the longest of all. */
export interface LatencySummary {
  readonly pieces: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}
