// An inventory as cloudmesh-inventory writes it: a mapping from hosts to mappings from columns to values.

import { type Cell, columnOf, type InventoryTable, type Row } from './inventory-columns.js';
import { complaint, fileError, printable, type Source } from './text-file.js';
import { type MapTree, parseYaml, type Tree, type TreeEntry } from './yaml-tree.js';

/** The cells of a cloudmesh inventory. @throws PiburnError (usage) `INVENTORY` with file and line. */
export function cellsOfYaml(text: string, source: Source): InventoryTable {
  const root = parseYaml(text, source);
  if (root === undefined) throw fileError(source, 'is empty', shape);
  if (root.kind !== 'map') throw complaint(source, root.line, 'this is no mapping from hosts to their columns', shape);
  const rows = root.entries.map((entry) => rowOf(entry, source));
  return { rows: rows.map(withoutCountry), warnings: warnOfCountries(rows, source) };
}

const shape = 'write "red001:" and below it lines such as "  ip: 10.1.1.2"';

function rowOf({ key, line, value }: TreeEntry, source: Source): Row {
  if (value.kind !== 'map') {
    const isConfig = ['nodes', 'image', 'device', 'hostname'].includes(key);
    const hint = isConfig ? 'is this a file for --config?' : shape;
    throw complaint(source, line, `${printable(key)} is no host with columns below it`, hint);
  }
  const cells = cellsOf(value, source);
  const host = cells.find(({ setting }) => setting === 'hostname');
  if (host !== undefined && host.value !== key)
    throw complaint(source, host.line, `the host ${printable(key)} is called differently here`, 'make both the same');
  const named: Cell = host ?? { setting: 'hostname', column: 'host', line, value: key };
  return { line, cells: [named, ...cells.filter((cell) => cell !== host)], unused: unusedOf(value, source) };
}

function cellsOf({ entries }: MapTree, source: Source): Cell[] {
  const seen = new Map<string, string>();
  return entries.flatMap(({ key, line, value: tree }): Cell[] => {
    const column = columnOf(key, line, source);
    if (column.kind !== 'setting') return [];
    const before = seen.get(column.setting);
    if (before !== undefined)
      throw complaint(source, line, `${key} and ${before} are the same column`, 'remove one of the two');
    seen.set(column.setting, key);
    const value = cellValue(key, line, tree, source);
    return value === undefined ? [] : [{ setting: column.setting, column: key, line, value }];
  });
}

/** Undefined: nothing, which cloudmesh also writes as an empty string, an empty list or Python's None. */
function cellValue(key: string, line: number, tree: Tree, source: Source): string | readonly string[] | undefined {
  if (tree.kind === 'text') return isNothing(tree.text) ? undefined : tree.text;
  const items = tree.kind === 'list' ? tree.items : [tree];
  const texts = items.map((item) => {
    if (item.kind === 'text') return item.text;
    throw complaint(source, line, `${key} must be a value or a list of values`, `write ${key} on one line`);
  });
  return texts.length === 0 ? undefined : texts;
}

const isNothing = (text: string): boolean => ['', '~', 'null', 'None'].includes(text);

function unusedOf({ entries }: MapTree, source: Source): Row['unused'] {
  return Object.fromEntries(
    entries.flatMap(({ key, line, value: tree }) => {
      const column = columnOf(key, line, source);
      const value = column.kind === 'unused' ? cellValue(key, line, tree, source) : undefined;
      if (column.kind !== 'unused' || value === undefined) return [];
      return [[column.unused, typeof value === 'string' ? value : value.join(', ')]];
    }),
  );
}

/** cloudmesh fills `locale` with the country of the machine that it runs on: `us`. */
const isCountry = ({ setting, value }: Cell): boolean => setting === 'locale' && /^[a-z]{2}$/.test(String(value));

const withoutCountry = (row: Row): Row => ({ ...row, cells: row.cells.filter((cell) => !isCountry(cell)) });

function warnOfCountries(rows: readonly Row[], { file }: Source): string[] {
  const cell = rows.flatMap(({ cells }) => cells).find(isCountry);
  if (cell === undefined) return [];
  return [`${file}:${cell.line}: locale (${String(cell.value)}) is a country and not used; a locale is en_US.UTF-8`];
}
