// File systems that lie. Whatever their bytes say, a look into them ends, soon, with an answer or with a PiburnError.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readOsRelease } from '../../../src/customise/ext/os-release.js';
import { ExtVolume } from '../../../src/customise/ext/volume.js';
import { PiburnError } from '../../../src/errors.js';
import { scratchFolder } from '../../native/scratch.js';
import { debugfs, judged, makeExt, makeSmall, mebibyte, openExt, startBytes, withCode } from './ext-images.js';

const kinds: readonly (readonly [name: string, options: readonly string[]])[] = [
  ['ext2', ['-t', 'ext2', '-b', '1024']],
  [
    'ext4 without checksums',
    ['-t', 'ext4', '-b', '1024', '-g', '512', '-O', '^metadata_csum,^has_journal,meta_bg,^resize_inode'],
  ],
  ['ext4 with inline data', ['-t', 'ext4', '-b', '1024', '-I', '256', '-O', '^metadata_csum,^has_journal,inline_data']],
  ['ext4 with checksums', ['-t', 'ext4', '-b', '1024', '-O', '^has_journal']],
];

const mostReads = 20_000;

/** Looks at everything that can be reached, a few levels deep; what must not happen is any other error, or no end. */
function lookAtAll(bytes: Uint8Array): void {
  let reads = 0;
  const read = (offsetBytes: number, lengthBytes: number): Uint8Array => {
    assert.ok(++reads < mostReads, 'it ends');
    assert.ok(offsetBytes >= startBytes && lengthBytes <= 2 * mebibyte, 'it reads within its bounds');
    return bytes.subarray(offsetBytes - startBytes, offsetBytes - startBytes + lengthBytes);
  };
  const volume = attempt(() => ExtVolume.open(read, startBytes, bytes.length));
  if (volume === undefined) return;
  attempt(() => readOsRelease(volume));
  for (const path of ['etc/os-release', 'sparse', 'long/lib/os-release', 'many/x', 'etc/../../..']) {
    attempt(() => volume.exists(path));
    attempt(() => volume.readFile(path));
  }
  visit(volume, '', 3);
}

function visit(volume: ExtVolume, path: string, depth: number): void {
  const names = attempt(() => volume.list(path)) ?? [];
  for (const { name, kind } of names.slice(0, 20)) {
    const inside = `${path}/${name}`;
    attempt(() => volume.stat(inside));
    attempt(() => volume.readlink(inside));
    if (kind === 'directory' && depth > 0) visit(volume, inside, depth - 1);
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof PiburnError) return undefined;
    throw error;
  }
}

const values = [0, 1, 2, 7, 8, 12, 0x7f, 0xff, 0xffff, 0x8001, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

for (const [name, options] of kinds) {
  test(`${name}: no change of its metadata does anything but lead to an answer or an error`, judged, (t) => {
    const image = readFileSync(makeSmall(scratchFolder(t), options));
    lookAtAll(image);
    const metadata = nonZeroOffsets(image);
    const place = fc.nat(metadata.length - 1).map((index) => metadata[index] ?? 0);
    const superblock = fc.integer({ min: 1024, max: 1024 + 0x160 });
    const patch = fc.record({
      at: fc.oneof({ weight: 4, arbitrary: place }, { weight: 1, arbitrary: superblock }),
      bytes: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 4 }),
        fc.constantFrom(...values).map((value) => new Uint8Array(Uint32Array.of(value).buffer)),
      ),
    });
    fc.assert(
      fc.property(fc.array(patch, { minLength: 1, maxLength: 10 }), (patches) => {
        const damaged = Uint8Array.from(image);
        for (const { at, bytes } of patches) damaged.set(bytes, Math.min(at, damaged.length - 4));
        lookAtAll(damaged);
      }),
      { numRuns: 300 },
    );
  });
}

function nonZeroOffsets(image: Uint8Array): number[] {
  const offsets: number[] = [];
  image.forEach((byte, offset) => {
    if (byte !== 0) offsets.push(offset);
  });
  return offsets;
}

test('a tree that goes round in circles ends', judged, (t) => {
  const path = makeSmall(scratchFolder(t), ['-t', 'ext4', '-b', '1024', '-O', '^metadata_csum']);
  const image = readFileSync(path);
  const [, block = 0] =
    /\n 0\/ 1 +1\/ *\d+ +0 - +\d+ +(\d+)/.exec(debugfs(path, 'dump_extents sparse'))?.map(Number) ?? [];
  assert.ok(block > 0, 'the tree has two levels');
  // An index node that is its own child, at whatever depth it says it is.
  for (const depth of [0, 1, 2]) {
    image.writeUInt16LE(depth, block * 1024 + 6);
    image.writeUInt32LE(block, block * 1024 + 12 + 4);
    lookAtAll(image);
  }
});

test('paths through large directories are given up before they take long', judged, (t) => {
  const folder = scratchFolder(t);
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  // A file of 8 MiB that is turned into a directory: unused entries, and at its very end one that leads to the root.
  const big = Buffer.alloc(8 * mebibyte);
  for (let at = 0; at < big.length; at += 1024) big.writeUInt16LE(1024, at + 4);
  big.set([2, 0, 0, 0, 0, 4, 1, 2, 0x61], big.length - 1024);
  writeFileSync(join(tree, 'big'), big);
  symlinkSync('big/a/'.repeat(150), join(tree, 'link'));
  const path = makeExt(folder, tree, ['-t', 'ext4', '-b', '1024', '-O', '^metadata_csum'], 16);
  debugfs(path, 'sif big mode 040755');
  const volume = openExt(path);
  assert.equal(volume.exists('big/a'), true);
  for (const round of ['big/a/big', 'link']) {
    assert.throws(
      () => volume.exists(`${round}/a`),
      withCode('EXT_TOO_LARGE', /more than the 16777216 bytes that are read/),
    );
  }
});
