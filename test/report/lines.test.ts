// The run as plain lines: one for what begins, ends or goes wrong, none for the rest.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BurnEvent } from '../../src/protocol.js';
import { describeEvent } from '../../src/report/lines.js';
import { fold, initialState } from '../../src/report/state.js';
import { assertHarmless, hostileRun } from './hostile.js';
import { failedCard, goodCard, progress, reading, samplePlan, sampleSummary, type TimedEvent } from './samples.js';

/** The lines that a log of these events has. */
function log(events: readonly TimedEvent[]): string[] {
  let state = initialState();
  return events.flatMap(([nowMs, event]) => {
    const line = describeEvent(event, state);
    state = fold(state, event, nowMs);
    return line === undefined ? [] : [line];
  });
}

const untimed = (events: readonly BurnEvent[]): TimedEvent[] => events.map((event) => [0, event]);

test('a whole run is a page, not a flood', () => {
  const tenths = Array.from({ length: 11 }, (_, index) => index);
  const lines = log(
    untimed([
      ...tenths.map((tenth) => reading(tenth * 2.78e8, 2.78e9)),
      { type: 'image', state: 'whole', how: 'decode', doneBytes: 2.78e9, elapsedMs: 31_000 },
      { type: 'plan', plan: samplePlan },
      { type: 'card-start', slot: 1, device: '/dev/sda', round: 0, hostname: 'red001' },
      progress(1, 0, 2e6, 'wiping'),
      ...tenths.map((tenth) => progress(1, tenth * 2.1e8, 2.1e9)),
      progress(1, 0, 0, 'flushing'),
      ...tenths.map((tenth) => progress(1, tenth * 2.1e8, 2.1e9, 'verifying')),
      { type: 'card-end', card: { ...goodCard, repairs: [{ offsetBytes: 0, lengthBytes: 4096, how: 'reread' }] } },
      progress(1, 2.1e9, 2.1e9, 'verifying'),
      { type: 'card-start', slot: 1, device: '/dev/sda', round: 1, hostname: 'red003' },
      { type: 'card-end', card: failedCard },
      { type: 'end', summary: sampleSummary },
    ]),
  );
  assert.deepEqual(lines, [
    'image: decoding with xz, 2.78 GB',
    'image: decoding, 30 %',
    'image: decoding, 50 %',
    'image: decoding, 80 %',
    'image: decoding, 100 %',
    'image: 2.78 GB decoded in 31 s',
    'plan: 3 cards on 2 slots, 2.10 GB to write to each, 680 MB to skip',
    'slot 1 (sda, red001): starts',
    'slot 1 (sda, red001): writing 2.10 GB',
    'slot 1 (sda, red001): flushing',
    'slot 1 (sda, red001): verifying 2.10 GB',
    'slot 1 (sda, red001): good in 2 min 4 s, write 23.3 MB/s, verify 70.0 MB/s, 1 segment repaired',
    'slot 1 (sda, red003): card 2 in this slot starts',
    'slot 2 (sdb, red002): failed in 1.2 s, write 4.2 MB/s: ' +
      'writing to /dev/sdb failed at byte 4194304: input/output error. Next: try another card.',
  ]);
});

test('an image of unknown size has a line for each gigabyte', () => {
  const events = [0, 0.5e9, 1.1e9, 1.9e9, 2e9].map(
    (doneBytes): BurnEvent => ({ type: 'image', state: 'reading', how: 'read', doneBytes, elapsedMs: 0 }),
  );
  assert.deepEqual(log(untimed(events)), ['image: reading', 'image: reading, 1.10 GB', 'image: reading, 2.00 GB']);
});

test('an image from the store, and a broken one, are said once', () => {
  const reused: BurnEvent = { type: 'image', state: 'whole', how: 'reuse', doneBytes: 2.78e9, elapsedMs: 5 };
  assert.deepEqual(log(untimed([reused, reused])), ['image: 2.78 GB, already decoded, taken from the store']);
  const broken: BurnEvent = { type: 'image', state: 'broken', how: 'decode', doneBytes: 5, elapsedMs: 5 };
  assert.deepEqual(log(untimed([broken, broken])), ['image: broken']);
});

test('a stall is said when it begins and every half minute after', () => {
  const stall = (stalledMs: number): BurnEvent => ({
    type: 'stall',
    slot: 1,
    device: '/dev/sda',
    stalledMs,
    phase: 'writing',
  });
  const start: BurnEvent = { type: 'card-start', slot: 1, device: '/dev/sda', round: 0, hostname: 'red001' };
  assert.deepEqual(log(untimed([start, ...[10_000, 20_000, 29_000, 31_000, 40_000, 61_000].map(stall)])), [
    'slot 1 (sda, red001): starts',
    'slot 1 (sda, red001): writing, no progress for 10 s',
    'slot 1 (sda, red001): writing, no progress for 31 s',
    'slot 1 (sda, red001): writing, no progress for 1 min 1 s',
  ]);
});

test('a warning names its device when it has one', () => {
  assert.deepEqual(
    log(
      untimed([
        { type: 'warning', message: 'the hub\u001b[2J is slow', device: '/dev/sda' },
        { type: 'warning', message: 'no room for the spool' },
      ]),
    ),
    ['warning: sda: the hub[2J is slow.', 'warning: no room for the spool.'],
  );
});

test('every line is one harmless line, whatever happened', () => {
  fc.assert(
    fc.property(hostileRun, (events) => {
      for (const line of log(events)) assertHarmless(line);
    }),
  );
});
