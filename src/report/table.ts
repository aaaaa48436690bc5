// The end of a run for people: a row per card, then in sentences what failed, what was repaired and what to know.

import type { BurnSummary, CardReport, Repair } from '../protocol.js';
import { type Column, fitColumns, headLines, lineOf, type Step, type TableOptions } from './columns.js';
import { failureLines } from './failure.js';
import { cardName, shortDevice, slotText } from './names.js';
import { paint, type Style } from './paint.js';
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

/** The final table and all that belongs to it, without a line break at its end. */
export function renderTable(summary: BurnSummary, options: TableOptions): string {
  const rows = summary.cards.length === 0 ? [] : tableRows(summary.cards, options);
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

function tableRows(cards: readonly CardReport[], options: TableOptions): string[] {
  const { columns: limit, color } = options;
  const sized = fitColumns(columnsFor(cards), cards, narrowing, limit);
  const line = (card: CardReport) => lineOf(sized, ({ cell }) => cell(card), limit);
  return [...headLines(sized, options), ...cards.map((card) => paint(line(card), outcomeStyles[card.outcome], color))];
}

const seconds = (elapsedMs: number): string => (isAmount(elapsedMs) ? (elapsedMs / 1000).toFixed(1) : unknownText);

const speed = (countBytes: number, elapsedMs: number): string =>
  megabytesPerSecond(countBytes > 0 ? bytesPerSecond(countBytes, elapsedMs) : undefined);

/** What was there already is of interest only where cards were compared. */
const columnsFor = (cards: readonly CardReport[]): readonly Column<CardReport>[] =>
  cards.some(({ unchangedBytes }) => unchangedBytes !== undefined)
    ? tableColumns
    : tableColumns.filter(({ title }) => title !== 'unchanged');

const tableColumns: readonly Column<CardReport>[] = [
  { title: 'slot', cell: slotCell },
  { title: 'card', cell: (card) => stripControls(card.model) },
  {
    title: 'size',
    numeric: true,
    cell: (card) => (card.sizeBytes === undefined ? unknownText : bytes(card.sizeBytes)),
  },
  { title: 'host', cell: (card) => stripControls(card.hostname ?? unknownText) },
  { title: 'address', cell: (card) => stripControls(card.address ?? unknownText) },
  { title: 'written', numeric: true, cell: (card) => bytes(card.writtenBytes) },
  {
    title: 'unchanged',
    numeric: true,
    cell: ({ unchangedBytes }) => (unchangedBytes === undefined ? unknownText : bytes(unchangedBytes)),
  },
  { title: 'skipped', numeric: true, cell: (card) => bytes(card.skippedBytes) },
  { title: 'write', unit: 'MB/s', numeric: true, cell: (card) => writeSpeed(card) },
  {
    title: 'verify',
    unit: 'MB/s',
    numeric: true,
    cell: (card) => speed(card.verifiedBytes, card.verifyMs),
  },
  { title: 'seconds', numeric: true, cell: (card) => seconds(card.totalMs) },
  { title: 'result', cell: (card) => (card.earlier ? `${card.outcome} before` : card.outcome) },
];

/** So little, written between comparing, has no speed worth the name. */
const leastWrittenBytes = 16 * 1024 * 1024;

const writeSpeed = ({ unchangedBytes, writtenBytes, writeMs }: CardReport): string =>
  unchangedBytes !== undefined && writtenBytes < leastWrittenBytes ? unknownText : speed(writtenBytes, writeMs);

/** What becomes shorter or falls away when there is less room; slot, host, time and result stay. */
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
  { drop: 'unchanged' },
  { shorten: 'slot', to: 8 },
  { drop: 'verify' },
  { drop: 'write' },
  { drop: 'written' },
  { shorten: 'host', to: 8 },
];

function slotCell({ slot, place, device }: CardReport): string {
  if (slot === 0) return unknownText;
  return `${slotText(slot, place)} ${shortDevice(device)}`;
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
  // A node that got no card: the sentence names it.
  if (card.slot === 0) return indented([message, ...next]);
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

function closingLine({ good, failed, cancelled, elapsedMs, decodes, cards }: BurnSummary): string {
  const counts = [
    `${good} good`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
  ].join(', ');
  return `${counts} in ${duration(elapsedMs)}; ${decodedText(decodes)}${savedText(cards)}`;
}

/** What comparing has saved on good cards of this run. */
function savedText(cards: readonly CardReport[]): string {
  const compared = cards.filter(
    ({ outcome, earlier, unchangedBytes }) => outcome === 'good' && !earlier && unchangedBytes !== undefined,
  );
  if (compared.length === 0) return '';
  const sum = (amountOf: (card: CardReport) => number) =>
    bytes(compared.reduce((all, card) => all + amountOf(card), 0));
  return `; ${sum(({ unchangedBytes = 0 }) => unchangedBytes)} there already, ${sum(({ writtenBytes }) => writtenBytes)} written`;
}

function decodedText(decodes: number): string {
  if (decodes === 0) return 'image not decoded, it was there already';
  return decodes === 1 ? 'image decoded once' : `image decoded ${decodes} times`;
}
