// The quick probe on simulated cards: what each of them really is, from what it lets see.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeQuick } from '../../src/medium/quick.js';
import { verdictOf } from '../../src/medium/verdict.js';
import type { Verdict } from '../../src/protocol/probe.js';
import { benchOf, type Tricks } from './simulated-card.js';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
/** Small windows: only the speeds need large ones. The fill must be larger than the caches that are simulated. */
const extent = { windowBytes: 256 * 1024, fillBytesMin: 2 * MiB };
const seed = Number(process.env['PIBURN_SEED'] ?? 20_260_101);

function probe(tricks: Tricks, drawnFrom = seed) {
  const { bench, card, steps } = benchOf(tricks);
  const found = probeQuick(bench, drawnFrom, extent);
  return {
    verdict: verdictOf(found),
    found,
    card,
    steps,
    bad: bench.places.list().filter((run) => run.state !== 'good'),
  };
}

/** The verdict of a probe; the seed is told when it is wrong. */
function expectVerdict(tricks: Tricks, verdict: Verdict): void {
  assert.deepEqual(probe(tricks).verdict, verdict, `seed ${seed}`);
}

const wrapAt = (realBytes: number) => (at: number) => at % realBytes;
const limboFrom = (realBytes: number) => (at: number) => (at < realBytes ? at : undefined);

test('a good card is good, and every block that was written is looked at', () => {
  const { verdict, found, card, bad, steps } = probe({ sizeBytes: 8 * GiB });
  assert.deepEqual(verdict, { kind: 'good' });
  assert.deepEqual(bad, []);
  assert.equal(found.speeds.length, 24);
  assert.ok(
    found.speeds.every(({ writeBytesPerSecond = 0 }) => writeBytesPerSecond > 15e6 && writeBytesPerSecond < 25e6),
  );
  assert.equal(found.randomWrites?.requests, 64);
  assert.ok(card.writtenBytes < 32 * MiB, 'little is written');
  assert.ok(!steps.includes('bisecting'), 'nothing is to be found');
});

test('a size that is no round number is no trouble', () => {
  for (const blocks of [4096, 4097, 5003, 1_234_567]) expectVerdict({ sizeBytes: blocks * 4096 }, { kind: 'good' });
});

test('a card that wraps around is told by its real size, round or not', () => {
  const cases = [4 * GiB, 3 * GiB, 7_948_206_080, 1_000_341_504, 15 * GiB + 4096, 13 * GiB + 40_960];
  for (const real of cases) {
    expectVerdict({ sizeBytes: 16 * GiB, place: wrapAt(real) }, { kind: 'fake', how: 'wraparound', holdsBytes: real });
  }
});

test('a card that loses what lies beyond its end is told by its real size, to the block', () => {
  for (const real of [4 * GiB, 7_948_206_080, 81_920, 12 * GiB + 4096]) {
    const fake = { kind: 'fake', how: 'limbo', holdsBytes: real } as const;
    expectVerdict({ sizeBytes: 16 * GiB, place: limboFrom(real) }, fake);
    expectVerdict({ sizeBytes: 16 * GiB, place: limboFrom(real), emptyByte: 0xff }, fake);
  }
});

test('the real end is told to the block whatever the seed', () => {
  for (const [drawnFrom, real] of [
    [2, 4_590_157_824],
    [46, 7_648_456_704],
    [54, 6_767_648_768],
  ] as const) {
    const { verdict } = probe({ sizeBytes: 16 * GiB, place: limboFrom(real) }, drawnFrom);
    assert.deepEqual(verdict, { kind: 'fake', how: 'limbo', holdsBytes: real }, `seed ${drawnFrom}`);
  }
});

test('a card that wraps around at a round number and loses what lies between its end and that is told too', () => {
  const real = 7_948_206_080;
  const place = (at: number) => limboFrom(real)(at % (8 * GiB));
  expectVerdict({ sizeBytes: 64 * GiB, place }, { kind: 'fake', how: 'chain', holdsBytes: real });
});

test('a cache in the card that answers rightly does not hide that the card is a fake', () => {
  const cacheBlocks = MiB / 4096;
  const real = 7_948_206_080;
  expectVerdict(
    { sizeBytes: 16 * GiB, cacheBlocks, place: limboFrom(real) },
    { kind: 'fake', how: 'limbo', holdsBytes: real },
  );
  expectVerdict(
    { sizeBytes: 16 * GiB, cacheBlocks, place: wrapAt(real) },
    { kind: 'fake', how: 'wraparound', holdsBytes: real },
  );
  expectVerdict({ sizeBytes: 16 * GiB, cacheBlocks }, { kind: 'good' });
});

test('bad places are failing, not fake, wherever they lie', () => {
  const isIn = (from: number, to: number) => (at: number) => at >= from && at < to;
  const first = probe({ sizeBytes: 8 * GiB, isBad: isIn(0, 8192) });
  assert.deepEqual(first.verdict, { kind: 'failing', places: 1, firstBytes: 0 }, `seed ${seed}`);
  assert.deepEqual(first.bad, [{ offsetBytes: 0, lengthBytes: 8192, state: 'changed' }]);
  const end = probe({ sizeBytes: 8 * GiB, isBad: isIn(8 * GiB - 4096, 8 * GiB) });
  assert.deepEqual(end.verdict, { kind: 'failing', places: 1, firstBytes: 8 * GiB - 4096 }, `seed ${seed}`);
  const unreadable = probe({ sizeBytes: 8 * GiB, isUnreadable: isIn(4 * GiB, 4 * GiB + 4096) });
  assert.deepEqual(unreadable.bad, [{ offsetBytes: 4 * GiB, lengthBytes: 4096, state: 'error' }], `seed ${seed}`);
  assert.equal(unreadable.verdict.kind, 'failing');
  const unwritable = probe({ sizeBytes: 8 * GiB, isUnwritable: isIn(4 * GiB, 4 * GiB + 4096) });
  assert.deepEqual(unwritable.verdict, { kind: 'failing', places: 1, firstBytes: 4 * GiB }, `seed ${seed}`);
});

test('a card that takes writes and keeps what it had, or takes none, is read-only', () => {
  expectVerdict({ sizeBytes: 8 * GiB, takesWrites: false, emptyByte: 0x33 }, { kind: 'read-only' });
  expectVerdict({ sizeBytes: 8 * GiB, isUnwritable: () => true }, { kind: 'read-only' });
});

test('a slow card is slow, and a slow part of a card shows in its speeds', () => {
  const slow = probe({ sizeBytes: 8 * GiB, bytesPerSecond: () => 4e6 });
  assert.equal(slow.verdict.kind, 'slow');
  const { verdict, found } = probe({ sizeBytes: 8 * GiB, bytesPerSecond: (at) => (at > 6 * GiB ? 2e6 : 40e6) });
  assert.deepEqual(verdict, { kind: 'good' });
  for (const { offsetBytes, writeBytesPerSecond = 0, readBytesPerSecond = 0 } of found.speeds) {
    const isSlow = offsetBytes > 6 * GiB;
    assert.equal(writeBytesPerSecond < 3e6, isSlow);
    assert.equal(readBytesPerSecond < 3e6, isSlow);
  }
});

test('the same seed looks at the same places', () => {
  const offsets = () => {
    const { bench } = benchOf({ sizeBytes: GiB });
    const asked: number[] = [];
    const { medium } = bench;
    const write = (at: number, bytes: Uint8Array) => {
      asked.push(at);
      medium.write(at, bytes);
    };
    const read = (at: number, length: number) => medium.read(at, length);
    probeQuick({ ...bench, medium: { sizeBytes: GiB, read, write, flush: () => undefined } }, seed, extent);
    return asked;
  };
  assert.deepEqual(offsets(), offsets());
});

test('a probe stops at the next request when the person wants it', () => {
  const { bench } = benchOf({ sizeBytes: GiB }, 300);
  assert.throws(() => probeQuick(bench, seed, extent), /stopped/);
});
