// From measures to figures: medians, ratios, and whether a target is met. Pure.

import type { DeviceWatch } from './device-watch.js';
import type { Measure } from './measure.js';
import type { Row } from './rounds.js';
import { bestPeer, type FigureName, fastCards, ideal, megabytes, type Target, type Trial } from './trials.js';

export type TableRow = Row<Pick<Trial, 'name' | 'setUp' | 'contender' | 'baseline' | 'targets'>>;

/** What rows are held against: all of them, and what each set-up's image uses. */
export interface Context {
  readonly rows: readonly TableRow[];
  usedBytesOf(row: TableRow): number;
}

export interface Verdict extends Target {
  /** Absent: there is nothing to hold it against, or it does not count. */
  readonly ratio?: number;
  readonly met?: boolean;
  /** The name of what it was held against, the best peer's too. */
  readonly heldAgainst?: string;
}

/** A row with a single wrong round says nothing about speed. */
export const isVoid = ({ rounds }: Pick<TableRow, 'rounds'>): boolean =>
  rounds.length === 0 || rounds.some(({ problem }) => problem !== undefined);

/** Seconds, or for `rss` bytes; NaN for a void row. */
export function figureOf({ rounds }: Pick<TableRow, 'rounds'>, name: FigureName): number {
  if (isVoid({ rounds })) return Number.NaN;
  return median(rounds.map((round) => valueIn(round, name)));
}

function valueIn(measure: Measure, name: FigureName): number {
  switch (name) {
    case 'wall':
      return measure.wallSeconds;
    case 'cpu':
      return measure.cpuSeconds;
    case 'rss':
      return measure.residentBytes;
    case 'fast cards':
      return lastOf(measure.cards.slice(0, fastCards));
  }
}

const lastOf = (cards: readonly DeviceWatch[]): number =>
  cards.length === 0 ? Number.NaN : Math.max(...cards.map(({ lastSeconds }) => lastSeconds));

/** The wall time over that of the row's baseline. */
export function ratioOf(row: TableRow, context: Context): number | undefined {
  const ratio =
    figureOf(row, 'wall') /
    (reference(row, { figure: 'wall', against: row.trial.baseline }, context)?.value ?? Number.NaN);
  return Number.isFinite(ratio) ? ratio : undefined;
}

/** One for each target of the row. */
export const verdictsOf = (row: TableRow, context: Context): Verdict[] =>
  row.trial.targets.map((target) => {
    const found = reference(row, target, context);
    const ratio = figureOf(row, target.figure) / (found?.value ?? Number.NaN);
    if (found === undefined || !Number.isFinite(ratio)) return target;
    return { ...target, ratio, met: ratio <= target.atMost, heldAgainst: found.name };
  });

interface Reference {
  readonly name: string;
  readonly value: number;
}

function reference(
  row: TableRow,
  { figure, against }: Pick<Target, 'figure' | 'against'>,
  context: Context,
): Reference | undefined {
  if (against === megabytes) return { name: megabytes, value: 1e6 };
  if (against === ideal) {
    const value = row.trial.setUp.idealSeconds?.(context.usedBytesOf(row));
    return value === undefined ? undefined : { name: ideal, value };
  }
  const found =
    against === bestPeer ? bestPeerOf(row, context) : context.rows.find(({ trial }) => trial.name === against);
  return found === undefined ? undefined : { name: found.trial.name, value: figureOf(found, figure) };
}

/** The fastest, whichever figure is compared then: CPU seconds are not to be bought with time. */
function bestPeerOf(row: TableRow, { rows }: Context): TableRow | undefined {
  return rows
    .filter(({ trial }) => trial.setUp.name === row.trial.setUp.name)
    .filter((other) => other.trial.contender.kind === 'peer' && other.trial.contender.verifies && !isVoid(other))
    .toSorted((a, b) => figureOf(a, 'wall') - figureOf(b, 'wall'))[0];
}

/** NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
