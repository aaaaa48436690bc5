// The speed of a card over its length as an SVG: axes with units, a line for writing and one for reading, a legend and a
// title. Text from outside is escaped; the picture brings its own colours, light or dark as the viewer prefers.

import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import type { SpeedPoint } from '../protocol/probe.js';
import { plottable } from './plot.js';
import { escaped, round, svgText } from './svg.js';
import { bytes, isAmount, stripControls } from './text.js';
import { clip } from './width.js';

export interface SvgOptions {
  /** Such as the model of the card. */
  readonly title: string;
  /** Below it, smaller: verdict, date. */
  readonly subtitle: string;
  readonly sizeBytes: number;
}

const size = { width: 960, height: 480 } as const;
const frame = { left: 72, right: 928, top: 80, bottom: 416 } as const;

interface Curve {
  readonly name: string;
  readonly of: (point: SpeedPoint) => number | undefined;
}

const curves: readonly Curve[] = [
  { name: 'write', of: ({ writeBytesPerSecond }) => writeBytesPerSecond },
  { name: 'read', of: ({ readBytesPerSecond }) => readBytesPerSecond },
];

const style = `
  svg { font: 14px sans-serif; background: #ffffff; color: #1f2328; }
  text { fill: currentColor; }
  .title { font-size: 18px; font-weight: bold; }
  .grid { stroke: currentColor; stroke-opacity: 0.15; }
  .axis { stroke: currentColor; }
  .write, .read { fill: none; stroke-width: 2; stroke-linejoin: round; }
  .write { stroke: #b35900; }
  .read { stroke: #0b6e99; stroke-dasharray: 8 3; }
  @media (prefers-color-scheme: dark) {
    svg { background: #16191d; color: #e6e8eb; }
    .write { stroke: #ffa64d; }
    .read { stroke: #5cc8ff; }
  }
`;

/** A whole SVG document, with a line break at its end. */
export function renderPlotSvg(measured: readonly SpeedPoint[], { title, subtitle, sizeBytes }: SvgOptions): string {
  const points = plottable(measured, sizeBytes);
  const speeds = points.flatMap((point) => curves.map(({ of }) => megabytes(of(point)) ?? 0));
  const most = speeds.reduce((top, speed) => Math.max(top, speed), 1);
  const x = scaleLinear([0, isAmount(sizeBytes) && sizeBytes >= 1 ? sizeBytes / 1e9 : 1], [frame.left, frame.right]);
  const y = scaleLinear([0, most], [frame.bottom, frame.top]).nice();
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img">`,
    `<title>${escaped(`${title}: speed over position`)}</title>`,
    `<style>${style}</style>`,
    svgText(frame.left, 32, `${clip(stripControls(title), 52)}, ${bytes(sizeBytes)}`, 'start', 'title'),
    svgText(frame.left, 56, clip(stripControls(subtitle), 110), 'start'),
    ...y.ticks(6).map((tick) => horizontal(y(tick), y.tickFormat(6)(tick))),
    ...x.ticks(10).map((tick) => vertical(x(tick), x.tickFormat(10)(tick))),
    `<path class="axis" fill="none" d="M${frame.left},${frame.top}V${frame.bottom}H${frame.right}"/>`,
    svgText((frame.left + frame.right) / 2, frame.bottom + 48, 'position (GB)', 'middle'),
    `<text transform="translate(20 ${(frame.top + frame.bottom) / 2}) rotate(-90)" text-anchor="middle">speed (MB/s)</text>`,
    ...curves.map(({ name, of }) => curve(name, points, of, x, y)),
    ...curves.flatMap(({ name }, index) => key(name, frame.right - 180 + index * 100)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

const megabytes = (speed: number | undefined): number | undefined =>
  speed !== undefined && isAmount(speed) ? speed / 1e6 : undefined;

const horizontal = (at: number, label: string): string =>
  `<path class="grid" d="M${frame.left},${round(at)}H${frame.right}"/>${svgText(frame.left - 8, at + 5, label, 'end')}`;

const vertical = (at: number, label: string): string =>
  `<path class="grid" d="M${round(at)},${frame.top}V${frame.bottom}"/>${svgText(at, frame.bottom + 22, label, 'middle')}`;

/** Gaps stay where nothing was measured. */
function curve(
  name: string,
  points: readonly SpeedPoint[],
  of: Curve['of'],
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const path = line<SpeedPoint>()
    .defined((point) => megabytes(of(point)) !== undefined)
    .x((point) => x((point.offsetBytes + point.lengthBytes / 2) / 1e9))
    .y((point) => y(megabytes(of(point)) ?? 0))
    .digits(1);
  return `<path class="${name}" d="${path(points) ?? ''}"/>`;
}

const key = (name: string, at: number): string[] => [
  `<path class="${name}" d="M${at},28h32"/>`,
  svgText(at + 40, 33, name, 'start'),
];
