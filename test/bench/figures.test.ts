// From measures to medians, ratios and verdicts, and to the printed table.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureOf, isVoid, median, ratioOf, verdictsOf } from '../../bench/figures.js';
import { interleave } from '../../bench/rounds.js';
import { renderSection, renderTargets } from '../../bench/table-text.js';
import { contextOf, rowOf, took } from './rows.js';

const wrong = took(0.1, { problem: '3 blocks are wrong' });

test('a median is the middle value, or lies between the two middle ones', () => {
  assert.equal(median([9, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 9]), 3);
  assert.ok(Number.isNaN(median([])));
});

test('a ratio is one of medians', () => {
  const limit = rowOf('raw-1 limit', took(1), took(2), took(50));
  const piburn = rowOf('raw-1 piburn', took(3), took(30), took(2.4));
  assert.equal(ratioOf(piburn, contextOf(limit, piburn)), 1.5);
});

test('a target is met at its ratio, and missed above', () => {
  const limit = rowOf('raw-1 limit', took(4));
  const met = (seconds: number) => {
    const row = rowOf('raw-1 piburn', took(seconds));
    return verdictsOf(row, contextOf(limit, row))[0]?.met;
  };
  assert.equal(met(5), true);
  assert.equal(met(5.01), false);
});

test('one wrong round makes a row void, and void rows have no figures, ratios or verdicts', () => {
  const limit = rowOf('raw-1 limit', took(1));
  const row = rowOf('raw-1 piburn', took(1), wrong);
  const context = contextOf(limit, row);
  assert.equal(isVoid(row), true);
  assert.ok(Number.isNaN(figureOf(row, 'wall')));
  assert.equal(ratioOf(row, context), undefined);
  assert.equal(verdictsOf(row, context)[0]?.met, undefined);
  assert.match(renderSection([row], context), /piburn {2,}void$/m);
  assert.match(renderSection([row], context), /void: piburn: 3 blocks are wrong/);
});

test('nothing is held against a void row, or one that was left out', () => {
  const row = rowOf('raw-1 piburn', took(1));
  for (const context of [contextOf(row), contextOf(rowOf('raw-1 limit', wrong), row)]) {
    assert.equal(ratioOf(row, context), undefined);
    assert.equal(verdictsOf(row, context)[0]?.met, undefined);
  }
});

test('the best peer is the fastest that verifies and is right, for CPU seconds as well', () => {
  const rows = [
    rowOf('raw-4 limit', took(1)),
    rowOf('raw-4 piburn', took(4, { cpuSeconds: 3 })),
    rowOf('raw-4 bmaptool', took(2)),
    rowOf('raw-4 tee, dd, cmp', wrong),
    rowOf('raw-4 etcher-sdk', took(8, { cpuSeconds: 12 })),
    rowOf('raw-4 dd, cmp', took(20, { cpuSeconds: 1 })),
  ];
  const piburn = rows[1] ?? rowOf('raw-4 piburn');
  const [limit, wall, cpu] = verdictsOf(piburn, contextOf(...rows));
  assert.deepEqual([limit?.ratio, limit?.met], [4, false]);
  assert.deepEqual([wall?.heldAgainst, wall?.ratio, wall?.met], ['raw-4 etcher-sdk', 0.5, true]);
  assert.deepEqual([cpu?.heldAgainst, cpu?.ratio], ['raw-4 etcher-sdk', 0.25]);
});

test('slow cards are held against what their used bytes take at their speeds', () => {
  const row = rowOf('slow-1 piburn', took(105));
  assert.equal(ratioOf(row, contextOf(row)), 2); // 1000 MB / 25 MB/s + 1000 MB / 80 MB/s = 52.5 s
});

test('in a mixed lot only the fast cards are held against a lot without a slow one', () => {
  const cards = (seconds: readonly number[]) =>
    seconds.map((lastSeconds) => ({ path: '', writtenBytes: 1, readBytes: 1, lastSeconds }));
  const five = rowOf('five piburn', took(11, { cards: cards([8, 9, 10, 9, 8]) }));
  const mixed = rowOf('mixed piburn', took(40, { cards: cards([8, 9, 10.2, 9, 8, 39]) }));
  const [verdict] = verdictsOf(mixed, contextOf(five, mixed));
  assert.deepEqual([verdict?.ratio, verdict?.met], [1.02, true]);
});

test('memory is held against a number of megabytes', () => {
  const row = rowOf('raw-6 piburn', took(1, { residentBytes: 250e6 }));
  const context = contextOf(row);
  assert.deepEqual(
    verdictsOf(row, context).map(({ ratio, met }) => [ratio, met]),
    [
      [undefined, undefined],
      [250, false],
    ],
  );
  assert.match(renderTargets(context), /raw-6 piburn +rss +250 MB +200 MB +no/);
});

test('a line of the table has the time, the ratio, the target and whether it is met', () => {
  const rows = [rowOf('raw-1 limit', took(2)), rowOf('raw-1 piburn', took(2.2)), rowOf('raw-1 bmaptool', took(3))];
  const lines = renderSection(rows, contextOf(...rows)).split('\n');
  assert.match(lines[0] ?? '', /^raw-1: raw image, one card$/);
  assert.match(lines[3] ?? '', /^ {2}piburn +2\.20 .* yes +1\.10 +1\.25 +yes$/);
  assert.match(lines[4] ?? '', /^ {2}bmaptool +3\.00 .* none +1\.50$/);
});

test('rare trials have a part in every third round, and what went wrong is not tried again', async () => {
  const runs: string[] = [];
  const trial = (name: string, isRare: boolean, measured = took(1)) => {
    const run = async () => {
      runs.push(name);
      return measured;
    };
    return { name, isRare, run };
  };
  const rows = await interleave([trial('a', false), trial('b', true), trial('c', false, wrong)], 4);
  assert.deepEqual(runs, ['a', 'b', 'c', 'a', 'a', 'a', 'b']);
  assert.deepEqual(
    rows.map(({ rounds }) => rounds.length),
    [4, 2, 1],
  );
});
