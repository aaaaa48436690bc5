// From measures to the table: one row for each trial, medians over the rounds, ratios against the first row.

import type { Measure } from './measure.js';

export interface Row {
  readonly name: string;
  readonly rounds: Measure[];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

const heads = ['wall s', 'cpu s', 'wall x', 'cpu x', 'image MB/s', 'peak MiB'] as const;

/** `burnedBytes`: the image's size times the cards, written or skipped. */
export function renderRows(rows: readonly Row[], burnedBytes: number): string {
  const nameColumns = Math.max(...rows.map(({ name }) => name.length));
  const line = (name: string, cells: readonly string[]) =>
    name.padEnd(nameColumns) + cells.map((cell, column) => `  ${cell.padStart(heads[column]?.length ?? 0)}`).join('');
  const baseline = rows[0];
  return [
    line('', heads),
    ...rows.map((row) => line(row.name, isVoid(row) ? ['void'] : cellsOf(row, baseline ?? row, burnedBytes))),
    ...rows.flatMap(({ name, rounds }) => rounds.flatMap(({ problem }) => (problem ? [`${name}: ${problem}`] : []))),
  ].join('\n');
}

/** A row with a single wrong round says nothing about speed. */
const isVoid = ({ rounds }: Row): boolean => rounds.some(({ problem }) => problem !== undefined);

function cellsOf(row: Row, baseline: Row, burnedBytes: number): string[] {
  const wall = ({ rounds }: Row) => median(rounds.map(({ wallSeconds }) => wallSeconds));
  const cpu = ({ rounds }: Row) => median(rounds.map(({ cpuSeconds }) => cpuSeconds));
  const ratio = (of: (row: Row) => number) => (isVoid(baseline) ? '-' : (of(row) / of(baseline)).toFixed(2));
  const speed = burnedBytes / wall(row) / 1e6;
  const peak = Math.max(...row.rounds.map(({ peakBytes }) => peakBytes)) / 1024 ** 2;
  return [wall(row).toFixed(2), cpu(row).toFixed(2), ratio(wall), ratio(cpu), speed.toFixed(0), peak.toFixed(0)];
}
