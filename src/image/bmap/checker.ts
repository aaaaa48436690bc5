// Holds a passing image against its bmap: hashes each range that has a digest, and compares as soon as it has passed.

import { createHash, type Hash } from 'node:crypto';
import { failure, type PiburnError } from '../../errors.js';
import type { Bmap, BmapRange } from './parse.js';

/** Fed the whole decoded image, in order, in pieces of any length. */
export class BmapChecker {
  readonly #bmap: Bmap;
  readonly #imageName: string;
  readonly #bmapName: string;
  #offsetBytes = 0;
  /** The range that is passing or comes next. */
  #index = 0;
  #hash: Hash | undefined;

  constructor(bmap: Bmap, imageName: string, bmapName: string) {
    this.#bmap = bmap;
    this.#imageName = imageName;
    this.#bmapName = bmapName;
  }

  /** @throws PiburnError `BMAP_MISMATCH` when a range that ends in these bytes is not what the bmap says. */
  add(bytes: Uint8Array): void {
    const endBytes = this.#offsetBytes + bytes.length;
    if (endBytes > this.#bmap.imageBytes) throw this.#wrongSize(`more than ${this.#bmap.imageBytes} bytes`);
    for (let range = this.#range; range !== undefined; range = this.#range) {
      const startBytes = range.firstBlock * this.#bmap.blockBytes;
      if (startBytes >= endBytes) break;
      const rangeEndBytes = this.#endBytesOf(range);
      if (range.digest !== undefined) {
        const from = Math.max(startBytes, this.#offsetBytes) - this.#offsetBytes;
        this.#hash ??= createHash(this.#bmap.algorithm);
        this.#hash.update(bytes.subarray(from, rangeEndBytes - this.#offsetBytes));
      }
      if (rangeEndBytes > endBytes) break;
      this.#endRange(range, startBytes, rangeEndBytes);
    }
    this.#offsetBytes = endBytes;
  }

  /** @throws PiburnError `BMAP_MISMATCH` when the image, now at its end, does not have the size that the bmap says. */
  end(imageBytes: number): void {
    const isWhole = imageBytes === this.#bmap.imageBytes && imageBytes === this.#offsetBytes;
    if (!isWhole) throw this.#wrongSize(`${Math.min(imageBytes, this.#offsetBytes)} bytes`);
  }

  get #range(): BmapRange | undefined {
    return this.#bmap.ranges[this.#index];
  }

  /** The image may end inside its last block. */
  #endBytesOf(range: BmapRange): number {
    return Math.min((range.lastBlock + 1) * this.#bmap.blockBytes, this.#bmap.imageBytes);
  }

  #endRange(range: BmapRange, startBytes: number, endBytes: number): void {
    const digest = this.#hash?.digest('hex');
    this.#hash = undefined;
    this.#index++;
    if (digest === range.digest) return;
    const blocks = range.firstBlock === range.lastBlock ? '' : `-${range.lastBlock}`;
    const where = `block ${range.firstBlock}${blocks} (bytes ${startBytes} to ${endBytes - 1})`;
    throw this.#mismatch(`${where} of ${this.#imageName} does not match its bmap ${this.#bmapName}`, {
      offsetBytes: startBytes,
      lengthBytes: endBytes - startBytes,
    });
  }

  #wrongSize(has: string): PiburnError {
    const says = `${this.#bmap.imageBytes} bytes`;
    return this.#mismatch(`${this.#imageName} has ${has}, its bmap ${this.#bmapName} says ${says}`);
  }

  #mismatch(message: string, place: { offsetBytes?: number; lengthBytes?: number } = {}): PiburnError {
    const hint = 'the image is damaged, or the bmap is of another one: download both again, or say --no-bmap';
    return failure('BMAP_MISMATCH', message, { hint, ...place });
  }
}
