// What a probe writes: blocks of 4 KiB that no card can make up. A block begins with its own offset in clear (8 bytes,
// little endian); the rest is the ChaCha20 stream of a secret salt at that offset, so any stretch is made in one go. ChaCha,
// since not every Pi has AES in hardware. An offset in clear with a salted stream is f3probe's idea (f3 10).

import { createCipheriv } from 'node:crypto';
import { blockBytes } from './medium.js';

/** What a block that was read back is. */
export type BlockState =
  | { readonly state: 'good' | 'lost' | 'changed' }
  | { readonly state: 'elsewhere'; readonly shiftBytes: number };

/** ChaCha20 counts blocks of 64 bytes; OpenSSL carries the count on into the second 32-bit word. */
const cipherBlockBytes = 64;
const initialBytes = 16;
const offsetFieldBytes = 8;
/** A block with more wrong bytes than this is no block of ours with some flipped bits. */
const wrongBytesMax = blockBytes / 4;

export class Pattern {
  readonly #salt: Uint8Array;
  #zeros = Buffer.alloc(0);

  /** `salt`: 32 random bytes. */
  constructor(salt: Uint8Array) {
    this.#salt = salt;
  }

  /** The bytes that belong to a stretch of whole blocks. */
  make(offsetBytes: number, lengthBytes: number): Buffer {
    if (this.#zeros.length < lengthBytes) this.#zeros = Buffer.alloc(lengthBytes);
    const counter = Buffer.alloc(initialBytes);
    counter.writeBigUInt64LE(BigInt(offsetBytes / cipherBlockBytes));
    const bytes = createCipheriv('chacha20', this.#salt, counter).update(this.#zeros.subarray(0, lengthBytes));
    for (let at = 0; at < lengthBytes; at += blockBytes) bytes.writeBigUInt64LE(BigInt(offsetBytes + at), at);
    return bytes;
  }

  /** What a block that was read at `offsetBytes` is; `sizeBytes` bounds what an offset in clear can be. */
  judge(block: Uint8Array, offsetBytes: number, sizeBytes: number): BlockState {
    const own = this.make(offsetBytes, blockBytes);
    if (own.equals(block)) return { state: 'good' };
    const found = offsetIn(block);
    const isOffset = found !== offsetBytes && found < sizeBytes && found % blockBytes === 0;
    if (isOffset && this.make(found, blockBytes).equals(block))
      return { state: 'elsewhere', shiftBytes: found - offsetBytes };
    return { state: differing(own, block) <= wrongBytesMax ? 'changed' : 'lost' };
  }
}

function offsetIn(block: Uint8Array): number {
  if (block.length < offsetFieldBytes) return Number.POSITIVE_INFINITY;
  return Number(Buffer.from(block.buffer, block.byteOffset, offsetFieldBytes).readBigUInt64LE(0));
}

/** How many bytes differ; what is missing counts as different. */
function differing(own: Uint8Array, block: Uint8Array): number {
  let count = own.length - block.length;
  for (let at = 0; at < block.length; at += 1) if (own[at] !== block[at]) count += 1;
  return count;
}
