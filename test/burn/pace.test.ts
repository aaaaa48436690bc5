// Which cards are called slow or late: figures in, a sentence or none out.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type Pace, PaceWatch } from '../../src/burn/pace.js';

const pace = (over: Partial<Pace> = {}): Pace => ({
  phase: 'writing',
  doneBytes: 200e6,
  phaseMs: 10_000,
  latePieces: 0,
  slowestMs: 300,
  ...over,
});

const cases: readonly (readonly [
  what: string,
  Pace,
  peers: readonly number[],
  held: boolean,
  words: RegExp | undefined,
])[] = [
  ['a card at 20 MB/s among its like', pace(), [20e6, 21e6], false, undefined],
  ['a card at a quarter of the others', pace({ doneBytes: 50e6 }), [20e6, 22e6], false, /5\.0 MB\/s.*20\.0 MB\/s/],
  ['the same after a few seconds only', pace({ doneBytes: 5e6, phaseMs: 1000 }), [20e6, 22e6], false, undefined],
  ['the same with one other card', pace({ doneBytes: 50e6 }), [20e6], false, undefined],
  ['the same while the image is still coming', pace({ doneBytes: 50e6 }), [20e6, 22e6], true, undefined],
  ['one slow card does not make another look fast', pace(), [2e6, 20e6, 21e6], false, undefined],
  [
    '3 MB/s for half a minute',
    pace({ doneBytes: 90e6, phaseMs: 30_000 }),
    [],
    false,
    /3\.0 MB\/s, slower than any card/,
  ],
  ['3 MB/s for a moment', pace({ doneBytes: 15e6, phaseMs: 5000 }), [], false, undefined],
  [
    'a card that reads at 6 MB/s',
    pace({ phase: 'verifying', doneBytes: 180e6, phaseMs: 30_000 }),
    [],
    false,
    /6\.0 MB\/s/,
  ],
  ['a piece that took 7 s, whatever the image does', pace({ slowestMs: 7100, latePieces: 1 }), [], true, /7\.1 s/],
  ['four late pieces', pace({ latePieces: 4, slowestMs: 900 }), [], false, /4 pieces .*0\.9 s/],
  ['one late piece', pace({ latePieces: 1, slowestMs: 900 }), [], false, undefined],
  [
    'a card that is being wiped',
    pace({ phase: 'wiping', doneBytes: 0, phaseMs: 60_000 }),
    [20e6, 20e6],
    false,
    undefined,
  ],
];

for (const [what, figures, peers, held, words] of cases)
  test(what, () => {
    const said = new PaceWatch().look(figures, peers, held);
    if (words === undefined) assert.equal(said, undefined);
    else assert.match(said ?? 'nothing', words);
  });

test('each kind of news is told once in each phase', () => {
  const watch = new PaceWatch();
  const slow = { doneBytes: 90e6, phaseMs: 30_000 };
  assert.ok(watch.look(pace(slow), [], false));
  assert.equal(watch.look(pace(slow), [], false), undefined);
  assert.ok(watch.look(pace({ ...slow, slowestMs: 6000 }), [], false), 'another kind');
  assert.ok(watch.look(pace({ ...slow, phase: 'verifying' }), [], false), 'another phase');
});
