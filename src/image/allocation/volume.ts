// What a partition holds, by its content: the type in a partition table is only a hint that people often get wrong.

import { readExt } from './ext.js';
import { isExt, superblockBytes, superblockOffsetBytes } from './ext-superblock.js';
import { parseFat, readFat } from './fat.js';
import type { Volume } from './partition.js';
import { NotUnderstood, type Reader, take } from './reader.js';

/** Marks the free blocks of any file system that is understood. @throws NotUnderstood for any other content. */
export function* readVolume(volume: Volume): Reader {
  const head = yield* take(0, superblockOffsetBytes + superblockBytes);
  const superblock = head.subarray(superblockOffsetBytes);
  const fat = parseFat(head);
  if (fat !== undefined && isExt(superblock)) throw new NotUnderstood('it looks like FAT and like ext');
  if (fat !== undefined) return yield* readFat(volume, fat);
  if (isExt(superblock)) return yield* readExt(volume, superblock);
  throw new NotUnderstood('no FAT or ext file system');
}
