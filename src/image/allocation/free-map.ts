// The set of 4 KiB blocks of an image that a file system has declared free: one bit each, growing as marks come in.

import { clearBits, hasBit, setBits } from './bits.js';

export const blockBytes = 4096;

/** Blocks beyond this are never free: it bounds the map to 64 MiB of memory. */
export const maxMappedBytes = 2 * 1024 ** 4;

const firstMapBytes = 64 * 1024;

export class FreeMap {
  #bits: Uint8Array = new Uint8Array(firstMapBytes);

  /** Marks the blocks that lie wholly in [start, end). @returns how many bytes they are. */
  markFree(startBytes: number, endBytes: number): number {
    const from = Math.ceil(startBytes / blockBytes);
    const to = Math.floor(Math.min(endBytes, maxMappedBytes) / blockBytes);
    if (to <= from) return 0;
    this.#grow(to);
    setBits(this.#bits, from, to);
    return (to - from) * blockBytes;
  }

  /** Takes back the marks of all blocks that [start, end) touches. */
  markUsed(startBytes: number, endBytes: number): void {
    if (endBytes <= startBytes) return;
    const from = Math.floor(startBytes / blockBytes);
    const to = Math.min(Math.ceil(endBytes / blockBytes), this.#bits.length * 8);
    clearBits(this.#bits, from, to);
  }

  isFree(blockIndex: number): boolean {
    return blockIndex < this.#bits.length * 8 && hasBit(this.#bits, blockIndex);
  }

  #grow(blockCount: number): void {
    let lengthBytes = this.#bits.length;
    while (lengthBytes * 8 < blockCount) lengthBytes *= 2;
    if (lengthBytes === this.#bits.length) return;
    const grown = new Uint8Array(lengthBytes);
    grown.set(this.#bits);
    this.#bits = grown;
  }
}

/**
 * Marks ascending runs in `map` so that runs which touch count as one: a block that spans two of them is free too.
 * (With 1 KiB file system blocks, and with partitions that start off the 4 KiB grid, most borders fall inside a block.)
 */
export function runMarker(map: FreeMap): (startBytes: number, endBytes: number) => number {
  let pendingStartBytes = 0;
  let pendingEndBytes = -1;
  return (startBytes, endBytes) => {
    const fromBytes = startBytes === pendingEndBytes ? pendingStartBytes : startBytes;
    pendingStartBytes = Math.max(fromBytes, endBytes - (endBytes % blockBytes));
    pendingEndBytes = endBytes;
    return map.markFree(fromBytes, endBytes);
  };
}
