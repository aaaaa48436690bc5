// Free blocks of an ext2, ext3 or ext4 file system, from the bitmaps of its block groups.

import { clearRuns, setBits } from './bits.js';
import { crc32c } from './checksums.js';
import { type BlockGroup, readGroups } from './ext-groups.js';
import { describeExt, type ExtGeometry, parseExt } from './ext-superblock.js';
import type { Volume } from './partition.js';
import { type Reader, take } from './reader.js';

/** Marks the free blocks of `volume`. @throws NotUnderstood for a file system that cannot be believed. */
export function* readExt(volume: Volume, superblock: Uint8Array): Reader {
  const { kind, label } = describeExt(superblock);
  volume.describe(kind, label);
  const geometry = parseExt(superblock, volume.sizeBytes);
  const { blockBytes } = geometry;
  for (const group of yield* readGroups(geometry)) {
    const bitmap = yield* readUsedBlocks(geometry, group);
    if (bitmap === undefined) continue;
    for (const [from, to] of clearRuns(bitmap, group.endBlock - group.firstBlock)) {
      volume.markFree((group.firstBlock + from) * blockBytes, (group.firstBlock + to) * blockBytes);
    }
  }
}

/** The group's bitmap with all metadata marked as used; undefined when it is not to be believed. */
function* readUsedBlocks(geometry: ExtGeometry, group: BlockGroup): Reader<Uint8Array | undefined> {
  const bitmap = new Uint8Array(geometry.blocksPerGroup / 8);
  if (!group.uninitialised) {
    const block = yield* take(group.bitmapBlock * geometry.blockBytes, geometry.blockBytes);
    bitmap.set(block.subarray(0, bitmap.length));
    if (!hasRightChecksum(geometry, group, bitmap)) return undefined;
  }
  for (const [from, to] of group.reserved) setBits(bitmap, from, to);
  // The descriptor's own count is the only check there is in file systems without checksums.
  return countFree(group, bitmap) === group.freeBlocks ? bitmap : undefined;
}

function hasRightChecksum({ checksumSeed }: ExtGeometry, group: BlockGroup, bitmap: Uint8Array): boolean {
  const difference = crc32c(checksumSeed, bitmap) ^ group.bitmapChecksum;
  return (difference & group.bitmapChecksumMask) === 0;
}

function countFree(group: BlockGroup, bitmap: Uint8Array): number {
  let count = 0;
  for (const [from, to] of clearRuns(bitmap, group.endBlock - group.firstBlock)) count += to - from;
  return count;
}
