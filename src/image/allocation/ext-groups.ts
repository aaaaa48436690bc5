// The block groups of an ext file system: their descriptors, and which blocks are metadata whatever a bitmap says.
// Source of the format: the Linux kernel, Documentation/filesystems/ext4/{group_descr,blockgroup,bitmaps}.rst.

import { crc16, crc32c } from './checksums.js';
import type { ExtGeometry } from './ext-superblock.js';
import { type Fields, littleEndian } from './fields.js';
import { NotUnderstood, type Reader, take } from './reader.js';

const blockUninitFlag = 0x2;
const checksumOffset = 0x1e;
const wideDescriptorBytes = 64;

/** One group; its blocks are [firstBlock, endBlock) of the file system. */
export interface BlockGroup {
  readonly firstBlock: number;
  readonly endBlock: number;
  readonly bitmapBlock: number;
  /** The low bits of the bitmap's checksum and which bits these are; mask 0: there is none. */
  readonly bitmapChecksum: number;
  readonly bitmapChecksumMask: number;
  readonly freeBlocks: number;
  /** True when the bitmap was never written: everything is free that is not in `reserved`. */
  readonly uninitialised: boolean;
  /** Metadata in this group, also other groups', as [from, to) in blocks from the group's first. */
  readonly reserved: (readonly [number, number])[];
}

/**
 * All groups. With meta_bg their descriptors lie all over the image, so that most of it has passed when this ends.
 * @throws NotUnderstood when a descriptor has a wrong checksum or points outside of the file system.
 */
export function* readGroups(geometry: ExtGeometry): Reader<BlockGroup[]> {
  const groups: BlockGroup[] = [];
  const tables: (readonly [number, number])[] = [];
  const { groupCount, descriptorsPerBlock, descriptorBytes, blockBytes } = geometry;
  for (let first = 0; first < groupCount; first += descriptorsPerBlock) {
    const block = yield* take(descriptorBlock(geometry, first / descriptorsPerBlock) * blockBytes, blockBytes);
    for (let number = first; number < Math.min(first + descriptorsPerBlock, groupCount); number++) {
      const offset = (number - first) * descriptorBytes;
      const descriptor = block.subarray(offset, offset + descriptorBytes);
      verifyChecksum(geometry, number, descriptor);
      groups.push(parseGroup(geometry, number, littleEndian(descriptor)));
      tables.push(...tablesOf(geometry, littleEndian(descriptor)));
    }
  }

  groups.forEach((group, number) => {
    reserve(geometry, groups, group.firstBlock, group.firstBlock + backupBlocks(geometry, number));
  });
  for (const [from, to] of tables) reserve(geometry, groups, from, to);
  return groups;
}

/** Where the `index`-th block of descriptors lies. */
function descriptorBlock(geometry: ExtGeometry, index: number): number {
  const { firstDataBlock, gatheredDescriptorBlocks, descriptorsPerBlock } = geometry;
  if (index < gatheredDescriptorBlocks) return firstDataBlock + 1 + index;
  const group = index * descriptorsPerBlock;
  return firstBlockOf(geometry, group) + (hasSuperblock(geometry, group) ? 1 : 0);
}

function parseGroup(geometry: ExtGeometry, number: number, descriptor: Fields): BlockGroup {
  const wide = geometry.descriptorBytes >= wideDescriptorBytes;
  const firstBlock = firstBlockOf(geometry, number);
  const withBitmapChecksum = geometry.checksums === 'metadata';
  return {
    firstBlock,
    endBlock: Math.min(firstBlock + geometry.blocksPerGroup, geometry.blockCount),
    bitmapBlock: blockNumber(geometry, descriptor, 0x0),
    bitmapChecksum: (descriptor.u16(0x18) | (wide ? descriptor.u16(0x38) << 16 : 0)) >>> 0,
    bitmapChecksumMask: withBitmapChecksum ? (wide ? 0xffffffff : 0xffff) : 0,
    freeBlocks: descriptor.u16(0xc) + (wide ? descriptor.u16(0x2c) * 2 ** 16 : 0),
    // Without checksums the flag is not defined.
    uninitialised: geometry.checksums !== 'none' && (descriptor.u16(0x12) & blockUninitFlag) !== 0,
    reserved: [],
  };
}

/** Both bitmaps and the inode table of a group, as [from, to) in blocks. */
function tablesOf(geometry: ExtGeometry, descriptor: Fields): (readonly [number, number])[] {
  const blockBitmap = blockNumber(geometry, descriptor, 0x0);
  const inodeBitmap = blockNumber(geometry, descriptor, 0x4);
  const inodeTable = blockNumber(geometry, descriptor, 0x8);
  const tables = [
    [blockBitmap, blockBitmap + 1],
    [inodeBitmap, inodeBitmap + 1],
    [inodeTable, inodeTable + geometry.inodeTableBlocks],
  ] as const;
  if (tables.some(([from, to]) => from <= geometry.firstDataBlock || to > geometry.blockCount)) {
    throw new NotUnderstood('a group descriptor points outside of the file system');
  }
  return [...tables];
}

/** A block number whose high half is 32 bytes after its low one. */
function blockNumber(geometry: ExtGeometry, descriptor: Fields, offset: number): number {
  const high = geometry.descriptorBytes >= wideDescriptorBytes ? descriptor.u32(offset + 0x20) : 0;
  return descriptor.u32(offset) + high * 2 ** 32;
}

function verifyChecksum(geometry: ExtGeometry, number: number, descriptor: Uint8Array): void {
  if (geometry.checksums === 'none') return;
  const groupNumber = new Uint8Array(Uint32Array.of(number).buffer);
  const before = descriptor.subarray(0, checksumOffset);
  const after = descriptor.subarray(checksumOffset + 2);
  const sum =
    geometry.checksums === 'metadata'
      ? [groupNumber, before, new Uint8Array(2), after].reduce(crc32c, geometry.checksumSeed) & 0xffff
      : [geometry.uuid, groupNumber, before, after].reduce(crc16, 0xffff);
  if (sum !== littleEndian(descriptor).u16(checksumOffset)) {
    throw new NotUnderstood(`the descriptor of group ${number} has a wrong checksum`);
  }
}

/** How many blocks at a group's start are copies of the superblock and of descriptors, or kept for more of these. */
function backupBlocks(geometry: ExtGeometry, group: number): number {
  const { gatheredDescriptorBlocks, reservedDescriptorBlocks, descriptorsPerBlock } = geometry;
  const superblocks = hasSuperblock(geometry, group) ? 1 : 0;
  if (group < gatheredDescriptorBlocks * descriptorsPerBlock) {
    return superblocks * (1 + gatheredDescriptorBlocks + reservedDescriptorBlocks);
  }
  // With meta_bg the first, second and last of the groups that share a descriptor block have a copy of it.
  const position = group % descriptorsPerBlock;
  return superblocks + (position <= 1 || position === descriptorsPerBlock - 1 ? 1 : 0);
}

function hasSuperblock({ backups }: ExtGeometry, group: number): boolean {
  if (group === 0) return true;
  if (typeof backups !== 'string') return backups.includes(group);
  return backups === 'every' || group === 1 || [3, 5, 7].some((base) => isPowerOf(base, group));
}

function isPowerOf(base: number, value: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}

const firstBlockOf = ({ firstDataBlock, blocksPerGroup }: ExtGeometry, group: number): number =>
  firstDataBlock + group * blocksPerGroup;

/** Notes the blocks [from, to) as metadata in the groups they lie in. */
function reserve(geometry: ExtGeometry, groups: readonly BlockGroup[], from: number, to: number): void {
  const { firstDataBlock, blocksPerGroup } = geometry;
  let block = from;
  while (block < to) {
    const group = groups[Math.floor((block - firstDataBlock) / blocksPerGroup)];
    if (group === undefined) return;
    const end = Math.min(to, group.endBlock);
    if (end <= block) return;
    group.reserved.push([block - group.firstBlock, end - group.firstBlock]);
    block = end;
  }
}
