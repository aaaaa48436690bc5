// What the times of a card's pieces come to.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Latency } from '../../src/card/latency.js';

const mib = 1024 * 1024;

function of(times: readonly number[], lengthBytes = 4 * mib): Latency {
  const latency = new Latency();
  for (const ms of times) latency.note(lengthBytes, ms);
  return latency;
}

/** Within a quarter of an octave. */
const isAbout = (got: number | undefined, wanted: number): void =>
  assert.ok(got !== undefined && Math.abs(Math.log2(got / wanted)) <= 0.13, `${got} is about ${wanted}`);

test('median, p99 and longest of many pieces', () => {
  const times = Array.from({ length: 1000 }, (_, index) => 1 + index / 10);
  const summary = of(times).summary();
  assert.equal(summary?.pieces, 1000);
  isAbout(summary?.medianMs, 51);
  isAbout(summary?.p99Ms, 100);
  assert.equal(summary?.maxMs, Math.max(...times));
});

test('pieces count as if they had 4 MiB, short ones not at all but for the longest time', () => {
  const latency = of([100, 100, 100], mib);
  for (let left = 100; left > 0; left--) latency.note(4096, 0.5);
  isAbout(latency.summary()?.medianMs, 400);
  assert.equal(latency.summary()?.pieces, 3);
  latency.note(4096, 900);
  assert.equal(latency.longestMs, 900);
  assert.equal(latency.summary()?.maxMs, 900);
  assert.equal(of([5, 5], mib - 4096).summary(), undefined);
  assert.equal(new Latency().summary(), undefined);
});

test('a piece is late after 5 seconds, whatever its length and whatever came before', () => {
  assert.equal(new Latency().note(4096, 5001), true);
  assert.equal(new Latency().note(4 * mib, 5000), false);
  assert.equal(of(Array(100).fill(4000)).note(4 * mib, 5001), true);
});

test('a piece is late after ten medians, once 16 pieces are known and if it is no trifle', () => {
  assert.equal(of(Array(16).fill(40)).note(4 * mib, 500), true);
  assert.equal(of(Array(16).fill(40)).note(4096, 500), true);
  assert.equal(of(Array(16).fill(40)).note(4 * mib, 350), false);
  assert.equal(of(Array(15).fill(40)).note(4 * mib, 500), false);
  assert.equal(of(Array(16).fill(2)).note(4 * mib, 240), false);
  assert.equal(of(Array(16).fill(2)).note(4 * mib, 260), true);
});

test('whatever the times are: the median is at most p99, and that at most the longest', () => {
  const piece = fc.tuple(fc.integer({ min: mib, max: 4 * mib }), fc.double({ min: 0, max: 1e6, noNaN: true }));
  const property = fc.property(fc.array(piece, { minLength: 1, maxLength: 200 }), (pieces) => {
    const latency = new Latency();
    for (const [lengthBytes, ms] of pieces) latency.note(lengthBytes, ms);
    const summary = latency.summary();
    assert.ok(summary !== undefined);
    assert.ok(summary.medianMs <= summary.p99Ms && summary.p99Ms <= summary.maxMs, JSON.stringify(summary));
    assert.equal(summary.pieces, pieces.length);
  });
  fc.assert(property, { numRuns: 200 });
});
