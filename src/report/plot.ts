// The speed of a card over its length as a picture of characters: in dots of braille (two by four in a cell) writing is a
// shaded area and reading a line, so that they differ without colour too; in ASCII both are letters.

import type { SpeedPoint } from '../protocol/probe.js';
import { paint, type Style } from './paint.js';
import { bytes, isAmount } from './text.js';
import { displayWidth } from './width.js';

export interface PlotOptions {
  /** Columns of the terminal; fewer than 30 count as 30, more than 120 as 120. */
  readonly columns: number;
  readonly color: boolean;
  readonly ascii?: boolean;
}

interface Series {
  readonly name: string;
  readonly letter: string;
  readonly style: Style;
  readonly isArea: boolean;
  readonly of: (point: SpeedPoint) => number | undefined;
}

const rows = 8;
const fewestColumns = 30;
const mostColumns = 120;

const series: readonly Series[] = [
  { name: 'write', letter: 'w', style: 'yellow', isArea: true, of: ({ writeBytesPerSecond }) => writeBytesPerSecond },
  { name: 'read', letter: 'r', style: 'green', isArea: false, of: ({ readBytesPerSecond }) => readBytesPerSecond },
];

/** The lines of the picture; none when nothing was measured. */
export function renderPlot(speeds: readonly SpeedPoint[], sizeBytes: number, options: PlotOptions): string[] {
  const points = plottable(speeds, sizeBytes);
  const known = points.flatMap((point) => series.flatMap(({ of }) => amount(of(point))));
  const top = niceTop(known.reduce((most, speed) => Math.max(most, speed), 0) / 1e6);
  if (known.length === 0 || !isAmount(sizeBytes) || sizeBytes === 0) return [];
  const columns = Math.min(Math.max(Math.floor(options.columns) || fewestColumns, fewestColumns), mostColumns);
  const labels = [0, 1, 2, 3, 4, 5, 6, 7].map((row) => (row % 2 === 0 ? axisLabel((top * (rows - row)) / rows) : ''));
  const margin = labels.reduce((widest, label) => Math.max(widest, label.length), 1);
  const cells = columns - margin - 2;
  const ascii = options.ascii ?? false;
  const canvas = new Canvas(cells, rows, ascii);
  series.forEach(({ of }, index) => {
    points.forEach((point, at) => {
      const speed = of(point);
      if (speed === undefined || !isAmount(speed)) return;
      draw(canvas, index, reach(points, at, sizeBytes), speed / 1e6 / top);
    });
  });
  const bar = ascii ? '|' : '│';
  const picture = labels.map((label, row) =>
    `${label.padStart(margin)} ${bar}${canvas.row(row, options.color)}`.trimEnd(),
  );
  const corner = `${'0'.padStart(margin)} ${ascii ? '+' : '└'}${(ascii ? '-' : '─').repeat(cells)}`;
  return [legend(margin, options, canvas), ...picture, corner, scale(margin, cells, sizeBytes)];
}

const amount = (speed: number | undefined): number[] => (speed !== undefined && isAmount(speed) ? [speed] : []);

/** The points that lie on the card, with speeds that are some: in terabytes a second there are none. */
export function plottable(points: readonly SpeedPoint[], sizeBytes: number): SpeedPoint[] {
  const isSpeed = (speed: number | undefined) => speed === undefined || (isAmount(speed) && speed < 1e12);
  return points.filter(
    ({ offsetBytes, lengthBytes, writeBytesPerSecond, readBytesPerSecond }) =>
      isAmount(offsetBytes) &&
      isAmount(lengthBytes) &&
      offsetBytes + lengthBytes <= sizeBytes &&
      isSpeed(writeBytesPerSecond) &&
      isSpeed(readBytesPerSecond),
  );
}

/** MB/s. */
const leastTop = 0.1;

/** The next of 1, 2, 4, 8 times a power of ten above; speeds in MB/s. */
function niceTop(most: number): number {
  if (!(most > leastTop)) return leastTop;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 4, 8].find((factor) => factor * power >= most) ?? 10) * power || 1;
}

const axisLabel = (megabytes: number): string => String(Number(megabytes.toPrecision(3)));

function legend(margin: number, { color, ascii = false }: PlotOptions, canvas: Canvas): string {
  const keys = series.map(({ name, letter, style }, index) =>
    paint(ascii ? `${letter} ${name}` : `${canvas.mark(index)} ${name}`, style, color),
  );
  return `${' '.repeat(margin)} MB/s  ${keys.join('  ')}`;
}

function scale(margin: number, cells: number, sizeBytes: number): string {
  const [half, end] = [bytes(sizeBytes / 2), bytes(sizeBytes)];
  const before = Math.max(0, Math.floor((cells - displayWidth(half)) / 2) - 1);
  const after = cells - 1 - before - displayWidth(half) - displayWidth(end);
  const left = `${' '.repeat(margin + 2)}0`;
  if (after < 1) return `${left}${end.padStart(cells - 1)}`;
  return `${left}${' '.repeat(before)}${half}${' '.repeat(after)}${end}`;
}

/** From where to where a point stands for the card, as fractions: half of the way to its neighbours. */
function reach(points: readonly SpeedPoint[], at: number, sizeBytes: number): readonly [from: number, to: number] {
  const [before, point, after] = [points[at - 1], points[at], points[at + 1]];
  if (point === undefined) return [0, 0];
  const endOf = ({ offsetBytes, lengthBytes }: SpeedPoint) => offsetBytes + lengthBytes;
  const from = before === undefined ? point.offsetBytes : (endOf(before) + point.offsetBytes) / 2;
  const to = after === undefined ? endOf(point) : (endOf(point) + after.offsetBytes) / 2;
  return [from / sizeBytes, to / sizeBytes];
}

function draw(canvas: Canvas, index: number, [from, to]: readonly [number, number], height: number): void {
  const first = Math.max(0, Math.floor(from * canvas.dotsAcross));
  const last = Math.min(Math.max(Math.ceil(to * canvas.dotsAcross), first + 1), canvas.dotsAcross);
  for (let x = first; x < last; x += 1) canvas.set(x, height, index, series[index]?.isArea ?? false);
}

/** Bits of the dots of a braille cell, by column and row (Unicode, Braille Patterns, U+2800). */
const brailleBits = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

class Canvas {
  readonly dotsAcross: number;
  readonly #dotsDown: number;
  readonly #across: number;
  readonly #down: number;
  /** For each series the dots of each cell. */
  readonly #cells = series.map(() => new Map<number, number>());

  constructor(
    readonly columns: number,
    lines: number,
    readonly ascii: boolean,
  ) {
    [this.#across, this.#down] = ascii ? [1, 1] : [2, 4];
    this.dotsAcross = columns * this.#across;
    this.#dotsDown = lines * this.#down;
  }

  /** `height`: 0 to 1. An area has every second dot below set too. */
  set(x: number, height: number, index: number, isArea: boolean): void {
    const top = this.#dotsDown - 1 - Math.min(this.#dotsDown - 1, Math.max(0, Math.round(height * this.#dotsDown) - 1));
    this.#dot(x, top, index);
    if (!isArea || this.ascii) return;
    for (let y = top + 1; y < this.#dotsDown; y += 1) if ((x + y) % 2 === 0) this.#dot(x, y, index);
  }

  #dot(x: number, y: number, index: number): void {
    const cell = Math.floor(y / this.#down) * this.columns + Math.floor(x / this.#across);
    const bit = brailleBits[x % this.#across]?.[y % this.#down] ?? 0;
    this.#cells[index]?.set(cell, (this.#cells[index]?.get(cell) ?? 0) | bit);
  }

  /** What a series looks like in the legend. */
  mark(index: number): string {
    return series[index]?.isArea ? '⣶' : '⠒';
  }

  row(line: number, color: boolean): string {
    const texts = Array.from({ length: this.columns }, (_, column) => this.#cell(line * this.columns + column, color));
    return texts.join('').trimEnd();
  }

  #cell(cell: number, color: boolean): string {
    const dots = this.#cells.map((cells) => cells.get(cell) ?? 0);
    const owner = dots.findIndex((each) => each !== 0);
    const both = dots.every((each) => each !== 0);
    if (owner < 0) return ' ';
    const text = this.ascii
      ? both
        ? '*'
        : (series[owner]?.letter ?? ' ')
      : String.fromCharCode(0x2800 | dots.reduce((sum, each) => sum | each, 0));
    return both ? text : paint(text, series[owner]?.style ?? 'bold', color);
  }
}
