// The disks of this machine for people: readers and cards, other disks, and those of the running system apart from them;
// below each block in sentences why `create` would not take a disk, and what the history says against a card.

import type { DiskRow } from '../protocol.js';
import { type Column, fitColumns, headLines, lineOf, type Step, type TableOptions, withText } from './columns.js';
import {
  busText,
  cardText,
  contentText,
  diskName,
  harmless,
  makerText,
  type ShownDisk,
  sizeText,
  slotName,
  useText,
  verdictText,
} from './disk-words.js';
import { failureLines } from './failure.js';
import { paint, type Style } from './paint.js';
import { counted, sentence } from './text.js';
import { clip } from './width.js';

export type DiskTableOptions = TableOptions;

interface Block {
  readonly kind: DiskRow['kind'];
  readonly title: string;
}

const blocks: readonly Block[] = [
  { kind: 'reader', title: 'Card readers and cards' },
  { kind: 'disk', title: 'Other disks' },
  { kind: 'system', title: 'Disks of the running system, never written' },
];

/** The three blocks, without a line break at the end; a block without disks is left out. */
export function renderDisks(disks: readonly ShownDisk[], options: TableOptions): string {
  const drawn = blocks.map((block) => {
    const own = disks.filter(({ kind }) => kind === block.kind);
    return own.length === 0 ? [] : blockLines(block, own, options);
  });
  const noReader = disks.some(({ kind }) => kind === 'reader') ? [] : [['No card reader is plugged in.']];
  return [...noReader, ...drawn.filter((lines) => lines.length > 0)].map((lines) => lines.join('\n')).join('\n\n');
}

function blockLines({ kind, title }: Block, disks: readonly ShownDisk[], options: TableOptions): string[] {
  const { columns: limit, color } = options;
  const sized = fitColumns(withText(tableColumns, disks), disks, narrowing, limit);
  const rows = disks.map((disk) =>
    paint(
      lineOf(sized, ({ cell }) => cell(disk), limit),
      styleOf(disk),
      color,
    ),
  );
  const reasons = kind === 'system' ? [] : disks.flatMap(reason);
  const warnings = disks.flatMap(cardWarnings);
  return [
    paint(clip(title, limit), 'bold', color),
    ...headLines(sized, options),
    ...rows,
    ...limited(reasons, 'more disk', 'would be refused'),
    ...limited(warnings, 'more warning', ''),
  ];
}

const yes = (value: boolean, word: string): string => (value ? word : '');

const tableColumns: readonly Column<ShownDisk>[] = [
  { title: 'slot', cell: slotName },
  { title: 'path', cell: ({ path }) => harmless(path) },
  { title: 'reader', cell: makerText },
  { title: 'bus', cell: busText },
  { title: 'size', numeric: true, cell: sizeText },
  { title: 'medium', cell: mediumText },
  { title: 'on it', cell: onItText },
  { title: 'in use by', cell: useText },
  { title: 'create', cell: ({ refusal }) => verdictText(refusal) },
];

/** The card's own words come first: they are what is left when there is little room. */
function onItText(disk: ShownDisk): string {
  return [cardText(disk.card), contentText(disk)].filter(Boolean).join('; ');
}

function mediumText({ removable, readOnly, hasMedium }: ShownDisk): string {
  return [removable ? 'removable' : 'fixed', yes(hasMedium && readOnly, 'read-only')].filter(Boolean).join(', ');
}

/** Slot, path and verdict always stay. */
const narrowing: readonly Step[] = [
  { shorten: 'on it', to: 60 },
  { shorten: 'reader', to: 24 },
  { shorten: 'in use by', to: 24 },
  { shorten: 'on it', to: 36 },
  { drop: 'medium' },
  { shorten: 'reader', to: 16 },
  { shorten: 'on it', to: 24 },
  { shorten: 'in use by', to: 14 },
  { drop: 'bus' },
  { drop: 'in use by' },
  { shorten: 'slot', to: 16 },
  { drop: 'reader' },
  { shorten: 'on it', to: 14 },
  { drop: 'on it' },
  { drop: 'size' },
  { shorten: 'slot', to: 8 },
];

function styleOf({ kind, hasMedium, refusal }: ShownDisk): Style {
  if (kind === 'system' || !hasMedium) return 'dim';
  return refusal === undefined ? 'green' : 'yellow';
}

/** An empty reader needs no sentence: the table says so. */
function reason(disk: ShownDisk): string[][] {
  if (disk.refusal === undefined || disk.refusal.code === 'NO_MEDIUM') return [];
  const [message = '', ...next] = failureLines({ kind: 'refused', ...disk.refusal });
  const slot = slotName(disk);
  return [[`${slot === '' ? '' : `${slot}: `}${harmless(message)}`, ...next.map((line) => `  ${line}`)]];
}

const cardWarnings = (disk: ShownDisk): string[][] =>
  (disk.card?.warnings ?? []).map((text) => [`${diskName(disk)}: ${sentence(text)}`]);

const mostNotes = 12;

function limited(notes: readonly (readonly string[])[], noun: string, what: string): string[] {
  const hidden = notes.length - mostNotes;
  const more = hidden > 0 ? [`${`${counted(hidden, noun)} ${what}`.trim()}.`] : [];
  return [...notes.slice(0, mostNotes).flat(), ...more];
}
