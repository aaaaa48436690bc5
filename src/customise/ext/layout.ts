// Where things lie in an ext file system, from its superblock. Other than for the free blocks (image/allocation), a
// file system that was not unmounted or has recorded errors is good enough here: it is only looked at.
// Source of the format: the Linux kernel, Documentation/filesystems/ext4/{super,group_descr,blockgroup}.rst.

import { crc32c } from '../../image/allocation/checksums.js';
import { type ExtFeatures, extFeatures } from '../../image/allocation/ext-features.js';
import { isExt } from '../../image/allocation/ext-superblock.js';
import { type Fields, labelText, littleEndian } from '../../image/allocation/fields.js';
import type { Damaged } from './damage.js';

/** Blocks are counted from the start of the file system. */
export interface Layout {
  readonly label: string;
  readonly uuid: string;
  /** Its journal holds changes that are not in place yet: files may look older than they are, or half changed. */
  readonly needsRecovery: boolean;
  readonly blockBytes: number;
  readonly blockCount: number;
  /** The block with the superblock. */
  readonly superblock: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  readonly clusterBytes: number;
  readonly inodeCount: number;
  readonly inodesPerGroup: number;
  readonly inodeBytes: number;
  readonly descriptorBytes: number;
  /** Blocks of descriptors that follow the superblock; those beyond are spread over the groups (meta_bg). */
  readonly gatheredDescriptorBlocks: number;
  /** Groups with a copy of the superblock; group 0 always has one. */
  readonly backups: 'every' | 'sparse' | readonly number[];
  /** Entries of directories tell the kind of file. */
  readonly hasFileTypes: boolean;
  /** Sizes of directories have 64 bits. */
  readonly hasLargeDirectories: boolean;
  /** What checksums of metadata start from; undefined when there are none, or when they may lag behind. */
  readonly checksumSeed: number | undefined;
}

/** Incompatible features with which files can be read; of the compatible ones none is in the way. fs/ext4/ext4.h. */
const fileTypes = 0x2;
const recover = 0x4;
const largeDirectories = 0x4000;
const readable =
  fileTypes |
  recover |
  largeDirectories |
  0x10 | // meta_bg
  0x40 | // extents
  0x80 | // 64bit
  0x100 | // mmp
  0x200 | // flex_bg
  0x400 | // ea_inode
  0x1000 | // dirdata
  0x2000 | // metadata_csum_seed
  0x8000 | // inline_data
  0x10000 | // encrypt
  0x20000; // casefold
const bigalloc = 0x200;

/** Undefined when this is no ext file system, or none that files can be read from (a journal, compression, newer). */
export function parseLayout(superblock: Uint8Array, sizeBytes: number, damaged: Damaged): Layout | undefined {
  if (!isExt(superblock)) return undefined;
  const fields = littleEndian(superblock);
  const revision = fields.u32(0x4c);
  const incompatible = revision === 0 ? 0 : fields.u32(0x60);
  if (revision > 1 || incompatible & ~readable) return undefined;
  const features = extFeatures(fields);
  const needsRecovery = (incompatible & recover) !== 0;
  const hasChecksums = features.checksums === 'metadata' && !needsRecovery;
  if (hasChecksums && crc32c(~0, superblock.subarray(0, 0x3fc)) !== fields.u32(0x3fc)) {
    throw damaged('its superblock has a wrong checksum');
  }
  const layout: Layout = {
    ...sizesOf(fields, features, revision),
    label: labelText(fields.bytes(0x78, 16), 'utf-8') ?? '',
    uuid: uuidText(fields.bytes(0x68, 16)),
    needsRecovery,
    backups: features.sparseSuper2 ? [fields.u32(0x24c), fields.u32(0x250)] : features.sparseSuper ? 'sparse' : 'every',
    hasFileTypes: (incompatible & fileTypes) !== 0,
    hasLargeDirectories: (incompatible & largeDirectories) !== 0,
    checksumSeed: hasChecksums ? seedOf(fields, features) : undefined,
  };
  refuseNonsense(layout, sizeBytes, damaged);
  return layout;
}

function sizesOf(fields: Fields, features: ExtFeatures, revision: number) {
  const blockBytes = 1024 * 2 ** fields.u32(0x18);
  const hasClusters = revision > 0 && (fields.u32(0x64) & bigalloc) !== 0;
  return {
    blockBytes,
    blockCount: fields.u32(0x4) + (features.bits64 ? fields.u32(0x150) * 2 ** 32 : 0),
    superblock: blockBytes === 1024 ? 1 : 0,
    firstDataBlock: fields.u32(0x14),
    blocksPerGroup: fields.u32(0x20),
    clusterBytes: hasClusters ? 1024 * 2 ** fields.u32(0x1c) : blockBytes,
    inodeCount: fields.u32(0x0),
    inodesPerGroup: fields.u32(0x28),
    inodeBytes: revision === 0 ? 128 : fields.u16(0x58),
    descriptorBytes: features.bits64 ? fields.u16(0xfe) : 32,
    gatheredDescriptorBlocks: features.metaBg ? fields.u32(0x104) : Number.POSITIVE_INFINITY,
  };
}

const seedOf = (fields: Fields, features: ExtFeatures): number =>
  features.storedChecksumSeed ? fields.u32(0x270) : crc32c(~0, fields.bytes(0x68, 16));

const uuidText = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

function refuseNonsense(layout: Layout, sizeBytes: number, damaged: Damaged): void {
  const { blockBytes, blockCount, firstDataBlock, blocksPerGroup, inodesPerGroup, inodeBytes } = layout;
  const groupCount = Math.ceil((blockCount - firstDataBlock) / blocksPerGroup);
  const sound =
    blockBytes <= 65_536 &&
    firstDataBlock <= layout.superblock &&
    blocksPerGroup > 0 &&
    groupCount > 0 &&
    inodesPerGroup > 0 &&
    inodesPerGroup <= blockBytes * 8 &&
    layout.inodeCount <= groupCount * inodesPerGroup &&
    [128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536].includes(inodeBytes) &&
    inodeBytes <= blockBytes &&
    [32, 64, 128, 256, 512].includes(layout.descriptorBytes);
  if (!sound) throw damaged('its superblock makes no sense');
  if (blockCount * blockBytes > sizeBytes) throw damaged('it is larger than its partition');
}
