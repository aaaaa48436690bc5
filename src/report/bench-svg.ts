// A bench as an SVG: the speed over the number of readers at once, with what they do alone added up, and beside it the speed
// over the block size. Text from outside is escaped; the picture brings its own colours, light or dark as the viewer prefers.

import { scaleLinear, scalePoint } from 'd3-scale';
import { line } from 'd3-shape';
import type { BenchMeasure, BenchOperation, BenchResult } from '../protocol/bench.js';
import { blockText } from './bench-words.js';
import { escaped, round, svgText } from './svg.js';
import { isAmount, stripControls } from './text.js';
import { clip } from './width.js';

export interface BenchSvgOptions {
  readonly title: string;
  /** Below it, smaller: what limits, date. */
  readonly subtitle: string;
}

/** A place of the x axis, and speeds in MB/s there. */
interface Place {
  readonly label: string;
  readonly speeds: Readonly<Partial<Record<Curve, number>>>;
}

type Curve = 'write' | 'read' | 'write-alone' | 'read-alone';
const curves: readonly Curve[] = ['write-alone', 'read-alone', 'write', 'read'];

interface Panel {
  readonly title: string;
  readonly left: number;
  readonly right: number;
  readonly places: readonly Place[];
}

const size = { width: 960, height: 480 } as const;
const [top, bottom] = [112, 416];

const style = `
  svg { font: 14px sans-serif; background: #ffffff; color: #1f2328; }
  text { fill: currentColor; }
  .title { font-size: 18px; font-weight: bold; }
  .grid { stroke: currentColor; stroke-opacity: 0.15; }
  .axis { stroke: currentColor; }
  .write, .read, .write-alone, .read-alone { fill: none; stroke-width: 2; stroke-linejoin: round; }
  .write, .write-alone { stroke: #b35900; }
  .read, .read-alone { stroke: #0b6e99; }
  .write-alone, .read-alone { stroke-dasharray: 3 4; stroke-opacity: 0.6; }
  circle.write { fill: #b35900; }
  circle.read { fill: #0b6e99; }
  @media (prefers-color-scheme: dark) {
    svg { background: #16191d; color: #e6e8eb; }
    .write, .write-alone { stroke: #ffa64d; }
    .read, .read-alone { stroke: #5cc8ff; }
    circle.write { fill: #ffa64d; }
    circle.read { fill: #5cc8ff; }
  }
`;

/** A whole SVG document, with a line break at its end. */
export function renderBenchSvg(result: BenchResult, { title, subtitle }: BenchSvgOptions): string {
  const panels: readonly Panel[] = [
    { title: 'readers at once', left: 72, right: 520, places: crowdPlaces(result) },
    { title: 'block size, one reader', left: 600, right: 928, places: blockPlaces(result) },
  ];
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img">`,
    `<title>${escaped(`${title}: speed over readers at once and block size`)}</title>`,
    `<style>${style}</style>`,
    svgText(72, 32, clip(stripControls(title), 60), 'start', 'title'),
    svgText(72, 56, clip(stripControls(subtitle), 120), 'start'),
    ...key('write', 72).concat(key('read', 176), key('write-alone', 280)),
    ...panels.flatMap(drawPanel),
    `<text transform="translate(20 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">speed (MB/s)</text>`,
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function crowdPlaces(result: BenchResult): Place[] {
  const whole = wholeOf(result);
  const alone = (operation: BenchOperation, reader: number | undefined) =>
    whole.find((each) => each.part === 'alone' && each.operation === operation && each.rates[0]?.reader === reader);
  const together = whole.filter(({ part }) => part === 'together');
  const first = (together.at(-1) ?? whole.find(({ part }) => part === 'alone'))?.rates[0]?.reader;
  const counts = [...new Set(together.map(({ rates }) => rates.length))].sort((a, b) => a - b);
  const placeOf = (label: string, ofOperation: (operation: BenchOperation) => BenchMeasure | undefined): Place => {
    const [write, read] = [ofOperation('write'), ofOperation('read')];
    const sum = (measure: BenchMeasure | undefined) =>
      measure?.rates.reduce((all, { reader }) => all + (alone(measure.operation, reader)?.bytesPerSecond ?? 0), 0);
    return {
      label,
      speeds: {
        ...speed('write', write?.bytesPerSecond),
        ...speed('read', read?.bytesPerSecond),
        ...speed('write-alone', sum(write)),
        ...speed('read-alone', sum(read)),
      },
    };
  };
  return [
    placeOf('1', (operation) => alone(operation, first)),
    ...counts.map((count) =>
      placeOf(String(count), (operation) =>
        together.findLast((each) => each.operation === operation && each.rates.length === count),
      ),
    ),
  ];
}

function blockPlaces(result: BenchResult): Place[] {
  const whole = wholeOf(result);
  // Where the first one failed, another took its place.
  const reader = whole.findLast(({ part }) => part === 'blocks')?.rates[0]?.reader;
  const alike = whole.filter(
    ({ part, rates }) => (part === 'blocks' || part === 'alone') && rates[0]?.reader === reader,
  );
  const sizes = [...new Set(alike.map(({ blockBytes }) => blockBytes))].sort((a, b) => a - b);
  return sizes.map((blockBytes): Place => {
    const of = (operation: BenchOperation) =>
      alike.find((each) => each.operation === operation && each.blockBytes === blockBytes)?.bytesPerSecond;
    return { label: blockText(blockBytes), speeds: { ...speed('write', of('write')), ...speed('read', of('read')) } };
  });
}

const wholeOf = ({ measures }: BenchResult): BenchMeasure[] =>
  measures.filter(({ failed, rates }) => failed.length === 0 && rates.length > 0);

/** Speeds in terabytes a second are none. */
const speed = (curve: Curve, bytesPerSecond: number | undefined): Place['speeds'] =>
  bytesPerSecond !== undefined && isAmount(bytesPerSecond) && bytesPerSecond < 1e12
    ? { [curve]: bytesPerSecond / 1e6 }
    : {};

function drawPanel({ title, left, right, places }: Panel): string[] {
  if (places.length === 0) return [];
  const known = places.flatMap(({ speeds }) => Object.values(speeds));
  const x = scalePoint(
    places.map((_, index) => index),
    [left, right],
  ).padding(0.5);
  const y = scaleLinear([0, known.reduce((most, each) => Math.max(most, each), 1)], [bottom, top]).nice();
  return [
    ...y.ticks(6).map((tick) => horizontal(left, right, y(tick), y.tickFormat(6)(tick))),
    ...places.map(({ label }, index) => svgText(x(index) ?? left, bottom + 22, label, 'middle')),
    `<path class="axis" fill="none" d="M${left},${top}V${bottom}H${right}"/>`,
    svgText((left + right) / 2, bottom + 48, title, 'middle'),
    ...curves.flatMap((curve) => drawCurve(curve, places, (index) => x(index) ?? left, y)),
  ];
}

function drawCurve(
  curve: Curve,
  places: readonly Place[],
  x: (index: number) => number,
  y: (value: number) => number,
): string[] {
  const points = places.flatMap(({ speeds }, index): [number, number][] => {
    const value = speeds[curve];
    return value === undefined ? [] : [[x(index), y(value)]];
  });
  if (points.length === 0) return [];
  const path = line().digits(1)(points) ?? '';
  const isMeasured = curve === 'write' || curve === 'read';
  const dots = isMeasured
    ? points.map(([at, down]) => `<circle class="${curve}" cx="${round(at)}" cy="${round(down)}" r="3"/>`)
    : [];
  return [`<path class="${curve}" d="${path}"/>`, ...dots];
}

const horizontal = (left: number, right: number, at: number, label: string): string =>
  `<path class="grid" d="M${left},${round(at)}H${right}"/>${svgText(left - 8, at + 5, label, 'end')}`;

const keyWords: Readonly<Record<Exclude<Curve, 'read-alone'>, string>> = {
  write: 'write',
  read: 'read',
  'write-alone': 'dotted: what each does alone, added up',
};

const key = (curve: Exclude<Curve, 'read-alone'>, at: number): string[] => [
  `<path class="${curve}" d="M${at},80h32"/>`,
  svgText(at + 40, 85, keyWords[curve], 'start'),
];
