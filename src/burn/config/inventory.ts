// `--inventory=FILE`: the nodes of a cluster as a table, one row for each node or for a hostlist of them. Either CSV with
// a header, or the YAML of cloudmesh-inventory (github.com/cloudmesh/cloudmesh-inventory): a mapping from
// hosts to their columns. Columns are settings by their names, or by those that cloudmesh gives them.

import { checkedText, type Entry, parseSwitch, type Reading } from './entry.js';
import { expandAll, expandEntry } from './expand-nodes.js';
import { type Cell, type Row, tellOfUnused } from './inventory-columns.js';
import { cellsOfCsv } from './inventory-csv.js';
import { cellsOfYaml } from './inventory-yaml.js';
import { baseOf } from './place.js';
import { warnOfSecrets } from './secrets.js';
import type { ConfigSettings, Settings, SettingValue } from './settings.js';
import { type NodeSettingName, type NodeSettings, settingOf } from './settings.js';
import { complaint, fileError, printable, readTextFile } from './text-file.js';

/**
 * Reads an inventory of at most 1 MiB. `home` is what `~` means in it.
 * @throws PiburnError (usage) with file and line: `INVENTORY`, `HOSTLIST`, `COUNT_MISMATCH`, `DUPLICATE`, `TOO_MANY_NODES`.
 */
export function readInventory(path: string, home?: string): ConfigSettings {
  const file = readTextFile(path, '--inventory');
  const reading: Reading = { file: file.file, option: file.option, ...baseOf(path, home) };
  if (file.text.trim() === '')
    throw fileError(reading, 'is empty', 'give it a header such as host,ip and a row for each node');
  const table = isYaml(path, file.text) ? cellsOfYaml(file.text, reading) : cellsOfCsv(file.text, reading);
  const nodes = expandAll(table.rows, (row) => nodesOfRow(row, reading));
  if (nodes.length === 0) throw fileError(reading, 'has no nodes in it', 'give it a row for each node');
  const config = { file: file.file, settings: {}, labels: {}, nodes };
  const warnings = [...table.warnings, ...tellOfUnused(table.rows, reading), ...warnOfSecrets(config, file.sharedMode)];
  return { ...config, warnings };
}

/** By its name, or else by its first line: `red:` begins a mapping, and no header ends like that. */
function isYaml(path: string, text: string): boolean {
  if (/\.ya?ml$/i.test(path)) return true;
  if (/\.(csv|tsv|txt)$/i.test(path)) return false;
  const first = text.split(/\r?\n/).find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  return /^---\s*$|^\{|:\s*(#.*)?$/.test(first);
}

function nodesOfRow(row: Row, reading: Reading): NodeSettings[] {
  const settings: Partial<Record<NodeSettingName, SettingValue>> = {};
  const labels: Partial<Record<NodeSettingName, string>> = {};
  for (const cell of row.cells) {
    labels[cell.setting] = `${reading.file}:${cell.line}: ${cell.column}`;
    settings[cell.setting] = settingValue(cell, reading);
  }
  const { hostname } = settings;
  if (typeof hostname !== 'string')
    throw complaint(reading, row.line, 'this row has no host name', 'every node needs one, such as red001');
  const entry: Entry = { settings: settings as Settings, labels, cleared: [], line: row.line };
  return expandEntry({ ...entry, settings: { ...entry.settings, hostname } });
}

function settingValue({ setting, column, line, value }: Cell, reading: Reading): SettingValue {
  const complain = (problem: string, hint: string) => complaint(reading, line, problem, hint);
  const checked = (text: string) => checkedText(setting, column, text, reading, complain);
  const { kind, example } = settingOf(setting);
  if (kind === 'list') return (typeof value === 'string' ? wordsOf(value) : value).map(checked);
  if (typeof value !== 'string') {
    if (kind === 'hosts') return value.map(checked).join(',');
    throw complain(`${column} must be one value, not a list`, `write a value such as ${example}`);
  }
  if (kind !== 'switch') return checked(value);
  const flag = parseSwitch(value);
  if (flag !== undefined) return flag;
  throw complain(`${column} must be yes or no, not '${printable(value)}'`, 'write yes or no, or leave the cell empty');
}

/** A cell holds several values with commas, semicolons or spaces between them. */
function wordsOf(text: string): string[] {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  return words.length === 0 ? [''] : words;
}
