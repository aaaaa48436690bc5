// Writing a stretch of a card with what belongs there, and looking at what has come of it. A place that the card refuses
// is noted; after many such places larger pieces are given up at once, because each may cost half a minute.

import type { PlaceState } from '../protocol/probe.js';
import { blockBytes, type Medium, type Surroundings } from './medium.js';
import type { Pattern } from './pattern.js';
import type { Places } from './places.js';

/** The longest single request: a whole number of any card's erase blocks. */
export const pieceBytes = 4 * 1024 * 1024;
/** Errors that are looked into block by block. */
const finelyRead = 64;
/** After so many refusals, of writes or of reads, no more are tried: they could take days. */
const refusedMax = 256;

/** What a probe has at hand. */
export interface Bench {
  readonly medium: Medium;
  readonly pattern: Pattern;
  readonly around: Surroundings;
  readonly places: Places;
  /** Writes and reads that the card has refused. */
  readonly refused: { writes: number; reads: number };
}

/** Returns the milliseconds that the card took; undefined when it refused a part. */
export function writeStretch(bench: Bench, offsetBytes: number, lengthBytes: number): number | undefined {
  let elapsedMs = 0;
  let isWhole = true;
  for (const [at, length] of pieces(offsetBytes, lengthBytes)) {
    const bytes = bench.pattern.make(at, length);
    bench.around.step(length);
    const startedMs = bench.around.nowMs();
    isWhole = tryWrite(bench, at, bytes) && isWhole;
    elapsedMs += bench.around.nowMs() - startedMs;
  }
  return isWhole ? elapsedMs : undefined;
}

/** False when the card refused: the place is noted as bad. */
export function tryWrite(bench: Bench, offsetBytes: number, bytes: Uint8Array): boolean {
  if (bench.refused.writes >= refusedMax) return false;
  try {
    bench.medium.write(offsetBytes, bytes);
    return true;
  } catch (error) {
    if (!bench.around.isCardError(error)) throw error;
    bench.refused.writes += 1;
    return false;
  }
}

/** Reads a stretch and notes every block of it. Returns as `writeStretch`. */
export function checkStretch(bench: Bench, offsetBytes: number, lengthBytes: number): number | undefined {
  let elapsedMs = 0;
  let isWhole = true;
  for (const [at, length] of pieces(offsetBytes, lengthBytes)) {
    bench.around.step(length);
    if (bench.refused.reads >= refusedMax) return undefined;
    const startedMs = bench.around.nowMs();
    const bytes = tryRead(bench, at, length);
    elapsedMs += bench.around.nowMs() - startedMs;
    if (bytes === undefined) isWhole = false;
    if (bytes === undefined) readFinely(bench, at, length);
    else note(bench, at, length, bytes);
    if (bench.places.hopeless) return undefined;
  }
  return isWhole ? elapsedMs : undefined;
}

/** Undefined when the card refused. */
export function tryRead(bench: Bench, offsetBytes: number, lengthBytes: number): Uint8Array | undefined {
  if (bench.refused.reads >= refusedMax) return undefined;
  try {
    return bench.medium.read(offsetBytes, lengthBytes);
  } catch (error) {
    if (!bench.around.isCardError(error)) throw error;
    bench.refused.reads += 1;
    return undefined;
  }
}

function readFinely(bench: Bench, offsetBytes: number, lengthBytes: number): void {
  for (let at = offsetBytes; at < offsetBytes + lengthBytes; at += blockBytes) {
    if (bench.refused.reads > finelyRead) {
      bench.places.add(at, offsetBytes + lengthBytes - at, 'error');
      return;
    }
    bench.around.step(0);
    const bytes = tryRead(bench, at, blockBytes);
    if (bytes === undefined) bench.places.add(at, blockBytes, 'error');
    else note(bench, at, blockBytes, bytes);
  }
}

/** Most stretches are good as a whole; only others are looked at block by block. */
function note({ pattern, places, medium }: Bench, offsetBytes: number, lengthBytes: number, bytes: Uint8Array): void {
  if (pattern.make(offsetBytes, lengthBytes).equals(bytes)) {
    places.add(offsetBytes, lengthBytes, 'good');
    return;
  }
  for (let at = 0; at < lengthBytes; at += blockBytes) {
    const judged = pattern.judge(bytes.subarray(at, at + blockBytes), offsetBytes + at, medium.sizeBytes);
    const state: PlaceState = judged.state;
    places.add(offsetBytes + at, blockBytes, state, judged.state === 'elsewhere' ? judged.shiftBytes : undefined);
  }
}

function* pieces(offsetBytes: number, lengthBytes: number): Generator<readonly [at: number, length: number]> {
  const endBytes = offsetBytes + lengthBytes;
  for (let at = offsetBytes; at < endBytes; at += pieceBytes) yield [at, Math.min(pieceBytes, endBytes - at)];
}
