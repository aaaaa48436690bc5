// Which 4 KiB blocks a bmap leaves out, against counting them one sector at a time; and where a bmap may lie.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bmapCandidates } from '../../../src/image/bmap/candidates.js';
import { BmapFree } from '../../../src/image/bmap/free.js';
import type { Bmap } from '../../../src/image/bmap/parse.js';

/** Ranges from gaps and lengths in turn. */
function bmapFrom(blockBytes: number, imageBytes: number, steps: readonly (readonly [number, number])[]): Bmap {
  const blocks = Math.ceil(imageBytes / blockBytes);
  const ranges: { firstBlock: number; lastBlock: number }[] = [];
  let at = 0;
  for (const [gap, length] of steps) {
    const firstBlock = at + gap;
    at = firstBlock + length;
    if (at <= blocks) ranges.push({ firstBlock, lastBlock: at - 1 });
  }
  return { imageBytes, blockBytes, mappedBlocks: 0, algorithm: 'sha256', ranges };
}

function isFreeBySectors({ imageBytes, blockBytes, ranges }: Bmap, offsetBytes: number): boolean {
  if (offsetBytes + 4096 > imageBytes) return false;
  for (let byte = offsetBytes; byte < offsetBytes + 4096; byte += 512) {
    const block = Math.floor(byte / blockBytes);
    if (ranges.some(({ firstBlock, lastBlock }) => firstBlock <= block && block <= lastBlock)) return false;
  }
  return true;
}

test('a block is free when every sector of it is in no range, asked in any order', () => {
  const step = fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 12 }));
  fc.assert(
    fc.property(
      fc.constantFrom(512, 1024, 1536, 4096, 5120, 16384, 65536),
      fc.integer({ min: 1, max: 300_000 }),
      fc.array(step, { maxLength: 60 }),
      fc.array(fc.nat(80), { maxLength: 60 }),
      (blockBytes, imageBytes, steps, jumps) => {
        const bmap = bmapFrom(blockBytes, imageBytes, steps);
        const free = new BmapFree(bmap);
        const ascending = [...Array(Math.ceil(imageBytes / 4096) + 1).keys()];
        for (const block of [...ascending, ...jumps]) {
          assert.equal(free.isFree(block * 4096), isFreeBySectors(bmap, block * 4096), `block ${block}`);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a million ranges are found in any order without looking at each', () => {
  const count = 1_000_000;
  const ranges = Array.from({ length: count }, (_, index) => ({ firstBlock: 2 * index, lastBlock: 2 * index }));
  const free = new BmapFree({
    imageBytes: count * 8192,
    blockBytes: 4096,
    mappedBlocks: count,
    algorithm: 'sha1',
    ranges,
  });
  for (let turn = 0; turn < 20_000; turn++) {
    const block = turn % 2 === 0 ? turn : 2 * count - 1 - turn;
    assert.equal(free.isFree(block * 4096), block % 2 === 1);
  }
});

test('what is not in the image is not free', () => {
  const free = new BmapFree({ imageBytes: 10_000, blockBytes: 512, mappedBlocks: 0, algorithm: 'sha256', ranges: [] });
  assert.deepEqual(
    [-4096, 0, 4096, 8192, 12_288].map((offsetBytes) => free.isFree(offsetBytes)),
    [false, true, true, false, false],
  );
});

test('a bmap is looked for under the names that bmaptool, pi-gen and Yocto give it', () => {
  const cases: readonly [string, readonly string[]][] = [
    ['raspios.img', ['raspios.img.bmap', 'raspios.bmap']],
    ['/a.b/raspios.img.xz', ['/a.b/raspios.img.xz.bmap', '/a.b/raspios.img.bmap', '/a.b/raspios.bmap']],
    ['2025-05-13-lite.IMG.XZ', ['2025-05-13-lite.IMG.XZ.bmap', '2025-05-13-lite.IMG.bmap', '2025-05-13-lite.bmap']],
    ['core-image.wic.bz2', ['core-image.wic.bz2.bmap', 'core-image.wic.bmap', 'core-image.bmap']],
    ['ubuntu-24.04.1-arm64+raspi.zip', ['ubuntu-24.04.1-arm64+raspi.zip.bmap', 'ubuntu-24.04.1-arm64+raspi.bmap']],
    ['ubuntu-24.04.1', ['ubuntu-24.04.1.bmap']],
    ['disk', ['disk.bmap']],
    ['.img.xz', ['.img.xz.bmap', '.img.bmap']],
    ['dir/.xz', ['dir/.xz.bmap']],
  ];
  for (const [image, names] of cases) assert.deepEqual(bmapCandidates(image), names);
});
