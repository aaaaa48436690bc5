// Cuts the passing image into segments: window by window, it asks the allocation which blocks no file system uses,
// skips those that are free and zero, hashes the rest and publishes it in the segment table.

import { digestOf } from './digest.js';
import { blockBytes, type SegmentTable, spareEntries } from './segment-table.js';

/** What is known of one 4 KiB block. */
enum Block {
  data,
  zero,
  skipped,
}

/** A zero stretch of this length becomes a segment of its own, which costs the card's worker no read. */
const zeroRunBytes = 256 * 1024;
const zeroBlock = Buffer.alloc(blockBytes);

/** True when every byte is zero. A cheap look at the first bytes settles nearly all other blocks. */
export function isZero(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== 0) return false;
  return bytes.compare(zeroBlock, 0, end - start, start, end) === 0;
}

/** Who knows which blocks nothing uses. */
export interface FreeBlocks {
  /** The image exists up to `endBytes`; `last`: that is all of it. */
  advance(endBytes: number, last: boolean): void;
  isFree(offsetBytes: number): boolean;
}

export class SegmentCutter {
  readonly #table: SegmentTable;
  readonly #allocation: FreeBlocks;

  constructor(table: SegmentTable, allocation: FreeBlocks) {
    this.#table = table;
    this.#allocation = allocation;
  }

  /**
   * Takes the window of the image that begins at `offsetBytes` (a multiple of 4 MiB; the window 4 MiB long except
   * the last). Its bytes must be readable by the allocation's reader already.
   */
  add(offsetBytes: number, window: Buffer, last: boolean): void {
    const endBytes = offsetBytes + window.length;
    this.#allocation.advance(endBytes, last);
    const blocks = this.#classify(offsetBytes, window);
    for (const run of runs(blocks, offsetBytes === 0)) this.#publish(offsetBytes, window, run);
    this.#table.advance(endBytes);
  }

  #classify(offsetBytes: number, window: Buffer): Block[] {
    const blocks: Block[] = [];
    for (let start = 0; start < window.length; start += blockBytes) {
      const end = Math.min(start + blockBytes, window.length);
      if (!isZero(window, start, end)) blocks.push(Block.data);
      else blocks.push(this.#maySkip(offsetBytes + start, end - start) ? Block.skipped : Block.zero);
    }
    return blocks;
  }

  /** The first block is what makes a card bootable and the last may be cut short: both are always written. */
  #maySkip(offsetBytes: number, lengthBytes: number): boolean {
    const roomLeft = this.#table.capacity - this.#table.count > (2 * spareEntries) / 3;
    return roomLeft && offsetBytes > 0 && lengthBytes === blockBytes && this.#allocation.isFree(offsetBytes);
  }

  #publish(offsetBytes: number, window: Buffer, run: Run): void {
    const start = run.first * blockBytes;
    const bytes = window.subarray(start, Math.min(run.end * blockBytes, window.length));
    this.#table.append({
      offsetBytes: offsetBytes + start,
      lengthBytes: bytes.length,
      zero: run.zero,
      digest: digestOf(bytes),
    });
  }
}

interface Run {
  readonly first: number;
  readonly end: number;
  readonly zero: boolean;
}

/**
 * The used runs of a window; long zero stretches are runs of their own. So is the image's first block: it is written
 * last, to seal a card, and only one block can be trusted to arrive whole or not at all.
 */
function* runs(blocks: readonly Block[], isStart: boolean): Generator<Run> {
  let first = 0;
  if (isStart && blocks.length > 0) {
    yield { first: 0, end: 1, zero: blocks[0] === Block.zero };
    first = 1;
  }
  while (first < blocks.length) {
    if (blocks[first] === Block.skipped) {
      first++;
      continue;
    }
    const zeroEnd = endOf(blocks, first, (block) => block === Block.zero);
    const isLong = (zeroEnd - first) * blockBytes >= zeroRunBytes;
    const usedEnd = endOf(blocks, first, (block) => block !== Block.skipped);
    const end = isLong ? zeroEnd : nextLongZero(blocks, first, usedEnd);
    yield { first, end, zero: end <= zeroEnd };
    first = end;
  }
}

function endOf(blocks: readonly Block[], first: number, belongs: (block: Block) => boolean): number {
  let end = first;
  for (let block = blocks[end]; block !== undefined && belongs(block); block = blocks[end]) end++;
  return end;
}

/** Where the next long zero stretch in `first..end` begins, or `end`. */
function nextLongZero(blocks: readonly Block[], first: number, end: number): number {
  const needed = zeroRunBytes / blockBytes;
  let zeros = 0;
  for (let index = first; index < end; index++) {
    zeros = blocks[index] === Block.zero ? zeros + 1 : 0;
    if (zeros === needed && index + 1 - needed > first) return index + 1 - needed;
  }
  return end;
}
