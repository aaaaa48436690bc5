// The features that an ext file system declares: which of them move its metadata, and which are not understood.
// Source of the numbers: the Linux kernel, fs/ext4/ext4.h.

import type { Fields } from './fields.js';
import type { FileSystemKind } from './partition.js';

/** What an older driver must not read. These leave the block bitmaps as they are. */
const incompatible = {
  filetype: 0x2,
  meta_bg: 0x10,
  extents: 0x40,
  '64bit': 0x80,
  mmp: 0x100,
  flex_bg: 0x200,
  ea_inode: 0x400,
  dirdata: 0x1000,
  metadata_csum_seed: 0x2000,
  large_dir: 0x4000,
  inline_data: 0x8000,
  encrypt: 0x10000,
  casefold: 0x20000,
} as const;

/** What an older driver must not write. These too leave the block bitmaps as they are. */
const readOnlyCompatible = {
  sparse_super: 0x1,
  large_file: 0x2,
  btree_dir: 0x4,
  huge_file: 0x8,
  gdt_csum: 0x10,
  dir_nlink: 0x20,
  extra_isize: 0x40,
  quota: 0x100,
  metadata_csum: 0x400,
  'read-only': 0x1000,
  project: 0x2000,
  verity: 0x8000,
  orphan_present: 0x10000,
} as const;

/** Known by name, but not understood: bitmaps that mean something else or cannot be believed. */
const refusedIncompatible = { compression: 0x1, needs_recovery: 0x4, journal_dev: 0x8 } as const;
const refusedReadOnlyCompatible = {
  has_snapshot: 0x80,
  bigalloc: 0x200,
  replica: 0x800,
  shared_blocks: 0x4000,
} as const;

/** Compatible features never change what a bitmap means, so that unknown ones do not matter. */
const compatible = { has_journal: 0x4, sparse_super2: 0x200 } as const;

/** The most that the kernel's ext3 mounted. */
const ext3Incompatible = incompatible.filetype | incompatible.meta_bg | refusedIncompatible.needs_recovery;
const ext3ReadOnlyCompatible =
  readOnlyCompatible.sparse_super | readOnlyCompatible.large_file | readOnlyCompatible.btree_dir;

export interface ExtFeatures {
  readonly kind: FileSystemKind;
  readonly metaBg: boolean;
  readonly bits64: boolean;
  readonly storedChecksumSeed: boolean;
  readonly sparseSuper: boolean;
  readonly sparseSuper2: boolean;
  readonly checksums: 'none' | 'gdt' | 'metadata';
  /** Why the file system is not understood. */
  readonly refusal?: string;
}

/** Revision 0 had no features, and no field for them. */
export function extFeatures(superblock: Fields): ExtFeatures {
  const revision = superblock.u32(0x4c);
  const [compat, incompat, roCompat] = revision === 0 ? [0, 0, 0] : [0x5c, 0x60, 0x64].map((at) => superblock.u32(at));
  return understand(compat ?? 0, incompat ?? 0, roCompat ?? 0);
}

function understand(compat: number, incompat: number, roCompat: number): ExtFeatures {
  const refusal = refusalOf(incompat, roCompat);
  return {
    kind: kindOf(compat, incompat, roCompat),
    metaBg: (incompat & incompatible.meta_bg) !== 0,
    bits64: (incompat & incompatible['64bit']) !== 0,
    storedChecksumSeed: (incompat & incompatible.metadata_csum_seed) !== 0,
    sparseSuper: (roCompat & readOnlyCompatible.sparse_super) !== 0,
    sparseSuper2: (compat & compatible.sparse_super2) !== 0,
    checksums:
      roCompat & readOnlyCompatible.metadata_csum
        ? 'metadata'
        : roCompat & readOnlyCompatible.gdt_csum
          ? 'gdt'
          : 'none',
    ...(refusal !== undefined && { refusal }),
  };
}

function kindOf(compat: number, incompat: number, roCompat: number): FileSystemKind {
  if (incompat & ~ext3Incompatible || roCompat & ~ext3ReadOnlyCompatible) return 'ext4';
  return compat & compatible.has_journal ? 'ext3' : 'ext2';
}

function refusalOf(incompat: number, roCompat: number): string | undefined {
  if (incompat & refusedIncompatible.needs_recovery) return 'needs journal recovery';
  const name =
    firstUnknown(incompat, incompatible, refusedIncompatible) ??
    firstUnknown(roCompat, readOnlyCompatible, refusedReadOnlyCompatible);
  return name === undefined ? undefined : `unknown feature ${name}`;
}

type Bits = Readonly<Record<string, number>>;

/** The name, or else the number, of the lowest feature that is not understood. */
function firstUnknown(features: number, understood: Bits, refused: Bits): string | undefined {
  const known = Object.values(understood).reduce((all, bit) => all | bit, 0);
  const unknown = features & ~known;
  if (unknown === 0) return undefined;
  const lowest = (unknown & -unknown) >>> 0;
  const [name] = Object.entries(refused).find(([, bit]) => bit === lowest) ?? [`0x${lowest.toString(16)}`];
  return name;
}
