// The end of a run for people: a row per card, then in sentences what failed, what was repaired and what to know.

import type { BurnSummary, CardReport, Repair } from '../protocol.js';
import { failureLines } from './failure.js';
import { cardName, shortDevice } from './names.js';
import { paint, type Style } from './paint.js';
import { type Column, columnsThatFit, type SizedColumn } from './table-columns.js';
import {
  bytes,
  bytesPerSecond,
  counted,
  duration,
  isAmount,
  megabytesPerSecond,
  sentence,
  stripControls,
  unknownText,
} from './text.js';
import { alignLeft, alignRight, clip } from './width.js';

export interface TableOptions {
  /** Columns of the terminal; Infinity where nothing limits them, as in a pipe. */
  readonly columns: number;
  readonly color: boolean;
}

/** The final table and all that belongs to it, without a line break at its end. */
export function renderTable(summary: BurnSummary, { columns, color }: TableOptions): string {
  const rows = summary.cards.length === 0 ? [] : tableRows(summary.cards, columns, color);
  const notes = [
    ...summary.retried.flatMap(setAside),
    ...summary.cards.flatMap(problems),
    ...summary.cards.flatMap(repairs),
    ...summary.cards.flatMap(warnings),
    ...(summary.failure === undefined ? [] : indented(failureLines(summary.failure))),
  ];
  const blocks = [rows, notes, [closingLine(summary)]].filter((block) => block.length > 0);
  return blocks.map((block) => block.join('\n')).join('\n\n');
}

const outcomeStyles: Readonly<Record<CardReport['outcome'], Style>> = {
  good: 'green',
  failed: 'red',
  cancelled: 'yellow',
};

function tableRows(cards: readonly CardReport[], limit: number, color: boolean): string[] {
  const columns = columnsThatFit(tableColumns, cards, limit);
  const titles = [0, 1].map((row) => columns.map(({ column }) => column.title[row] ?? ''));
  const header = titles.filter((texts) => texts.some((text) => text !== ''));
  return [
    ...header.map((texts) => paint(rowText(texts, columns, limit), 'bold', color)),
    ...cards.map((card) => {
      const texts = columns.map(({ column }) => column.cell(card));
      return paint(rowText(texts, columns, limit), outcomeStyles[card.outcome], color);
    }),
  ];
}

function rowText(texts: readonly string[], columns: readonly SizedColumn[], limit: number): string {
  const cells = columns.map(({ column, width }, index) =>
    (column.numeric ? alignRight : alignLeft)(texts[index] ?? '', width),
  );
  // The columns that always stay can still be too many for a very narrow terminal.
  return clip(cells.join('  ').trimEnd(), limit);
}

const seconds = (elapsedMs: number): string => (isAmount(elapsedMs) ? (elapsedMs / 1000).toFixed(1) : unknownText);

const speed = (countBytes: number, elapsedMs: number): string =>
  megabytesPerSecond(countBytes > 0 ? bytesPerSecond(countBytes, elapsedMs) : undefined);

const tableColumns: readonly Column[] = [
  { name: 'slot', title: ['', 'slot'], cell: slotText },
  { name: 'card', title: ['', 'card'], cell: (card) => stripControls(card.model) },
  {
    name: 'size',
    title: ['', 'size'],
    numeric: true,
    cell: (card) => (card.sizeBytes === undefined ? unknownText : bytes(card.sizeBytes)),
  },
  { name: 'host', title: ['', 'host'], cell: (card) => stripControls(card.hostname ?? unknownText) },
  { name: 'address', title: ['', 'address'], cell: (card) => stripControls(card.address ?? unknownText) },
  { name: 'written', title: ['', 'written'], numeric: true, cell: (card) => bytes(card.writtenBytes) },
  { name: 'skipped', title: ['', 'skipped'], numeric: true, cell: (card) => bytes(card.skippedBytes) },
  { name: 'write', title: ['write', 'MB/s'], numeric: true, cell: (card) => speed(card.writtenBytes, card.writeMs) },
  {
    name: 'verify',
    title: ['verify', 'MB/s'],
    numeric: true,
    cell: (card) => speed(card.verifiedBytes, card.verifyMs),
  },
  { name: 'seconds', title: ['', 'seconds'], numeric: true, cell: (card) => seconds(card.totalMs) },
  { name: 'result', title: ['', 'result'], cell: (card) => (card.earlier ? `${card.outcome} before` : card.outcome) },
];

function slotText({ slot, place, device }: CardReport): string {
  if (slot === 0) return unknownText;
  // `slot 3` says no more than its number does.
  const name = place === undefined || place === `slot ${slot}` ? String(slot) : stripControls(place);
  return `${name} ${shortDevice(device)}`;
}

const bootableSentences: Readonly<Record<CardReport['bootable'], string>> = {
  yes: 'A Pi could still start from this card.',
  no: 'No Pi starts from this card.',
  untouched: 'Nothing was written to this card.',
  unknown: 'Whether a Pi starts from this card is unknown.',
};

function problems(card: CardReport): string[] {
  if (card.outcome === 'good') return [];
  const [message = `${card.outcome}.`, ...next] = card.failure === undefined ? [] : failureLines(card.failure);
  return indented([`${cardName(card)}: ${message} ${bootableSentences[card.bootable]}`, ...next]);
}

/** A card that failed although its node has become good with another one. */
function setAside(card: CardReport): string[] {
  const [message = `${card.outcome}.`, ...next] = card.failure === undefined ? [] : failureLines(card.failure);
  return indented([`${cardName(card)}, card ${card.attempt}: ${message} ${bootableSentences[card.bootable]}`, ...next]);
}

// A dying card can need thousands of repairs, and each is the same news.
const mostNotes = 8;

const repairs = (card: CardReport): string[] =>
  limited(card.repairs, 'repair').map((text) => `${cardName(card)}: ${text}`);

const warnings = (card: CardReport): string[] =>
  limited(card.warnings, 'warning').map((text) => `${cardName(card)}: ${text}`);

function limited(items: readonly (Repair | string)[], noun: string): string[] {
  const shown = items.slice(0, mostNotes).map((item) => (typeof item === 'string' ? sentence(item) : repaired(item)));
  const hidden = items.length - shown.length;
  return hidden === 0 ? shown : [...shown, `${counted(hidden, `more ${noun}`)}.`];
}

function repaired({ offsetBytes, lengthBytes, how }: Repair): string {
  const where = `${bytes(lengthBytes)} at byte ${offsetBytes}`;
  return how === 'reread'
    ? `${where} read back wrong once and right the second time.`
    : `${where} read back wrong and was right after it had been written again.`;
}

/** The first line as it is, the ones that belong to it two columns in. */
const indented = (lines: readonly string[]): string[] => lines.map((line, index) => (index === 0 ? line : `  ${line}`));

function closingLine({ good, failed, cancelled, elapsedMs, decodes }: BurnSummary): string {
  const counts = [
    `${good} good`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
  ].join(', ');
  return `${counts} in ${duration(elapsedMs)}; ${decodedText(decodes)}`;
}

function decodedText(decodes: number): string {
  if (decodes === 0) return 'image not decoded, it was there already';
  return decodes === 1 ? 'image decoded once' : `image decoded ${decodes} times`;
}
