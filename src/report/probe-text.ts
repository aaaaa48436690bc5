// What a probe has found, for people: the verdict in a sentence, a table, a picture of the speed, and the line that is
// redrawn while it runs.

import type { PlaceRun, ProbeFacts, ProbeStep, RandomAccess, Verdict } from '../protocol/probe.js';
import { drawBar, glyphsFor } from './glyphs.js';
import { paint, type Style } from './paint.js';
import { type PlotOptions, renderPlot } from './plot.js';
import { bytes, counted, duration, isAmount, percentage, rate, runningTime, unknownText } from './text.js';
import { clip } from './width.js';

/** `good: 31.9 GB, all of it there`. */
export function verdictSentence(verdict: Verdict, { sizeBytes, full }: Pick<ProbeFacts, 'sizeBytes' | 'full'>): string {
  const size = bytes(sizeBytes);
  const there = full ? 'every block of it there' : 'all of it there';
  switch (verdict.kind) {
    case 'good':
      return `good: ${size}, ${there}`;
    case 'slow':
      return `slow: ${size}, ${there}, but it writes ${rate(verdict.writeBytesPerSecond)}; a Pi wants 10 MB/s`;
    case 'fake':
      return `fake: claims ${size}, holds ${bytes(verdict.holdsBytes)} (${fakeWords[verdict.how]})`;
    case 'failing':
      return `failing: ${counted(verdict.places, 'bad place')}, ${verdict.places === 1 ? '' : 'the first '}at byte ${verdict.firstBytes}`;
    case 'read-only':
      return 'read-only: nothing can be written any more; the card has reached the end of its life';
  }
}

const fakeWords = {
  wraparound: 'wraps around',
  limbo: 'loses the rest',
  chain: 'loses some of the rest and wraps around',
} as const;

const verdictStyles: Readonly<Record<Verdict['kind'], Style>> = {
  good: 'green',
  slow: 'yellow',
  fake: 'red',
  failing: 'red',
  'read-only': 'red',
};

/** Everything, without a line break at its end. */
export function renderProbe(facts: ProbeFacts, options: PlotOptions): string {
  const { verdict, sizeBytes, speeds } = facts;
  const sentence = paint(verdictSentence(verdict, facts), verdictStyles[verdict.kind], options.color);
  const plot = renderPlot(speeds, sizeBytes, options);
  const blocks = [tableOf(facts), badLines(facts), plot, [sentence]].filter((block) => block.length > 0);
  return blocks.map((block) => block.join('\n')).join('\n\n');
}

function tableOf(facts: ProbeFacts): string[] {
  const { sizeBytes, checkedBytes, speeds, randomWrites, randomReads, full, direct, seed, elapsedMs } = facts;
  const percent = percentage(checkedBytes, sizeBytes);
  const checked = full
    ? ''
    : ` (${percent === undefined || percent === 0 ? 'less than 1' : percent} %), spread over all of it`;
  return [
    `Checked        ${bytes(checkedBytes)} of ${bytes(sizeBytes)}${checked}, in ${duration(elapsedMs)}`,
    `Write          ${speedText(speeds.flatMap(({ writeBytesPerSecond }) => writeBytesPerSecond ?? []))}`,
    `Read           ${speedText(speeds.flatMap(({ readBytesPerSecond }) => readBytesPerSecond ?? []))}`,
    ...(randomWrites === undefined ? [] : [`4 KiB writes   ${accessText(randomWrites)}`]),
    ...(randomReads === undefined ? [] : [`4 KiB reads    ${accessText(randomReads)}`]),
    ...(direct ? [] : ['Note           its file system has no O_DIRECT: the speeds are those of the page cache']),
    `Seed           ${seed}`,
  ];
}

function speedText(speeds: readonly number[]): string {
  const known = speeds.filter(isAmount).sort((a, b) => a - b);
  const [least, median, most] = [known[0], known[Math.floor(known.length / 2)], known.at(-1)];
  if (least === undefined || median === undefined || most === undefined) return unknownText;
  return `${rate(median)} (slowest place ${rate(least)}, fastest ${rate(most)})`;
}

const accessText = ({ perSecond, medianMs, worstMs }: RandomAccess): string =>
  `${isAmount(perSecond) ? Math.round(perSecond) : unknownText} a second, ${milliseconds(medianMs)} as a rule, ${milliseconds(worstMs)} at worst`;

const milliseconds = (elapsedMs: number): string =>
  isAmount(elapsedMs) ? `${Number(elapsedMs.toPrecision(3))} ms` : unknownText;

/** More bad places than this are no news. */
const shownPlaces = 12;

const stateWords: Readonly<Record<PlaceRun['state'], string>> = {
  good: 'good',
  lost: 'nothing of what was written is there',
  changed: 'some bytes are wrong',
  elsewhere: 'holds what was written to another place',
  error: 'cannot be read',
};

function badLines({ bad, badMore }: ProbeFacts): string[] {
  if (bad.length === 0) return [];
  const lines = bad.slice(0, shownPlaces).map(placeLine);
  const hidden = bad.length - lines.length + badMore;
  return ['Bad places', ...lines, ...(hidden > 0 ? [`  and ${hidden} more`] : [])];
}

function placeLine({ offsetBytes, lengthBytes, state, shiftBytes }: PlaceRun): string {
  const from = shiftBytes === undefined ? '' : ` (byte ${offsetBytes + shiftBytes})`;
  return `  ${bytes(lengthBytes)} at byte ${offsetBytes}: ${stateWords[state]}${from}`;
}

export interface ProbeProgress {
  readonly step: ProbeStep;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly elapsedMs: number;
  readonly remainingMs?: number | undefined;
}

export const stepWords: Readonly<Record<ProbeStep, string>> = {
  opening: 'opening',
  wiping: 'removing the old partition table',
  markers: 'writing marks',
  filling: 'filling the end',
  writing: 'writing',
  'random-writes': 'writing here and there',
  checking: 'looking for the marks',
  reading: 'reading back',
  'random-reads': 'reading here and there',
  bisecting: 'looking for the real end',
  clearing: 'clearing',
  done: 'done',
};

/** One line, no wider than `columns`. */
export function renderProbeProgress(progress: ProbeProgress, options: { columns: number; ascii?: boolean }): string {
  const { step, doneBytes, totalBytes, elapsedMs, remainingMs } = progress;
  const glyphs = glyphsFor(options.ascii ?? false);
  const percent = percentage(doneBytes, totalBytes);
  const parts = [
    runningTime(elapsedMs).padStart(9),
    ...(percent === undefined ? [] : [drawBar(percent / 100, 20, glyphs), `${percent} %`.padStart(5)]),
    stepWords[step],
    ...(remainingMs === undefined ? [] : [`ETA ${runningTime(remainingMs)}`]),
  ];
  return clip(parts.join('  '), Math.max(20, Math.floor(options.columns) || 20), glyphs.ellipsis);
}
