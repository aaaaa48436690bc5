// The columns of an inventory: which setting each one is, and which ones tell people something and burning nothing.

import type { PiburnError } from '../../errors.js';
import { nearest } from './nearest.js';
import { isNodeSetting, type NodeSettingName, settingNamed, settingNames } from './settings.js';
import { complaint, printable, type Source } from './text-file.js';

/** A cell that has something in it. */
export interface Cell {
  readonly setting: NodeSettingName;
  /** What its column is called in the file. */
  readonly column: string;
  readonly line: number;
  readonly value: string | readonly string[];
}

export interface Row {
  readonly line: number;
  readonly cells: readonly Cell[];
  /** What the node has in `services` and `tag`. */
  readonly unused: Readonly<Partial<Record<UnusedColumn, string>>>;
}

export interface InventoryTable {
  readonly rows: readonly Row[];
  readonly warnings: readonly string[];
}

type UnusedColumn = 'services' | 'tag';

/** Names of cloudmesh-inventory. */
const translated: Readonly<Record<string, NodeSettingName>> = {
  host: 'hostname',
  router: 'gateway',
  keyfile: 'sshkey',
};

/** For people, or for other parts of cloudmesh; the last ones are from its older versions. */
const remarks = 'cluster service owners comment description status network name label type project metadata'.split(' ');

/** Asks for something that burning does not do, which is worth a word. */
const unusedColumns: readonly UnusedColumn[] = ['services', 'tag'];

export type Column =
  | { readonly kind: 'setting'; readonly setting: NodeSettingName }
  | { readonly kind: 'remark' }
  | { readonly kind: 'unused'; readonly unused: UnusedColumn };

/** What a column is. @throws PiburnError (usage) `INVENTORY` for one that is not known. */
export function columnOf(written: string, line: number, source: Source): Column {
  const name = written.toLowerCase();
  const unused = unusedColumns.find((column) => column === name);
  if (unused !== undefined) return { kind: 'unused', unused };
  if (remarks.includes(name)) return { kind: 'remark' };
  const setting = Object.hasOwn(translated, name) ? translated[name] : settingNamed(name);
  if (setting === undefined) throw unknownColumn(written, line, source);
  if (isNodeSetting(setting)) return { kind: 'setting', setting };
  throw complaint(
    source,
    line,
    `${name} is the same for all nodes, and no column`,
    `say --${name}, or put it into the file of --config`,
  );
}

function unknownColumn(written: string, line: number, source: Source): PiburnError {
  const names = [...settingNames.filter(isNodeSetting), ...Object.keys(translated), ...remarks, ...unusedColumns];
  const near = nearest(written, names);
  const problem = `'${printable(written)}' is no column that is known`;
  if (near === undefined) return complaint(source, line, problem, `there are: ${names.join(', ')}`);
  return complaint(source, line, `${problem}; did you mean ${near}?`, 'correct its name, or remove it');
}

/** One warning for each kind of thing that the file asks for and burning does not do. */
export function tellOfUnused(rows: readonly Row[], { file }: Source): string[] {
  const firstWith = (column: UnusedColumn) => rows.find(({ unused }) => unused[column] !== undefined);
  const place = ({ line, unused }: Row, column: UnusedColumn) =>
    `${file}:${line}: ${column} (${printable(unused[column] ?? '')})`;
  const services = firstWith('services');
  const tag = firstWith('tag');
  return [
    ...(services ? [`${place(services, 'services')} is not used: burning sets up no services`] : []),
    ...(tag ? [`${place(tag, 'tag')} is not used: all cards get the image of --image`] : []),
  ];
}
