// Files that stand in for cards: made with an old life on them, and looked at afterwards without any part of piburn.

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';

const mib = 1024 * 1024;

/** Bytes without a pattern, the same for the same seed. */
function noise(lengthBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  for (let at = 0, word = seed; at + 4 <= lengthBytes; at += 4) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    bytes.writeUInt32LE(word, at);
  }
  return bytes;
}

/** A partition table (MBR, one Linux partition from the first MiB on) before bytes that no file system explains. */
function disk(lengthBytes: number, seed: number): Buffer {
  const bytes = noise(lengthBytes, seed);
  bytes.fill(0, 446, mib); // as the gap before the first partition is on every Pi
  bytes.set([0x80, 0, 0, 0, 0x83], 446);
  bytes.writeUInt32LE(mib / 512, 454);
  bytes.writeUInt32LE(Math.floor((lengthBytes - mib) / 512), 458);
  bytes.writeUInt16BE(0x55aa, 510);
  return bytes;
}

/** An image all of which is used: quick to read, and of an odd size, so that its last block is written padded. */
export function makeSmallImage(path: string, lengthBytes = 9 * mib + 777): Buffer {
  const bytes = disk(lengthBytes, 7);
  bytes.fill(0, 5 * mib, 6 * mib);
  bytes[lengthBytes - 1] = 0x42;
  writeFileSync(path, bytes);
  return bytes;
}

/** The beginning of a card that was used before. */
const oldLife = disk(2 * mib, 1);

/** A card of this size whose first 2 MiB tell of an old life. */
export function makeUsedCard(path: string, sizeBytes: number): void {
  const file = openSync(path, 'w');
  try {
    writeSync(file, oldLife, 0, oldLife.length, 0);
    ftruncateSync(file, sizeBytes);
  } finally {
    closeSync(file);
  }
}

export const isUntouched = (path: string): boolean => firstBytes(path, oldLife.length).equals(oldLife);

/** No partition table and no boot sector: the first MiB (or all there is of it) is zero. */
export const isBlank = (path: string): boolean => firstBytes(path, mib).every((byte) => byte === 0);

export function firstBytes(path: string, lengthBytes: number, offsetBytes = 0): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(lengthBytes);
    return bytes.subarray(0, readSync(file, bytes, 0, lengthBytes, offsetBytes));
  } finally {
    closeSync(file);
  }
}

/** The places where a card differs from an image in the image's length, at most `most` of them. */
export function differences(cardPath: string, imagePath: string, most = 10): number[] {
  const [card, image] = [openSync(cardPath, 'r'), openSync(imagePath, 'r')];
  try {
    const found: number[] = [];
    const [got, wanted] = [Buffer.alloc(4 * mib), Buffer.alloc(4 * mib)];
    const imageBytes = fstatSync(image).size;
    for (let offset = 0; offset < imageBytes && found.length < most; offset += wanted.length) {
      const length = readSync(image, wanted, 0, wanted.length, offset);
      got.fill(0xee);
      readSync(card, got, 0, length, offset);
      if (got.compare(wanted, 0, length, 0, length) === 0) continue;
      for (let at = 0; at < length && found.length < most; at++) if (got[at] !== wanted[at]) found.push(offset + at);
    }
    return found;
  } finally {
    closeSync(card);
    closeSync(image);
  }
}
