// Which 4 KiB blocks of an image its bmap leaves out.

import { blockBytes } from '../segment-table.js';
import type { Bmap } from './parse.js';

/** From one question to the next the cursor moves so many ranges before it is looked for from afar. */
const maxSteps = 8;

export class BmapFree {
  readonly #bmap: Bmap;
  /** The first range that ends after the last offset asked for. */
  #cursor = 0;

  constructor(bmap: Bmap) {
    this.#bmap = bmap;
  }

  /**
   * Whether the 4096 bytes at `offsetBytes` lie in the image and wholly in blocks that the bmap leaves out. Quick when
   * asked in ascending order.
   */
  isFree(offsetBytes: number): boolean {
    const endBytes = offsetBytes + blockBytes;
    if (offsetBytes < 0 || endBytes > this.#bmap.imageBytes) return false;
    this.#seek(offsetBytes);
    const next = this.#bmap.ranges[this.#cursor];
    return next === undefined || next.firstBlock * this.#bmap.blockBytes >= endBytes;
  }

  #seek(offsetBytes: number): void {
    if (this.#cursor > 0 && this.#endBytes(this.#cursor - 1) > offsetBytes) {
      this.#bisect(offsetBytes, 0, this.#cursor - 1);
      return;
    }
    for (let step = 0; step < maxSteps; step++) {
      if (this.#endBytes(this.#cursor) > offsetBytes) return;
      this.#cursor++;
    }
    this.#bisect(offsetBytes, this.#cursor, this.#bmap.ranges.length);
  }

  /** The first range of `from..to` that ends after the offset, or `to`. */
  #bisect(offsetBytes: number, from: number, to: number): void {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#endBytes(middle) > offsetBytes) high = middle;
      else low = middle + 1;
    }
    this.#cursor = low;
  }

  /** Where a range ends; beyond the last one, nowhere. */
  #endBytes(index: number): number {
    const range = this.#bmap.ranges[index];
    return range === undefined ? Number.POSITIVE_INFINITY : (range.lastBlock + 1) * this.#bmap.blockBytes;
  }
}
