// Rows for the tests of the bench: measures made up, trials of the real table.

import type { TableRow } from '../../bench/figures.js';
import type { Measure } from '../../bench/measure.js';
import { trials } from '../../bench/trials.js';

/** A measure that took so many seconds; all else is something that can be told apart. */
export const took = (wallSeconds: number, more: Partial<Measure> = {}): Measure => ({
  wallSeconds,
  cpuSeconds: wallSeconds / 2,
  machineCpuSeconds: wallSeconds,
  peakBytes: 100e6,
  residentBytes: 120e6,
  ownBytes: 50e6,
  cards: [],
  ...more,
});

/** A row of the table, by its name, with what its rounds measured. */
export function rowOf(name: string, ...rounds: readonly Measure[]): TableRow {
  const trial = trials.find((each) => each.name === name);
  if (trial === undefined) throw new Error(`the table has no row ${name}`);
  return { trial, rounds };
}

export const contextOf = (...rows: readonly TableRow[]) => ({ rows, usedBytesOf: () => 1000e6 });
