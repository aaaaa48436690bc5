// The superblock of an ext2, ext3 or ext4 file system: what it is, and whether its bitmaps can be believed.
// Source of the format: the Linux kernel, Documentation/filesystems/ext4/globals.rst and fs/ext4/ext4.h.

import { crc32c } from './checksums.js';
import { type ExtFeatures, extFeatures } from './ext-features.js';
import { type Fields, labelText, littleEndian } from './fields.js';
import type { FileSystemKind } from './partition.js';
import { NotUnderstood } from './reader.js';

export const superblockOffsetBytes = 1024;
export const superblockBytes = 1024;

const magic = 0xef53;
const cleanState = 0x1;
const errorState = 0x2;
const orphansState = 0x4;

/** Bounds what a descriptor table may hold: 8 TiB in blocks of 4 KiB. */
const maxGroups = 65_536;
const minBlocksPerGroup = 256;

/** The geometry of a file system; blocks are its own, counted from the start of the partition. */
export interface ExtGeometry {
  readonly blockBytes: number;
  readonly blockCount: number;
  /** 1 with blocks of 1 KiB, where the boot sector has block 0 for itself; else 0. */
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  readonly groupCount: number;
  readonly inodeTableBlocks: number;
  readonly descriptorBytes: number;
  readonly descriptorsPerBlock: number;
  /** Descriptor blocks that follow the superblock; those beyond are spread over the groups (meta_bg). */
  readonly gatheredDescriptorBlocks: number;
  readonly reservedDescriptorBlocks: number;
  /** Groups with a copy of the superblock; group 0 always has one. */
  readonly backups: 'every' | 'sparse' | readonly number[];
  readonly checksums: 'none' | 'gdt' | 'metadata';
  /** What the checksums of this file system start from. */
  readonly checksumSeed: number;
  readonly uuid: Uint8Array;
}

export const isExt = (superblock: Uint8Array): boolean =>
  superblock.length === superblockBytes && littleEndian(superblock).u16(0x38) === magic;

export function describeExt(superblock: Uint8Array): { kind: FileSystemKind; label: string | undefined } {
  const fields = littleEndian(superblock);
  return { kind: extFeatures(fields).kind, label: labelText(fields.bytes(0x78, 16), 'utf-8') };
}

/** @throws NotUnderstood when the file system must not be believed, or says what cannot be. */
export function parseExt(superblock: Uint8Array, partitionBytes: number): ExtGeometry {
  const fields = littleEndian(superblock);
  const features = extFeatures(fields);
  if (features.refusal !== undefined) throw new NotUnderstood(features.refusal);
  refuseState(fields.u16(0x3a));
  if (features.checksums === 'metadata') verifyChecksum(superblock, fields);
  const geometry = geometryOf(fields, features);
  refuseGeometry(geometry, fields.u32(0x4c), partitionBytes);
  return geometry;
}

function refuseState(state: number): void {
  if (state & errorState) throw new NotUnderstood('it has recorded errors');
  if (!(state & cleanState) || state & orphansState) throw new NotUnderstood('it was not unmounted cleanly');
}

function verifyChecksum(superblock: Uint8Array, fields: Fields): void {
  const crc32cType = 1;
  if (fields.u8(0x175) !== crc32cType) throw new NotUnderstood('an unknown kind of checksums');
  if (crc32c(~0, superblock.subarray(0, 0x3fc)) !== fields.u32(0x3fc)) {
    throw new NotUnderstood('its superblock has a wrong checksum');
  }
}

function geometryOf(fields: Fields, features: ExtFeatures): ExtGeometry {
  const blockBytes = 1024 * 2 ** fields.u32(0x18);
  const blockCount = fields.u32(0x4) + (features.bits64 ? fields.u32(0x150) * 2 ** 32 : 0);
  const firstDataBlock = fields.u32(0x14);
  const blocksPerGroup = fields.u32(0x20);
  const groupCount = Math.ceil((blockCount - firstDataBlock) / blocksPerGroup);
  const inodeBytes = fields.u32(0x4c) === 0 ? 128 : fields.u16(0x58);
  const descriptorBytes = features.bits64 ? fields.u16(0xfe) : 32;
  const descriptorsPerBlock = blockBytes / descriptorBytes;
  const descriptorBlocks = Math.ceil(groupCount / descriptorsPerBlock);
  const uuid = fields.bytes(0x68, 16);
  return {
    blockBytes,
    blockCount,
    firstDataBlock,
    blocksPerGroup,
    groupCount,
    inodeTableBlocks: Math.ceil((fields.u32(0x28) * inodeBytes) / blockBytes),
    descriptorBytes,
    descriptorsPerBlock,
    gatheredDescriptorBlocks: features.metaBg ? Math.min(fields.u32(0x104), descriptorBlocks) : descriptorBlocks,
    reservedDescriptorBlocks: fields.u16(0xce),
    backups: backupsOf(fields, features),
    checksums: features.checksums,
    checksumSeed: features.storedChecksumSeed ? fields.u32(0x270) : crc32c(~0, uuid),
    uuid,
  };
}

function backupsOf(fields: Fields, features: ExtFeatures): ExtGeometry['backups'] {
  if (features.sparseSuper2) return [fields.u32(0x24c), fields.u32(0x250)];
  return features.sparseSuper ? 'sparse' : 'every';
}

function refuseGeometry(geometry: ExtGeometry, revision: number, partitionBytes: number): void {
  const { blockBytes, blockCount, firstDataBlock, blocksPerGroup, groupCount, inodeTableBlocks } = geometry;
  const sound =
    revision <= 1 &&
    blockBytes <= 65_536 &&
    firstDataBlock === (blockBytes === 1024 ? 1 : 0) &&
    blocksPerGroup >= minBlocksPerGroup &&
    blocksPerGroup % 8 === 0 &&
    blocksPerGroup <= blockBytes * 8 &&
    groupCount >= 1 &&
    groupCount <= maxGroups &&
    inodeTableBlocks >= 1 &&
    inodeTableBlocks < blocksPerGroup &&
    // As mke2fs sees to (lib/ext2fs/initialize.c); otherwise the copies in all groups are millions of ranges.
    1 + geometry.gatheredDescriptorBlocks + geometry.reservedDescriptorBlocks < blocksPerGroup &&
    [32, 64, 128, 256, 512, 1024].includes(geometry.descriptorBytes);
  if (!sound) throw new NotUnderstood('its superblock makes no sense');
  if (blockCount * blockBytes > partitionBytes) throw new NotUnderstood('the file system is larger than its partition');
}
