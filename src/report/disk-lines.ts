// What comes and goes, a line each, and the slots as a table.

import type { DiskChange, SlotPlace } from '../protocol.js';
import { type Column, fitColumns, headLines, lineOf, type Step, type TableOptions, withText } from './columns.js';
import {
  busText,
  cardText,
  contentText,
  harmless,
  makerText,
  type ShownDisk,
  sizeText,
  slotName,
  verdictText,
} from './disk-words.js';
import { paint, type Style } from './paint.js';
import { sentence } from './text.js';
import { alignLeft, clip } from './width.js';

export type Happening = DiskChange['what'] | 'there';

const words: Readonly<Record<Happening, readonly [text: string, style: Style | undefined]>> = {
  there: ['there', undefined],
  'reader-added': ['reader in', 'green'],
  'reader-removed': ['reader out', 'yellow'],
  'card-in': ['card in', 'green'],
  'card-out': ['card out', 'yellow'],
  'card-changed': ['card changed', 'green'],
};

/** `12:03:01  card in       slot 3  /dev/sda  Generic SD, 31.9 GB/29.7 GiB, dos: bootfs (vfat); ready`. `clock`: the time. */
export function changeLine(clock: string, what: Happening, disk: ShownDisk, { columns, color }: TableOptions): string {
  const [text, style] = words[what];
  // An MMC slot has no disk without its card: there the disk is the card as it was.
  const isGone = what === 'reader-removed' || (what === 'card-out' && disk.hasMedium);
  const place = [slotName(disk), harmless(disk.path)].filter(Boolean).join('  ');
  const line = `${harmless(clock)}  ${alignLeft(text, 12)}  ${place}  ${isGone ? makerText(disk) : nowText(disk)}`;
  const clipped = clip(line.trimEnd(), columns);
  return style === undefined ? clipped : paint(clipped, style, color);
}

/** What a disk is, what is on it, and whether `create` would take it: the reason is last, so that it is cut first. */
export function nowText(disk: ShownDisk): string {
  const { refusal, hasMedium, card } = disk;
  const size = hasMedium ? [sizeText(disk)] : [];
  const what = [makerText(disk), busText(disk), ...size, cardText(card), contentText(disk)].filter(Boolean).join(', ');
  const why = refusal === undefined || refusal.code === 'NO_MEDIUM' ? '' : `: ${sentence(refusal.message)}`;
  return `${what}; ${verdictText(refusal)}${why}`;
}

/** A slot, and the disk that is in it now. */
export interface SlotRow {
  readonly place: SlotPlace;
  readonly disk?: ShownDisk;
}

/** The table, without a line break at its end; a sentence when there is no slot. */
export function renderSlots(rows: readonly SlotRow[], options: TableOptions): string {
  if (rows.length === 0) return 'No slot is known: plug in a card reader.';
  const { columns: limit, color } = options;
  const sized = fitColumns(withText(slotColumns, rows), rows, narrowing, limit);
  return [
    ...headLines(sized, options),
    ...rows.map((row) => {
      const line = lineOf(sized, ({ cell }) => cell(row), limit);
      return row.disk === undefined ? paint(line, 'dim', color) : line;
    }),
  ].join('\n');
}

const slotColumns: readonly Column<SlotRow>[] = [
  {
    title: 'slot',
    numeric: true,
    cell: ({ place }) => slotName({ slot: { port: '', number: place.number } }).slice(5),
  },
  { title: 'label', cell: ({ place }) => harmless(place.label ?? '') },
  { title: 'path', cell: ({ disk }) => harmless(disk?.path ?? '') },
  { title: 'now', cell: ({ place, disk }) => (disk === undefined ? absentText(place) : nowText(disk)) },
  { title: 'port', cell: ({ place }) => harmless(place.port) },
];

/** The kernel has no disk for an MMC slot without a card. */
const absentText = ({ port }: SlotPlace): string => (port.startsWith('mmc-') ? 'no card' : 'not plugged in');

const narrowing: readonly Step[] = [
  { shorten: 'now', to: 60 },
  { shorten: 'port', to: 40 },
  { shorten: 'now', to: 36 },
  { shorten: 'port', to: 24 },
  { shorten: 'now', to: 20 },
  { drop: 'port' },
  { shorten: 'label', to: 12 },
  { drop: 'now' },
];
