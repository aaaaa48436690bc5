// Two short soaks (`npm run soak` has the long one), and what tells that a process leaks.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { planSoak } from './plan.js';
import { growths, type Resources } from './resources.js';
import { soak } from './soak.js';

const mib = 1024 * 1024;
const lacks = (program: string): boolean => spawnSync(program, ['--version']).error !== undefined;
const skip = lacks('cc') ? 'needs a C compiler (cc)' : lacks('xz') && 'needs xz';

describe('a short soak', () => {
  for (const seed of [11, 12])
    test(`with seed ${seed}: every card is good or named, the store is whole, nothing is left open`, {
      skip,
    }, async () => {
      const end = await soak({ seed, burns: 12, slots: 6 });
      assert.deepEqual(end?.wrong, []);
      assert.equal(end?.cards.length, 12);
      const [first, last] = [end.samples[0], end.samples.at(-1)];
      assert.deepEqual([last?.descriptors, last?.threads], [first?.descriptors, first?.threads]);
    });
});

describe('the plan of a soak', () => {
  test('is the same for the same seed, and another for another', () => {
    const plan = (seed: number) => planSoak({ seed, burns: 60, slots: 6 });
    assert.deepEqual(plan(5), plan(5));
    assert.notDeepEqual(plan(5), plan(6));
  });

  test('has as many cards as burns, none of them twice, and not more rules than the shim takes', () => {
    for (const seed of [1, 2, 3]) {
      const { runs, rules } = planSoak({ seed, burns: 100, slots: 6 });
      const files = runs.flatMap(({ cards }) => cards.map(({ file }) => file));
      assert.equal(files.length, 100);
      assert.equal(new Set(files).size, 100);
      assert.ok(rules.split(';').length <= 64);
    }
  });

  test('strikes one card only by a rule that strikes once', () => {
    const { runs } = planSoak({ seed: 4, burns: 600, slots: 6 });
    const once = runs.flatMap(({ cards }) => cards.flatMap(({ fault }) => (fault?.once ? [fault] : [])));
    assert.ok(once.length > 0);
    assert.equal(new Set(once).size, once.length);
  });
});

describe('a process that burns for long', () => {
  const resting: Resources = { rssBytes: 150 * mib, descriptors: 20, threads: 11, children: 0 };
  const life = (sample: (run: number) => Partial<Resources>) =>
    Array.from({ length: 30 }, (_, run) => ({ ...resting, ...sample(run) }));

  test('may warm up, and its memory may go up and down', () => {
    const samples = life((run) => ({
      threads: run < 5 ? run : 11,
      rssBytes: (run < 8 ? 90 : 150 + 20 * (run % 2)) * mib,
    }));
    assert.deepEqual(growths(samples), []);
  });

  test('is caught when it keeps a descriptor, a thread, a child or memory of each run', () => {
    assert.match(growths(life((run) => ({ descriptors: 20 + run })))[0] ?? '', /^descriptors grow from 34 to 44$/);
    assert.match(growths(life((run) => ({ threads: 11 + run })))[0] ?? '', /^threads grow/);
    assert.match(growths(life((run) => ({ children: run })))[0] ?? '', /^children grow/);
    assert.match(
      growths(life((run) => ({ rssBytes: (150 + 4 * run) * mib })))[0] ?? '',
      /^memory grows from 206.0 MiB/,
    );
  });
});
