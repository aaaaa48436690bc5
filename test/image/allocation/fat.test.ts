// FAT volumes made by mkfs.vfat and mtools, judged cluster by cluster by mshowfat and in sum by fsck.vfat.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Allocation } from '../../../src/image/allocation/allocation.js';
import { parseFat } from '../../../src/image/allocation/fat.js';
import {
  blockBytes,
  diskImage,
  expectedBlocks,
  followInAllWindows,
  freeBlocks,
  type Image,
  imageOf,
  patched,
  run,
  sourceFiles,
  sparseFile,
  withFolder,
  without,
} from './disk.js';

const skip = without('mkfs.vfat', 'mcopy', 'mshowfat', 'fsck.vfat', 'sfdisk');
const mebibyte = 1024 * 1024;
const partitionBytes = 80 * mebibyte;

const cases = [
  { name: 'FAT12', options: ['-F', '12', '-s', '8'], sizeKibibytes: 8 * 1024, kind: 'fat12' },
  { name: 'FAT12 with clusters of 512 bytes', options: ['-F', '12', '-s', '1'], sizeKibibytes: 1440, kind: 'fat12' },
  { name: 'FAT16', options: ['-F', '16', '-s', '4'], sizeKibibytes: 30 * 1024, kind: 'fat16' },
  { name: 'FAT16 with clusters of 512 bytes', options: ['-F', '16', '-s', '1'], sizeKibibytes: 16_385, kind: 'fat16' },
  { name: 'FAT16 with one table', options: ['-F', '16', '-s', '2', '-f', '1'], sizeKibibytes: 30_000, kind: 'fat16' },
  {
    name: 'FAT32 with clusters of 512 bytes',
    options: ['-F', '32', '-s', '1'],
    sizeKibibytes: 64 * 1024,
    kind: 'fat32',
  },
  {
    name: 'FAT32 off the 4 KiB grid',
    options: ['-F', '32', '-s', '2', '-a', '-R', '33'],
    sizeKibibytes: 70_001,
    kind: 'fat32',
  },
  {
    name: 'FAT16 in sectors of 4096 bytes',
    options: ['-F', '16', '-S', '4096', '-s', '1'],
    sizeKibibytes: 60_000,
    kind: 'fat16',
  },
] as const;

for (const { name, options, sizeKibibytes, kind } of cases) {
  test(`${name}: free is exactly what mshowfat and fsck.vfat leave`, { skip }, () => {
    withFolder((folder) => {
      const volume = makeFat(folder, options, sizeKibibytes);
      const { clusterBytes, freeClusters, dataOffsetBytes } = judge(volume);
      for (const startSector of [2048, 2051]) {
        const startBytes = startSector * 512;
        const script = `label: dos\nstart=${startSector}, size=${partitionBytes / 512}, type=c\n`;
        const image = diskImage(folder, startBytes + partitionBytes + mebibyte, script, { [startBytes]: volume });
        const expected = expectedBlocks(startBytes + dataOffsetBytes, clusterBytes, freeClusters);
        const { allocation, free } = followInAllWindows(image);

        assert.ok(expected.length > 100, 'the judge sees free blocks');
        assert.deepEqual(free, expected);
        const [partition] = allocation.partitions;
        assert.equal(partition?.fileSystem, kind);
        assert.equal(partition?.label, 'bootfs');
        assert.equal(partition?.note, undefined);
        assert.equal(partition?.freeBytes, expected.length * blockBytes);
      }
    });
  });
}

test('a FAT volume without a partition table is read as one volume', { skip }, () => {
  withFolder((folder) => {
    const path = makeFat(folder, ['-F', '32', '-s', '1'], 40 * 1024);
    const { clusterBytes, freeClusters, dataOffsetBytes } = judge(path);
    const { allocation, free } = followInAllWindows(imageOf(readFileSync(path)));
    assert.deepEqual(free, expectedBlocks(dataOffsetBytes, clusterBytes, freeClusters));
    assert.equal(allocation.table, undefined);
    assert.deepEqual(
      allocation.partitions.map(({ number, scheme, startBytes, sizeBytes }) => [number, scheme, startBytes, sizeBytes]),
      [[0, 'none', 0, 40 * mebibyte]],
    );
  });
});

test('with mirroring off, the active FAT counts', { skip }, () => {
  withFolder((folder) => {
    const path = makeFat(folder, ['-F', '32', '-s', '1'], 40 * 1024);
    const bytes = readFileSync(path);
    const before = followInAllWindows(imageOf(bytes)).free;
    const fat = parseFat(bytes);
    assert.ok(fat !== undefined);
    bytes.writeUInt16LE(0x81, 40);
    bytes.fill(0xff, fat.tableOffsetBytes, fat.tableOffsetBytes + fat.tableBytes);
    assert.deepEqual(followInAllWindows(imageOf(bytes)).free, before);
  });
});

test('the reserved top bits of FAT32 entries do not matter', { skip }, () => {
  withFolder((folder) => {
    const bytes = readFileSync(makeFat(folder, ['-F', '32', '-s', '1'], 40 * 1024));
    const before = followInAllWindows(imageOf(bytes)).free;
    const fat = parseFat(bytes);
    assert.ok(fat !== undefined);
    for (let at = fat.tableOffsetBytes + 3; at < fat.tableOffsetBytes + fat.tableBytes; at += 4) {
      bytes.writeUInt8(bytes.readUInt8(at) | 0xa0, at);
    }
    assert.deepEqual(followInAllWindows(imageOf(bytes)).free, before);
  });
});

test('pieces of a long FAT join, and nothing is free before its piece has passed', { skip }, () => {
  withFolder((folder) => {
    const path = makeFat(folder, ['-F', '32', '-s', '1'], 200 * 1024);
    const { clusterBytes, freeClusters, dataOffsetBytes } = judge(path);
    const image = imageOf(readFileSync(path));
    const { free } = followInAllWindows(image);
    assert.deepEqual(free, expectedBlocks(dataOffsetBytes, clusterBytes, freeClusters));

    const pieceEndBytes = 32 * 512 + 768 * 1024;
    const allocation = new Allocation(image.read);
    allocation.advance(pieceEndBytes - 1, false);
    assert.deepEqual(freeBlocks(allocation, image.sizeBytes), []);
    allocation.advance(pieceEndBytes, false);
    const early = freeBlocks(allocation, image.sizeBytes);
    assert.ok(early.length > 100 && early.length < free.length);
  });
});

const doubtful: readonly {
  readonly name: string;
  readonly at: number;
  readonly bytes: readonly number[];
  readonly note: RegExp;
}[] = [
  { name: 'a dirty flag in its boot sector', at: 65, bytes: [1], note: /not unmounted cleanly/ },
  { name: 'a dirty flag in its FAT', at: 32 * 512 + 7, bytes: [0x07], note: /not unmounted cleanly/ },
  { name: 'a FAT that does not start like one', at: 32 * 512, bytes: [0], note: /does not start like one/ },
  { name: 'more sectors than its partition', at: 32, bytes: [0, 0, 0, 1], note: /larger than its partition/ },
  { name: 'an unknown version', at: 42, bytes: [1], note: /unknown version/ },
  { name: 'an active FAT that does not exist', at: 40, bytes: [0x82], note: /active FAT does not exist/ },
  { name: 'too few clusters for FAT32', at: 32, bytes: [0, 0x40, 0, 0], note: /does not fit its kind of FAT/ },
  { name: 'no boot signature', at: 510, bytes: [0], note: /no FAT or ext/ },
  { name: 'a cluster size of 3 sectors', at: 13, bytes: [3], note: /no FAT or ext/ },
  { name: 'the magic number of ext too', at: 1024 + 0x38, bytes: [0x53, 0xef], note: /like FAT and like ext/ },
];

test('a FAT volume that cannot be believed is written in full', { skip }, () => {
  withFolder((folder) => {
    const volume = makeFat(folder, ['-F', '32', '-s', '1'], 64 * 1024);
    const script = `label: dos\nstart=2048, size=${partitionBytes / 512}, type=c\n`;
    const image = diskImage(folder, partitionBytes + 2 * mebibyte, script, { [mebibyte]: volume });
    assert.notDeepEqual(freeBlocks(followed(image), image.sizeBytes), []);
    for (const { name, at, bytes, note } of doubtful) {
      const allocation = followed(patched(image, mebibyte + at, () => Uint8Array.from(bytes), bytes.length));
      assert.match(allocation.partitions[0]?.note ?? '', note, name);
      assert.deepEqual(freeBlocks(allocation, image.sizeBytes), [], name);
    }
  });
});

const followed = (image: Image): Allocation => followInAllWindows(image).allocation;

/**
 * A volume with files, and holes of many lengths where some were removed. All but one lie in a folder: the root of
 * FAT32 then keeps to its first cluster, which is all that fsck.vfat tells of it.
 */
function makeFat(folder: string, options: readonly string[], sizeKibibytes: number): string {
  const volume = sparseFile(join(folder, 'fat'), sizeKibibytes * 1024);
  run('mkfs.vfat', [...options, '-n', 'bootfs', volume]);
  const sizes = Array.from({ length: 40 }, (_, index) => 1 + ((index * 7919) % 13_000));
  const files = sourceFiles(join(folder, 'files'), [...sizes, 90_000]);
  const paths = [...sizes.keys()].map((index) => join(files, `file${index}`));
  run('mmd', ['-i', volume, '::sub']);
  run('mcopy', ['-i', volume, ...paths, '::sub']);
  run('mdel', ['-i', volume, ...[1, 4, 5, 9, 10, 11, 14, 16, 18, 20, 23, 31, 33].map((index) => `::sub/file${index}`)]);
  run('mcopy', ['-i', volume, join(files, 'file40'), '::']);
  return volume;
}

/** Clusters counted from 0 at the start of the data, as other programs see them. */
function judge(volume: string): { clusterBytes: number; freeClusters: Set<number>; dataOffsetBytes: number } {
  const report = run('fsck.vfat', ['-nv', volume]);
  const number = (pattern: RegExp) => Number(pattern.exec(report)?.[1]);
  const clusterBytes = number(/(\d+) bytes per cluster/);
  const dataOffsetBytes = number(/Data area starts at byte (\d+)/);
  const [, used, total] = /, (\d+)\/(\d+) clusters/.exec(report) ?? [];
  const rootClusters = /Root directory start at cluster (\d+)/.exec(report)?.slice(1).map(Number) ?? [];

  const freeClusters = new Set(Array.from({ length: Number(total) }, (_, index) => index));
  const paths = run('mdir', ['-i', volume, '-/', '-b', '::']).trim().split('\n');
  const chains = run('mshowfat', ['-i', volume, ...paths.map((path) => path.replace(/\/$/, ''))]);
  for (const [, from, to = from] of chains.matchAll(/<(\d+)(?:-(\d+))?>/g)) {
    for (let cluster = Number(from); cluster <= Number(to); cluster++) freeClusters.delete(cluster - 2);
  }
  for (const cluster of rootClusters) freeClusters.delete(cluster - 2);
  assert.equal(freeClusters.size, Number(total) - Number(used), 'the two judges agree');
  return { clusterBytes, freeClusters, dataOffsetBytes };
}
