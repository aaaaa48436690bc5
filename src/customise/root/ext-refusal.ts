// Whether settings can be written into an ext file system at all, by what its superblock says. libext2fs would refuse
// some of these too, in fewer words, and write to others what nobody could read any more.
// Source of the format: the Linux kernel, Documentation/filesystems/ext4/super.rst.

import { failure, type PiburnError } from '../../errors.js';
import { isExt, parseExt, superblockBytes, superblockOffsetBytes } from '../../image/allocation/ext-superblock.js';
import { type Fields, littleEndian } from '../../image/allocation/fields.js';
import { NotUnderstood } from '../../image/allocation/reader.js';
import type { ReadImage } from '../overlay.js';

/** What whoever writes must know of a file system. */
export interface Writable {
  readonly blockBytes: number;
  /** Small files lie in their inodes. */
  readonly hasInlineData: boolean;
}

/** A partition of an image. */
export interface RootPlace {
  readonly startBytes: number;
  readonly sizeBytes: number;
}

/** Features with which files can be read, but not written by libext2fs. */
const unwritable = {
  incompatible: { mmp: 0x100, dirdata: 0x1000, encrypt: 0x10000, casefold: 0x20000 },
  readOnlyCompatible: { quota: 0x100, 'read-only': 0x1000, project: 0x2000, verity: 0x8000 },
} as const;

const recover = 0x4;
const inlineData = 0x8000;
const orphansPresent = 0x10000;
const cleanState = 0x1;
const errorState = 0x2;
/** The glue of libext2fs counts the bytes of a block in 16 bits with a sign, and no Pi mounts larger ones. */
const maxBlockBytes = 4096;

/**
 * Looks at the superblock of a file system that is to be written to, and tells what matters for that.
 * @throws PiburnError `ROOT_NEEDS_RECOVERY`, `ROOT_UNSUPPORTED`.
 */
export function refuseUnwritable(read: ReadImage, place: RootPlace): Writable {
  const hasRoom = place.sizeBytes >= superblockOffsetBytes + superblockBytes;
  const superblock = hasRoom ? read(place.startBytes + superblockOffsetBytes, superblockBytes) : new Uint8Array(0);
  if (!isExt(superblock)) throw unsupported(place, 'is no ext2, ext3 or ext4');
  const fields = littleEndian(superblock);
  if (needsRecovery(fields)) throw recoveryNeeded(place);
  const feature = firstUnwritable(fields);
  if (feature !== undefined) throw unsupported(place, `has the feature ${feature}`);
  try {
    const { blockBytes } = parseExt(superblock, place.sizeBytes);
    if (blockBytes > maxBlockBytes) throw new NotUnderstood(`its blocks have ${blockBytes} bytes`);
    return { blockBytes, hasInlineData: fields.u32(0x4c) > 0 && (fields.u32(0x60) & inlineData) !== 0 };
  } catch (error) {
    if (error instanceof NotUnderstood) throw unsupported(place, `cannot be written to: ${error.message}`);
    throw error;
  }
}

function needsRecovery(fields: Fields): boolean {
  const state = fields.u16(0x3a);
  const hasFeatures = fields.u32(0x4c) > 0;
  const lastOrphan = fields.u32(0xe8);
  return (
    (hasFeatures && ((fields.u32(0x60) & recover) !== 0 || (fields.u32(0x64) & orphansPresent) !== 0)) ||
    (hasFeatures && lastOrphan !== 0) ||
    (state & cleanState) === 0 ||
    (state & errorState) !== 0
  );
}

function firstUnwritable(fields: Fields): string | undefined {
  if (fields.u32(0x4c) === 0) return undefined;
  return firstOf(unwritable.incompatible, fields.u32(0x60)) ?? firstOf(unwritable.readOnlyCompatible, fields.u32(0x64));
}

const firstOf = (names: Readonly<Record<string, number>>, features: number): string | undefined =>
  Object.entries(names).find(([, bit]) => (features & bit) !== 0)?.[0];

const recoveryNeeded = ({ startBytes }: RootPlace): PiburnError =>
  failure(
    'ROOT_NEEDS_RECOVERY',
    `the root file system at byte ${startBytes} of the image was not unmounted cleanly, so that its journal or its ` +
      'list of orphans may hold changes that are still to be made',
    {
      hint: 'boot a card of this image once and shut it down, or repair a copy of the image with e2fsck -fy',
      offsetBytes: startBytes,
    },
  );

const unsupported = ({ startBytes }: RootPlace, problem: string): PiburnError =>
  failure('ROOT_UNSUPPORTED', `the root file system at byte ${startBytes} of the image ${problem}`, {
    hint: 'leave --rootfs out if the image has a first boot that takes settings, or set the Pi up by hand',
    offsetBytes: startBytes,
  });
