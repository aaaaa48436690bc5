// What all tables have in common: columns that fit, and headings of one line or two.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type Column, fitColumns, headLines, lineOf, withText } from '../../src/report/columns.js';

interface Row {
  readonly name: string;
  readonly speed: string;
}
const name: Column<Row> = { title: 'name', cell: (row) => row.name };
const speed: Column<Row> = { title: 'in', unit: 'MB/s', numeric: true, cell: (row) => row.speed };
const rows: readonly Row[] = [{ name: 'red001', speed: '9' }];
const draw = (columns: readonly Column<Row>[], limit: number): string[] => {
  const sized = fitColumns(columns, rows, [{ shorten: 'name', to: 4 }, { drop: 'in' }], limit);
  const body = rows.map((row) => lineOf(sized, ({ cell }) => cell(row), limit));
  return [...headLines(sized, { columns: limit, color: false }), ...body];
};

test('a unit stands below its title, and a column is as wide as the wider of them', () => {
  assert.deepEqual(draw([name, speed], Number.POSITIVE_INFINITY), ['          in', 'name    MB/s', 'red001     9']);
  assert.deepEqual(draw([name], Number.POSITIVE_INFINITY), ['name', 'red001']);
});

test('columns become narrower and fall away in the given order, no further than need be', () => {
  assert.deepEqual(draw([name, speed], 11), ['         in', 'name   MB/s', 'red0…     9']);
  assert.deepEqual(draw([name, speed], 9), ['name', 'red…']);
});

test('a column without any text can be left out', () => {
  const empty: Column<Row> = { title: 'empty', cell: () => '' };
  assert.deepEqual(withText([name, empty], rows), [name]);
});
