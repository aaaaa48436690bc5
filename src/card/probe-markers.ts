// The sandwich: markers behind the image, written before it and read after it. A card that wraps around has written
// image over them, one that swallows what lies beyond its size has nothing there. A marker is made from a secret of this
// burn and its own place, so that a card can neither make it up nor show an older one. The first is the card's mark.

import { createHash, randomBytes } from 'node:crypto';
import { blockBytes, type SegmentTable } from '../image/segment-table.js';
import { isSystemError } from '../native.js';
import { type Burn, sizeOf, stopIfCancelled } from './burn-state.js';
import { makeMark, markBytes } from './mark.js';
import { probePlaces, roomBehind, type Stretch } from './probe-places.js';
import type { Bench } from './write.js';

/** What was written behind the image: by offset, ascending, the mark last. */
export interface Markers {
  readonly blocks: readonly Marker[];
  readonly markOffsetBytes: number;
}

export interface Marker {
  readonly offsetBytes: number;
  readonly bytes: Buffer;
}

/** A marker as it came back. */
export interface Seen extends Marker {
  readonly isKept: boolean;
  /** What lies there now; undefined: it cannot be read. */
  readonly found?: Buffer;
}

/** A block may read wrong once or twice on a card that holds it; a marker that is lost never comes back. */
const readings = 3;
/** So many stretches of the image are enough to choose among. */
const stretchesMax = 2048;
const patienceMs = 100;

/** Gives the card its mark and, if it is to be probed, its markers. Undefined where the image leaves no room for them. */
export function layMarkers(burn: Burn): Markers | undefined {
  const { job, table, bench, counters, tally } = burn;
  const markOffsetBytes = sizeOf(burn) - markBytes;
  if (job.target.kind !== 'block' || table.totalBytes === undefined) return undefined;
  if (markOffsetBytes < table.totalBytes || roomBehind(layoutOf(burn, [])) === undefined) return undefined;

  const cardId = tally.cardId ?? job.newCardId;
  const mark = { offsetBytes: markOffsetBytes, bytes: makeMark(cardId, randomBytes(16)) };
  const places = job.probe ? placesFor(burn) : [];
  const secret = randomBytes(32);
  const blocks = [...places.map((offsetBytes) => ({ offsetBytes, bytes: markerAt(secret, offsetBytes) })), mark];
  for (const { offsetBytes, bytes } of blocks) {
    stopIfCancelled(counters);
    bytes.copy(bench.card.buffer);
    bench.card.writeBuffer(offsetBytes, bytes.length, bench.requestBytes);
    counters.beat();
  }
  bench.card.flush();
  if (tally.cardId === undefined) counters.noteCardId(cardId);
  tally.cardId = cardId;
  return { blocks, markOffsetBytes };
}

/** Reads all markers back from the medium, in an order that no read-ahead can follow. */
export function readMarkers({ bench, counters }: Burn, { blocks }: Markers): Seen[] {
  return shuffled(blocks)
    .map((marker) => {
      stopIfCancelled(counters);
      counters.beat();
      return look(bench, marker);
    })
    .toSorted((a, b) => a.offsetBytes - b.offsetBytes);
}

/**
 * Takes the markers away again, but for the mark. Only after all were found intact while the image was: then none of
 * their blocks is a block of the image under another name.
 */
export function zeroMarkers({ bench, counters }: Burn, { blocks, markOffsetBytes }: Markers): void {
  for (const { offsetBytes } of blocks) {
    if (offsetBytes === markOffsetBytes) continue;
    bench.card.writeZeros(offsetBytes, blockBytes, bench.requestBytes);
    counters.beat();
  }
  bench.card.flush();
}

function markerAt(secret: Buffer, offsetBytes: number): Buffer {
  return createHash('shake256', { outputLength: blockBytes }).update(secret).update(String(offsetBytes)).digest();
}

function placesFor(burn: Burn): number[] {
  const { bench } = burn;
  const isZero = (offsetBytes: number) => {
    const got = bench.image.readInto(bench.card, offsetBytes, blockBytes);
    return bench.card.buffer.subarray(0, got).every((byte) => byte === 0);
  };
  return probePlaces(layoutOf(burn, knownStretches(burn)), Math.random, isZero);
}

const layoutOf = (burn: Burn, used: readonly Stretch[]) => ({
  cardBytes: sizeOf(burn),
  imageBytes: burn.table.totalBytes ?? 0,
  used,
});

/** Used parts of the image as far as they are known; waits until there is one, since an image may just be coming in. */
function knownStretches({ table, counters }: Burn): Stretch[] {
  for (;;) {
    const { state, count } = { state: table.state, count: table.count };
    const stretches = stretchesAmong(table, count);
    if (stretches.length > 0 || state !== 'reading') return stretches;
    if (counters.phase !== 'waiting') counters.enter('waiting', 0);
    stopIfCancelled(counters);
    table.waitBeyond(count, patienceMs);
  }
}

function stretchesAmong(table: SegmentTable, count: number): Stretch[] {
  const stretches: Stretch[] = [];
  const step = Math.max(1, Math.ceil(count / stretchesMax));
  for (let index = 0; index < count; index += step) {
    const { offsetBytes, lengthBytes, zero } = table.at(index);
    const endBytes = offsetBytes + Math.floor(lengthBytes / blockBytes) * blockBytes;
    const startBytes = Math.max(blockBytes, offsetBytes);
    if (!zero && startBytes < endBytes) stretches.push({ startBytes, endBytes });
  }
  return stretches;
}

function look({ card, requestBytes }: Bench, marker: Marker): Seen {
  const { offsetBytes, bytes } = marker;
  let found: Buffer | undefined;
  for (let left = readings; left > 0; left--)
    try {
      const got = card.read(offsetBytes, bytes.length, requestBytes);
      found = Buffer.from(card.buffer.subarray(0, got));
      if (found.equals(bytes)) return { ...marker, isKept: true, found };
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EIO') throw error;
    }
  return { ...marker, isKept: false, ...(found === undefined ? {} : { found }) };
}

/** Fisher and Yates's shuffle. */
function shuffled<T>(values: readonly T[]): T[] {
  const rest = [...values];
  const drawn: T[] = [];
  while (rest.length > 0) drawn.push(...rest.splice(Math.floor(Math.random() * rest.length), 1));
  return drawn;
}
