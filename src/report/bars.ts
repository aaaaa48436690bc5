// The live picture on a terminal: a line per slot, a line while the image is decoded, a line for the whole run.

import { drawBar, type Glyphs, glyphsFor } from './glyphs.js';
import { gap, layOut, longestBar, shortestBar } from './layout.js';
import { etaMs, recentRate } from './meter.js';
import { paint } from './paint.js';
import { slotLine } from './slot-line.js';
import type { FetchProgress, ImageProgress, RunState } from './state.js';
import { bytes, percentage, rate, runningTime, stripControls } from './text.js';
import { clip, displayWidth } from './width.js';

export interface BarOptions {
  /** Columns of the terminal; fewer than 40 count as 40. */
  readonly columns: number;
  readonly color: boolean;
  /** Draw with ASCII characters only. */
  readonly ascii?: boolean;
  /** The clock that the events were folded with. */
  readonly nowMs: number;
}

const fewestColumns = 40;
const mostColumns = 1000;

/** The lines of the live picture, none wider than `columns`. */
export function renderBars(state: RunState, { columns, color, ascii = false, nowMs }: BarOptions): string[] {
  const width = Math.min(Math.max(Math.floor(columns) || fewestColumns, fewestColumns), mostColumns);
  const glyphs = glyphsFor(ascii);
  const slots = [...state.slots.values()];
  const layout = layOut(slots, width);
  const drawing = { columns: width, color, glyphs, nowMs };
  return [
    ...slots.map((slot) => slotLine(state, slot, layout, drawing)),
    ...(state.fetch?.state === 'fetching' ? [fetchLine(state.fetch, width, glyphs, nowMs)] : []),
    ...(state.image === undefined ? [] : imageLine(state.image, width, glyphs, nowMs)),
    paint(clip(totalLine(state, nowMs), width, glyphs.ellipsis), 'bold', color),
  ];
}

function imageLine(image: ImageProgress, columns: number, glyphs: Glyphs, nowMs: number): string[] {
  if (image.state === 'whole') return [];
  if (image.state === 'broken') return ['image  broken'];
  return [progressLine(['image', imageVerb(image)], image, columns, glyphs, nowMs)];
}

function fetchLine(fetch: FetchProgress, columns: number, glyphs: Glyphs, nowMs: number): string {
  return progressLine(['fetch', clip(stripControls(fetch.name), 40, glyphs.ellipsis)], fetch, columns, glyphs, nowMs);
}

type Amounts = Pick<ImageProgress, 'doneBytes' | 'totalBytes' | 'meter'>;

/** Words, a bar, how much, how fast, how long still: as much of it as fits. */
function progressLine(
  words: readonly string[],
  { doneBytes, totalBytes, meter }: Amounts,
  columns: number,
  glyphs: Glyphs,
  nowMs: number,
): string {
  const percent = percentage(doneBytes, totalBytes);
  const speed = recentRate(meter, nowMs);
  const remainingMs = totalBytes === undefined ? undefined : etaMs(meter, totalBytes, nowMs);
  const parts = [
    ...words,
    percent === undefined ? bytes(doneBytes) : `${percent} %`.padStart(5),
    ...(speed === undefined ? [] : [rate(speed).padStart(10)]),
    ...(remainingMs === undefined ? [] : [`ETA ${runningTime(remainingMs)}`]),
  ];
  while (displayWidth(parts.join(gap)) > columns) parts.pop();
  const room = columns - displayWidth(parts.join(gap)) - gap.length;
  if (percent !== undefined && room >= shortestBar) {
    parts.splice(words.length, 0, drawBar(percent / 100, Math.min(room, longestBar), glyphs));
  }
  return parts.join(gap);
}

function imageVerb({ how, decoder }: ImageProgress): string {
  if (how === 'read') return 'reading';
  if (how === 'reuse') return 'taken from the store';
  return decoder === undefined ? 'decoding' : `decoding ${clip(stripControls(decoder), 12, '')}`;
}

function totalLine(state: RunState, nowMs: number): string {
  const planned = state.plan?.cards.length;
  const elapsedMs = state.elapsedMs ?? Math.max(0, nowMs - (state.startedAtMs ?? nowMs));
  return [
    planned === undefined ? `${state.good} good` : `${state.good} of ${planned} good`,
    ...(state.failed > 0 ? [`${state.failed} failed`] : []),
    ...(state.cancelled > 0 ? [`${state.cancelled} cancelled`] : []),
    runningTime(elapsedMs),
  ].join(', ');
}
