// ext file systems made by mke2fs, judged block by block by dumpe2fs.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Allocation } from '../../../src/image/allocation/allocation.js';
import {
  blockBytes,
  cut,
  diskImage,
  expectedBlocks,
  follow,
  followInAllWindows,
  freeBlocks,
  type Image,
  patched,
  run,
  sourceFiles,
  sparseFile,
  withFolder,
  without,
} from './disk.js';

const skip = without('mke2fs', 'dumpe2fs', 'debugfs', 'resize2fs', 'tune2fs', 'sfdisk');
const mebibyte = 1024 * 1024;
const sizesBytes = [0, 1, 700, 5_000, 12_288, 40_000, 300_000, 1_000_000, 90_000, 2_500_000];

/** Off the 4 KiB grid: blocks of the image then never agree with blocks of the file system. */
const oddSector = 2049;
const partitionBytes = 320 * mebibyte;

interface Case {
  readonly name: string;
  readonly options: readonly string[];
  readonly sizeMebibytes: number;
  readonly kind: 'ext2' | 'ext3' | 'ext4';
  /** Commands that change the file system after it was made, given its path. */
  readonly changes?: readonly (readonly string[])[];
}

const cases: readonly Case[] = [
  { name: 'ext2 with blocks of 1 KiB', options: ['-t', 'ext2', '-b', '1024'], sizeMebibytes: 40, kind: 'ext2' },
  { name: 'ext2 with blocks of 2 KiB', options: ['-t', 'ext2', '-b', '2048'], sizeMebibytes: 40, kind: 'ext2' },
  { name: 'ext2 with blocks of 4 KiB', options: ['-t', 'ext2', '-b', '4096'], sizeMebibytes: 40, kind: 'ext2' },
  { name: 'ext2 of revision 0', options: ['-t', 'ext2', '-r', '0', '-b', '1024'], sizeMebibytes: 20, kind: 'ext2' },
  {
    name: 'ext2 without sparse_super',
    options: ['-t', 'ext2', '-b', '1024', '-O', '^sparse_super,^resize_inode'],
    sizeMebibytes: 40,
    kind: 'ext2',
  },
  { name: 'ext3', options: ['-t', 'ext3', '-b', '1024'], sizeMebibytes: 40, kind: 'ext3' },
  { name: 'ext4 as it comes, 1 KiB', options: ['-t', 'ext4', '-b', '1024'], sizeMebibytes: 70, kind: 'ext4' },
  { name: 'ext4 as it comes, 2 KiB', options: ['-t', 'ext4', '-b', '2048'], sizeMebibytes: 70, kind: 'ext4' },
  { name: 'ext4 as it comes, 4 KiB', options: ['-t', 'ext4', '-b', '4096'], sizeMebibytes: 300, kind: 'ext4' },
  { name: 'ext4 with blocks of 16 KiB', options: ['-t', 'ext4', '-b', '16384'], sizeMebibytes: 40, kind: 'ext4' },
  {
    name: 'ext4 as Raspberry Pi OS makes it',
    options: ['-t', 'ext4', '-b', '4096', '-O', '^huge_file,^64bit'],
    sizeMebibytes: 300,
    kind: 'ext4',
  },
  {
    name: 'ext4 with gdt_csum instead of metadata_csum',
    options: ['-t', 'ext4', '-b', '1024', '-O', '^metadata_csum,uninit_bg'],
    sizeMebibytes: 70,
    kind: 'ext4',
  },
  {
    name: 'ext4 with gdt_csum and narrow descriptors',
    options: ['-t', 'ext4', '-b', '1024', '-O', '^metadata_csum,uninit_bg,^64bit'],
    sizeMebibytes: 70,
    kind: 'ext4',
  },
  {
    name: 'ext4 without checksums',
    options: ['-t', 'ext4', '-b', '1024', '-O', '^metadata_csum,^uninit_bg'],
    sizeMebibytes: 70,
    kind: 'ext4',
  },
  {
    name: 'ext4 without flex_bg',
    options: ['-t', 'ext4', '-b', '1024', '-O', '^flex_bg'],
    sizeMebibytes: 70,
    kind: 'ext4',
  },
  {
    name: 'ext4 with meta_bg, 1 KiB',
    options: ['-t', 'ext4', '-b', '1024', '-O', 'meta_bg,^resize_inode'],
    sizeMebibytes: 300,
    kind: 'ext4',
  },
  {
    name: 'ext4 with meta_bg and no flex_bg, 2 KiB',
    options: ['-t', 'ext4', '-b', '2048', '-g', '2048', '-O', 'meta_bg,^resize_inode,^flex_bg,^64bit'],
    sizeMebibytes: 300,
    kind: 'ext4',
  },
  {
    name: 'ext4 with sparse_super2',
    options: ['-t', 'ext4', '-b', '1024', '-O', 'sparse_super2'],
    sizeMebibytes: 70,
    kind: 'ext4',
  },
  {
    name: 'ext4 with sparse_super2, one backup and meta_bg',
    options: ['-t', 'ext4', '-b', '1024', '-O', 'sparse_super2,meta_bg,^resize_inode', '-E', 'num_backup_sb=1'],
    sizeMebibytes: 200,
    kind: 'ext4',
  },
  {
    name: 'ext4 with a checksum seed and a new UUID',
    options: ['-t', 'ext4', '-b', '4096', '-O', 'metadata_csum_seed'],
    sizeMebibytes: 40,
    kind: 'ext4',
    changes: [['tune2fs', '-U', 'random']],
  },
  {
    name: 'ext4 with small groups',
    options: ['-t', 'ext4', '-b', '4096', '-g', '512'],
    sizeMebibytes: 70,
    kind: 'ext4',
  },
  {
    name: 'ext4 with inline_data, casefold, encrypt, verity, project and quota',
    options: ['-t', 'ext4', '-b', '1024', '-I', '256', '-O', 'inline_data,casefold,encrypt,verity,project,quota'],
    sizeMebibytes: 40,
    kind: 'ext4',
  },
  {
    name: 'ext4 that was grown',
    options: ['-t', 'ext4', '-b', '1024', '-O', '^resize_inode'],
    sizeMebibytes: 40,
    kind: 'ext4',
    changes: [['resize2fs', '150M']],
  },
  {
    name: 'ext4 that was shrunk to its least, as pi-gen could do',
    options: ['-t', 'ext4', '-b', '4096'],
    sizeMebibytes: 300,
    kind: 'ext4',
    changes: [['resize2fs', '-M']],
  },
  {
    name: 'ext4 made from 32 bit to 64 bit',
    options: ['-t', 'ext4', '-b', '1024', '-O', '^64bit'],
    sizeMebibytes: 70,
    kind: 'ext4',
    changes: [['resize2fs', '-b']],
  },
];

for (const { name, options, sizeMebibytes, kind, changes = [] } of cases) {
  test(`${name}: free is exactly what dumpe2fs calls free`, { skip }, () => {
    withFolder((folder) => {
      const fileSystem = makeExt(folder, options, sizeMebibytes);
      for (const [program, ...args] of changes) changeExt(fileSystem, program ?? '', args);
      const dumped = dumpFree(fileSystem);
      for (const startSector of [2048, oddSector]) {
        const startBytes = startSector * 512;
        const sizeBytes = startBytes + partitionBytes + mebibyte;
        const script = `label: dos\nstart=${startSector}, size=${partitionBytes / 512}, type=83\n`;
        const image = diskImage(folder, sizeBytes, script, { [startBytes]: fileSystem });
        const expected = expectedBlocks(startBytes, dumped.unitBytes, dumped.free);
        const { allocation, free } = followInAllWindows(image);

        assert.ok(expected.length > 100, 'the judge sees free blocks');
        assert.deepEqual(free, expected);
        const [partition] = allocation.partitions;
        assert.equal(partition?.fileSystem, kind);
        assert.equal(partition?.label, 'rootfs');
        assert.equal(partition?.note, undefined);
        assert.equal(partition?.freeBytes, expected.length * blockBytes);
      }
    });
  });
}

const refused: readonly {
  readonly name: string;
  readonly options?: readonly string[];
  readonly request?: string;
  readonly note: RegExp;
}[] = [
  { name: 'bigalloc', options: ['-t', 'ext4', '-O', 'bigalloc'], note: /unknown feature bigalloc/ },
  { name: 'a journal device', options: ['-O', 'journal_dev'], note: /unknown feature journal_dev/ },
  { name: 'shared blocks', request: 'feature shared_blocks', note: /unknown feature shared_blocks/ },
  { name: 'a feature that has no name', request: 'feature FEATURE_I27', note: /unknown feature 0x8000000/ },
  { name: 'a journal to recover', request: 'feature needs_recovery', note: /needs journal recovery/ },
  { name: 'an unclean state', request: 'set_super_value state 0', note: /not unmounted cleanly/ },
  { name: 'recorded errors', request: 'set_super_value state 3', note: /recorded errors/ },
  {
    name: 'more blocks than its partition',
    request: 'set_super_value blocks_count 41000',
    note: /larger than its partition/,
  },
];

for (const { name, options = ['-t', 'ext4'], request, note } of refused) {
  test(`a file system with ${name} is written in full`, { skip }, () => {
    withFolder((folder) => {
      const journal = options.includes('journal_dev');
      const fileSystem = journal ? bareExt(folder, options, 40) : makeExt(folder, options, 40);
      if (request !== undefined) run('debugfs', ['-w', '-R', request, fileSystem]);
      const image = diskImage(folder, 50 * mebibyte, 'label: gpt\nsize=40MiB\n', { [mebibyte]: fileSystem });
      const { allocation, free } = followInAllWindows(image);
      assert.match(allocation.partitions[0]?.note ?? '', note);
      assert.equal(allocation.partitions[0]?.freeBytes, undefined);
      assert.deepEqual(free, []);
    });
  });
}

test('damage costs a bitmap its group, a descriptor or the superblock the whole file system', { skip }, () => {
  withFolder((folder) => {
    const fileSystem = makeExt(folder, ['-t', 'ext4', '-b', '1024', '-O', '^flex_bg'], 40);
    const image = inOnePartition(folder, fileSystem);
    const sound = freeBlocks(follow(image, image.sizeBytes), image.sizeBytes);
    const afterDamage = (offsetBytes: number, lengthBytes: number) => {
      const damaged = patched(image, mebibyte + offsetBytes, rotateMixedByte, lengthBytes);
      return freeBlocks(follow(damaged, 65_536), image.sizeBytes);
    };

    const groupEndBytes = mebibyte + (1 + 8192) * 1024;
    const others = sound.filter((block) => block * blockBytes >= groupEndBytes);
    assert.ok(others.length < sound.length);
    assert.deepEqual(afterDamage(firstBitmapBlock(fileSystem) * 1024, 1024), others, 'bitmap');
    assert.deepEqual(afterDamage(2048, 32), [], 'descriptor');
    assert.deepEqual(afterDamage(1024 + 0x78, 16), [], 'superblock');
  });
});

test('a bitmap that disagrees with its group about the number of free blocks is not believed', { skip }, () => {
  withFolder((folder) => {
    const fileSystem = makeExt(folder, ['-t', 'ext2', '-b', '4096'], 40);
    const bitmapBytes = mebibyte + firstBitmapBlock(fileSystem) * blockBytes;
    const image = inOnePartition(folder, fileSystem);
    const emptied = patched(image, bitmapBytes, (old) => new Uint8Array(old.length), blockBytes);
    assert.deepEqual(freeBlocks(follow(emptied, 65_536), image.sizeBytes), []);
  });
});

test('nothing is free before the bitmap has passed', { skip }, () => {
  withFolder((folder) => {
    const fileSystem = makeExt(folder, ['-t', 'ext2', '-b', '4096'], 40);
    const image = inOnePartition(folder, fileSystem);
    const bitmapEndBytes = mebibyte + (firstBitmapBlock(fileSystem) + 1) * blockBytes;
    const allocation = new Allocation(image.read);
    allocation.advance(bitmapEndBytes - 1, false);
    assert.deepEqual(freeBlocks(allocation, image.sizeBytes), []);
    allocation.advance(bitmapEndBytes, false);
    assert.ok(freeBlocks(allocation, image.sizeBytes).length > 100);
  });
});

test('an image that ends inside the metadata has nothing free', { skip }, () => {
  withFolder((folder) => {
    const fileSystem = makeExt(folder, ['-t', 'ext4', '-b', '1024', '-O', '^flex_bg'], 40);
    const image = inOnePartition(folder, fileSystem);
    const allocation = follow(cut(image, 20 * mebibyte), 65_536);
    assert.match(allocation.partitions[0]?.note ?? '', /image ends inside its metadata/);
    assert.deepEqual(freeBlocks(allocation, image.sizeBytes), []);
  });
});

const inOnePartition = (folder: string, fileSystem: string): Image =>
  diskImage(folder, 50 * mebibyte, 'label: dos\nsize=40MiB\n', { [mebibyte]: fileSystem });

/** Moves the bits of one byte: in a bitmap, their number stays the same. */
function rotateMixedByte(old: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(old);
  const index = bytes.findIndex((byte) => byte !== 0 && byte !== 0xff);
  const byte = bytes[index];
  assert.ok(byte !== undefined);
  bytes[index] = (byte << 1) | (byte >>> 7);
  return bytes;
}

const firstBitmapBlock = (fileSystem: string): number =>
  Number(/Block bitmap at (\d+)/.exec(run('dumpe2fs', [fileSystem]))?.[1]);

function bareExt(folder: string, options: readonly string[], sizeMebibytes: number): string {
  const fileSystem = sparseFile(join(folder, 'ext'), sizeMebibytes * mebibyte);
  run('mke2fs', ['-q', '-F', '-L', 'rootfs', ...options, fileSystem]);
  return fileSystem;
}

/** A file system with files, and holes where some were removed. */
function makeExt(folder: string, options: readonly string[], sizeMebibytes: number): string {
  const files = sourceFiles(join(folder, 'files'), sizesBytes);
  const fileSystem = bareExt(folder, ['-d', files, ...options], sizeMebibytes);
  for (const index of [3, 6, 8]) run('debugfs', ['-w', '-R', `rm /file${index}`, fileSystem]);
  return fileSystem;
}

function changeExt(fileSystem: string, program: string, args: readonly string[]): void {
  const [first = '', ...rest] = args;
  const isSize = /^\d/.test(first);
  run('e2fsck', ['-fy', fileSystem]);
  run(program, isSize ? [fileSystem, first, ...rest] : [...args, fileSystem]);
}

/** The free blocks by dumpe2fs's word. */
function dumpFree(fileSystem: string): { unitBytes: number; free: Set<number> } {
  const text = run('dumpe2fs', [fileSystem]);
  const free = new Set<number>();
  for (const [, ranges = ''] of text.matchAll(/^ {2}Free blocks: (.*)$/gm)) {
    for (const range of ranges.split(', ').filter((part) => part !== '')) {
      const [from = Number.NaN, to = from] = range.split('-').map(Number);
      for (let block = from; block <= to; block++) free.add(block);
    }
  }
  assert.equal(free.size, Number(/^Free blocks: +(\d+)/m.exec(text)?.[1]));
  return { unitBytes: Number(/^Block size: +(\d+)/m.exec(text)?.[1]), free };
}
