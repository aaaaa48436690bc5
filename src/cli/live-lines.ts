// Lines at the bottom of the terminal that are drawn again and again in place. What was drawn for one width can take more
// rows at another: terminals break long lines anew when their window becomes narrower.

import { stripVTControlCharacters } from 'node:util';
import { displayWidth } from '../report/width.js';

export class LiveLines {
  readonly #out: () => NodeJS.WriteStream;
  /** Columns that each line took when it was drawn. */
  #drawn: readonly number[] = [];

  constructor(out: () => NodeJS.WriteStream) {
    this.#out = out;
  }

  /** Puts these lines where the ones before were. Those that the window has no rows for are left out. */
  draw(lines: readonly string[]): void {
    const out = this.#out();
    const fitting = this.#thatFit(lines);
    const text = fitting.map((line) => `\x1b[2K${line}\n`).join('');
    out.write(`${up(this.#rows())}${text}\x1b[J`);
    this.#drawn = fitting.map(widthOf);
  }

  erase(): void {
    const rows = this.#rows();
    if (rows > 0) this.#out().write(`${up(rows)}\x1b[J`);
    this.#drawn = [];
  }

  /** What is drawn stays as it is. */
  leave(): void {
    this.#drawn = [];
  }

  #thatFit(lines: readonly string[]): string[] {
    const room = Math.max(1, (this.#out().rows || 24) - 1);
    const fitting: string[] = [];
    let rows = 0;
    for (const line of lines) {
      rows += this.#rowsOf(widthOf(line));
      if (rows > room) break;
      fitting.push(line);
    }
    return fitting;
  }

  #rows(): number {
    return this.#drawn.reduce((rows, width) => rows + this.#rowsOf(width), 0);
  }

  #rowsOf(width: number): number {
    return Math.max(1, Math.ceil(width / (this.#out().columns || 80)));
  }
}

const widthOf = (line: string): number => displayWidth(stripVTControlCharacters(line));
const up = (rows: number): string => (rows === 0 ? '' : `\x1b[${rows}A\r`);
