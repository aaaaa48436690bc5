// File systems that settings are not written into, each with the reason; and whatever fails on the way leaves no trace.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RootEdit } from '../../../src/customise/root/root-edit.js';
import { RootVolume } from '../../../src/customise/root/root-volume.js';
import { PiburnError } from '../../../src/errors.js';
import { scratchFolder } from '../../native/scratch.js';
import { debianTree, edits, fullNode, now } from './debian-root.js';
import { applied, fileEdit, judged, mebibyte, overlayOn, rootImage, startBytes } from './root-images.js';

const tree = debianTree();

test('a folder with too many names for libext2fs is refused', judged, (t) => {
  const many = Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`/etc/${'n'.repeat(70)}${index}`, '']));
  const image = rootImage(scratchFolder(t), debianTree(many), ['-t', 'ext4', '-b', '1024', '-N', '4000'], 32);
  assert.throws(
    () => applied(image, [fileEdit('/etc/new', Buffer.from('x'))]),
    refused('ROOT_UNSUPPORTED', /\/etc .*has names of/),
  );
});

const refused = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PiburnError, String(error));
  assert.equal(error.failure.code, code, error.message);
  assert.match(error.message, message);
  assert.ok((error.failure.hint?.length ?? 0) > 0);
  return true;
};

/** Makes edits that must fail; whatever was written before is gone. */
function assertFull(image: Buffer, list: readonly RootEdit[]): void {
  const overlay = overlayOn(image);
  const root = RootVolume.open(overlay, startBytes, image.length - startBytes);
  assert.throws(() => root.apply(list, now), refused('ROOT_FULL', /no room/));
  assert.deepEqual(overlay.patch(), []);
}

test('a file system without room for the bytes is refused, and the overlay is as it was', judged, (t) => {
  for (const args of [
    ['-t', 'ext4'],
    ['-t', 'ext4', '-O', 'inline_data'],
    ['-t', 'ext2'],
  ]) {
    const image = rootImage(
      scratchFolder(t),
      debianTree({ '/fill': Buffer.alloc(3 * mebibyte, 1) }),
      [...args, '-b', '1024', '-O', '^has_journal'],
      4,
    );
    for (const size of [mebibyte, 2 * mebibyte]) {
      assertFull(image, [
        fileEdit('/etc/hostname', Buffer.from('x\n'), { before: Buffer.alloc(0) }),
        fileEdit('/etc/large', Buffer.alloc(size, 1)),
      ]);
    }
  }
});

test('a file system without an inode left is refused too', judged, (t) => {
  const image = rootImage(
    scratchFolder(t),
    debianTree(),
    ['-t', 'ext4', '-b', '1024', '-N', '16'].with(-1, `${debianTree().size + 11}`),
    4,
  );
  const list = Array.from({ length: 40 }, (_, index) => fileEdit(`/etc/new-${index}`, Buffer.from('x')));
  assertFull(image, list);
  assertFull(
    image,
    list.map(({ path }) => ({ kind: 'directory', path, isNew: true, mode: 0o755, uid: 0, gid: 0 })),
  );
});

test('a file system that was not unmounted is refused, by its journal, its orphans and its state', judged, (t) => {
  const folder = scratchFolder(t);
  const clean = rootImage(folder, tree, ['-t', 'ext4', '-O', '^metadata_csum']);
  const superblock = startBytes + 1024;
  const spoilers: readonly ((image: Buffer) => void)[] = [
    (image) => image.writeUInt32LE(image.readUInt32LE(superblock + 0x60) | 0x4, superblock + 0x60),
    (image) => image.writeUInt32LE(image.readUInt32LE(superblock + 0x64) | 0x10000, superblock + 0x64),
    (image) => image.writeUInt32LE(12, superblock + 0xe8),
    (image) => image.writeUInt16LE(0, superblock + 0x3a),
    (image) => image.writeUInt16LE(3, superblock + 0x3a),
  ];
  for (const spoil of spoilers) {
    const image = Buffer.from(clean);
    spoil(image);
    assert.throws(() => applied(image, edits(fullNode, tree)), refused('ROOT_NEEDS_RECOVERY', /not unmounted cleanly/));
  }
});

test('features that libext2fs cannot write are refused by name', judged, (t) => {
  const folder = scratchFolder(t);
  const clean = rootImage(folder, debianTree(), ['-t', 'ext4', '-O', '^metadata_csum']);
  const bits: readonly (readonly [name: string, field: number, bit: number])[] = [
    ['mmp', 0x60, 0x100],
    ['encrypt', 0x60, 0x10000],
    ['casefold', 0x60, 0x20000],
    ['0x40000000', 0x60, 0x40000000],
    ['quota', 0x64, 0x100],
    ['bigalloc', 0x64, 0x200],
    ['read-only', 0x64, 0x1000],
    ['verity', 0x64, 0x8000],
    ['0x40000000', 0x64, 0x40000000],
  ];
  for (const [name, field, bit] of bits) {
    const image = Buffer.from(clean);
    const at = startBytes + 1024 + field;
    image.writeUInt32LE(image.readUInt32LE(at) | bit, at);
    assert.throws(() => applied(image, []), refused('ROOT_UNSUPPORTED', new RegExp(name)));
  }
  const quota = rootImage(folder, debianTree(), ['-t', 'ext4', '-O', 'quota']);
  assert.throws(() => applied(quota, []), refused('ROOT_UNSUPPORTED', /quota/));
  assert.throws(() => applied(Buffer.alloc(4 * mebibyte), []), refused('ROOT_UNSUPPORTED', /is no ext2/));
});

test('an error while the image is read comes out as it is, and the next try works', judged, (t) => {
  const image = rootImage(scratchFolder(t), tree, ['-t', 'ext4']);
  const list = edits(fullNode, tree);
  const overlay = overlayOn(image);
  const root = RootVolume.open(overlay, startBytes, image.length - startBytes);
  let reads = 0;
  let limit = 40;
  const read = overlay.read.bind(overlay);
  overlay.read = (offsetBytes, lengthBytes) => {
    if (++reads > limit) throw new PiburnError({ kind: 'failed', code: 'EIO', message: 'the card is gone' });
    return read(offsetBytes, lengthBytes);
  };
  assert.throws(() => root.apply(list, now), /the card is gone/);
  assert.deepEqual(overlay.patch(), []);
  limit = Number.POSITIVE_INFINITY;
  root.apply(list, now);
  assert.ok(overlay.patch().length > 0);
});

test('many volumes in one process leave its handlers of errors alone', judged, (t) => {
  const image = rootImage(scratchFolder(t), tree, ['-t', 'ext4']);
  const handlers = () => ['uncaughtException', 'unhandledRejection'].map((name) => process.listenerCount(name));
  const before = handlers();
  for (let index = 0; index < 20; index++)
    applied(image, [fileEdit('/etc/hostname', Buffer.from(`red${index}\n`), { before: Buffer.alloc(0) })]);
  assert.deepEqual(handlers(), before);
});

test('damaged metadata ends as an error of ours or in a file system that reads right', judged, (t) => {
  const list = edits(fullNode, tree);
  for (const args of [
    ['-t', 'ext4'],
    ['-t', 'ext2'],
  ]) {
    const clean = rootImage(scratchFolder(t), tree, [...args, '-b', '1024'], 8);
    for (const random = mulberry(Number(process.env['PIBURN_SEED'] ?? 1)); random.count < 12; random.count++) {
      const image = Buffer.from(clean);
      // The superblock, the descriptors, the bitmaps and the first inodes lie in the first 300 KiB.
      for (let hit = 0; hit < 20; hit++)
        image[startBytes + 1024 + (random.next() % (300 * 1024))] = random.next() % 256;
      try {
        applied(image, list);
      } catch (error) {
        assert.ok(error instanceof PiburnError, String(error));
      }
    }
  }
});

/** A generator of random numbers with a seed. */
function mulberry(seed: number): { count: number; next(): number } {
  let state = seed;
  return {
    count: 0,
    next() {
      state = (state + 0x6d2b79f5) | 0;
      const mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      return ((mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed) >>> 0;
    },
  };
}
