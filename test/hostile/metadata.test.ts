// Images whose metadata lies: whatever it says, no byte that is not zero is left out of what is written, and no lie takes
// more memory or time than an honest image.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Allocation } from '../../src/image/allocation/allocation.js';
import { SegmentCutter } from '../../src/image/cutter.js';
import { SegmentTable, segmentBytesMax } from '../../src/image/segment-table.js';
import { bytesOf, type Input } from '../fuzz/input.js';
import { groundOf, mutate } from '../fuzz/mutate.js';
import { Random } from '../fuzz/random.js';
import { seedOf } from '../fuzz/seeds.js';
import { bounded } from './bounded.js';
import type { ExtOrder, Followed } from './follow-ext.js';
import { runs } from './runs.js';

const names = ['disk-mbr', 'disk-fat16', 'disk-bare', 'gpt-both'];
const grounds = new Map(names.map((name) => [name, groundOf(seedOf(name), [], false)]));

test('whatever the metadata says, every byte that is not zero is in a segment', () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 1, max: 8 }), (seed, start, rounds) => {
      const random = new Random(start);
      const ground = grounds.get(seed);
      assert.ok(ground !== undefined);
      let input: Input = { seed, edits: [] };
      for (let round = 0; round < rounds; round++) input = mutate(input, input, ground, random);
      const image = bytesOf(seedOf(seed), input);
      const left = Buffer.from(image);
      const table = cut(image);
      for (let index = 0; index < table.count; index++) {
        const { offsetBytes, lengthBytes } = table.at(index);
        left.fill(0, offsetBytes, offsetBytes + lengthBytes);
      }
      assert.equal(
        left.findIndex((byte) => byte !== 0),
        -1,
        JSON.stringify(input),
      );
    }),
    runs(60),
  );
});

function cut(image: Buffer): SegmentTable {
  const table = SegmentTable.create(image.length);
  const allocation = new Allocation((offset, length) => image.subarray(offset, offset + length));
  const cutter = new SegmentCutter(table, allocation);
  for (let offset = 0; offset < image.length; offset += segmentBytesMax) {
    const window = Buffer.from(image.subarray(offset, offset + segmentBytesMax));
    cutter.add(offset, window, offset + segmentBytesMax >= image.length);
  }
  return table;
}

const follow = (order: ExtOrder) => bounded<Followed>(new URL('follow-ext.js', import.meta.url), order);

test('an ext2 with copies of everything in each of 65,536 groups is refused before they are counted', async () => {
  const { answer, peakBytes } = await follow({ groups: 65_536, blocksPerGroup: 256, reserved: 0xffff });
  assert.equal(answer.note, 'its superblock makes no sense');
  assert.ok(answer.reads < 100, `${answer.reads} reads`);
  assert.ok(peakBytes < 200 * 1024 * 1024, `${peakBytes} bytes of memory`);
});

test('an honest one of many groups is followed in little memory', async () => {
  const { answer, peakBytes } = await follow({ groups: 16_384, blocksPerGroup: 8192, reserved: 256 });
  assert.equal(answer.note, undefined);
  assert.ok(answer.reads > 16_384, `${answer.reads} reads`);
  assert.ok(peakBytes < 300 * 1024 * 1024, `${peakBytes} bytes of memory`);
});
