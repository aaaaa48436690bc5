// What a bench writes: bytes that no compression makes shorter, made once for each thread. Each block of 4 KiB begins with its
// place and the number of the pass, so that what comes back can be told from what was there before, or belongs elsewhere.

import { randomFillSync } from 'node:crypto';
import type { BenchWrong } from '../../protocol/bench.js';
import { blockBytes } from '../medium.js';

/** Longer than any file system looks for repetitions that it could leave out. */
const noiseBytes = 4 * 1024 * 1024;

export class Noise {
  readonly #bytes = randomFillSync(Buffer.alloc(noiseBytes));

  /** The bytes that pass `pass` writes at an offset, into a buffer that does not reach beyond the next multiple of 4 MiB. */
  fill(buffer: Buffer, offsetBytes: number, pass: number): void {
    this.#at(offsetBytes, buffer.length, pass).copy(buffer);
  }

  /** Which blocks of what was found at an offset are not those of a pass; undefined: all are. */
  differences(found: Buffer, offsetBytes: number, pass: number): BenchWrong | undefined {
    const wanted = this.#at(offsetBytes, found.length, pass);
    if (wanted.equals(found)) return undefined;
    const wrong: number[] = [];
    for (let at = 0; at < found.length; at += blockBytes)
      if (wanted.compare(found, at, at + blockBytes, at, at + blockBytes) !== 0) wrong.push(offsetBytes + at);
    return { blocks: wrong.length, firstBytes: wrong[0] ?? offsetBytes };
  }

  #at(offsetBytes: number, lengthBytes: number, pass: number): Buffer {
    const from = offsetBytes % noiseBytes;
    const bytes = this.#bytes.subarray(from, from + lengthBytes);
    for (let at = 0; at < bytes.length; at += blockBytes) {
      bytes.writeUInt32LE((offsetBytes + at) / blockBytes, at);
      bytes.writeUInt32LE(pass, at + 4);
    }
    return bytes;
  }
}
