// Reading bmaps: those that bmaptool creates, and all versions written by hand, with bmaptool to judge them.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BmapChecker } from '../../../src/image/bmap/checker.js';
import { BmapFree } from '../../../src/image/bmap/free.js';
import { parseBmap } from '../../../src/image/bmap/parse.js';
import { scratchFolder } from '../../native/scratch.js';
import { run, without } from '../allocation/disk.js';
import { type Blocks, blocksOf, bmapOf, imageBytesOf, type Written, withCode, writeSparse } from './bmaps.js';

const skip = without('bmaptool');
const ranges: readonly Blocks[] = [
  [0, 1],
  [3, 5],
  [12, 12],
  [98, 105],
  [198, 200],
];
/** Its last block is cut short. */
const image = imageBytesOf(821_752, ranges);

test('what bmaptool creates is read, and fits its image', { skip }, (t) => {
  const folder = scratchFolder(t);
  const cases: readonly [number, readonly Blocks[]][] = [
    [821_752, ranges],
    [4096, [[0, 0]]],
    [3, [[0, 0]]],
    [40 * 1024 * 1024, Array.from({ length: 300 }, (_, index): Blocks => [index * 30, index * 30 + (index % 7)])],
  ];
  for (const [sizeBytes, mapped] of cases) {
    const bytes = imageBytesOf(sizeBytes, mapped);
    const path = writeSparse(join(folder, 'image'), bytes, mapped);
    const bmap = parseBmap(run('bmaptool', ['create', path]), 'image.bmap');
    assert.deepEqual(
      { imageBytes: bmap.imageBytes, blockBytes: bmap.blockBytes, algorithm: bmap.algorithm },
      { imageBytes: sizeBytes, blockBytes: 4096, algorithm: 'sha256' },
    );
    assert.deepEqual(blocksOf(bmap), mapped);
    assert.ok(bmap.ranges.every(({ digest }) => digest?.length === 64));
    const checker = new BmapChecker(bmap, 'image', 'image.bmap');
    checker.add(bytes);
    checker.end(sizeBytes);
    const free = new BmapFree(bmap);
    const freeBlocks = [...Array(Math.ceil(sizeBytes / 4096)).keys()].filter((block) => free.isFree(block * 4096));
    assert.equal(freeBlocks.length, Math.ceil(sizeBytes / 4096) - bmap.mappedBlocks);
  }
});

test('a bmap that bmaptool creates of an image of holes maps nothing', { skip }, (t) => {
  const path = writeSparse(join(scratchFolder(t), 'image'), Buffer.alloc(1_000_000), []);
  const bmap = parseBmap(run('bmaptool', ['create', '--no-checksum', path]), 'image.bmap');
  assert.deepEqual(bmap, { imageBytes: 1_000_000, blockBytes: 4096, mappedBlocks: 0, algorithm: 'sha256', ranges: [] });
});

const versions: readonly (Written & { readonly name: string })[] = [
  { name: 'version 1.2', version: '1.2' },
  { name: 'version 1.3', version: '1.3' },
  { name: 'version 1.4', version: '1.4' },
  { name: 'version 2.0', version: '2.0' },
  { name: 'version 2.0 with sha1', algorithm: 'sha1' },
  { name: 'version 2.0 with sha512', algorithm: 'sha512' },
  { name: 'blocks of 512 bytes', blockBytes: 512 },
  { name: 'blocks of 64 KiB', blockBytes: 65536 },
  { name: 'no digests of ranges', digests: false },
  { name: 'spaces in ranges', rangeText: (first, last) => `\n${first} - ${last}\n` },
  {
    name: 'comments and elements that are not known',
    change: (text) => text.replace('<BlockMap>', '<!-- 1 --><New a="1"><x/></New><BlockMap>'),
  },
  { name: 'a byte order mark', change: (text) => `\ufeff${text}` },
];

for (const { name, ...written } of versions) {
  test(`a bmap with ${name} is read, and bmaptool agrees that it is one of the image`, { skip }, (t) => {
    const folder = scratchFolder(t);
    const { blockBytes = 4096, digests = true } = written;
    const mapped =
      blockBytes === 65536
        ? ([
            [0, 1],
            [3, 3],
            [12, 12],
          ] as const)
        : ranges;
    const bytes = imageBytesOf(821_752, mapped, blockBytes);
    const text = bmapOf(bytes, mapped, written);

    const bmap = parseBmap(text, 'image.bmap');
    assert.deepEqual(blocksOf(bmap), mapped);
    assert.equal(bmap.blockBytes, blockBytes);
    assert.ok(bmap.ranges.every(({ digest }) => (digest !== undefined) === digests));
    const checker = new BmapChecker(bmap, 'image', 'image.bmap');
    checker.add(bytes);
    checker.end(bytes.length);

    writeFileSync(join(folder, 'image'), bytes);
    writeFileSync(join(folder, 'image.bmap'), text);
    run('bmaptool', ['copy', '--bmap', join(folder, 'image.bmap'), join(folder, 'image'), join(folder, 'copy')]);
    assert.ok(readFileSync(join(folder, 'copy')).equals(bytes));
  });
}

test('a digest in upper case is the same digest', () => {
  const upper = (text: string) =>
    text.replace(/chksum="\w+"/g, (attribute) => attribute.toUpperCase().replace('CHKSUM', 'chksum'));
  const bmap = parseBmap(bmapOf(image, ranges, { change: upper }), 'image.bmap');
  assert.match(bmap.ranges[0]?.digest ?? '', /^[0-9a-f]{64}$/);
});

test('a bmap with any digit changed does not match its own digest', () => {
  const text = bmapOf(image, ranges);
  const digits = [...text.matchAll(/\d/g)]
    .map(({ index }) => index)
    .filter((index) => index > text.indexOf('<ImageSize'));
  for (let at = 0; at < digits.length; at += 7) {
    const index = digits[at] ?? 0;
    const changed = `${text.slice(0, index)}${(Number(text[index]) + 1) % 10}${text.slice(index + 1)}`;
    assert.throws(
      () => parseBmap(changed, 'image.bmap'),
      withCode('BMAP_BROKEN', /image\.bmap is broken/),
      `character ${index}`,
    );
  }
  const commented = text.replace('are mapped', 'were mapped');
  assert.throws(() => parseBmap(commented, 'image.bmap'), withCode('BMAP_BROKEN', /does not match its own digest/));
});
