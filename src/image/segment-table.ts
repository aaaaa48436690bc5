// The segment map while it grows: one writer (the thread that decodes) and many readers (one worker per card) share
// it without copying. A segment is a run of used bytes of the image, 4 KiB aligned, at most 4 MiB long, with its
// XXH3-128 digest. The published count is stored after the entry, so that a reader sees only whole entries.

import { failure } from '../errors.js';
import type { ImageState } from '../protocol.js';

/** Granularity of what is written or skipped. */
export const blockBytes = 4096;
/** Longest segment. */
export const segmentBytesMax = 4 * 1024 * 1024;
/** Length of an XXH3-128 digest. */
export const digestBytes = 16;

export interface Segment {
  readonly offsetBytes: number;
  /** Only the last segment of an image may have a length that is no multiple of 4 KiB. */
  readonly lengthBytes: number;
  /** All its bytes are zero: it can be written without reading the image. */
  readonly zero: boolean;
  readonly digest: Uint8Array;
}

// Shared memory: eight 8-byte header words, then 32 bytes an entry (offset f64, length u32, flags u32, digest).
const headerBytes = 64;
const entryBytes = 32;
const states: readonly ImageState[] = ['reading', 'whole', 'broken'];
const word = { count: 0, state: 1, cancel: 2 } as const; // 32-bit words
const long = { available: 2, total: 3, used: 4 } as const; // 64-bit words
/** Entries beyond this are never needed by a real image; the cutter then stops skipping (128 MiB of table). */
const capacityMax = 4_000_000;
/** So many entries are left when the cutter stops skipping: more than two windows can need. */
export const spareEntries = (3 * segmentBytesMax) / blockBytes;

export class SegmentTable {
  readonly shared: SharedArrayBuffer;
  readonly capacity: number;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  readonly #view: DataView;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.capacity = Math.floor((shared.byteLength - headerBytes) / entryBytes);
    this.#words = new Int32Array(shared, 0, 4);
    this.#longs = new BigInt64Array(shared, 0, headerBytes / 8);
    this.#view = new DataView(shared);
  }

  /** Room for any image of this size (undefined: size unknown); memory is only touched as entries come. */
  static create(imageBytes: number | undefined): SegmentTable {
    const worst = imageBytes === undefined ? capacityMax / 4 : Math.ceil(imageBytes / (2 * blockBytes)) + spareEntries;
    const capacity = Math.min(capacityMax, worst);
    const table = new SegmentTable(new SharedArrayBuffer(headerBytes + capacity * entryBytes));
    Atomics.store(table.#longs, long.total, BigInt(imageBytes ?? -1));
    return table;
  }

  get count(): number {
    return Atomics.load(this.#words, word.count);
  }

  get state(): ImageState {
    return states[Atomics.load(this.#words, word.state)] ?? 'broken';
  }

  /** Size of the decoded image in bytes, undefined while nobody knows. */
  get totalBytes(): number | undefined {
    const total = Number(Atomics.load(this.#longs, long.total));
    return total < 0 ? undefined : total;
  }

  /** The watermark: how many bytes of the image exist. */
  get availableBytes(): number {
    return Number(Atomics.load(this.#longs, long.available));
  }

  /** Bytes in all published segments. */
  get usedBytes(): number {
    return Number(Atomics.load(this.#longs, long.used));
  }

  get cancelled(): boolean {
    return Atomics.load(this.#words, word.cancel) !== 0;
  }

  /** Asks the writer to stop at its next window. */
  cancel(): void {
    Atomics.store(this.#words, word.cancel, 1);
  }

  at(index: number): Segment {
    const start = headerBytes + index * entryBytes;
    return {
      offsetBytes: this.#view.getFloat64(start, true),
      lengthBytes: this.#view.getUint32(start + 8, true),
      zero: this.#view.getUint32(start + 12, true) !== 0,
      digest: new Uint8Array(this.shared, start + 16, digestBytes),
    };
  }

  /** Publishes the next segment. Ascending, no overlap: asserted, since cards are written from it. */
  append(segment: Segment): void {
    const index = this.count;
    const before = index === 0 ? undefined : this.at(index - 1);
    const floor = before === undefined ? 0 : before.offsetBytes + before.lengthBytes;
    if (index >= this.capacity || segment.offsetBytes < floor || segment.offsetBytes % blockBytes !== 0)
      throw failure('SEGMENT_ORDER', `segment ${index} at byte ${segment.offsetBytes} does not fit the segment map`);
    const start = headerBytes + index * entryBytes;
    this.#view.setFloat64(start, segment.offsetBytes, true);
    this.#view.setUint32(start + 8, segment.lengthBytes, true);
    this.#view.setUint32(start + 12, segment.zero ? 1 : 0, true);
    new Uint8Array(this.shared, start + 16, digestBytes).set(segment.digest);
    Atomics.add(this.#longs, long.used, BigInt(segment.lengthBytes));
    Atomics.store(this.#words, word.count, index + 1);
    Atomics.notify(this.#words, word.count);
  }

  /** Moves the watermark. */
  advance(availableBytes: number): void {
    Atomics.store(this.#longs, long.available, BigInt(availableBytes));
  }

  /** Ends the map: whole with its size, or broken. */
  finish(state: 'whole' | 'broken', totalBytes?: number): void {
    if (totalBytes !== undefined) Atomics.store(this.#longs, long.total, BigInt(totalBytes));
    Atomics.store(this.#words, word.state, states.indexOf(state));
    Atomics.notify(this.#words, word.count);
  }

  /** Blocks this thread (a worker, never the main thread) until there are more than `seen` segments, an end, or the time is over. */
  waitBeyond(seen: number, timeoutMs: number): void {
    if (this.state === 'reading') Atomics.wait(this.#words, word.count, seen, timeoutMs);
  }

  /** The published entries as bytes, for the map file. */
  entries(): Uint8Array {
    return new Uint8Array(this.shared, headerBytes, this.count * entryBytes);
  }

  /** A whole map from the bytes of `entries()`. */
  static restore(entries: Uint8Array, imageBytes: number): SegmentTable {
    const count = entries.byteLength / entryBytes;
    const table = new SegmentTable(new SharedArrayBuffer(headerBytes + entries.byteLength));
    new Uint8Array(table.shared, headerBytes).set(entries);
    Atomics.store(table.#words, word.count, count);
    let usedBytes = 0;
    for (let index = 0; index < count; index++) usedBytes += table.at(index).lengthBytes;
    Atomics.store(table.#longs, long.used, BigInt(usedBytes));
    table.advance(imageBytes);
    table.finish('whole', imageBytes);
    return table;
  }
}
