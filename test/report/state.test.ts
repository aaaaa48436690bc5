// Events become a state: speeds and estimates on a synthetic clock, and no event that breaks it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overallRate, recentRate } from '../../src/report/meter.js';
import { cardEtaMs, fold, initialState, phaseEtaMs, type SlotState } from '../../src/report/state.js';
import { hostileRun } from './hostile.js';
import {
  failedCard,
  foldAll,
  goodCard,
  progress,
  reading,
  samplePlan,
  sampleSummary,
  type TimedEvent,
} from './samples.js';

const totalBytes = 1_000_000_000;

/** Slot 1 writing at a steady speed from `fromMs` on, seen ten times a second. */
function writing(fromMs: number, toMs: number, fromBytes: number, bytesPerSecond: number): TimedEvent[] {
  const events: TimedEvent[] = [];
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 100) {
    events.push([nowMs, progress(1, fromBytes + ((nowMs - fromMs) / 1000) * bytesPerSecond, totalBytes)]);
  }
  return events;
}

function slotOne(state: ReturnType<typeof foldAll>): SlotState {
  const slot = state.slots.get(1);
  assert.ok(slot);
  return slot;
}

const near = (actual: number | undefined, expected: number): void =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) < expected * 0.02, `${actual} is not near ${expected}`);

test('a steady card has its speed and the right time left', () => {
  const state = foldAll(writing(0, 10_000, 0, 20e6));
  near(recentRate(slotOne(state).meter, 10_000), 20e6);
  near(overallRate(slotOne(state).meter, 10_000), 20e6);
  near(phaseEtaMs(state, slotOne(state), 10_000), 40_000);
});

test('the recent speed looks at the last five seconds, the overall one at the whole phase', () => {
  const state = foldAll([...writing(0, 20_000, 0, 20e6), ...writing(20_100, 30_000, 400e6, 10e6)]);
  near(recentRate(slotOne(state).meter, 30_000), 10e6);
  near(overallRate(slotOne(state).meter, 30_000), 499e6 / 30);
});

test('there is no speed and no time left in the first half second', () => {
  const state = foldAll(writing(0, 300, 0, 20e6));
  assert.equal(recentRate(slotOne(state).meter, 300), undefined);
  assert.equal(phaseEtaMs(state, slotOne(state), 300), undefined);
});

test('the recent speed sinks while nothing arrives', () => {
  const state = foldAll(writing(0, 10_000, 0, 20e6));
  near(recentRate(slotOne(state).meter, 15_000), 10e6);
});

test('a meter keeps a bounded number of samples', () => {
  const state = foldAll(writing(0, 60_000, 0, 1e6));
  assert.ok(slotOne(state).meter.samples.length <= 25);
});

test('a new phase starts a new speed', () => {
  const state = foldAll([
    ...writing(0, 10_000, 0, 1e6),
    [10_100, progress(1, 20e6, totalBytes, 'verifying')],
    [11_100, progress(1, 70e6, totalBytes, 'verifying')],
  ]);
  near(recentRate(slotOne(state).meter, 11_100), 50e6);
});

test('the time left for the whole card adds reading back, at the speed of the last card that was read back', () => {
  const first = foldAll([[0, { type: 'plan', plan: samplePlan }], ...writing(0, 10_000, 0, 20e6)]);
  near(cardEtaMs(first, slotOne(first), 10_000), 40_000 + 50_000);
  const later = foldAll([[10_000, { type: 'card-end', card: { ...goodCard, slot: 2, verifyMs: 21_000 } }]], first);
  near(cardEtaMs(later, slotOne(later), 10_000), 40_000 + 10_000);
  const unverified = foldAll([[10_000, { type: 'plan', plan: { ...samplePlan, verify: false } }]], first);
  near(cardEtaMs(unverified, slotOne(unverified), 10_000), 40_000);
});

test('a card that follows the decoder is measured against the whole image', () => {
  const state = foldAll([...writing(0, 10_000, 0, 20e6), [10_000, reading(1e9, 2e9)]]);
  near(phaseEtaMs(state, slotOne(state), 10_000), 90_000);
});

test('slots are there from the plan on, in the order of their numbers', () => {
  const state = foldAll([
    [0, progress(3, 0, 1)],
    [0, { type: 'plan', plan: samplePlan }],
  ]);
  assert.deepEqual([...state.slots.keys()], [1, 2, 3]);
  assert.equal(state.slots.get(2)?.hostname, 'red002');
});

test('what comes after a card has ended changes nothing until the next card starts', () => {
  const ended = foldAll([
    [0, { type: 'plan', plan: samplePlan }],
    [1000, { type: 'card-end', card: goodCard }],
  ]);
  const late = foldAll([[1100, progress(1, 5, 10)]], ended);
  assert.deepEqual(late, ended);
  assert.equal(late.slots.get(1)?.ended, goodCard);
  const wait = { type: 'slot-wait', slot: 1, device: '/dev/sda', hostname: 'red003' } as const;
  const waiting = foldAll([[1500, wait]], late);
  assert.deepEqual(slotOne(waiting).next, { hostname: 'red003', trouble: undefined });
  assert.equal(slotOne(waiting).ended, goodCard);
  const next = foldAll(
    [[2000, { type: 'card-start', slot: 1, device: '/dev/sda', round: 1, hostname: 'red003' }]],
    waiting,
  );
  assert.equal(next.slots.get(1)?.ended, undefined);
  assert.equal(next.slots.get(1)?.hostname, 'red003');
  assert.equal(slotOne(next).next, undefined);
});

test('a stall lasts until bytes move again', () => {
  const stall = { type: 'stall', slot: 1, device: '/dev/sda', stalledMs: 9000, phase: 'writing' } as const;
  const stalled = foldAll([...writing(0, 1000, 0, 20e6), [10_000, stall]]);
  assert.deepEqual(slotOne(stalled).stall, { stalledMs: 9000, atMs: 10_000 });
  assert.ok(slotOne(foldAll([[10_100, progress(1, 20e6, totalBytes)]], stalled)).stall);
  assert.equal(slotOne(foldAll([[10_100, progress(1, 21e6, totalBytes)]], stalled)).stall, undefined);
});

test('cards are counted as they end, and the summary has the last word', () => {
  const state = foldAll([
    [0, { type: 'card-end', card: goodCard }],
    [0, { type: 'card-end', card: failedCard }],
  ]);
  assert.deepEqual([state.good, state.failed, state.cancelled], [1, 1, 0]);
  const over = foldAll([[0, { type: 'end', summary: { ...sampleSummary, good: 7 } }]], state);
  assert.deepEqual([over.good, over.elapsedMs], [7, 130_000]);
});

test('folding leaves the state before as it was', () => {
  const before = foldAll(writing(0, 1000, 0, 20e6));
  const copy = structuredClone(before);
  fold(before, progress(1, 30e6, totalBytes), 1500);
  assert.deepEqual(before, copy);
});

test('any events in any order fold without an error, into a bounded state', () => {
  fc.assert(
    fc.property(hostileRun, (events) => {
      const state = foldAll(events);
      for (const slot of state.slots.values()) {
        for (const time of [phaseEtaMs(state, slot, 1e6), cardEtaMs(state, slot, 1e6)]) {
          assert.ok(time === undefined || (Number.isFinite(time) && time >= 0), String(time));
        }
      }
    }),
  );
  const crowd = Array.from({ length: 1000 }, (_, slot): TimedEvent => [slot, progress(slot, 0, 1)]);
  assert.equal(foldAll(crowd, initialState()).slots.size, 256);
});
