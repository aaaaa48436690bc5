// From a block of a file to a block of the file system, by extents or by the block lists of ext2 and ext3. Each way down
// has a bounded depth, so that no loop in a damaged tree is ever walked twice.
// Source of the format: the Linux kernel, Documentation/filesystems/ext4/{ifork,blockmap}.rst.

import { crc32c } from '../../image/allocation/checksums.js';
import { type Fields, littleEndian } from '../../image/allocation/fields.js';
import type { Inode } from './inode.js';
import type { Medium } from './medium.js';

/** Blocks of a file that lie side by side, or that a hole (or space never written to) makes zero. */
export interface Run {
  readonly blocks: number;
  /** The first of them in the file system; undefined for zeros. */
  readonly first?: number;
}

/** What there is from a block of a file on: at least one block. */
export const runAt = (medium: Medium, inode: Inode, block: number): Run =>
  inode.hasExtents ? extentRun(medium, inode, block) : listedRun(medium, inode, block);

const extentMagic = 0xf30a;
const extentBytes = 12;
const maxDepth = 5;
/** Longer ones are reserved space that was never written to. */
const maxWrittenBlocks = 32_768;
const maxFileBlocks = 2 ** 32;

function extentRun(medium: Medium, inode: Inode, block: number): Run {
  let node = inode.root;
  let depth = littleEndian(node).u16(0x6);
  let endBlock = maxFileBlocks;
  for (; ; depth--) {
    const fields = checkedNode(medium, inode, node, depth);
    const count = fields.u16(0x2);
    let index = 0;
    while (index < count && fields.u32((index + 1) * extentBytes) <= block) index++;
    // The next entry, here or further up, is where the run must end.
    if (index < count) endBlock = Math.min(endBlock, fields.u32((index + 1) * extentBytes));
    if (index === 0) return { blocks: endBlock - block };
    const entry = littleEndian(fields.bytes(index * extentBytes, extentBytes));
    if (depth === 0) return runOf(medium, inode, entry, block, endBlock);
    node = medium.block(entry.u32(0x4) + entry.u16(0x8) * 2 ** 32);
  }
}

function checkedNode(medium: Medium, inode: Inode, node: Uint8Array, depth: number): Fields {
  const fields = littleEndian(node);
  const room = Math.floor(node.length / extentBytes) - 1;
  const [count, max] = [fields.u16(0x2), fields.u16(0x4)];
  const isSound = fields.u16(0x0) === extentMagic && count <= max && max <= room && depth <= maxDepth;
  if (!isSound || fields.u16(0x6) !== depth) throw medium.damaged(`inode ${inode.number} has a broken extent tree`);
  // The root has no checksum of its own: it is part of the inode.
  const isSummed =
    node === inode.root || inode.checksumSeed === undefined || hasRightSum(node, inode.checksumSeed, max);
  if (!isSummed) throw medium.damaged(`inode ${inode.number} has an extent block with a wrong checksum`);
  return fields;
}

/** Blocks whose checksum was right, and the seed for which it was. A block is looked at for each run of its file. */
const summed = new WeakMap<Uint8Array, number>();

function hasRightSum(node: Uint8Array, seed: number, max: number): boolean {
  if (summed.get(node) === seed) return true;
  const end = (max + 1) * extentBytes;
  if (crc32c(seed, node.subarray(0, end)) !== littleEndian(node).u32(end)) return false;
  summed.set(node, seed);
  return true;
}

function runOf(medium: Medium, inode: Inode, entry: Fields, block: number, endBlock: number): Run {
  const stated = entry.u16(0x4);
  const isWritten = stated <= maxWrittenBlocks;
  const length = isWritten ? stated : stated - maxWrittenBlocks;
  if (length === 0) throw medium.damaged(`inode ${inode.number} has an extent without blocks`);
  const within = block - entry.u32(0x0);
  if (within >= length) return { blocks: endBlock - block };
  const blocks = Math.min(length - within, endBlock - block);
  return isWritten ? { first: entry.u32(0x8) + entry.u16(0x6) * 2 ** 32 + within, blocks } : { blocks };
}

const directBlocks = 12;
const maxLevels = 3;

function listedRun(medium: Medium, inode: Inode, block: number): Run {
  const root = littleEndian(inode.root);
  if (block < directBlocks) return oneBlock(root.u32(block * 4));
  const perBlock = medium.layout.blockBytes / 4;
  let left = block - directBlocks;
  for (let level = 1; level <= maxLevels; level++) {
    if (left < perBlock ** level) return descend(medium, root.u32((directBlocks + level - 1) * 4), level, left);
    left -= perBlock ** level;
  }
  throw medium.damaged(`inode ${inode.number} is larger than its blocks can be`);
}

/** The `index`-th block below a block of block numbers, `levels` deep. */
function descend(medium: Medium, top: number, levels: number, index: number): Run {
  const perBlock = medium.layout.blockBytes / 4;
  let list = top;
  let left = index;
  for (let level = levels; level > 0; level--) {
    if (list === 0) return { blocks: perBlock ** level - left };
    const span = perBlock ** (level - 1);
    list = littleEndian(medium.block(list)).u32(Math.floor(left / span) * 4);
    left %= span;
  }
  return oneBlock(list);
}

const oneBlock = (first: number): Run => (first === 0 ? { blocks: 1 } : { first, blocks: 1 });
