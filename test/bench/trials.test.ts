// The table of trials, the words that choose from it, and its command line.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderTable } from '../../bench/table-order.js';
import { bestPeer, chooseTrials, ideal, megabytes, trials } from '../../bench/trials.js';

const names = (words: readonly string[]) => chooseTrials(words).map(({ name }) => name);

test('no two rows have the same name', () => {
  assert.equal(new Set(trials.map(({ name }) => name)).size, trials.length);
});

test('every row is held against one that is there, or against an ideal that its set-up has', () => {
  for (const { name, baseline, targets, setUp } of trials)
    for (const against of [baseline, ...targets.map((target) => target.against)])
      if (against === ideal) assert.ok(setUp.idealSeconds, name);
      else if (against !== bestPeer && against !== megabytes)
        assert.ok(
          trials.some((other) => other.name === against),
          `${name} is held against ${against}`,
        );
});

test('a best peer is only asked for where a peer verifies', () => {
  for (const { name, setUp, targets } of trials)
    if (targets.some(({ against }) => against === bestPeer))
      assert.ok(
        trials.some(
          (other) => other.setUp.name === setUp.name && other.contender.kind === 'peer' && other.contender.verifies,
        ),
        name,
      );
});

test('a word chooses the rows that have it in their names', () => {
  assert.deepEqual(names(['raw-6']), ['raw-6 limit', 'raw-6 piburn']);
  assert.deepEqual(names(['raw-6', 'five']), ['raw-6 limit', 'raw-6 piburn', 'five piburn']);
});

test('what a chosen row is held against comes along, of another set-up too', () => {
  assert.deepEqual(names(['xz-1 piburn again']), ['raw-1 limit', 'xz-1 piburn again']);
  assert.deepEqual(names(['mixed']), ['five piburn', 'mixed piburn']);
});

test('no word chooses all, and a word that is nowhere none', () => {
  assert.equal(names([]).length, trials.length);
  assert.deepEqual(names(['no such row']), []);
});

test('slow cards are throttled one by one, and only a mixed lot has two speeds', () => {
  for (const { setUp } of trials) {
    const speeds = Array.from({ length: setUp.cards }, (_, card) => setUp.speedsOf?.(card).write);
    assert.equal(new Set(speeds).size, setUp.name === 'mixed' ? 2 : 1, setUp.name);
  }
});

test('the command line gives words and options, each with its limits', () => {
  const order = orderTable(['raw', '--rounds=5', 'xz', '--json=a.json', '--plot', 'plots', '--etcher']);
  assert.deepEqual(order, {
    words: ['raw', 'xz'],
    rounds: 5,
    mib: 2048,
    slowMib: 512,
    etcher: true,
    json: 'a.json',
    plot: 'plots',
  });
  assert.equal('json' in orderTable([]), false);
});

for (const wrong of ['--rounds=0', '--rounds=two', '--rounds=1.5', '--mib=1', '--json=', '--fast', '--plot'])
  test(`the command line refuses ${wrong}`, () => {
    assert.throws(() => orderTable([wrong]), { name: 'PiburnError' });
  });
