// What places say together, in the cases that no simulated card happens to show.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assess } from '../../src/medium/assess.js';
import type { PlaceRun } from '../../src/protocol/probe.js';

const GiB = 1024 ** 3;
const run = (offsetBytes: number, state: PlaceRun['state'], shiftBytes?: number): PlaceRun => ({
  offsetBytes,
  lengthBytes: 4096,
  state,
  ...(shiftBytes === undefined ? {} : { shiftBytes }),
});

test('the real size is what all distances are whole multiples of, though none of them is it', () => {
  const real = 7_948_206_080;
  const runs = [run(0, 'elsewhere', 2 * real), run(8192, 'elsewhere', 3 * real), run(3 * real, 'good')];
  const found = assess(runs, 32 * GiB);
  assert.deepEqual(found, { kind: 'fake', how: 'wraparound', goodBelowBytes: real, badFromBytes: real });
});

test('blocks that landed a few blocks away are a defect, not an end', () => {
  const found = assess([run(0, 'good'), run(4096, 'elsewhere', 8192), run(GiB, 'good')], 32 * GiB);
  assert.deepEqual(found, { kind: 'scattered', places: 1, firstBytes: 4096 });
});

test('where nothing could be looked at, nothing is called sound', () => {
  assert.deepEqual(assess([], GiB), { kind: 'dead' });
  assert.deepEqual(assess([run(0, 'lost'), run(GiB - 4096, 'error')], GiB), { kind: 'dead' });
});

test('a bad place on a card that wraps around does not hide that', () => {
  const runs = [run(0, 'elsewhere', 2 * GiB), run(4096, 'changed'), run(GiB, 'good'), run(3 * GiB, 'good')];
  const found = assess(runs, 4 * GiB);
  assert.deepEqual(found, { kind: 'fake', how: 'wraparound', goodBelowBytes: 2 * GiB, badFromBytes: 2 * GiB });
});
