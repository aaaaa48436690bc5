// The ratios as pictures: one SVG for each kind of set-up, with a bar for each program in groups by set-up. Pure; scales
// and ticks are d3's. Text from outside is escaped; colours follow the viewer's preference for light or dark.

import { scaleBand, scaleLinear } from 'd3-scale';
import { escaped, round, svgText } from '../src/report/svg.js';
import { type Context, isVoid, ratioOf, type TableRow } from './figures.js';

export interface Chart {
  readonly fileName: string;
  readonly svg: string;
}

interface Kind {
  readonly fileName: string;
  readonly title: string;
  readonly against: string;
  has(name: string): boolean;
}

const kinds: readonly Kind[] = [
  {
    fileName: 'raw.svg',
    title: 'Raw image onto fast cards',
    against: 'the limit',
    has: (name) => /^raw-\d+$/.test(name),
  },
  {
    fileName: 'xz.svg',
    title: '.xz image onto fast cards',
    against: 'the limit (piburn again: of the raw image)',
    has: (name) => /^xz-\d+$/.test(name),
  },
  {
    fileName: 'slow.svg',
    title: 'Cards as slow as real ones',
    against: 'used bytes over speeds',
    has: (name) => /^(slow-\d+|five|mixed)$/.test(name),
  },
  {
    fileName: 'delta.svg',
    title: 'The same image again, with another host name',
    against: 'reading the used bytes once',
    has: (name) => name.startsWith('delta'),
  },
];

/** Those of which something was measured. */
export const chartsOf = (context: Context): Chart[] =>
  kinds.flatMap((kind) => {
    const bars = context.rows.flatMap((row) => barOf(row, context)).filter(({ group }) => kind.has(group));
    return bars.length === 0 ? [] : [{ fileName: kind.fileName, svg: renderBars(kind, bars) }];
  });

interface Bar {
  readonly group: string;
  readonly name: string;
  readonly kind: string;
  readonly ratio: number;
  readonly seconds: number;
  readonly verifies: boolean;
}

function barOf(row: TableRow, context: Context): Bar[] {
  const ratio = ratioOf(row, context);
  if (isVoid(row) || ratio === undefined) return [];
  const { setUp, contender } = row.trial;
  const walls = row.rounds.map(({ wallSeconds }) => wallSeconds).toSorted((a, b) => a - b);
  return [
    {
      group: setUp.name,
      name: contender.name,
      kind: contender.kind,
      ratio,
      seconds: walls[Math.floor(walls.length / 2)] ?? Number.NaN,
      verifies: contender.verifies,
    },
  ];
}

const width = 960;
const frame = { left: 200, right: 860, top: 96 } as const;
const barHeight = 22;
const groupGap = 30;

const style = `
  svg { font: 14px sans-serif; background: #ffffff; color: #1f2328; }
  text { fill: currentColor; }
  .title { font-size: 18px; font-weight: bold; }
  .group { font-weight: bold; }
  .grid { stroke: currentColor; stroke-opacity: 0.15; }
  .one { stroke: currentColor; stroke-dasharray: 4 3; }
  .limit { fill: #8c959f; }
  .piburn { fill: #0b6e99; }
  .peer { fill: #b35900; }
  .unverified { fill-opacity: 0.45; }
  @media (prefers-color-scheme: dark) {
    svg { background: #16191d; color: #e6e8eb; }
    .limit { fill: #7d8590; }
    .piburn { fill: #5cc8ff; }
    .peer { fill: #ffa64d; }
  }
`;

/** A whole SVG document, with a line break at its end. */
function renderBars({ title, against }: Kind, bars: readonly Bar[]): string {
  const groups = [...new Set(bars.map(({ group }) => group))];
  const x = scaleLinear([0, Math.max(1, ...bars.map(({ ratio }) => ratio))], [frame.left, frame.right]).nice();
  let top: number = frame.top;
  const drawn = groups.flatMap((group) => {
    const own = bars.filter((bar) => bar.group === group);
    const bottom = top + groupGap + own.length * barHeight;
    const parts = renderGroup(group, own, x, [top + groupGap, bottom]);
    top = bottom;
    return parts;
  });
  const height = top + 72;
  const ticks = x
    .ticks(8)
    .flatMap((tick) => [
      `<path class="grid" d="M${round(x(tick))},${frame.top}V${top + 8}"/>`,
      svgText(x(tick), top + 26, x.tickFormat(8)(tick), 'middle'),
    ]);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(`${title}: wall time`)}</title>`,
    `<style>${style}</style>`,
    svgText(24, 36, title, 'start', 'title'),
    svgText(24, 62, `wall time over that of ${against}; shorter is better; pale: reads nothing back`, 'start'),
    ...ticks,
    ...drawn,
    `<path class="one" d="M${round(x(1))},${frame.top}V${top + 8}"/>`,
    svgText((frame.left + frame.right) / 2, top + 54, 'ratio of wall times (x)', 'middle'),
    '</svg>',
  ].join('\n')}\n`;
}

function renderGroup(
  group: string,
  bars: readonly Bar[],
  x: (value: number) => number,
  [from, to]: readonly [number, number],
): string[] {
  const y = scaleBand(
    bars.map(({ name }) => name),
    [from, to],
  ).padding(0.15);
  return [
    svgText(24, from - 6, group, 'start', 'group'),
    ...bars.flatMap(({ name, kind, ratio, seconds, verifies }) => {
      const at = y(name) ?? from;
      const middle = at + y.bandwidth() / 2 + 5;
      const names = verifies ? kind : `${kind} unverified`;
      return [
        `<rect class="${names}" x="${frame.left}" y="${round(at)}" width="${round(x(ratio) - frame.left)}" height="${round(y.bandwidth())}"/>`,
        svgText(frame.left - 8, middle, name, 'end'),
        svgText(x(ratio) + 6, middle, `${ratio.toFixed(2)} x, ${seconds.toFixed(1)} s`, 'start'),
      ];
    }),
  ];
}
