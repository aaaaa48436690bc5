// What the tests of this folder share: images made by the real tools in a folder of their own, and a decoder that
// lets an Allocation follow them window by window.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Allocation } from '../../../src/image/allocation/allocation.js';

export const blockBytes = 4096;

const environment = { ...process.env, LC_ALL: 'C', PATH: [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter) };

/** Runs a program and returns what it printed. */
export const run = (program: string, args: readonly string[], input = ''): string =>
  execFileSync(program, args, { env: environment, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });

/** Why a test of these programs cannot run here; false when it can. */
export function without(...programs: string[]): string | false {
  const missing = programs.filter((program) => {
    try {
      run('which', [program]);
      return false;
    } catch {
      return true;
    }
  });
  return missing.length > 0 && `needs ${missing.join(', ')}`;
}

/** Calls `work` with a temporary folder that is gone afterwards. */
export function withFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'piburn-allocation-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function sparseFile(path: string, sizeBytes: number): string {
  const file = openSync(path, 'a');
  ftruncateSync(file, sizeBytes);
  closeSync(file);
  return path;
}

/** An image to follow. Its read function answers like a spool that is decoded already. */
export interface Image {
  readonly sizeBytes: number;
  read(offsetBytes: number, lengthBytes: number): Uint8Array;
}

export const imageOf = (bytes: Uint8Array): Image => ({
  sizeBytes: bytes.length,
  read: (offsetBytes, lengthBytes) => bytes.subarray(offsetBytes, offsetBytes + lengthBytes),
});

/** What lies at these byte offsets of an image: a file, or bytes. */
type Contents = Readonly<Record<number, string | Uint8Array>>;

/** An image of files laid over zeros: the same as copying them there, without the time it takes. */
export const imageWith = (sizeBytes: number, contents: Contents): Image => ({
  sizeBytes,
  read(offsetBytes, lengthBytes) {
    const bytes = Buffer.alloc(lengthBytes);
    for (const [at, content] of Object.entries(contents)) readOverlap(content, Number(at) - offsetBytes, bytes);
    return bytes;
  },
});

/** Fills `bytes` with what a content that starts at `position` (negative: before them) has for them. */
function readOverlap(content: string | Uint8Array, position: number, bytes: Buffer): void {
  const into = Math.max(0, position);
  const from = Math.max(0, -position);
  if (into >= bytes.length) return;
  if (typeof content !== 'string') {
    bytes.set(content.subarray(from, from + bytes.length - into), into);
    return;
  }
  const file = openSync(content, 'r');
  readSync(file, bytes, into, bytes.length - into, from);
  closeSync(file);
}

/** An image with a table by this sfdisk script, and other contents. */
export function diskImage(folder: string, sizeBytes: number, script: string, contents: Contents): Image {
  return imageWith(sizeBytes, { 0: partitionTable(folder, sizeBytes, script), ...contents });
}

/** A sparse file that sfdisk has partitioned. */
export function partitionedFile(folder: string, sizeBytes: number, script: string): string {
  const path = sparseFile(join(folder, 'table'), sizeBytes);
  run('sfdisk', ['--quiet', path], script);
  return path;
}

const tables = new Map<string, Uint8Array>();

/** The first sectors of a disk as sfdisk writes them. (It takes a quarter of a second for that: each is made once.) */
function partitionTable(folder: string, sizeBytes: number, script: string): Uint8Array {
  const key = `${sizeBytes} ${script}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const table = Buffer.alloc(34 * 512);
  readOverlap(partitionedFile(folder, sizeBytes, script), 0, table);
  tables.set(key, table);
  return table;
}

/** The first `sizeBytes` of an image. */
export const cut = (image: Image, sizeBytes: number): Image => ({ ...image, sizeBytes });

/** The same image with some bytes replaced. */
export const patched = (
  image: Image,
  atBytes: number,
  patch: (old: Uint8Array) => Uint8Array,
  length: number,
): Image => ({
  ...image,
  read(offsetBytes, lengthBytes) {
    const bytes = Uint8Array.from(image.read(offsetBytes, lengthBytes));
    const replacement = patch(image.read(atBytes, length));
    replacement.forEach((byte, index) => {
      const at = atBytes + index - offsetBytes;
      if (at >= 0 && at < bytes.length) bytes[at] = byte;
    });
    return bytes;
  },
});

/** A folder of files of many sizes, some of them removed later to leave holes. */
export function sourceFiles(folder: string, sizesBytes: readonly number[]): string {
  run('mkdir', ['-p', folder]);
  sizesBytes.forEach((size, index) => {
    writeFileSync(join(folder, `file${index}`), Buffer.alloc(size, index + 1));
  });
  return folder;
}

/** An Allocation that has followed the whole image, `windowBytes` at a time. */
export function follow(image: Image, windowBytes: number): Allocation {
  let availableBytes = 0;
  const allocation = new Allocation((offsetBytes, lengthBytes) => {
    assert.ok(offsetBytes + lengthBytes <= availableBytes, 'reads what is not decoded yet');
    return image.read(offsetBytes, lengthBytes);
  });
  while (availableBytes < image.sizeBytes) {
    availableBytes = Math.min(image.sizeBytes, availableBytes + windowBytes);
    allocation.advance(availableBytes, availableBytes === image.sizeBytes);
  }
  return allocation;
}

/** Indexes of all free 4 KiB blocks. */
export function freeBlocks(allocation: Allocation, sizeBytes: number): number[] {
  const free: number[] = [];
  for (let block = 0; block * blockBytes < sizeBytes; block++) {
    if (allocation.isFree(block * blockBytes)) free.push(block);
  }
  return free;
}

/** Indexes of the 4 KiB blocks that lie wholly in units (such as clusters) that are free by another program's word. */
export function expectedBlocks(startBytes: number, unitBytes: number, freeUnits: ReadonlySet<number>): number[] {
  const expected = new Set<number>();
  for (const unit of freeUnits) {
    const unitStart = startBytes + unit * unitBytes;
    const lastBlock = Math.floor((unitStart + unitBytes - 1) / blockBytes);
    for (let block = Math.floor(unitStart / blockBytes); block <= lastBlock; block++) {
      if (isWhollyFree(block)) expected.add(block);
    }
  }
  return [...expected].sort((a, b) => a - b);

  function isWhollyFree(block: number): boolean {
    const first = Math.floor((block * blockBytes - startBytes) / unitBytes);
    const last = Math.floor(((block + 1) * blockBytes - 1 - startBytes) / unitBytes);
    for (let unit = first; unit <= last; unit++) if (!freeUnits.has(unit)) return false;
    return true;
  }
}

/** What an Allocation knows at the end: the same, whatever the windows. */
export function followInAllWindows(image: Image): { allocation: Allocation; free: number[] } {
  const allocation = follow(image, image.sizeBytes);
  const free = freeBlocks(allocation, image.sizeBytes);
  for (const windowBytes of [64 * 1024, 4 * 1024 * 1024]) {
    const other = follow(image, windowBytes);
    assert.deepEqual(freeBlocks(other, image.sizeBytes), free);
    assert.deepEqual(other.partitions, allocation.partitions);
  }
  return { allocation, free };
}
