// The watchdog over one card's counters, with timers that the test turns.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { defaults } from '../../src/burn/options.js';
import { sampleMs, watchCard } from '../../src/burn/watch.js';
import { CardCounters } from '../../src/card/counters.js';
import type { Phase } from '../../src/protocol.js';

interface Watched {
  readonly counters: CardCounters;
  readonly samples: { readonly phase: Phase; readonly doneBytes: number; readonly totalBytes: number }[];
  readonly stalls: { readonly phase: Phase; readonly stalledMs: number }[];
  /** The phase in which the card was given up, if it was. */
  readonly givenUp: () => Promise<Phase | undefined>;
  /** Lets time pass. */
  readonly pass: (ms: number) => void;
  readonly stop: () => void;
}

function watched(t: TestContext, stallTimeoutMs: number): Watched {
  let nowMs = 1000;
  t.mock.timers.enable({ apis: ['setInterval'] });
  t.mock.method(performance, 'now', () => nowMs);
  const counters = new CardCounters();
  const samples: Watched['samples'] = [];
  const stalls: Watched['stalls'] = [];
  const watch = watchCard(counters, stallTimeoutMs, {
    onProgress: ({ phase, doneBytes, totalBytes }) => samples.push({ phase, doneBytes, totalBytes }),
    onStall: (phase, stalledMs) => stalls.push({ phase, stalledMs }),
  });
  t.after(() => watch.stop());
  return {
    counters,
    samples,
    stalls,
    givenUp: () => Promise.race([watch.stuck, Promise.resolve(undefined)]),
    pass: (ms) => {
      for (let passed = 0; passed < ms; passed += sampleMs) {
        nowMs += sampleMs;
        t.mock.timers.tick(sampleMs);
      }
    },
    stop: watch.stop,
  };
}

test('progress is told at every look', (t) => {
  const { counters, samples, pass } = watched(t, 60_000);
  counters.enter('writing', 100);
  counters.add(10);
  pass(sampleMs);
  counters.add(20);
  pass(sampleMs);
  assert.deepEqual(samples, [
    { phase: 'writing', doneBytes: 10, totalBytes: 100 },
    { phase: 'writing', doneBytes: 30, totalBytes: 100 },
  ]);
});

test('a card that moves now and then is never given up', async (t) => {
  const { counters, stalls, givenUp, pass } = watched(t, 5000);
  counters.enter('verifying', 100);
  for (let round = 0; round < 10; round++) {
    pass(4000);
    counters.add(1);
  }
  assert.deepEqual(stalls, []);
  assert.equal(await givenUp(), undefined);
});

test('a card that stands still is noticed, again and again, and then given up', async (t) => {
  const { counters, stalls, givenUp, pass } = watched(t, 3.5 * defaults.stallNoticeMs);
  counters.enter('flushing', 0);
  pass(3 * defaults.stallNoticeMs + 2 * sampleMs);
  assert.deepEqual(
    stalls.map(({ phase, stalledMs }) => [phase, Math.round(stalledMs / defaults.stallNoticeMs)]),
    [
      ['flushing', 1],
      ['flushing', 2],
      ['flushing', 3],
    ],
  );
  assert.equal(await givenUp(), undefined);
  pass(defaults.stallNoticeMs);
  assert.equal(await givenUp(), 'flushing');
});

test('a card that went on after a stall has its whole time again', async (t) => {
  const { counters, givenUp, pass } = watched(t, 5000);
  counters.enter('writing', 100);
  pass(4800);
  counters.add(1);
  pass(4800);
  assert.equal(await givenUp(), undefined);
  pass(1000);
  assert.equal(await givenUp(), 'writing');
});

test('waiting for the image is no stall, however long; what comes after it counts anew', async (t) => {
  const { counters, stalls, givenUp, pass } = watched(t, 5000);
  counters.enter('waiting', 0);
  pass(600_000);
  assert.deepEqual(stalls, []);
  assert.equal(await givenUp(), undefined);
  counters.enter('writing', 100);
  pass(4800);
  assert.equal(await givenUp(), undefined);
  pass(1000);
  assert.equal(await givenUp(), 'writing');
});

test('a card that is done is neither stalled nor reported on', async (t) => {
  const { counters, samples, stalls, givenUp, pass } = watched(t, 5000);
  counters.enter('done', 0);
  pass(60_000);
  assert.deepEqual([samples, stalls, await givenUp()], [[], [], undefined]);
});

test('a watch that was stopped looks no more', (t) => {
  const { counters, samples, pass, stop } = watched(t, 5000);
  counters.enter('writing', 100);
  pass(sampleMs);
  stop();
  pass(60_000);
  assert.equal(samples.length, 1);
});
