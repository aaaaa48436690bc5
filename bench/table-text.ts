// The table as text: a section for each set-up, and every target with its ratio. Pure.

import { type Context, figureOf, isVoid, ratioOf, type TableRow, verdictsOf } from './figures.js';
import { bestPeer, ideal, megabytes } from './trials.js';

/** What the columns mean. */
export const legend = `wall, cpu: medians, in seconds; ±: half of the spread over the rounds, in percent. cpu: user and system time of the
program and its children; what loop devices copy in the kernel is in --json (machineCpuSeconds) with all else that ran.
PSS: all its processes together, the most; RSS: the largest of them, the pages of the mapped image included.
card MB: written to one card, as the kernel counted. x: wall time over that of the limit, of the ideal where the cards are
slow, or of the row named in the list of targets. none: reads nothing back.`;

const columns = ['wall s', '±%', 'cpu s', 'PSS MB', 'RSS MB', 'card MB', 'verify', 'x', 'target', 'met'] as const;

/** One set-up: its title, and a line for each row. */
export function renderSection(rows: readonly TableRow[], context: Context): string {
  const [first] = rows;
  if (first === undefined) return '';
  const { setUp } = first.trial;
  const nameWidth = Math.max(16, ...rows.map(({ trial }) => trial.contender.name.length));
  const line = (name: string, cells: readonly string[]) =>
    `  ${name.padEnd(nameWidth)}${columns.map((head, index) => `  ${(cells[index] ?? '').padStart(head.length)}`).join('')}`.trimEnd();
  const idealSeconds = setUp.idealSeconds?.(context.usedBytesOf(first));
  return [
    `${setUp.name}: ${setUp.about}`,
    line('', columns),
    ...(idealSeconds === undefined ? [] : [line(ideal, [idealSeconds.toFixed(2)])]),
    ...rows.map((row) => line(row.trial.contender.name, cells(row, context))),
    ...rows.flatMap(problems),
  ].join('\n');
}

function cells(row: TableRow, context: Context): string[] {
  if (isVoid(row)) return ['void'];
  const { rounds, trial } = row;
  const walls = rounds.map(({ wallSeconds }) => wallSeconds);
  const main = verdictsOf(row, context).find(({ figure, against }) => figure === 'wall' && against !== bestPeer);
  const spread = (Math.max(...walls) - Math.min(...walls)) / 2 / figureOf(row, 'wall');
  const most = (values: readonly number[]) => (Math.max(...values) / 1e6).toFixed(0);
  const written = rounds.flatMap(({ cards }) => cards.map(({ writtenBytes }) => writtenBytes));
  return [
    figureOf(row, 'wall').toFixed(2),
    rounds.length < 2 ? '' : (100 * spread).toFixed(0),
    figureOf(row, 'cpu').toFixed(2),
    most(rounds.map(({ peakBytes }) => peakBytes)),
    most(rounds.map(({ residentBytes }) => residentBytes)),
    written.length === 0 ? '-' : most(written),
    trial.contender.verifies ? 'yes' : 'none',
    ratioOf(row, context)?.toFixed(2) ?? '-',
    main === undefined ? '' : main.atMost.toFixed(2),
    main === undefined ? '' : metText(main.met),
  ];
}

const problems = ({ trial, rounds }: TableRow): string[] =>
  rounds.flatMap(({ problem }) => (problem === undefined ? [] : [`  void: ${trial.contender.name}: ${problem}`]));

const metText = (met: boolean | undefined): string => (met === undefined ? '-' : met ? 'yes' : 'no');

/** Every target, with what it was held against. */
export function renderTargets(context: Context): string {
  const lines = context.rows.flatMap((row) =>
    verdictsOf(row, context).map((verdict) => {
      const { figure, against, heldAgainst = against, atMost, ratio, met } = verdict;
      const unit = against === megabytes ? ' MB' : ' x';
      const what = against === megabytes ? figure : `${figure} / ${heldAgainst === figure ? against : heldAgainst}`;
      const digits = against === megabytes ? 0 : 2;
      return [
        row.trial.name,
        what,
        ratio === undefined ? '-' : `${ratio.toFixed(digits)}${unit}`,
        `${atMost.toFixed(digits)}${unit}`,
        metText(met),
      ];
    }),
  );
  return lines.length === 0 ? '' : aligned([['targets', 'figure', 'is', 'at most', 'met'], ...lines]);
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const isText = (column: number) => column < 2;
  return lines
    .map((line) =>
      line
        .map((cell, column) => (isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
