// Compares cards with their image, block by block, by code that shares nothing with piburn: dumpe2fs and the FAT itself
// say what is unused, and noise that was on the card before shows what was written.

import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import type { PartitionRange, PiImageLayout } from '../fixtures/pi-image.js';

const MiB = 1024 * 1024;
export const blockBytes = 4096;

/** What a card holds before it is burned: block `number` of 4 KiB, different from every other and nowhere zero. */
export function noiseBlock(number: number): Buffer {
  const block = Buffer.alloc(blockBytes, (number % 251) + 1);
  block.write(`noise ${number} `);
  return block;
}

/** Whether noise stands in a block of a card that was filled with every `every`th block. */
const isNoisy = (number: number, every: number): boolean => number % every === Math.floor(number / every) % every;

/** Makes a card full of noise: each block, or one of every `every`, at wandering places, and holes between them. */
export function makeNoisyCard(path: string, sizeBytes: number, every = 1): void {
  const card = openSync(path, 'w');
  try {
    for (let number = 0; number * blockBytes < sizeBytes; number += 1)
      if (isNoisy(number, every)) writeSync(card, noiseBlock(number), 0, blockBytes, number * blockBytes);
    ftruncateSync(card, sizeBytes);
  } finally {
    closeSync(card);
  }
}

export interface ByteRange {
  readonly startBytes: number;
  readonly endBytes: number;
}

/** What dumpe2fs calls free in an ext file system inside an image. */
export function freeOfExt(image: string, { offsetBytes }: PartitionRange): ByteRange[] {
  const text = execFileSync('dumpe2fs', [`${image}?offset=${offsetBytes}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * MiB,
  });
  const size = Number(/^Block size:\s+(\d+)$/m.exec(text)?.[1]);
  return [...text.matchAll(/^ {2}Free blocks: (.*)$/gm)]
    .flatMap(([, list = '']) => list.split(', '))
    .filter((range) => range !== '')
    .map((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return { startBytes: offsetBytes + first * size, endBytes: offsetBytes + (last + 1) * size };
    });
}

/** The clusters of a FAT32 file system whose entry in the table is zero. */
export function freeOfFat32(image: string, { offsetBytes }: PartitionRange): ByteRange[] {
  const boot = readRange(image, offsetBytes, 512);
  const sectorBytes = boot.readUInt16LE(11);
  const clusterBytes = sectorBytes * boot.readUInt8(13);
  const tableStart = boot.readUInt16LE(14) * sectorBytes;
  const tableBytes = boot.readUInt32LE(36) * sectorBytes;
  const dataStart = offsetBytes + tableStart + boot.readUInt8(16) * tableBytes;
  const clusters = Math.floor((offsetBytes + boot.readUInt32LE(32) * sectorBytes - dataStart) / clusterBytes);
  const table = readRange(image, offsetBytes + tableStart, tableBytes);
  const free: ByteRange[] = [];
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    if ((table.readUInt32LE((cluster + 2) * 4) & 0x0fffffff) !== 0) continue;
    const startBytes = dataStart + cluster * clusterBytes;
    const last = free.at(-1);
    if (last?.endBytes === startBytes) free[free.length - 1] = { ...last, endBytes: startBytes + clusterBytes };
    else free.push({ startBytes, endBytes: startBytes + clusterBytes });
  }
  return free;
}

export const freeOf = (image: string, { boot, root }: PiImageLayout): ByteRange[] => [
  ...freeOfFat32(image, boot),
  ...freeOfExt(image, root),
];

export function readRange(path: string, offsetBytes: number, lengthBytes: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(lengthBytes);
    return bytes.subarray(0, readSync(file, bytes, 0, lengthBytes, offsetBytes));
  } finally {
    closeSync(file);
  }
}

/** Where a card and its image part. Offsets are those of 4 KiB blocks. */
export interface Comparison {
  /** Neither the image's bytes nor what was on the card: to be explained by a patch. */
  readonly changed: number[];
  /** Used by the image, but still as it was on the card. */
  readonly missed: number[];
  /** Unused by the image, and yet not as it was on the card. */
  readonly overwritten: number[];
  /** How many blocks still hold their noise because the image does not use them. */
  kept: number;
}

const windowBytes = 4 * MiB;
/** piburn wipes as much at the end of every card. */
const wipedBytes = MiB;

/** Compares cards that held noise with the image that was burned, block by block. `free`: what its file systems say. */
export function compareCards(
  cards: readonly string[],
  image: string,
  { free, every = 1 }: { readonly free: readonly ByteRange[]; readonly every?: number },
): Comparison[] {
  const unused = blocksInside(free);
  const imageBytes = statSync(image).size;
  const found: Comparison[] = cards.map(() => ({ changed: [], missed: [], overwritten: [], kept: 0 }));
  const sizes = cards.map((card) => statSync(card).size);
  for (let start = 0; start < imageBytes; start += windowBytes) {
    const wanted = readRange(image, start, windowBytes);
    for (const [index, comparison] of found.entries()) {
      const got = readRange(cards[index] ?? '', start, wanted.length);
      const keepsUntil = (sizes[index] ?? 0) - wipedBytes;
      for (let at = 0; at < wanted.length; at += blockBytes)
        judge(comparison, wanted.subarray(at, at + blockBytes), got.subarray(at, at + blockBytes), start + at, {
          mayKeep: unused.has((start + at) / blockBytes),
          noisy: isNoisy((start + at) / blockBytes, every) && start + at < keepsUntil,
        });
    }
  }
  return found;
}

function judge(
  comparison: Comparison,
  wanted: Buffer,
  got: Buffer,
  offsetBytes: number,
  { mayKeep, noisy }: { readonly mayKeep: boolean; readonly noisy: boolean },
): void {
  const same = got.equals(wanted);
  if (same && !(mayKeep && noisy)) return;
  const keepable = mayKeep && noisy && isZero(wanted);
  if (same) {
    if (keepable) comparison.overwritten.push(offsetBytes);
  } else if (!noisy || !got.equals(noiseBlock(offsetBytes / blockBytes).subarray(0, got.length)))
    comparison.changed.push(offsetBytes);
  else if (keepable) comparison.kept += 1;
  else comparison.missed.push(offsetBytes);
}

const zeroBlock = Buffer.alloc(blockBytes);
export const isZero = (bytes: Buffer): boolean => bytes.equals(zeroBlock.subarray(0, bytes.length));

/** The numbers of the 4 KiB blocks that lie wholly within the ranges. */
function blocksInside(ranges: readonly ByteRange[]): Set<number> {
  const numbers = new Set<number>();
  for (const { startBytes, endBytes } of joined(ranges))
    for (let number = Math.ceil(startBytes / blockBytes); (number + 1) * blockBytes <= endBytes; number += 1)
      numbers.add(number);
  return numbers;
}

function joined(ranges: readonly ByteRange[]): ByteRange[] {
  const result: ByteRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.startBytes - b.startBytes)) {
    const last = result.at(-1);
    if (last?.endBytes === range.startBytes) result[result.length - 1] = { ...last, endBytes: range.endBytes };
    else result.push(range);
  }
  return result;
}
