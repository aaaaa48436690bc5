// Which columns the final table has on a terminal of some width: what is too wide is shortened or left out, in a
// fixed order, until the table fits. The slot, the host, the time and the result always stay.

import type { CardReport } from '../protocol.js';
import { displayWidth } from './width.js';

export interface Column {
  readonly name: string;
  /** The two lines of its heading. */
  readonly title: readonly [string, string];
  /** Right-aligned. */
  readonly numeric?: boolean;
  readonly cell: (card: CardReport) => string;
}

/** A column and how wide it is drawn. */
export interface SizedColumn {
  readonly column: Column;
  readonly width: number;
}

type Step = { readonly shorten: string; readonly to: number } | { readonly drop: string };

const narrowing: readonly Step[] = [
  { shorten: 'card', to: 24 },
  { shorten: 'slot', to: 20 },
  { shorten: 'host', to: 24 },
  { shorten: 'card', to: 10 },
  { drop: 'skipped' },
  { shorten: 'host', to: 16 },
  { drop: 'card' },
  { drop: 'address' },
  { drop: 'size' },
  { shorten: 'slot', to: 8 },
  { drop: 'verify' },
  { drop: 'write' },
  { drop: 'written' },
  { shorten: 'host', to: 8 },
];

/** The columns that fit into `limit` terminal columns; all of them when it is Infinity. */
export function columnsThatFit(columns: readonly Column[], cards: readonly CardReport[], limit: number): SizedColumn[] {
  let kept = columns.map((column) => ({ column, width: naturalWidth(column, cards) }));
  for (const step of narrowing) {
    const excess = totalWidth(kept) - limit;
    if (!(excess > 0)) break;
    kept = narrowed(kept, step, excess);
  }
  return kept;
}

function naturalWidth({ title, cell }: Column, cards: readonly CardReport[]): number {
  return [...title, ...cards.map(cell)].reduce((widest, text) => Math.max(widest, displayWidth(text)), 0);
}

const totalWidth = (sized: readonly SizedColumn[]): number => sized.reduce((sum, { width }) => sum + width + 2, -2);

function narrowed(sized: readonly SizedColumn[], step: Step, excess: number): SizedColumn[] {
  if ('drop' in step) return sized.filter(({ column }) => column.name !== step.drop);
  return sized.map(({ column, width }) =>
    column.name === step.shorten && width > step.to
      ? { column, width: Math.max(step.to, width - excess) }
      : { column, width },
  );
}
