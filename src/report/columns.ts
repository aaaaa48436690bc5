// A table's columns on a terminal of some width: what is too wide is shortened or left out, in a given order, until it fits.

import { alignLeft, alignRight, clip, displayWidth } from './width.js';

export interface Column<Row> {
  readonly title: string;
  /** Right-aligned. */
  readonly numeric?: boolean;
  readonly cell: (row: Row) => string;
}

/** A column and how wide it is drawn. */
export interface SizedColumn<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

/** What becomes shorter or falls away, by the title of its column. */
export type Step = { readonly shorten: string; readonly to: number } | { readonly drop: string };

/** The columns that fit into `limit` terminal columns; all of them when it is Infinity. Columns without any text are left out. */
export function fitColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  narrowing: readonly Step[],
  limit: number,
): SizedColumn<Row>[] {
  const used = columns.filter(({ cell }) => rows.some((row) => cell(row) !== ''));
  let kept = used.map((column) => ({ column, width: naturalWidth(column, rows) }));
  for (const step of narrowing) {
    const excess = kept.reduce((sum, { width }) => sum + width + 2, -2) - limit;
    if (!(excess > 0)) break;
    kept = narrowed(kept, step, excess);
  }
  return kept;
}

const naturalWidth = <Row>({ title, cell }: Column<Row>, rows: readonly Row[]): number =>
  rows.reduce((widest, row) => Math.max(widest, displayWidth(cell(row))), displayWidth(title));

function narrowed<Row>(sized: readonly SizedColumn<Row>[], step: Step, excess: number): SizedColumn<Row>[] {
  if ('drop' in step) return sized.filter(({ column }) => column.title !== step.drop);
  return sized.map(({ column, width }) =>
    column.title === step.shorten && width > step.to
      ? { column, width: Math.max(step.to, width - excess) }
      : { column, width },
  );
}

/** A line of the table, without colour. */
export function lineOf<Row>(sized: readonly SizedColumn<Row>[], text: (column: Column<Row>) => string, limit: number) {
  const cells = sized.map(({ column, width }) => (column.numeric ? alignRight : alignLeft)(text(column), width));
  // The columns that always stay can still be too many for a very narrow terminal.
  return clip(cells.join('  ').trimEnd(), limit);
}
