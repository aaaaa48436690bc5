// An inventory as CSV: a header with the names of columns, and a row for each node or hostlist of nodes. An empty cell
// says nothing, so that what holds for all nodes holds for this one.

import { type CsvRow, parseCsv } from './csv.js';
import { type Cell, type Column, columnOf, type InventoryTable, type Row } from './inventory-columns.js';
import { complaint, fileError, printable, type Source } from './text-file.js';

/** The cells of a CSV file. @throws PiburnError (usage) `INVENTORY` with file and line. */
export function cellsOfCsv(text: string, source: Source): InventoryTable {
  const [header, ...rows] = parseCsv(text, source);
  if (header === undefined) throw fileError(source, 'has no header', 'begin it with a line such as host,ip,dns');
  const names = withoutEmptyEnd(header.cells);
  const columns = columnsOf(names, header.line, source);
  return { rows: rows.map((row) => rowOf(row, names, columns, source)), warnings: [] };
}

function columnsOf(names: readonly string[], line: number, source: Source): Column[] {
  const seen = new Map<string, string>();
  const columns = names.map((name, index) => {
    if (name === '') throw complaint(source, line, `column ${index + 1} has no name`, 'name it, or remove it');
    const column = columnOf(name, line, source);
    const key = column.kind === 'setting' ? column.setting : name.toLowerCase();
    const before = seen.get(key);
    if (before !== undefined)
      throw complaint(source, line, `${name} and ${before} are the same column`, 'remove one of the two');
    seen.set(key, name);
    return column;
  });
  if (seen.has('hostname')) return columns;
  throw complaint(
    source,
    line,
    `there is no column for host names, only ${names.map(printable).join(', ')}`,
    'begin the file with a line such as host,ip,dns',
  );
}

function rowOf({ line, cells }: CsvRow, names: readonly string[], columns: readonly Column[], source: Source): Row {
  const filled = withoutEmptyEnd(cells);
  // A row that is too short has lost a separator somewhere, and what follows would count as something else.
  if (filled.length > names.length || cells.length < names.length)
    throw complaint(
      source,
      line,
      `this row has ${cells.length} cells, and the header ${names.length}`,
      'give every row as many cells as the header has; a cell with a separator in it needs quotes',
    );
  const isFilled = (index: number) => (cells[index] ?? '') !== '';
  const settings = columns.flatMap((column, index): Cell[] =>
    column.kind === 'setting' && isFilled(index)
      ? [{ setting: column.setting, column: names[index] ?? '', line, value: cells[index] ?? '' }]
      : [],
  );
  const unused = columns.flatMap((column, index) =>
    column.kind === 'unused' && isFilled(index) ? [[column.unused, cells[index] ?? '']] : [],
  );
  return { line, cells: settings, unused: Object.fromEntries(unused) };
}

/** Spreadsheets put separators behind the last column. */
const withoutEmptyEnd = (cells: readonly string[]): readonly string[] =>
  cells.slice(0, cells.findLastIndex((cell) => cell !== '') + 1);
