// From measures to the table: one row for each trial, medians over the rounds, columns as data.

import { failure } from '../src/errors.js';
import { isVoid, median } from './figures.js';
import type { Row, Trial } from './rounds.js';

export interface Column<T extends Trial> {
  readonly head: string;
  cell(row: Row<T>): string;
}

/** One figure of a row. */
export type Figure = (row: Row) => number;

export const wallSeconds: Figure = ({ rounds }) => median(rounds.map((round) => round.wallSeconds));
export const cpuSeconds: Figure = ({ rounds }) => median(rounds.map((round) => round.cpuSeconds));
const peakMiB: Figure = ({ rounds }) => Math.max(...rounds.map(({ peakBytes }) => peakBytes)) / 1024 ** 2;

export const wallColumn: Column<Trial> = { head: 'wall s', cell: (row) => wallSeconds(row).toFixed(2) };
export const cpuColumn: Column<Trial> = { head: 'cpu s', cell: (row) => cpuSeconds(row).toFixed(2) };
export const peakColumn: Column<Trial> = { head: 'peak MiB', cell: (row) => peakMiB(row).toFixed(0) };

/** Bytes over wall time, in MB/s. */
export const speedColumn = (head: string, bytes: number): Column<Trial> => ({
  head,
  cell: (row) => (bytes / wallSeconds(row) / 1e6).toFixed(0),
});

/** A figure over that of another row; `-` where there is no such row, or none that counts. */
export const ratioColumn = <T extends Trial>(
  head: string,
  figure: Figure,
  baselineOf: (row: Row<T>) => Row<T> | undefined,
): Column<T> => ({
  head,
  cell: (row) => {
    const baseline = baselineOf(row);
    return baseline === undefined || isVoid(baseline) ? '-' : (figure(row) / figure(baseline)).toFixed(2);
  },
});

/**
 * Prints the table, and what its heads mean.
 * @throws PiburnError `WRONG_RESULT` when a trial went wrong.
 */
export function printRows<T extends Trial>(rows: readonly Row<T>[], columns: readonly Column<T>[], legend = ''): void {
  console.log(renderRows(rows, columns));
  if (legend !== '') console.log(`\n${legend}`);
  const wrong = rows.filter(isVoid).length;
  if (wrong > 0) throw failure('WRONG_RESULT', `${wrong} of ${rows.length} trials went wrong`);
}

/** The table, and below it what was wrong. */
function renderRows<T extends Trial>(rows: readonly Row<T>[], columns: readonly Column<T>[]): string {
  const nameWidth = Math.max(...rows.map(({ trial }) => trial.name.length));
  const line = (name: string, cells: readonly string[]) =>
    name.padEnd(nameWidth) +
    cells.map((cell, index) => `  ${cell.padStart(columns[index]?.head.length ?? 0)}`).join('');
  const heads = columns.map(({ head }) => head);
  return [
    line('', heads),
    ...rows.map((row) => line(row.trial.name, isVoid(row) ? ['void'] : columns.map(({ cell }) => cell(row)))),
    ...rows.flatMap(({ trial, rounds }) =>
      rounds.flatMap(({ problem }) => (problem === undefined ? [] : [`${trial.name}: ${problem}`])),
    ),
  ].join('\n');
}
