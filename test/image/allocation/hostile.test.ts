// Images that lie: whatever the bytes of their metadata say, an Allocation ends, throws nothing and marks nothing
// outside of the partitions it shows.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Allocation } from '../../../src/image/allocation/allocation.js';
import { inspectHead } from '../../../src/image/allocation/inspect-head.js';
import {
  blockBytes,
  follow,
  freeBlocks,
  imageOf,
  partitionedFile,
  run,
  sparseFile,
  withFolder,
  without,
} from './disk.js';

const skip = without('sfdisk', 'mkfs.vfat', 'mke2fs');
const mebibyte = 1024 * 1024;
const sizeBytes = 20 * mebibyte;

const layouts: readonly {
  readonly name: string;
  readonly script: readonly string[];
  readonly make: readonly (readonly string[])[];
}[] = [
  {
    name: 'MBR with FAT16, ext2 and logical ext4',
    script: [
      'label: dos',
      'start=2048, size=8192',
      'start=10240, size=8192',
      'start=18432, type=5',
      'start=20480, size=8192',
    ],
    make: [
      ['mkfs.vfat', '-F', '16', '-s', '1'],
      ['mke2fs', '-q', '-F', '-t', 'ext2', '-b', '1024', '-g', '512'],
      ['mke2fs', '-q', '-F', '-t', 'ext4', '-b', '1024', '-g', '512', '-O', '^has_journal,^metadata_csum'],
    ],
  },
  {
    name: 'GPT with FAT12, ext3 and ext4 with meta_bg',
    script: ['label: gpt', 'start=2048, size=8192', 'start=10240, size=8192', 'start=20480, size=8192'],
    make: [
      ['mkfs.vfat', '-F', '12', '-s', '8'],
      ['mke2fs', '-q', '-F', '-t', 'ext3', '-b', '1024', '-J', 'size=1'],
      [
        'mke2fs',
        '-q',
        '-F',
        '-t',
        'ext4',
        '-b',
        '1024',
        '-g',
        '512',
        '-O',
        '^has_journal,meta_bg,^resize_inode,^metadata_csum',
      ],
    ],
  },
];

for (const { name, script, make } of layouts) {
  test(`${name}: no flipped bytes make an Allocation throw, hang or leave its partitions`, { skip }, () => {
    const image = withFolder((folder) => makeImage(folder, script, make));
    assert.ok(freeBlocks(follow(imageOf(image), sizeBytes), sizeBytes).length > 1000);
    const metadata = nonZeroOffsets(image);
    const change = fc.record({
      index: fc.nat(metadata.length - 1),
      skew: fc.nat(16),
      byte: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const patches = changes.map(({ index, skew, byte }) => ({
          offset: (metadata[index] ?? 0) + skew,
          bytes: Buffer.of(byte),
        }));
        withDamage(image, patches, () => {
          assertInside(follow(imageOf(image), mebibyte));
          inspectHead(image.subarray(0, mebibyte));
        });
      }),
      { numRuns: 300 },
    );
  });
}

test('no fields of a superblock or boot sector make an Allocation throw, hang or leave its partition', { skip }, () => {
  for (const { script, make } of layouts) {
    const image = withFolder((folder) => makeImage(folder, script, make));
    const field = fc.record({
      partition: fc.constantFrom(...starts),
      structure: fc.constantFrom(0, 1024, 2048),
      offset: fc.nat(0x120),
      value: fc.constantFrom(0, 1, 2, 7, 8, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff),
      length: fc.constantFrom(1, 2, 4),
    });
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 3 }), (fields) => {
        const patches = fields.map(({ partition, structure, offset, value, length }) => {
          const bytes = Buffer.alloc(length);
          bytes.writeUIntLE(value % 2 ** (8 * length), 0, length);
          return { offset: partition + structure + offset, bytes };
        });
        withDamage(image, patches, () => assertInside(follow(imageOf(image), sizeBytes)));
      }),
      { numRuns: 300 },
    );
  }
});

const starts = [mebibyte, 5 * mebibyte, 10 * mebibyte];

function makeImage(folder: string, script: readonly string[], make: readonly (readonly string[])[]): Buffer {
  const image = readFileSync(partitionedFile(folder, sizeBytes, `${script.join('\n')}\n`));
  make.forEach(([program = '', ...options], index) => {
    const path = sparseFile(join(folder, `part${index}`), 4 * mebibyte);
    run(program, [...options, path]);
    readFileSync(path).copy(image, starts[index] ?? 0);
  });
  return image;
}

/** Where the metadata is: a fresh file system has little else that is not zero. */
function nonZeroOffsets(image: Uint8Array): number[] {
  const offsets: number[] = [];
  image.forEach((byte, offset) => {
    if (byte !== 0 && offset < image.length - 16) offsets.push(offset);
  });
  return offsets;
}

interface Damage {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Calls `work` while the image is damaged; it is whole again afterwards. */
function withDamage(image: Buffer, damages: readonly Damage[], work: () => void): void {
  const undo = damages.map(({ offset, bytes }) => {
    const old = Uint8Array.from(image.subarray(offset, offset + bytes.length));
    image.set(bytes, offset);
    return { offset, old };
  });
  try {
    work();
  } finally {
    for (const { offset, old } of undo.reverse()) image.set(old, offset);
  }
}

function assertInside(allocation: Allocation): void {
  const believed = allocation.partitions.filter(({ note }) => note === undefined);
  for (const block of freeBlocks(allocation, 2 * sizeBytes)) {
    const inside = believed.some(
      ({ startBytes, sizeBytes: length }) =>
        block * blockBytes >= startBytes && (block + 1) * blockBytes <= startBytes + length,
    );
    assert.ok(inside, `block ${block} is free, but in no partition that is believed`);
  }
}
