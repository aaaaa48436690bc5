// An ext file system as blocks: each is read within its bounds, and the last few are kept, since trees and tables are
// looked at again and again.

import type { ReadImage } from '../overlay.js';
import { type Damaged, damagedAt } from './damage.js';
import type { Layout } from './layout.js';

/** At most 4 MiB: blocks have up to 64 KiB. */
const maxKeptBlocks = 64;

export class Medium {
  readonly layout: Layout;
  readonly damaged: Damaged;
  readonly #read: ReadImage;
  readonly #startBytes: number;
  readonly #kept = new Map<number, Uint8Array>();

  constructor(read: ReadImage, startBytes: number, layout: Layout) {
    this.#read = read;
    this.#startBytes = startBytes;
    this.layout = layout;
    this.damaged = damagedAt(startBytes);
  }

  /** One block. @throws PiburnError `EXT_DAMAGED` when it is not in the file system, or not in the image. */
  block(number: number): Uint8Array {
    const kept = this.#kept.get(number);
    // A copy: the reader may hand out the same memory again.
    const bytes = kept ?? Uint8Array.from(this.blocks(number, 1));
    this.#kept.delete(number);
    this.#kept.set(number, bytes);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > maxKeptBlocks && oldest !== undefined) this.#kept.delete(oldest);
    return bytes;
  }

  /** Adjacent blocks, as the image has them now. Block 0 is never that of a file. */
  blocks(first: number, count: number): Uint8Array {
    const { blockBytes, blockCount } = this.layout;
    if (!(first >= 1 && first + count <= blockCount)) throw this.damaged(`block ${first} is outside of it`);
    const bytes = this.#read(this.#startBytes + first * blockBytes, count * blockBytes);
    if (bytes.length !== count * blockBytes) throw this.damaged(`the image ends before its block ${first + count - 1}`);
    return bytes;
  }
}
