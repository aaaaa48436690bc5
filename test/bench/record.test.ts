// What the bench keeps: JSON for programs, and SVG that a strict parser takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import sax from 'sax';
import { chartsOf } from '../../bench/charts.js';
import { recordOf, recordVersion } from '../../bench/record.js';
import { contextOf, rowOf, took } from './rows.js';

const rows = [
  rowOf('raw-4 limit', took(1), took(3)),
  rowOf('raw-4 piburn', took(2)),
  rowOf('raw-4 bmaptool', took(4)),
  rowOf('raw-4 dcfldd', took(0.1, { problem: '<1 block> is wrong' })),
  rowOf('slow-1 piburn', took(60)),
];
const context = contextOf(...rows);

test('the record has every round, survives JSON, and says what was left out', () => {
  const kept = recordOf(context, { image: '2048 MiB' }, new Map([['raw-4 etcher-sdk', 'not installed']]));
  const read = JSON.parse(JSON.stringify(kept));
  assert.deepEqual(kept, read);
  assert.equal(read.version, recordVersion);
  assert.equal(read.rows.length, rows.length);
  assert.deepEqual(read.rows[0].rounds, rows[0]?.rounds);
  assert.equal(read.rows[1].ratio, 1);
  assert.equal(read.rows[1].targets[0].met, true);
  assert.deepEqual([read.rows[3].void, read.rows[3].wallSeconds, read.rows[3].ratio], [true, null, null]);
  assert.deepEqual(read.leftOut, [{ name: 'raw-4 etcher-sdk', reason: 'not installed' }]);
});

test('charts are well-formed, one for each kind of set-up, with a bar for each row that counts', () => {
  const charts = chartsOf(context);
  assert.deepEqual(
    charts.map(({ fileName }) => fileName),
    ['raw.svg', 'slow.svg'],
  );
  const [raw = { svg: '' }] = charts;
  const elements = elementsOf(raw.svg);
  assert.equal(elements.filter((name) => name === 'rect').length, 3);
  assert.equal(elements[0], 'svg');
  assert.match(raw.svg, /class="piburn"/);
  assert.match(raw.svg, /class="peer unverified"/);
  assert.match(raw.svg, /2\.00 x, 4\.0 s/);
  assert.doesNotMatch(raw.svg, /NaN|undefined|Infinity/);
});

test('what was not measured is not drawn', () => {
  assert.deepEqual(chartsOf(contextOf()), []);
  assert.deepEqual(chartsOf(contextOf(rowOf('raw-1 piburn', took(2)))), []);
});

/** @throws Error when it is no XML. */
function elementsOf(svg: string): string[] {
  const names: string[] = [];
  const parser = sax.parser(true);
  parser.onopentag = ({ name }) => names.push(name);
  parser.onerror = (error) => {
    throw error;
  };
  parser.write(svg).close();
  return names;
}
