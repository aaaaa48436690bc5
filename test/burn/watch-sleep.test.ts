// The watchdog when its own process stood still: stopped by Ctrl-Z, or on a machine that slept.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { sampleMs, watchCard } from '../../src/burn/watch.js';
import { CardCounters } from '../../src/card/counters.js';

function watched(t: TestContext, stallTimeoutMs: number) {
  let nowMs = 1000;
  t.mock.timers.enable({ apis: ['setInterval'] });
  t.mock.method(performance, 'now', () => nowMs);
  const counters = new CardCounters();
  const stalls: number[] = [];
  const paces: { readonly phaseMs: number; readonly slowestMs: number }[] = [];
  const watch = watchCard(counters, stallTimeoutMs, {
    onProgress: () => undefined,
    onStall: (_phase, stalledMs) => stalls.push(stalledMs),
    onPace: ({ phaseMs, slowestMs }) => paces.push({ phaseMs, slowestMs }),
  });
  t.after(() => watch.stop());
  /** One look that comes so much later than the one before. */
  const look = (afterMs: number) => {
    nowMs += afterMs;
    t.mock.timers.tick(sampleMs);
  };
  return {
    counters,
    stalls,
    paces,
    look,
    pass: (ms: number) => {
      for (let passed = 0; passed < ms; passed += sampleMs) look(sampleMs);
    },
    givenUp: () => Promise.race([watch.stuck, Promise.resolve(undefined)]),
  };
}

test('an hour in which the process stood still is no stall, and the time before it is not forgotten', async (t) => {
  const { counters, stalls, look, pass, givenUp } = watched(t, 20_000);
  counters.enter('writing', 100);
  pass(5000);
  look(3_600_000);
  assert.deepEqual([stalls, await givenUp()], [[], undefined]);
  pass(6000);
  assert.equal(stalls.length, 1, 'noticed after 10 s of its own time');
  pass(10_000);
  assert.equal(await givenUp(), 'writing');
});

test('a card is not called slow, or late, for the time in which the process stood still', (t) => {
  const { counters, paces, look, pass } = watched(t, 60_000);
  counters.enter('writing', 100);
  pass(2000);
  const latest = () => paces.at(-1) ?? { phaseMs: -1, slowestMs: -1 };
  t.mock.getter(counters, 'slowestMs', () => 3_600_200); // the piece that was under way
  look(3_600_000);
  pass(2000);
  assert.ok(latest().phaseMs < 10_000, String(latest().phaseMs));
  assert.equal(latest().slowestMs, 0);
});

test('a piece that took long while the process was awake is told', (t) => {
  const { counters, paces, look, pass } = watched(t, 60_000);
  counters.enter('writing', 100);
  look(2000);
  t.mock.getter(counters, 'slowestMs', () => 9000);
  pass(3000);
  assert.equal(paces.at(-1)?.slowestMs, 9000);
});
