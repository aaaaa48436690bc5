// Inodes: what a file is, and where its bytes are to be found.
// Source of the format: the Linux kernel, Documentation/filesystems/ext4/inodes.rst.

import { crc32c } from '../../image/allocation/checksums.js';
import { type Fields, littleEndian } from '../../image/allocation/fields.js';
import { inodeRecord } from './inode-table.js';
import type { Medium } from './medium.js';

export type FileKind = 'file' | 'directory' | 'symlink' | 'character-device' | 'block-device' | 'fifo' | 'socket';

export interface Inode {
  readonly number: number;
  readonly kind: FileKind;
  /** The permission bits: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly hasExtents: boolean;
  readonly isInline: boolean;
  readonly isEncrypted: boolean;
  /** It has blocks for its content, not only for its attributes. */
  readonly hasBlocks: boolean;
  /** The 60 bytes of i_block: block numbers, a tree's root, or content. */
  readonly root: Uint8Array;
  /** What follows the fields: the attributes that lie in the inode. */
  readonly attributes: Uint8Array;
  /** What the checksums of this inode's blocks start from. */
  readonly checksumSeed: number | undefined;
}

export const rootInode = 2;

const kinds: Readonly<Record<number, FileKind>> = {
  1: 'fifo',
  2: 'character-device',
  4: 'directory',
  6: 'block-device',
  8: 'file',
  10: 'symlink',
  12: 'socket',
};

const flag = { encrypted: 0x800, extents: 0x80000, inline: 0x10000000 } as const;
const classicBytes = 128;

/** @throws PiburnError `EXT_DAMAGED` for an inode that does not exist, is not in use or has a wrong checksum. */
export function readInode(medium: Medium, number: number): Inode {
  const record = inodeRecord(medium, number);
  const fields = littleEndian(record);
  const kind = kinds[fields.u16(0x0) >> 12];
  if (kind === undefined) throw medium.damaged(`inode ${number} is of no known kind`);
  const extraBytes = record.length > classicBytes ? fields.u16(0x80) : 0;
  if (extraBytes > record.length - classicBytes) throw medium.damaged(`inode ${number} is larger than its place`);
  const flags = fields.u32(0x20);
  return {
    number,
    kind,
    mode: fields.u16(0x0) & 0o7777,
    uid: fields.u16(0x2) + fields.u16(0x78) * 2 ** 16,
    gid: fields.u16(0x18) + fields.u16(0x7a) * 2 ** 16,
    sizeBytes: sizeOf(medium, kind, fields, number),
    modifiedAt: timeOf(fields, extraBytes),
    hasExtents: (flags & flag.extents) !== 0,
    isInline: (flags & flag.inline) !== 0,
    isEncrypted: (flags & flag.encrypted) !== 0,
    hasBlocks: hasBlocks(medium, fields),
    root: record.subarray(0x28, 0x64),
    attributes: record.subarray(classicBytes + extraBytes),
    checksumSeed: checkedSeed(medium, number, record, extraBytes),
  };
}

/** The upper half meant something else in directories, before they could be large. */
function sizeOf(medium: Medium, kind: FileKind, fields: Fields, number: number): number {
  const isWide = kind === 'file' || (kind === 'directory' && medium.layout.hasLargeDirectories);
  const sizeBytes = fields.u32(0x4) + (isWide ? fields.u32(0x6c) * 2 ** 32 : 0);
  if (!Number.isSafeInteger(sizeBytes)) throw medium.damaged(`inode ${number} has an impossible size`);
  return sizeBytes;
}

/** Seconds are signed; two more bits of them, and nanoseconds, may follow among the extra fields. */
function timeOf(fields: Fields, extraBytes: number): Date {
  const seconds = fields.u32(0x10) | 0;
  if (extraBytes < 0x8c - classicBytes) return new Date(seconds * 1000);
  const extra = fields.u32(0x88);
  return new Date((seconds + (extra & 3) * 2 ** 32) * 1000 + Math.floor((extra >>> 2) / 1_000_000));
}

/** As Linux tells a symbolic link in the inode from one in a block: a block of attributes does not count. */
function hasBlocks({ layout }: Medium, fields: Fields): boolean {
  const sectors = fields.u32(0x1c) + fields.u16(0x74) * 2 ** 32;
  const hasAttributeBlock = fields.u32(0x68) !== 0 || fields.u16(0x76) !== 0;
  return sectors !== (hasAttributeBlock ? layout.clusterBytes / 512 : 0);
}

/** The seed for the inode's blocks; on the way there, the inode's own checksum is compared. */
function checkedSeed(medium: Medium, number: number, record: Uint8Array, extraBytes: number): number | undefined {
  const { checksumSeed } = medium.layout;
  if (checksumSeed === undefined) return undefined;
  const generation = record.subarray(0x64, 0x68);
  const seed = [new Uint8Array(Uint32Array.of(number).buffer), generation].reduce(crc32c, checksumSeed);
  const isWide = extraBytes >= 4;
  const blank = Uint8Array.from(record);
  blank.fill(0, 0x7c, 0x7e);
  if (isWide) blank.fill(0, 0x82, 0x84);
  const fields = littleEndian(record);
  const stored = fields.u16(0x7c) + (isWide ? fields.u16(0x82) * 2 ** 16 : 0);
  const sum = crc32c(seed, blank);
  if ((isWide ? sum : sum & 0xffff) !== stored) throw medium.damaged(`inode ${number} has a wrong checksum`);
  return seed;
}
