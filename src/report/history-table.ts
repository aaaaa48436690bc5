// The history of burns for people: a row for each card, the newest last, and below it the cards that failed again and
// again. Times are UTC, as they are kept.

import type { BurnRecord } from '../protocol.js';
import { type Column, fitColumns, headLines, lineOf, type Step, type TableOptions } from './columns.js';
import { paint } from './paint.js';
import { bytesPerSecond, counted, megabytesPerSecond, stripControls, unknownText } from './text.js';
import { clip } from './width.js';

export interface HistoryView {
  /** The oldest first; `card` is as it shall be shown. */
  readonly records: readonly BurnRecord[];
  /** How many more there are before them. */
  readonly earlier: number;
  /** The cards that failed twice or more often, and how: `failed verification twice (2026-11-01 as red003, …)`. */
  readonly failing: readonly { readonly card: string; readonly faults: readonly string[] }[];
}

/** The table, without a line break at its end; a sentence for an empty history. */
export function renderHistory({ records, earlier, failing }: HistoryView, options: TableOptions): string {
  if (records.length === 0) return 'No card has been burned yet: the history begins with the next one.';
  const { columns: limit, color } = options;
  const sized = fitColumns(tableColumns, records, narrowing, limit);
  const more =
    earlier === 0
      ? []
      : ['', clip(`${counted(earlier, 'earlier burn')} not shown: say --last=${records.length + earlier}`, limit)];
  return [
    ...headLines(sized, options),
    ...records.map((record) => {
      const line = lineOf(sized, ({ cell }) => cell(record), limit);
      return record.outcome === 'good' ? line : paint(line, record.outcome === 'failed' ? 'red' : 'yellow', color);
    }),
    ...more,
    ...failingLines(failing, options),
  ].join('\n');
}

const known = (text: string | undefined): string => {
  const clean = stripControls(text ?? '').trim();
  return clean === '' ? unknownText : clean;
};

const tableColumns: readonly Column<BurnRecord>[] = [
  { title: 'when (UTC)', cell: ({ at }) => known(at.slice(0, 16).replace('T', ' ')) },
  { title: 'node', cell: ({ hostname }) => known(hostname) },
  { title: 'slot', cell: ({ slot, device }) => known(slot ?? device) },
  { title: 'card', cell: ({ card }) => known(card) },
  { title: 'image', cell: ({ image }) => known(image) },
  { title: 'result', cell: resultText },
  { title: 'write MB/s', numeric: true, cell: ({ writtenBytes, writeMs }) => speed(writtenBytes, writeMs) },
  { title: 'verify MB/s', numeric: true, cell: ({ verifiedBytes, verifyMs }) => speed(verifiedBytes, verifyMs) },
  { title: 'seconds', numeric: true, cell: ({ totalMs }) => seconds(totalMs) },
];

const speed = (bytes: number, elapsedMs: number): string =>
  bytes === 0 ? unknownText : megabytesPerSecond(bytesPerSecond(bytes, elapsedMs));

const seconds = (elapsedMs: number): string =>
  Number.isFinite(elapsedMs) && elapsedMs >= 0 && elapsedMs < 1e12 ? (elapsedMs / 1000).toFixed(1) : unknownText;

function resultText({ outcome, code, verified, repairs }: BurnRecord): string {
  if (outcome === 'failed') return clip(`failed: ${known(code)}`, 40);
  if (outcome === 'cancelled') return 'cancelled';
  if (!verified) return 'good, not verified';
  return repairs > 0 && Number.isSafeInteger(repairs) ? `good, ${counted(repairs, 'repair')}` : 'good';
}

/** What becomes shorter or falls away when there is less room; time, node and result stay. */
const narrowing: readonly Step[] = [
  { shorten: 'image', to: 30 },
  { shorten: 'slot', to: 16 },
  { shorten: 'image', to: 16 },
  { shorten: 'node', to: 24 },
  { drop: 'verify MB/s' },
  { drop: 'image' },
  { drop: 'seconds' },
  { drop: 'write MB/s' },
  { shorten: 'slot', to: 8 },
  { drop: 'card' },
  { drop: 'slot' },
  { shorten: 'node', to: 12 },
];

const shownCards = 20;

function failingLines(failing: HistoryView['failing'], { columns, color }: TableOptions): string[] {
  if (failing.length === 0) return [];
  const more = failing.length - shownCards;
  const lines = failing
    .slice(0, shownCards)
    .flatMap(({ card, faults }) => faults.map((fault) => clip(`  ${known(card)}  ${stripControls(fault)}`, columns)));
  return [
    '',
    paint(clip('Cards that failed more than once:', columns), 'bold', color),
    ...lines,
    ...(more > 0 ? [clip(`  and ${counted(more, 'card')} more`, columns)] : []),
  ];
}
