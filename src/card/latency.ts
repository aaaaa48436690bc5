// How long the pieces of one card took: a histogram of a fixed size, and which pieces came far too late. Pure: whoever
// has the clock says how long a piece took.
//
// Pieces differ in length. Those of 1 MiB and more are counted as milliseconds for 4 MiB, so that median and p99 of two
// cards can be compared; shorter ones take as long as the request itself and would only blur both. The longest time is
// that of any piece, as it was.

import type { LatencySummary } from '../protocol.js';

const countedFromBytes = 1024 * 1024;
const wholePieceBytes = 4 * 1024 * 1024;

// Bucket i holds times around 0.25 ms · 2^(i/4): a quarter of an octave each, up to 14 seconds in the last but one.
const buckets = 64;
const firstMs = 0.25;
const bucketsPerOctave = 4;

/** Later than this is late on any card. */
const lateMs = 5000;
/** So many times the median is late too, once so many pieces are known, and unless it is short all the same. */
const lateMedians = 10;
const lateAfterPieces = 16;
export const lateAtLeastMs = 250;

export class Latency {
  readonly #counts = new Uint32Array(buckets);
  #pieces = 0;
  #longestMs = 0;
  #longestCountedMs = 0;

  /** Counts a piece; true: it came late. */
  note(lengthBytes: number, elapsedMs: number): boolean {
    const isLate = this.#isLate(elapsedMs);
    this.#longestMs = Math.max(this.#longestMs, elapsedMs);
    if (lengthBytes < countedFromBytes) return isLate;
    const wholeMs = (elapsedMs * wholePieceBytes) / lengthBytes;
    const bucket = bucketOf(wholeMs);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#pieces++;
    this.#longestCountedMs = Math.max(this.#longestCountedMs, wholeMs);
    return isLate;
  }

  /** The longest time of any piece, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Undefined when no piece was long enough to be counted. */
  summary(): LatencySummary | undefined {
    if (this.#pieces === 0) return undefined;
    const p99Ms = this.#quantileMs(0.99);
    // Never below p99, which may be that of pieces shorter than 4 MiB: nobody would understand it.
    return { pieces: this.#pieces, medianMs: this.#quantileMs(0.5), p99Ms, maxMs: Math.max(this.#longestMs, p99Ms) };
  }

  #isLate(elapsedMs: number): boolean {
    if (elapsedMs > lateMs) return true;
    if (this.#pieces < lateAfterPieces || elapsedMs <= lateAtLeastMs) return false;
    return elapsedMs > lateMedians * this.#quantileMs(0.5);
  }

  /** The middle of the bucket in which the quantile lies, at most 9 % off. */
  #quantileMs(share: number): number {
    const rank = Math.ceil(this.#pieces * share);
    let seen = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(firstMs * 2 ** (bucket / bucketsPerOctave), this.#longestCountedMs);
    }
    return this.#longestCountedMs;
  }
}

function bucketOf(ms: number): number {
  if (ms <= firstMs) return 0;
  return Math.min(buckets - 1, Math.round(Math.log2(ms / firstMs) * bucketsPerOctave));
}
