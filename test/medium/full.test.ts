// The full probe on simulated cards: every block counts, and bad ranges are told exactly.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeFull } from '../../src/medium/full.js';
import { verdictOf } from '../../src/medium/verdict.js';
import { benchOf, type Tricks } from './simulated-card.js';

const MiB = 1024 * 1024;

function probe(tricks: Tricks) {
  const { bench, card } = benchOf(tricks);
  const found = probeFull(bench);
  const bad = bench.places.list().filter(({ state }) => state !== 'good');
  return { card, verdict: verdictOf(found), found, bad, checkedBytes: bench.places.checkedBytes };
}

test('a good card is written and read to its last block, with a speed at 200 places', () => {
  const { verdict, found, bad, checkedBytes } = probe({ sizeBytes: 64 * MiB + 4096 });
  assert.deepEqual([verdict, bad, checkedBytes], [{ kind: 'good' }, [], 64 * MiB + 4096]);
  assert.ok(found.speeds.length >= 200 && found.speeds.length <= 206, String(found.speeds.length));
  const lengths = found.speeds.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  assert.equal(lengths, 64 * MiB + 4096);
  assert.ok(found.speeds.every((point) => (point.writeBytesPerSecond ?? 0) > 0 && (point.readBytesPerSecond ?? 0) > 0));
});

test('bad ranges are told to the block', () => {
  const isBad = (at: number) => (at >= MiB && at < MiB + 12_288) || at === 5 * MiB;
  const { verdict, bad } = probe({ sizeBytes: 32 * MiB, isBad, isUnreadable: (at) => at === 9 * MiB });
  assert.deepEqual(bad, [
    { offsetBytes: MiB, lengthBytes: 12_288, state: 'changed' },
    { offsetBytes: 5 * MiB, lengthBytes: 4096, state: 'changed' },
    { offsetBytes: 9 * MiB, lengthBytes: 4096, state: 'error' },
  ]);
  assert.deepEqual(verdict, { kind: 'failing', places: 3, firstBytes: MiB });
});

test('fakes of every kind are told by their real size', () => {
  const size = 64 * MiB;
  const real = 20 * MiB + 8192;
  const cases: [Tricks['place'], string][] = [
    [(at) => at % real, 'wraparound'],
    [(at) => (at < real ? at : undefined), 'limbo'],
    [(at) => (at % (32 * MiB) < real ? at % (32 * MiB) : undefined), 'chain'],
  ];
  for (const [place, how] of cases) {
    const { verdict } = probe({ sizeBytes: size, ...(place === undefined ? {} : { place }) });
    assert.deepEqual(verdict, { kind: 'fake', how, holdsBytes: real });
  }
});

test('a card that is bad all over is given up, and its list stays short', () => {
  const { verdict, bad } = probe({ sizeBytes: 128 * MiB, isBad: (at) => at % 8192 === 0 });
  assert.equal(verdict.kind, 'failing');
  assert.equal(bad.length, 10_000);
});

test('a card that refuses everything is not asked for ever', () => {
  const refusing = probe({
    sizeBytes: 4096 * MiB,
    isUnwritable: (at) => at >= 8 * MiB,
    isUnreadable: (at) => at >= 8 * MiB,
  });
  assert.equal(refusing.verdict.kind, 'failing');
  assert.deepEqual(refusing.bad[0]?.offsetBytes, 8 * MiB);
  assert.ok(refusing.card.requests < 2000, `${refusing.card.requests} requests`);
  assert.equal(probe({ sizeBytes: 64 * MiB, isUnwritable: () => true }).verdict.kind, 'read-only');
});
