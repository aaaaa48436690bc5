// Cards that cheat, in memory: sparse, as large as they like, with a clock of their own.

import { blockBytes, type Medium, type Surroundings } from '../../src/medium/medium.js';
import { Pattern } from '../../src/medium/pattern.js';
import { Places } from '../../src/medium/places.js';
import type { Bench } from '../../src/medium/stretch.js';

export interface Tricks {
  readonly sizeBytes: number;
  /** The card's own place for a block; undefined: the block is lost. */
  readonly place?: (offsetBytes: number) => number | undefined;
  /** What is read where nothing is. */
  readonly emptyByte?: number;
  /** So many of the blocks written last are held in a cache, by the address that was asked for. */
  readonly cacheBlocks?: number;
  /** Blocks that lose a bit. */
  readonly isBad?: (offsetBytes: number) => boolean;
  /** Blocks that cannot be read. */
  readonly isUnreadable?: (offsetBytes: number) => boolean;
  /** Blocks that cannot be written. */
  readonly isUnwritable?: (offsetBytes: number) => boolean;
  readonly takesWrites?: boolean;
  readonly bytesPerSecond?: (offsetBytes: number) => number;
}

export class CardError extends Error {}

export class SimulatedCard implements Medium {
  readonly sizeBytes: number;
  readonly #tricks: Tricks;
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #cache = new Map<number, Uint8Array>();
  nowMs = 0;
  writtenBytes = 0;
  requests = 0;

  constructor(tricks: Tricks) {
    this.#tricks = tricks;
    this.sizeBytes = tricks.sizeBytes;
  }

  read(offsetBytes: number, lengthBytes: number): Uint8Array {
    this.#check(offsetBytes, lengthBytes);
    const bytes = Buffer.alloc(lengthBytes, this.#tricks.emptyByte ?? 0);
    for (let at = offsetBytes; at < offsetBytes + lengthBytes; at += blockBytes) {
      if (this.#tricks.isUnreadable?.(at)) throw new CardError(`cannot read ${at}`);
      const block = this.#cache.get(at) ?? this.#stored(at);
      if (block !== undefined) bytes.set(block, at - offsetBytes);
      if (this.#tricks.isBad?.(at)) bytes[at - offsetBytes + 100] = (bytes[at - offsetBytes + 100] ?? 0) ^ 4;
    }
    return bytes;
  }

  write(offsetBytes: number, bytes: Uint8Array): void {
    this.#check(offsetBytes, bytes.length);
    this.writtenBytes += bytes.length;
    for (let at = offsetBytes; at < offsetBytes + bytes.length; at += blockBytes) {
      if (this.#tricks.isUnwritable?.(at)) throw new CardError(`cannot write ${at}`);
      const block = bytes.subarray(at - offsetBytes, at - offsetBytes + blockBytes);
      if (this.#tricks.cacheBlocks === undefined) this.#store(at, block);
      else this.#keep(at, block, this.#tricks.cacheBlocks);
    }
  }

  flush(): void {
    // A cache that cheats does not mind.
  }

  #check(offsetBytes: number, lengthBytes: number): void {
    if (offsetBytes % blockBytes !== 0 || lengthBytes % blockBytes !== 0 || lengthBytes === 0)
      throw new Error(`not aligned: ${lengthBytes} at ${offsetBytes}`);
    if (offsetBytes < 0 || offsetBytes + lengthBytes > this.sizeBytes)
      throw new Error(`beyond the end: ${lengthBytes} at ${offsetBytes}`);
    this.requests += 1;
    this.nowMs += 0.1 + (lengthBytes / (this.#tricks.bytesPerSecond?.(offsetBytes) ?? 25e6)) * 1000;
  }

  #keep(at: number, block: Uint8Array, cacheBlocks: number): void {
    this.#cache.delete(at);
    this.#cache.set(at, block);
    const [oldest] = this.#cache;
    if (this.#cache.size <= cacheBlocks || oldest === undefined) return;
    this.#store(...oldest);
    this.#cache.delete(oldest[0]);
  }

  #store(at: number, block: Uint8Array): void {
    const place = this.#placeOf(at);
    if (place !== undefined && this.#tricks.takesWrites !== false) this.#blocks.set(place, block);
  }

  #stored(at: number): Uint8Array | undefined {
    const place = this.#placeOf(at);
    return place === undefined ? undefined : this.#blocks.get(place);
  }

  #placeOf(at: number): number | undefined {
    return this.#tricks.place === undefined ? at : this.#tricks.place(at);
  }
}

export const salt = Buffer.from('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 'hex');

export interface Probed {
  readonly bench: Bench;
  readonly card: SimulatedCard;
  readonly steps: string[];
}

/** A bench with the card on it; `stopAfter`: the person wants to stop at that request. */
export function benchOf(tricks: Tricks, stopAfter = Number.POSITIVE_INFINITY): Probed {
  const card = new SimulatedCard(tricks);
  const steps: string[] = [];
  let requests = 0;
  const around: Surroundings = {
    nowMs: () => card.nowMs,
    enter: (step) => steps.push(step),
    step() {
      requests += 1;
      if (requests > stopAfter) throw new Error('stopped');
    },
    isCardError: (error) => error instanceof CardError,
  };
  return {
    card,
    steps,
    bench: { medium: card, around, pattern: new Pattern(salt), places: new Places(), refused: { writes: 0, reads: 0 } },
  };
}
