// All that a card may hold when a burn is cut: made from the recorded calls of one whole burn, in memory, so that each
// moment and many power cuts of it cost nothing. A card is taken for a device with a cache: what was written since the
// last flush may have arrived or not, sector by sector, in any order; what was flushed lasts.

import type { RecordedCall } from '../shim/record.js';
import { chance, shuffled } from './chance.js';

export interface DiskState {
  readonly bytes: Buffer;
  /** How many calls were made before the cut. */
  readonly calls: number;
  /** How much of what was not flushed has arrived: `all` (the program was killed, the card kept its power) … */
  readonly arrived: 'all' | 'none' | 'last' | 'all but the first' | `seed ${number}`;
}

export interface CutOptions {
  /** How many power cuts by chance at each moment. */
  readonly seeds: number;
  /** What arrives whole or not at all. */
  readonly sectorBytes: number;
}

/** Every state, the earliest first. The bytes are worth something until the next state is asked for. */
export function* diskStates(before: Buffer, calls: readonly RecordedCall[], options: CutOptions): Generator<DiskState> {
  const lasting = new Disk(before);
  const now = new Disk(before);
  const cut = new Disk(before);
  let pending: RecordedCall[] = [];
  for (let count = 0; ; count++) {
    yield { bytes: now.bytes, calls: count, arrived: 'all' };
    for (const { arrived, writes } of cuts(pending, count, options)) {
      cut.become(lasting);
      for (const write of writes) cut.apply(write);
      yield { bytes: cut.bytes, calls: count, arrived };
    }
    const call = calls[count];
    if (call === undefined) return;
    now.apply(call);
    if (call.call === 'flush') {
      lasting.become(now);
      pending = [];
    } else if (call.call === 'truncate') {
      lasting.apply(call); // sizes are the file system's, and change at once; a card has one size
    } else pending.push(call);
  }
}

/** Bytes that change in place: there are many states, and most of a disk is the same in all of them. */
class Disk {
  #room: Buffer;
  #sizeBytes: number;

  constructor(before: Buffer) {
    this.#room = Buffer.from(before);
    this.#sizeBytes = before.length;
  }

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#sizeBytes);
  }

  become(other: Disk): void {
    this.#resize(other.#sizeBytes);
    other.bytes.copy(this.#room);
  }

  apply({ call, offsetBytes, lengthBytes, data }: RecordedCall): void {
    const endBytes = offsetBytes + lengthBytes;
    if (call === 'write') {
      if (endBytes > this.#sizeBytes) this.#resize(endBytes);
      data.copy(this.#room, offsetBytes);
    } else if (call === 'punch') this.bytes.fill(0, offsetBytes, endBytes);
    else if (call === 'truncate') this.#resize(offsetBytes);
    else if (call !== 'flush') throw new Error(`a card is not changed by ${call}`);
  }

  #resize(sizeBytes: number): void {
    if (sizeBytes > this.#room.length) this.#room = Buffer.concat([this.bytes], sizeBytes);
    else if (sizeBytes > this.#sizeBytes) this.#room.fill(0, this.#sizeBytes, sizeBytes);
    this.#sizeBytes = sizeBytes;
  }
}

interface Cut {
  readonly arrived: DiskState['arrived'];
  readonly writes: readonly RecordedCall[];
}

function* cuts(pending: readonly RecordedCall[], count: number, { seeds, sectorBytes }: CutOptions): Generator<Cut> {
  if (pending.length === 0) return;
  yield { arrived: 'none', writes: [] };
  if (pending.length > 1) {
    yield { arrived: 'last', writes: pending.slice(-1) };
    yield { arrived: 'all but the first', writes: pending.slice(1) };
  }
  for (let index = 1; index <= seeds; index++) {
    const seed = count * 1000 + index;
    yield { arrived: `seed ${seed}`, writes: someOf(pending, seed, sectorBytes) };
  }
}

/** Of each write all, nothing, or about half of its sectors; the writes in another order. */
function someOf(pending: readonly RecordedCall[], seed: number, sectorBytes: number): RecordedCall[] {
  const next = chance(seed);
  return shuffled(pending, next).flatMap((write) => {
    const fate = next(4);
    if (fate < 2) return fate === 0 ? [] : [write];
    return sectorsOf(write, sectorBytes).filter(() => next(2) === 0);
  });
}

function sectorsOf(write: RecordedCall, sectorBytes: number): RecordedCall[] {
  return Array.from({ length: Math.ceil(write.lengthBytes / sectorBytes) }, (_, index) => {
    const at = index * sectorBytes;
    const data = write.data.subarray(at, at + sectorBytes);
    const lengthBytes = Math.min(sectorBytes, write.lengthBytes - at);
    return { ...write, offsetBytes: write.offsetBytes + at, lengthBytes, data };
  });
}
