// How large a decoded image will be, as far as its file tells beforehand. A promise, not more: the bytes that come are
// held to it.

import { readSync } from 'node:fs';
import { parseSparseHeader, sparseHeaderBytes } from './decode/android-sparse.js';
import { corruptImage } from './decode/corrupt.js';
import { findSevenZip, findSevenZipImage } from './decode/seven-zip.js';
import { findZipImage } from './decode/zip.js';
import { blockHeaderBytes, frameHeaderBytesMax, parseBlockHeader, parseFrameHeader } from './decode/zstd-frame.js';
import type { ImageFormat } from './sniff.js';
import { readXzIndex } from './xz-index.js';

/**
 * The size in bytes of the image in a file that is whole; undefined where the format does not tell it.
 * @throws PiburnError `IMAGE_CORRUPT` where the place that tells it is damaged or missing; for archives also what is
 * wrong with their content, and `DECODER_MISSING`.
 */
export async function decodedSize(
  descriptor: number,
  format: ImageFormat,
  fileBytes: number,
  name: string,
): Promise<number | undefined> {
  if (format === 'raw') return fileBytes;
  if (format === 'xz') return await xzDecodedSize(descriptor, fileBytes, name);
  if (format === 'zip') return (await findZipImage(descriptor, name)).sizeBytes;
  if (format === '7z') return (await findSevenZipImage(descriptor, name, await findSevenZip())).sizeBytes;
  if (format === 'zstd') return zstdDecodedSize(descriptor);
  if (format === 'android-sparse') return sparseDecodedSize(descriptor, name);
  return undefined;
}

/** The sum of the sizes in the .xz indexes; a file cut short has none at its end, and is known as broken right here. */
async function xzDecodedSize(descriptor: number, fileBytes: number, name: string): Promise<number> {
  const index = await readXzIndex(descriptor, fileBytes);
  if (index !== undefined) return index.imageBytes;
  throw corruptImage(name, 'its index at the end is missing or damaged');
}

function sparseDecodedSize(descriptor: number, name: string): number {
  const { blocks, blockBytes } = parseSparseHeader(readAt(descriptor, 0, sparseHeaderBytes), name);
  return blocks * blockBytes;
}

/** So many blocks hold 8 GiB at most; to go through more takes longer than the answer is worth. */
const zstdBlocksMax = 65_536;

/**
 * The sum of the sizes in the headers of all frames. One frame tells nothing of the next, so that all blocks are gone
 * through; whatever is unusual is left for the decoder to judge.
 */
function zstdDecodedSize(descriptor: number): number | undefined {
  const at = windowOn(descriptor);
  let offsetBytes = 0;
  let decodedBytes = 0;
  let blocks = 0;
  for (;;) {
    const start = at(offsetBytes, frameHeaderBytesMax);
    if (start.length === 0) return decodedBytes;
    const header = parseFrameHeader(start);
    if (header === undefined) return undefined;
    offsetBytes += header.headerBytes;
    if (header.kind === 'skippable') {
      offsetBytes += header.contentBytes;
      blocks++;
    } else {
      if (header.decodedBytes === undefined) return undefined;
      decodedBytes += header.decodedBytes;
      for (let isLast = false; !isLast; blocks++) {
        const block = parseBlockHeader(at(offsetBytes, blockHeaderBytes));
        if (block === undefined || blocks > zstdBlocksMax) return undefined;
        offsetBytes += blockHeaderBytes + block.contentBytes;
        isLast = block.isLast;
      }
      offsetBytes += header.checksumBytes;
    }
    if (blocks > zstdBlocksMax || !Number.isSafeInteger(decodedBytes)) return undefined;
  }
}

/** Small reads at ascending places, several of them out of one read of the file. */
function windowOn(descriptor: number): (offsetBytes: number, lengthBytes: number) => Buffer {
  let window: Buffer = Buffer.alloc(0);
  let windowAt = 0;
  return (offsetBytes, lengthBytes) => {
    if (offsetBytes < windowAt || offsetBytes + lengthBytes > windowAt + window.length) {
      window = readAt(descriptor, offsetBytes, 4096);
      windowAt = offsetBytes;
    }
    return window.subarray(offsetBytes - windowAt, offsetBytes - windowAt + lengthBytes);
  };
}

/** Fewer bytes where the file ends. */
function readAt(descriptor: number, offsetBytes: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, lengthBytes, offsetBytes));
}
