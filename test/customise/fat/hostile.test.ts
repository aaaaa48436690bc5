// Volumes that lie: dirty, looping, cross-linked, or with any bytes flipped. They end in a PiburnError or in an
// edit, soon, and never in anything else.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { FatVolume } from '../../../src/customise/fat/volume.js';
import { Overlay } from '../../../src/customise/overlay.js';
import { PiburnError } from '../../../src/errors.js';
import {
  content,
  type FatImage,
  type Format,
  judged,
  makeImage,
  modified,
  openImage,
  poke,
  withCode,
} from './fat-images.js';

const fat12: Format = { fat: 12, sectorBytes: 512, sectorsPerCluster: 1, fats: 1, sizeKiB: 256 };
const fat16: Format = { fat: 16, sectorBytes: 512, sectorsPerCluster: 1, fats: 1, sizeKiB: 8192 };
const fat32: Format = { fat: 32, sectorBytes: 512, sectorsPerCluster: 1, fats: 1, sizeKiB: 34816 };

const files = new Map([
  ['/first', content(2048, 1)],
  ['/second', content(2048, 2)],
  ['/long name of a directory/file', content(900, 3)],
]);
const directories = ['/long name of a directory'];
const reservedBytes = 512;

/** Sets an entry of the only FAT of a FAT16 volume. */
const link = (image: FatImage, cluster: number, next: number) =>
  poke(image, reservedBytes + cluster * 2, [next & 0xff, next >>> 8]);

test('a volume that was not unmounted is refused', judged, (t) => {
  const cases: readonly [Format, number, number][] = [
    [fat12, 37, 0x01],
    [fat16, 37, 0x01],
    [fat16, reservedBytes + 3, 0x7f],
    [fat16, reservedBytes + 3, 0xbf],
    [fat32, 65, 0x01],
    [fat32, 32 * 512 + 7, 0x07],
  ];
  for (const [format, at, byte] of cases) {
    const image = makeImage(t, format);
    poke(image, at, [byte]);
    assert.throws(() => openImage(image), withCode('FAT_DIRTY'), `FAT${format.fat}, byte ${at}`);
  }
});

test('what is no FAT, or not this one, is told apart from what is damaged', judged, (t) => {
  const cases: readonly [string, number, readonly number[]][] = [
    ['FAT_UNKNOWN', 510, [0, 0]],
    ['FAT_UNKNOWN', 11, [0, 0]],
    ['FAT_UNKNOWN', 11, [0, 3]],
    ['FAT_UNKNOWN', 13, [0]],
    ['FAT_UNKNOWN', 13, [3]],
    ['FAT_UNKNOWN', 14, [0, 0]],
    ['FAT_UNKNOWN', 16, [0]],
    ['FAT_DAMAGED', 19, [0xff, 0xff]],
    ['FAT_DAMAGED', 22, [0xff, 0xff]],
    ['FAT_DAMAGED', 22, [1, 0]],
    ['FAT_DAMAGED', 17, [0, 0]],
  ];
  for (const [code, at, bytes] of cases) {
    const image = makeImage(t, fat16);
    poke(image, at, bytes);
    assert.throws(() => openImage(image), withCode(code), `byte ${at}`);
  }
  const image = makeImage(t, fat16);
  for (const sizeBytes of [0, 511, image.sizeBytes - 512]) {
    assert.throws(() => openImage({ ...image, sizeBytes }), PiburnError);
  }
});

test(
  'chains that loop, break off, share clusters or have a wrong length are refused, and nothing is changed',
  judged,
  (t) => {
    // mtools allocates in order: the directory has cluster 2, the first file 3 to 6, the second 7 to 10.
    const cases: readonly [string, number, number][] = [
      ['loops to its beginning', 6, 3],
      ['loops on itself', 4, 4],
      ['ends early', 4, 0xffff],
      ['goes on into the other file', 6, 7],
      ['leads to a free cluster', 4, 0],
      ['leads to the reserved cluster 1', 4, 1],
      ['leads to a bad cluster', 4, 0xfff7],
      ['leads outside', 4, 0xfff0],
    ];
    for (const [what, cluster, next] of cases) {
      const image = makeImage(t, fat16, files, directories);
      link(image, cluster, next);
      const { overlay, volume } = openImage(image);
      const attempts = [
        () => volume.readFile('/first'),
        () => volume.writeFile('/first', content(100, 1), modified),
        () => volume.removeFile('/first'),
      ];
      for (const attempt of attempts) assert.throws(attempt, withCode('FAT_DAMAGED'), what);
      assert.deepEqual(overlay.patch(), []);
      assert.deepEqual(volume.readFile('/second'), files.get('/second'));
    }
  },
);

test('a directory that loops, or is its own file, is refused', judged, (t) => {
  const looping = makeImage(t, fat16, files, directories);
  link(looping, 2, 2);
  const attempt = () => openImage(looping).volume.list('/long name of a directory');
  assert.throws(attempt, withCode('FAT_DAMAGED'));

  // Clusters: 2 the directory, 3 the directory in it, then /first (4), /second (5) and the file in the first directory.
  const tree = new Map(['/first', '/second', '/outer/file'].map((path, seed) => [path, content(300, seed)]));
  const cases: readonly [string, string, number][] = [
    ['/first', 'FIRST', 5],
    ['/first', 'FIRST', 2],
    ['/outer/file', 'FILE', 2],
    ['/outer/inner/file', 'INNER', 2],
  ];
  for (const [path, shortName, cluster] of cases) {
    const shared = makeImage(t, fat16, tree, ['/outer', '/outer/inner']);
    const slotAt = readFileSync(shared.path).indexOf(shortName.padEnd(11));
    poke(shared, slotAt + 26, [cluster]);
    assert.throws(() => openImage(shared).volume.removeFile(path), withCode('FAT_DAMAGED'), `${path}: ${cluster}`);
  }
});

test('flipped bytes never lead to anything but a PiburnError', judged, (t) => {
  for (const format of [fat12, fat16, fat32]) {
    const image = makeImage(t, format, files, directories);
    const original = readFileSync(image.path);
    const bytes = Buffer.from(original);
    const fatAt = format.fat === 32 ? 32 * 512 : 512;
    const rootBytes = original.indexOf('FIRST      ');
    const places = fc.oneof(
      fc.integer({ min: 11, max: 90 }),
      fc.integer({ min: fatAt, max: fatAt + 80 }),
      fc.integer({ min: rootBytes - 200, max: rootBytes + 400 }),
    );
    const flips = fc.array(fc.tuple(places, fc.nat(255)), { minLength: 1, maxLength: 6 });
    const hostile = fc.property(flips, (changes) => {
      for (const [at, value] of changes) bytes[at] = value;
      const overlay = new Overlay((offset, length) => bytes.subarray(offset, offset + length));
      for (const use of uses) {
        try {
          use(FatVolume.open(overlay, 0, bytes.length));
        } catch (error) {
          assert.ok(error instanceof PiburnError, `${error instanceof Error ? error.stack : error}`);
        }
      }
      for (const [at] of changes) bytes[at] = original[at] ?? 0;
    });
    fc.assert(hostile, { numRuns: 150 });
  }
});

const uses: readonly ((volume: FatVolume) => unknown)[] = [
  (volume) => volume.list('/'),
  (volume) => [...files.keys()].map((path) => volume.readFile(path)),
  (volume) => volume.writeFile('/first', content(5000, 4), modified),
  (volume) => volume.writeFile('/long name of a directory/another long name', content(700, 5), modified),
  (volume) => volume.makeDirectory('/long name of a directory/below', modified),
  (volume) => volume.removeFile('/second'),
];
