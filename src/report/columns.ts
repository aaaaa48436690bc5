// A table's columns on a terminal of some width: what is too wide is shortened or left out, in a given order, until it fits.

import { paint } from './paint.js';
import { alignLeft, alignRight, clip, displayWidth } from './width.js';

export interface TableOptions {
  /** Columns of the terminal; Infinity where nothing limits them, as in a pipe. */
  readonly columns: number;
  readonly color: boolean;
}

export interface Column<Row> {
  readonly title: string;
  /** Below the title, in a heading that then has two lines. */
  readonly unit?: string;
  /** Right-aligned. */
  readonly numeric?: boolean;
  readonly cell: (row: Row) => string;
}

/** A column and how wide it is drawn. */
export interface SizedColumn<C> {
  readonly column: C;
  readonly width: number;
}

/** What becomes shorter or falls away, by the title of its column. */
export type Step = { readonly shorten: string; readonly to: number } | { readonly drop: string };

/** The columns that fit into `limit` terminal columns; all of them when it is Infinity. */
export function fitColumns<Row, C extends Column<Row>>(
  columns: readonly C[],
  rows: readonly Row[],
  narrowing: readonly Step[],
  limit: number,
): SizedColumn<C>[] {
  let kept = columns.map((column) => ({ column, width: naturalWidth(column, rows) }));
  for (const step of narrowing) {
    const excess = kept.reduce((sum, { width }) => sum + width + 2, -2) - limit;
    if (!(excess > 0)) break;
    kept = narrowed(kept, step, excess);
  }
  return kept;
}

function naturalWidth<Row>({ title, unit = '', cell }: Column<Row>, rows: readonly Row[]): number {
  const heading = Math.max(displayWidth(title), displayWidth(unit));
  return rows.reduce((widest, row) => Math.max(widest, displayWidth(cell(row))), heading);
}

function narrowed<C extends { readonly title: string }>(
  sized: readonly SizedColumn<C>[],
  step: Step,
  excess: number,
): SizedColumn<C>[] {
  if ('drop' in step) return sized.filter(({ column }) => column.title !== step.drop);
  return sized.map(({ column, width }) =>
    column.title === step.shorten && width > step.to
      ? { column, width: Math.max(step.to, width - excess) }
      : { column, width },
  );
}

/** The columns that have a text in some row. */
export const withText = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Column<Row>[] =>
  columns.filter(({ cell }) => rows.some((row) => cell(row) !== ''));

/** The heading: a line, or two where a column has a unit. */
export function headLines<Row>(
  sized: readonly SizedColumn<Column<Row>>[],
  { columns: limit, color }: TableOptions,
): string[] {
  const title = lineOf(sized, (column) => column.unit ?? column.title, limit);
  if (sized.every(({ column }) => column.unit === undefined)) return [paint(title, 'bold', color)];
  const above = lineOf(sized, (column) => (column.unit === undefined ? '' : column.title), limit);
  return [above, title].map((line) => paint(line, 'bold', color));
}

/** A line of the table, without colour. */
export function lineOf<C extends { readonly numeric?: boolean }>(
  sized: readonly SizedColumn<C>[],
  text: (column: C) => string,
  limit: number,
): string {
  const cells = sized.map(({ column, width }) => (column.numeric ? alignRight : alignLeft)(text(column), width));
  // The columns that always stay can still be too many for a very narrow terminal.
  return clip(cells.join('  ').trimEnd(), limit);
}
