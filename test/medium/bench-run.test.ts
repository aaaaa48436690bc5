// A bench while it runs: cards that break on the way, and time in which the process stood still.

import assert from 'node:assert/strict';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PiburnError } from '../../src/errors.js';
import { bench } from '../../src/medium/throughput/bench.js';
import { Session } from '../../src/medium/throughput/session.js';
import { WakingClock } from '../../src/medium/throughput/waking-clock.js';
import type { BenchMeasure, BenchSample } from '../../src/protocol/bench.js';
import { scratchFolder } from '../native/scratch.js';
import { until } from '../shim/faulty-run.js';

const MiB = 1024 * 1024;

const benchFiles = (paths: readonly string[], onSample: (sample: BenchSample) => void) =>
  bench(paths, {
    ...{ readOnly: false, rangeBytes: 8 * MiB, limitMs: 20, allowFixed: false, allowLarge: false, unmount: false },
    confirm: async () => assert.fail('nothing is lost'),
    onSample,
    onCancel: () => () => undefined,
  });

const wholeCrowds = (measures: readonly BenchMeasure[]): string[] =>
  measures
    .filter(({ part, failed }) => part === 'together' && failed.length === 0)
    .map(({ operation, rates }) => `${operation} ${rates.map(({ reader }) => reader).join('+')}`);

test('what was measured with a card that breaks later is measured again without it, and does not count', async (t) => {
  const folder = scratchFolder(t);
  const paths = ['a', 'b', 'c'].map((name) => join(folder, `${name}.img`));
  const steps: number[] = [];
  const { result } = await benchFiles(paths, ({ part, operation, paths: { length }, stepsDone, stepsTotal }) => {
    steps.push(stepsDone);
    assert.ok(stepsDone < stepsTotal);
    // Before its threads are told to begin: the second file has no byte that could be read.
    if (part === 'together' && operation === 'read' && length === 3) truncateSync(join(folder, 'b.img'), 0);
  });
  const { readers, measures, verdict } = result;
  assert.deepEqual(
    readers.map(({ failure }) => failure?.code),
    [undefined, 'SHORT_READ', undefined],
  );
  assert.deepEqual(wholeCrowds(measures), ['write 0+1', 'read 0+1', 'write 0+1+2', 'write 0+2', 'read 0+2']);
  const last = measures.findLast(({ operation }) => operation === verdict?.operation);
  assert.deepEqual([verdict?.readers, verdict?.allBytesPerSecond], [2, last?.bytesPerSecond]);
  assert.ok(verdict?.slow.every(({ reader }) => reader !== 1));
  assert.deepEqual(
    steps.toSorted((a, b) => a - b),
    steps,
    'the bar never goes back',
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('where the first card breaks late, block sizes are measured again on another', async (t) => {
  const folder = scratchFolder(t);
  const paths = ['a', 'b'].map((name) => join(folder, `${name}.img`));
  const { result } = await benchFiles(paths, ({ part, operation }) => {
    if (part === 'together' && operation === 'read') truncateSync(join(folder, 'a.img'), 0);
  });
  const blocks = result.measures.filter(({ part }) => part === 'blocks').map(({ rates }) => rates[0]?.reader);
  assert.deepEqual(blocks, [...Array(6).fill(0), ...Array(6).fill(1)]);
  assert.deepEqual([result.verdict?.readers, result.verdict?.slow], [1, []]);
});

test('a clock does not count the time in which nobody looked at it', () => {
  let nowMs = 1000;
  const clock = new WakingClock(100, () => nowMs);
  const after = (passedMs: number) => {
    nowMs += passedMs;
    return [clock.tick(), clock.hasSlept];
  };
  assert.deepEqual(after(100), [100, false]);
  assert.deepEqual(after(600), [700, false], 'late, as on a busy machine');
  assert.deepEqual(after(3_600_000), [1300, true]);
  assert.deepEqual(after(100), [1400, true]);
});

test('an hour in which the process stood still gives up no card; one that hangs is given up after it', async () => {
  const path = '/dev/sdx';
  const worker = new URL('./hanging-worker.js', import.meta.url);
  let nowMs = 0;
  let stepMs = 3_600_000;
  let looks = 0;
  const clock = () => {
    looks += 1;
    nowMs += stepMs;
    return nowMs;
  };
  const session = new Session({ path, kind: 'block' }, { worker, stallMs: 20_000, lookMs: 10, nowMs: clock });
  const opening = session.open({ target: { path, kind: 'block' }, readOnly: true, rangeBytes: 16 * MiB });
  const given = assert.rejects(
    opening,
    (error: unknown) => error instanceof PiburnError && error.failure.code === 'STALLED',
  );
  await until('the worker', () => session.progress.beats > 0);
  stepMs = 10;
  const looksBefore = looks;
  await until('looks that are in time', () => looks > looksBefore + 2);
  assert.equal(session.isStuck, false);
  stepMs = 500;
  await given;
  assert.ok(session.isStuck);
  await session.close();
});
