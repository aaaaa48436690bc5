// Directories, read from their first block to their last: a hash tree looks like empty entries to whoever does so.
// Source of the format: the Linux kernel, Documentation/filesystems/ext4/directory.rst.

import { crc32c } from '../../image/allocation/checksums.js';
import { type Fields, littleEndian } from '../../image/allocation/fields.js';
import { runAt } from './block-map.js';
import { encrypted, tooLarge } from './damage.js';
import { inlineParts } from './inline-data.js';
import type { FileKind, Inode } from './inode.js';
import type { Medium } from './medium.js';

export interface DirectoryEntry {
  readonly inode: number;
  readonly name: Uint8Array;
  /** Undefined where the directory does not tell. */
  readonly kind: FileKind | undefined;
}

/** How much of directories may still be read in one call; at first so much as some 500,000 names need. */
export interface Budget {
  leftBytes: number;
}

const maxDirectoryBytes = 16 * 1024 * 1024;

export const newBudget = (): Budget => ({ leftBytes: maxDirectoryBytes });

/** The entries in stored order, without `.` and `..`. @throws PiburnError `EXT_DAMAGED`, `EXT_TOO_LARGE`, `EXT_ENCRYPTED`. */
export function* entriesOf(medium: Medium, directory: Inode, budget: Budget): Generator<DirectoryEntry> {
  if (directory.isEncrypted) throw encrypted(directory.number);
  for (const piece of directory.isInline ? inlinePieces(medium, directory) : blocksOf(medium, directory, budget)) {
    for (const entry of entriesIn(medium, directory, piece)) if (!isDots(entry.name)) yield entry;
  }
}

/** Four bytes for the parent come first; then each part is like a block of its own. */
function inlinePieces(medium: Medium, directory: Inode): Uint8Array[] {
  const [root, value] = inlineParts(medium, directory);
  return [root.subarray(4), value];
}

function* blocksOf(medium: Medium, directory: Inode, budget: Budget): Generator<Uint8Array> {
  const { blockBytes } = medium.layout;
  if (directory.sizeBytes > maxDirectoryBytes) {
    throw tooLarge(`the directory in inode ${directory.number} (${directory.sizeBytes} bytes)`, maxDirectoryBytes);
  }
  const count = Math.ceil(directory.sizeBytes / blockBytes);
  for (let block = 0; block < count; ) {
    const run = runAt(medium, directory, block);
    if (budget.leftBytes < blockBytes) {
      throw tooLarge(`the way through directories to inode ${directory.number}`, maxDirectoryBytes);
    }
    budget.leftBytes -= blockBytes;
    if (run.first !== undefined) yield medium.block(run.first);
    // Block by block: a search ends early, mostly.
    block += run.first === undefined ? run.blocks : 1;
  }
}

const minRecordBytes = 8;

function* entriesIn(medium: Medium, directory: Inode, bytes: Uint8Array): Generator<DirectoryEntry> {
  const fields = littleEndian(bytes);
  const broken = () => medium.damaged(`the directory in inode ${directory.number} has a broken entry`);
  for (let at = 0; at < bytes.length; ) {
    if (at + minRecordBytes > bytes.length) throw broken();
    const recordBytes = recordLength(fields.u16(at + 4), medium.layout.blockBytes);
    const nameBytes = fields.u8(at + 6);
    const isSound = recordBytes % 4 === 0 && at + recordBytes <= bytes.length;
    if (!isSound || recordBytes < minRecordBytes + nameBytes) throw broken();
    const inode = fields.u32(at);
    if (inode === 0) checkTail(medium, directory, bytes, at);
    else {
      const name = fields.bytes(at + minRecordBytes, nameBytes);
      if (nameBytes === 0 || name.includes(0) || name.includes(slash)) throw broken();
      yield { inode, name, kind: medium.layout.hasFileTypes ? kindOf(fields, at) : undefined };
    }
    at += recordBytes;
  }
}

/** In blocks of 64 KiB the length of the whole block does not fit. */
function recordLength(stored: number, blockBytes: number): number {
  return blockBytes === 65_536 && (stored === 0 || stored === 65_535) ? blockBytes : stored;
}

const slash = 0x2f;
const dot = 0x2e;

const isDots = (name: Uint8Array): boolean => name.length <= 2 && name.every((byte) => byte === dot);

const kinds: Readonly<Record<number, FileKind>> = {
  1: 'file',
  2: 'directory',
  3: 'character-device',
  4: 'block-device',
  5: 'fifo',
  6: 'socket',
  7: 'symlink',
};

/** The upper bits tell of data that follows the name. */
const kindOf = (fields: Fields, at: number): FileKind | undefined => kinds[fields.u8(at + 7) & 0xf];

const tailBytes = 12;
const tailKind = 0xde;

/** A block's checksum is disguised as an unused entry at its end. */
function checkTail(medium: Medium, directory: Inode, bytes: Uint8Array, at: number): void {
  const fields = littleEndian(bytes);
  const isTail =
    at === bytes.length - tailBytes && fields.u16(at + 4) === tailBytes && fields.u16(at + 6) === tailKind << 8;
  if (!isTail || directory.checksumSeed === undefined) return;
  if (crc32c(directory.checksumSeed, bytes.subarray(0, at)) !== fields.u32(at + 8)) {
    throw medium.damaged(`the directory in inode ${directory.number} has a block with a wrong checksum`);
  }
}
