// Comma-separated values (RFC 4180), as people and spreadsheets write them: separated by commas, semicolons or tabs, with
// comment lines, and with any kind of line end.

import type { PiburnError } from '../../errors.js';
import { complaint, type Source } from './text-file.js';

export interface CsvRow {
  /** Where it begins, counted from 1. */
  readonly line: number;
  /** Spaces around a cell are not part of it, unless it is quoted. */
  readonly cells: readonly string[];
}

/**
 * The rows of a table, the header first. Lines without anything in them and lines that begin with # are passed over.
 * @throws PiburnError (usage) with file and line, for quotes that do not pair.
 */
export function parseCsv(text: string, source: Source): CsvRow[] {
  const separator = separatorOf(text);
  const reader = new Reader(text, separator, source);
  const rows: CsvRow[] = [];
  while (!reader.isDone) {
    if (reader.skipsLine()) continue;
    const row = reader.readRow();
    if (row.cells.some((cell) => cell !== '')) rows.push(row);
  }
  return rows;
}

/** The separator that is there most often in the header, outside of quotes. */
function separatorOf(text: string): string {
  const header = text.split(/\r\n|\r|\n/).find((line) => line.trim() !== '' && !line.trimStart().startsWith('#')) ?? '';
  const bare = header.replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((separator) => ({ separator, count: bare.split(separator).length }));
  return counts.toSorted((a, b) => b.count - a.count)[0]?.separator ?? ',';
}

class Reader {
  readonly #text: string;
  readonly #separator: string;
  readonly #source: Source;
  #offset = 0;
  #line = 1;

  constructor(text: string, separator: string, source: Source) {
    this.#text = text;
    this.#separator = separator;
    this.#source = source;
  }

  get isDone(): boolean {
    return this.#offset >= this.#text.length;
  }

  /** Whether there was a comment or an empty line here, which is passed over. */
  skipsLine(): boolean {
    const [found = ''] = this.#match(/[ \t]*(#[^\r\n]*)?(?=[\r\n]|$)/y);
    const isSkipped = found !== '' || this.#isAtLineEnd();
    if (isSkipped) this.#skipLineEnd();
    return isSkipped;
  }

  readRow(): CsvRow {
    const line = this.#line;
    const cells = [this.#readCell()];
    while (this.#text[this.#offset] === this.#separator) {
      this.#offset += 1;
      cells.push(this.#readCell());
    }
    this.#skipLineEnd();
    return { line, cells };
  }

  #readCell(): string {
    const line = this.#line;
    const blank = this.#separator === '\t' ? / *"/y : /[ \t]*"/y;
    if (this.#match(blank)[0] === undefined) return this.#readPlain(line);
    const cell = this.#readQuoted(line);
    this.#match(/ */y);
    if (this.#isAtLineEnd() || this.#text[this.#offset] === this.#separator) return cell;
    throw this.#complain(this.#line, 'there is something behind the closing quote of a cell');
  }

  #readPlain(line: number): string {
    const [cell = ''] = this.#match(this.#separator === '\t' ? /[^\t\r\n]*/y : this.#untilSeparator());
    if (cell.includes('"')) throw this.#complain(line, 'there is a quote in a cell that is not quoted');
    return cell.trim();
  }

  #untilSeparator(): RegExp {
    return this.#separator === ';' ? /[^;\r\n]*/y : /[^,\r\n]*/y;
  }

  #readQuoted(line: number): string {
    const [inside] = this.#match(/(?:[^"]|"")*"/y);
    if (inside === undefined) throw this.#complain(line, 'the quote that begins a cell here is never closed');
    return inside.slice(0, -1).replaceAll('""', '"');
  }

  /** What matches here (a sticky pattern), counted and passed. */
  #match(pattern: RegExp): readonly string[] {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.#text) ?? [];
    const [text = ''] = found;
    this.#offset += text.length;
    this.#line += text.match(/\r\n|\r|\n/g)?.length ?? 0;
    return found;
  }

  #isAtLineEnd(): boolean {
    return this.isDone || /[\r\n]/.test(this.#text[this.#offset] ?? '');
  }

  #skipLineEnd(): void {
    this.#match(/\r\n|\r|\n/y);
  }

  #complain(line: number, problem: string): PiburnError {
    return complaint(this.#source, line, problem, 'write such a cell as "5 inch ""rack""": in quotes, its own doubled');
  }
}
