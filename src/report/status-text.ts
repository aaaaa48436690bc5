// Runs that go on, and how the last one ended, for people: `piburn status`.

import type { LiveImage, LiveSlot } from '../protocol/live.js';
import { type Column, fitColumns, lineOf, type Step, type TableOptions } from './columns.js';
import { shortDevice, slotText } from './names.js';
import { paint } from './paint.js';
import { bytes, percentage, rate, runningTime, sentence, stripControls } from './text.js';
import { clip } from './width.js';

/** A run, from what it tells of itself or from its journal. */
export interface RunStatus {
  readonly id: string;
  readonly image: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly elapsedMs?: number;
  readonly pid: number;
  /** `going`: its process burns; `stopped`: the same, by Ctrl-Z; `over`; `dead`: the process ended without a word. */
  readonly how: 'going' | 'stopped' | 'over' | 'dead';
  readonly background: boolean;
  readonly log?: string;
  readonly exitCode?: number;
  /** How many cards there are to be; absent before the plan is made. */
  readonly planned?: number;
  readonly good: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Nodes without a good card, where they are known by name. */
  readonly left?: readonly string[];
  readonly liveImage?: LiveImage;
  readonly slots: readonly LiveSlot[];
  readonly remainingMs?: number;
  /** What may be typed to go on with it, once it is over. */
  readonly resume?: string;
  /** What may be typed to stop it, while it goes on. */
  readonly stop?: string;
}

/** The lines of one run, none wider than the terminal. */
export function statusLines(run: RunStatus, options: TableOptions): string[] {
  const isLive = run.how === 'going' || run.how === 'stopped';
  const lines = [
    ...(isLive && run.liveImage !== undefined ? [imageText(run.liveImage)] : []),
    ...(isLive ? slotLines(run.slots, options) : []),
    ...(isLive ? [] : failedLines(run.slots)),
    countText(run),
    ...(run.log === undefined ? [] : [`log: ${stripControls(run.log)}`]),
    ...wayOn(run),
  ];
  const head = paint(clip(headText(run), options.columns), 'bold', options.color);
  // What can be typed is never cut off.
  return [
    head,
    ...lines.map((line) => (/^(?:log|stop|go on with it): /.test(line) ? line : clip(line, options.columns))),
  ];
}

const hows: Readonly<Record<RunStatus['how'], string>> = {
  going: 'goes on',
  stopped: 'stands still: it was stopped with Ctrl-Z (`fg` goes on)',
  over: 'is over',
  dead: 'is dead: its process ended without finishing',
};

function headText({ id, image, how, pid, background, startedAt, elapsedMs, exitCode }: RunStatus): string {
  const where = background ? ' in the background' : '';
  const isThere = how === 'going' || how === 'stopped';
  const since = `since ${startedAt.slice(0, 16).replace('T', ' ')} UTC`;
  const lasted = elapsedMs === undefined ? '' : `, ${runningTime(elapsedMs)}`;
  const code = exitCode === undefined ? '' : ` (exit code ${exitCode})`;
  const process = isThere ? `, process ${pid}${where}` : '';
  return `${id} ${hows[how]}${code}: ${stripControls(image)}, ${since}${lasted}${process}`;
}

function imageText({ doing, doneBytes, totalBytes, bytesPerSecond, remainingMs }: LiveImage): string {
  const percent = percentage(doneBytes, totalBytes);
  return [
    `image  ${doing}`,
    percent === undefined ? bytes(doneBytes) : `${percent} %`,
    ...(bytesPerSecond === undefined ? [] : [rate(bytesPerSecond)]),
    ...(remainingMs === undefined ? [] : [`ETA ${runningTime(remainingMs)}`]),
  ].join('  ');
}

const columns: readonly Column<LiveSlot>[] = [
  { title: 'slot', numeric: true, cell: ({ slot, place }) => slotText(slot, place) },
  { title: 'device', cell: ({ device }) => shortDevice(device) },
  { title: 'node', cell: ({ hostname }) => stripControls(hostname ?? '') },
  { title: 'phase', cell: phaseText },
  { title: '%', numeric: true, cell: percentText },
  {
    title: 'speed',
    numeric: true,
    cell: ({ bytesPerSecond, totalBytes }) =>
      bytesPerSecond === undefined || totalBytes === 0 ? '' : rate(bytesPerSecond),
  },
  { title: 'left', cell: ({ remainingMs }) => (remainingMs === undefined ? '' : `${runningTime(remainingMs)} left`) },
  { title: 'remark', cell: remarkText },
];
const narrowing: readonly Step[] = [
  { shorten: 'remark', to: 20 },
  { drop: 'left' },
  { drop: 'speed' },
  { shorten: 'node', to: 8 },
  { drop: 'remark' },
];

function slotLines(slots: readonly LiveSlot[], { columns: limit }: TableOptions): string[] {
  const untitled = columns.map((column) => ({ ...column, title: column.title }));
  const sized = fitColumns(untitled, slots, narrowing, limit);
  return slots.map((slot) => lineOf(sized, ({ cell }) => cell(slot), limit).trimEnd());
}

function phaseText({ outcome, waitsFor, phase }: LiveSlot): string {
  if (waitsFor !== undefined) return 'needs a card';
  return outcome ?? phase;
}

function percentText({ outcome, waitsFor, doneBytes, totalBytes }: LiveSlot): string {
  const percent = outcome === undefined && waitsFor === undefined ? percentage(doneBytes, totalBytes) : undefined;
  return percent === undefined ? '' : `${percent} %`;
}

function remarkText({ stalledMs, message, waitsFor, trouble, outcome }: LiveSlot): string {
  if (waitsFor !== undefined) {
    const next = waitsFor === '' ? 'put in the next card' : `put in a card for ${stripControls(waitsFor)}`;
    return trouble === undefined ? next : `${sentence(trouble)} ${next}`;
  }
  if (outcome !== undefined) return message === undefined ? '' : sentence(message);
  return stalledMs === undefined ? '' : `no progress for ${runningTime(stalledMs)}`;
}

const failedLines = (slots: readonly LiveSlot[]): string[] =>
  slots
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ hostname, device, message }) => `${hostname ?? shortDevice(device)} failed: ${sentence(message ?? '')}`);

const mostNames = 8;

function countText({ planned, good, failed, cancelled, left = [], slots, how, remainingMs }: RunStatus): string {
  const isThere = how === 'going' || how === 'stopped';
  const names = left.slice(0, mostNames).map(stripControls).join(', ');
  const more = left.length > mostNames ? `, and ${left.length - mostNames} more` : '';
  const inWork = slots.filter(({ outcome, waitsFor }) => outcome === undefined && waitsFor === undefined).length;
  const waiting = planned === undefined ? 0 : Math.max(0, planned - good - failed - cancelled - (isThere ? inWork : 0));
  return [
    planned === undefined ? `${good} good` : `${good} of ${planned} good`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
    ...(isThere && inWork > 0 ? [`${inWork} in work`] : []),
    ...(waiting > 0 ? [`${waiting} left`] : []),
    ...(isThere && remainingMs !== undefined ? [`about ${runningTime(remainingMs)} for the cards in work`] : []),
    ...(!isThere && left.length > 0 ? [`without a good card: ${names}${more}`] : []),
  ].join(', ');
}

function wayOn({ stop, resume }: RunStatus): string[] {
  if (stop !== undefined) return [`stop: ${stop}`];
  return resume === undefined ? [] : [`go on with it: ${resume}`];
}
