// Where an inode lies: its block group, that group's descriptor, the inode table that this names.
// Source of the format: the Linux kernel, Documentation/filesystems/ext4/{group_descr,blockgroup}.rst.

import { littleEndian } from '../../image/allocation/fields.js';
import type { Layout } from './layout.js';
import type { Medium } from './medium.js';

const wideDescriptorBytes = 64;

/** The stored bytes of an inode. @throws PiburnError `EXT_DAMAGED` when there is none of this number. */
export function inodeRecord(medium: Medium, number: number): Uint8Array {
  const { inodeCount, inodesPerGroup, inodeBytes, blockBytes } = medium.layout;
  if (!(number >= 1 && number <= inodeCount)) throw medium.damaged(`there is no inode ${number}`);
  const offsetBytes = ((number - 1) % inodesPerGroup) * inodeBytes;
  const table = inodeTable(medium, Math.floor((number - 1) / inodesPerGroup));
  const block = medium.block(table + Math.floor(offsetBytes / blockBytes));
  return block.subarray(offsetBytes % blockBytes, (offsetBytes % blockBytes) + inodeBytes);
}

/** The first block of a group's inode table. */
function inodeTable(medium: Medium, group: number): number {
  const { descriptorBytes, blockBytes } = medium.layout;
  const perBlock = blockBytes / descriptorBytes;
  const block = medium.block(descriptorBlock(medium.layout, Math.floor(group / perBlock), perBlock));
  const fields = littleEndian(block.subarray((group % perBlock) * descriptorBytes));
  return fields.u32(0x8) + (descriptorBytes >= wideDescriptorBytes ? fields.u32(0x28) * 2 ** 32 : 0);
}

/** Where the `index`-th block of descriptors lies. */
function descriptorBlock(layout: Layout, index: number, perBlock: number): number {
  const { superblock, gatheredDescriptorBlocks, firstDataBlock, blocksPerGroup } = layout;
  if (index < gatheredDescriptorBlocks || index === 0) return superblock + 1 + index;
  const group = index * perBlock;
  return firstDataBlock + group * blocksPerGroup + (hasSuperblock(layout, group) ? 1 : 0);
}

/** Asked of even groups only, since a block has an even number of descriptors: sparse copies lie in odd ones. */
function hasSuperblock({ backups }: Layout, group: number): boolean {
  return backups === 'every' || (backups !== 'sparse' && backups.includes(group));
}
