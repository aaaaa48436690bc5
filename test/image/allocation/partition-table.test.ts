// Partition tables made by sfdisk, sound and damaged, and the first judgement of an image.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from '../../../src/image/allocation/checksums.js';
import { inspectHead } from '../../../src/image/allocation/inspect-head.js';
import {
  cut,
  diskImage,
  follow,
  followInAllWindows,
  freeBlocks,
  type Image,
  imageWith,
  partitionedFile,
  patched,
  run,
  sparseFile,
  withFolder,
  without,
} from './disk.js';

const skip = without('sfdisk', 'mkfs.vfat', 'mke2fs');
const mebibyte = 1024 * 1024;
const sizeBytes = 64 * mebibyte;

const gptScript = [
  'label: gpt',
  'start=2048, size=8MiB, type=uefi, name=boot',
  'start=34816, size=16MiB, type=linux, attrs=LegacyBIOSBootable',
  '',
].join('\n');

test('an MBR has its primary and logical partitions, numbered as Linux does', { skip }, () => {
  withFolder((folder) => {
    const { image } = logicalDisk(folder);
    const { allocation } = followInAllWindows(image);
    assert.equal(allocation.table, 'mbr');
    assert.deepEqual(
      allocation.partitions.map((p) => [p.number, p.type, p.startBytes / 512, p.sizeBytes / 512, p.fileSystem, p.note]),
      [
        [1, '0x0c', 2048, 16384, 'fat16', undefined],
        [2, '0x05', 20480, 102400, undefined, undefined],
        [5, '0x83', 22528, 16384, 'ext2', undefined],
        [6, '0x83', 40960, 16384, 'ext4', undefined],
        [7, '0x82', 61440, 4096, undefined, 'no FAT or ext file system'],
      ],
    );
    assert.equal(allocation.partitions[0]?.bootable, true);
    assert.equal(allocation.partitions[2]?.bootable, undefined);
  });
});

test('free space lies only in partitions that are understood', { skip }, () => {
  withFolder((folder) => {
    const { image } = logicalDisk(folder);
    const { allocation, free } = followInAllWindows(image);
    const understood = allocation.partitions.filter((partition) => partition.fileSystem !== undefined);
    for (const partition of understood) assert.ok((partition.freeBytes ?? 0) > 4 * mebibyte);
    for (const block of free) {
      const inside = understood.some(
        ({ startBytes, sizeBytes: length }) => block * 4096 >= startBytes && (block + 1) * 4096 <= startBytes + length,
      );
      assert.ok(inside, `block ${block}`);
    }
  });
});

test('a chain of logical partitions that loops or breaks is written in full, with all that it holds', { skip }, () => {
  withFolder((folder) => {
    const { image } = logicalDisk(folder);
    const secondRecord = 38912 * 512;
    const damages: readonly (readonly [string, number, readonly number[], RegExp])[] = [
      ['loop', secondRecord + 462 + 8, [0, 72, 0, 0], /loops/],
      ['no signature', secondRecord + 510, [0], /is broken/],
      ['link out of the extended partition', secondRecord + 462 + 8, [0, 0, 0, 0x10], /outside of the partition/],
      ['partition out of the extended partition', secondRecord + 446 + 12, [0, 0, 0, 1], /ends outside/],
    ];
    for (const [name, at, bytes, note] of damages) {
      const damaged = patched(image, at, () => Uint8Array.from(bytes), bytes.length);
      const { allocation, free } = followInAllWindows(damaged);
      assert.match(allocation.partitions[1]?.note ?? '', note, name);
      assert.match(allocation.partitions[2]?.note ?? '', note, name);
      assert.equal(allocation.partitions[0]?.note, undefined, name);
      assert.ok(
        free.every((block) => block * 4096 < 20480 * 512),
        name,
      );
    }
  });
});

test('a second extended partition is not followed', { skip }, () => {
  withFolder((folder) => {
    const { image } = logicalDisk(folder);
    const { allocation } = followInAllWindows(patched(image, 446 + 4, () => Uint8Array.of(0x0f), 1));
    assert.deepEqual(
      allocation.partitions.map(({ number, note }) => [number, note]),
      [
        [1, undefined],
        [2, 'a second extended partition'],
      ],
    );
  });
});

test('partitions that overlap are written in full, the others are not', { skip }, () => {
  withFolder((folder) => {
    const ext = fileSystem(folder, 'ext', ['mke2fs', '-q', '-F']);
    const script = 'label: dos\nstart=2048, size=16384\nstart=20480, size=16384\nstart=40960, size=16384\n';
    const image = diskImage(folder, sizeBytes, script, { [mebibyte]: ext, [10 * mebibyte]: ext, [20 * mebibyte]: ext });
    assert.ok(followInAllWindows(image).allocation.partitions.every(({ freeBytes = 0 }) => freeBytes > 0));

    const longer = patched(image, 446 + 12, () => Uint8Array.of(0, 80), 2);
    const { allocation, free } = followInAllWindows(longer);
    const notes = allocation.partitions.map(({ note }) => note);
    assert.deepEqual(notes, ['it overlaps partition 2', 'it overlaps partition 1', undefined]);
    assert.ok(free.every((block) => block * 4096 >= 20 * mebibyte));
  });
});

test('a GPT has its partitions, with names and types', { skip }, () => {
  withFolder((folder) => {
    const { allocation } = followInAllWindows(gptDisk(folder));
    assert.equal(allocation.table, 'gpt');
    assert.deepEqual(
      allocation.partitions.map((p) => [
        p.number,
        p.type,
        p.startBytes,
        p.sizeBytes,
        p.fileSystem,
        p.label,
        p.bootable,
      ]),
      [
        [1, 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b', mebibyte, 8 * mebibyte, 'fat16', 'boot', undefined],
        [2, '0fc63daf-8483-4772-8e79-3d69d8477de4', 17 * mebibyte, 16 * mebibyte, 'ext2', undefined, true],
      ],
    );
  });
});

/** What the first judgement says, its list of partitions apart. */
const judged = (bytes: Uint8Array) => {
  const { table, partitionsEndBytes } = inspectHead(bytes);
  return { table, partitionsEndBytes };
};

test('a damaged GPT says so, and all is written', { skip }, () => {
  withFolder((folder) => {
    const damages: readonly (readonly [number, RegExp])[] = [
      [512, /header is missing/],
      [512 + 40, /header has a wrong checksum/],
      [1024 + 32, /entries of the GPT have a wrong checksum/],
    ];
    for (const [at, note] of damages) {
      const damaged = patched(gptDisk(folder), at, ([byte = 0]) => Uint8Array.of(byte ^ 1), 1);
      const { allocation, free } = followInAllWindows(damaged);
      assert.match(allocation.partitions[0]?.note ?? '', note);
      assert.equal(allocation.partitions.length, 1);
      assert.deepEqual(free, []);
      assert.deepEqual(judged(head(damaged)), { table: 'mbr', partitionsEndBytes: 0 });
    }
  });
});

test('a GPT that claims nonsense under right checksums is not believed', { skip }, () => {
  withFolder((folder) => {
    const claims: readonly (readonly [string, (header: Buffer) => void, RegExp])[] = [
      ['count', (header) => header.writeUInt32LE(0xffffffff, 80), /too many entries/],
      ['entry size', (header) => header.writeUInt32LE(0, 84), /wrong size/],
      ['entry size', (header) => header.writeUInt32LE(0xffffff80, 84), /too many entries/],
      ['place', (header) => header.writeUInt32LE(7, 24), /not at its place/],
      ['array', (header) => header.writeBigUInt64LE(2n ** 63n, 72), /entries of the GPT are not at their place/],
      ['first usable', (header) => header.writeBigUInt64LE(2n ** 62n, 40), /not at their place/],
      ['last sector', (header) => header.writeUInt32LE(5000, 48), /outside of the disk/],
    ];
    for (const [name, claim, note] of claims) {
      const lying = patched(gptDisk(folder), 512, (old) => withHeader(old, claim), 512);
      const { allocation, free } = followInAllWindows(lying);
      assert.match(allocation.partitions[0]?.note ?? '', note, name);
      assert.deepEqual(free, [], name);
    }
  });
});

test('the first judgement knows the table and where the partitions end', { skip }, () => {
  withFolder((folder) => {
    const { image, fat } = logicalDisk(folder);
    const extendedEnd = (20480 + 102400) * 512;
    assert.deepEqual(judged(head(image)), { table: 'mbr', partitionsEndBytes: extendedEnd });
    assert.deepEqual(
      inspectHead(head(gptDisk(folder))).entries.map(({ number, startBytes }) => [number, startBytes]),
      [
        [1, mebibyte],
        [2, 17 * mebibyte],
      ],
    );
    assert.deepEqual(judged(head(gptDisk(folder))), { table: 'gpt', partitionsEndBytes: 33 * mebibyte });
    assert.deepEqual(judged(head(imageWith(8 * mebibyte, { 0: fat }))), {
      table: 'fat',
      partitionsEndBytes: 8 * mebibyte,
    });

    const none = { table: undefined, partitionsEndBytes: 0 };
    assert.deepEqual(judged(new Uint8Array(0)), none);
    assert.deepEqual(judged(new Uint8Array(511).fill(0x55)), none);
    assert.deepEqual(judged(new Uint8Array(mebibyte)), none);
    assert.deepEqual(judged(Buffer.from('PK\x03\x04'.padEnd(4096, 'zip'))), none);
    assert.deepEqual(judged(emptyMbr()), none);
    assert.deepEqual(judged(head(patched(image, 446, () => Uint8Array.of(0x12), 1))), none);
  });
});

test('an image of any length up to its end is followed without a fault', { skip }, () => {
  withFolder((folder) => {
    const { image } = logicalDisk(folder);
    for (const lengthBytes of [1, 511, 512, 1000, mebibyte, mebibyte + 512, 10 * mebibyte + 1, 21 * mebibyte]) {
      assert.deepEqual(freeBlocks(follow(cut(image, lengthBytes), 100_000), 1).length, 0);
    }
  });
});

const head = (image: Image): Uint8Array => image.read(0, Math.min(mebibyte, image.sizeBytes));

const fileSystem = (folder: string, name: string, [program = '', ...options]: readonly string[], size = 8): string => {
  const path = sparseFile(join(folder, name), size * mebibyte);
  run(program, [...options, path]);
  return path;
};

/** A FAT partition, and three logical ones with ext2, ext4 and nothing. */
function logicalDisk(folder: string): { image: Image; fat: string } {
  const fat = fileSystem(folder, 'fat', ['mkfs.vfat', '-F', '16', '-s', '1']);
  const ext2 = fileSystem(folder, 'ext2', ['mke2fs', '-q', '-F', '-t', 'ext2']);
  const ext4 = fileSystem(folder, 'ext4', ['mke2fs', '-q', '-F', '-t', 'ext4', '-O', '^has_journal']);
  const script = [
    'label: dos',
    'start=2048, size=16384, type=c, bootable',
    'start=20480, size=102400, type=5',
    'start=22528, size=16384, type=83',
    'start=40960, size=16384, type=83',
    'start=61440, size=4096, type=82',
    '',
  ].join('\n');
  const table = partitionedFile(folder, sizeBytes, script);
  const contents = { 0: table, [mebibyte]: fat, [11 * mebibyte]: ext2, [20 * mebibyte]: ext4 };
  return { image: imageWith(sizeBytes, contents), fat };
}

function gptDisk(folder: string): Image {
  const fat = fileSystem(folder, 'fat', ['mkfs.vfat', '-F', '16', '-s', '1']);
  const ext2 = fileSystem(folder, 'ext2', ['mke2fs', '-q', '-F', '-t', 'ext2'], 16);
  return diskImage(folder, sizeBytes, gptScript, { [mebibyte]: fat, [17 * mebibyte]: ext2 });
}

/** The header sector with a changed claim and a checksum to match. */
function withHeader(sector: Uint8Array, claim: (header: Buffer) => void): Uint8Array {
  const header = Buffer.from(sector);
  claim(header);
  header.writeUInt32LE(0, 16);
  header.writeUInt32LE(crc32(header.subarray(0, 92)), 16);
  return header;
}

function emptyMbr(): Uint8Array {
  const sector = Buffer.alloc(mebibyte);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}
