// The free map against a set of numbers, and runs that touch.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockBytes, FreeMap, maxMappedBytes, runMarker } from '../../../src/image/allocation/free-map.js';

test('a block is free when a marked range holds all of it, and used again when a taken back one touches it', () => {
  const range = fc.record({ free: fc.boolean(), start: fc.nat(200_000), length: fc.nat(100_000) });
  fc.assert(
    fc.property(fc.array(range, { maxLength: 20 }), (ranges) => {
      const map = new FreeMap();
      const model = new Set<number>();
      for (const { free, start, length } of ranges) {
        const end = start + length;
        if (free) map.markFree(start, end);
        else map.markUsed(start, end);
        for (let block = 0; block * blockBytes < end; block++) {
          const first = block * blockBytes;
          if (free && first >= start && first + blockBytes <= end) model.add(block);
          if (!free && length > 0 && first < end && first + blockBytes > start) model.delete(block);
        }
      }
      for (let block = 0; block < 100; block++) assert.equal(map.isFree(block), model.has(block), `block ${block}`);
    }),
  );
});

test('taking back nothing takes nothing back', () => {
  const map = new FreeMap();
  map.markFree(0, blockBytes);
  map.markUsed(1, 1);
  assert.equal(map.isFree(0), true);
});

test('the map grows to its limit and no further', () => {
  const map = new FreeMap();
  const last = maxMappedBytes / blockBytes - 1;
  assert.equal(map.isFree(last), false);
  assert.equal(map.markFree(maxMappedBytes - 2 * blockBytes, maxMappedBytes + 10 * blockBytes), 2 * blockBytes);
  assert.equal(map.isFree(last), true);
  assert.equal(map.isFree(last + 1), false);
  assert.equal(map.isFree(last - 2), false);
});

test('runs that touch free the block they share, runs with a gap do not', () => {
  const cases: readonly (readonly [string, readonly (readonly [number, number])[], readonly number[]])[] = [
    [
      'touching',
      [
        [0, 5000],
        [5000, 8192],
      ],
      [0, 1],
    ],
    [
      'a gap of one byte',
      [
        [0, 5000],
        [5001, 8192],
      ],
      [0],
    ],
    [
      'three parts of one block',
      [
        [4096, 5000],
        [5000, 6000],
        [6000, 8192],
      ],
      [1],
    ],
    [
      'a start inside the block',
      [
        [4097, 5000],
        [5000, 12288],
      ],
      [2],
    ],
    [
      'an empty run between',
      [
        [0, 5000],
        [5000, 5000],
        [5000, 8192],
      ],
      [0, 1],
    ],
  ];
  for (const [name, runs, expected] of cases) {
    const map = new FreeMap();
    const mark = runMarker(map);
    const markedBytes = runs.reduce((sum, [start, end]) => sum + mark(start, end), 0);
    const free = [0, 1, 2, 3].filter((block) => map.isFree(block));
    assert.deepEqual(free, expected, name);
    assert.equal(markedBytes, expected.length * blockBytes, name);
  }
});
