// The files of /etc that are tables of accounts: lines of fields with colons between them. Lines that cannot be
// understood, such as comments or those of NIS, are left alone. Source of the formats: passwd(5), shadow(5), group(5),
// gshadow(5), subuid(5).

import { linesOf, mapLines } from './text-lines.js';

/** A line of passwd. */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** A line of group. */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
}

const passwdFields = 7;
const groupFields = 4;

export function passwdEntries(text: string): PasswdEntry[] {
  return tableOf(text, passwdFields).flatMap(([name = '', , uid, gid, , home = '', shell = '']) => {
    const [uidNumber, gidNumber] = [parseId(uid), parseId(gid)];
    if (uidNumber === undefined || gidNumber === undefined) return [];
    return [{ name, uid: uidNumber, gid: gidNumber, home, shell }];
  });
}

export function groupEntries(text: string): GroupEntry[] {
  return tableOf(text, groupFields).flatMap(([name = '', , gid]) => {
    const number = parseId(gid);
    return number === undefined ? [] : [{ name, gid: number }];
  });
}

/** Changes the fields of the lines of one name; `isFound` tells whether there was any. */
export function mapEntry(
  text: string,
  name: string,
  change: (fields: readonly string[]) => readonly string[],
): { readonly text: string; readonly isFound: boolean } {
  let isFound = false;
  const changed = mapLines(text, (line) => {
    const fields = line.split(':');
    if (fields.length < 2 || fields[0] !== name) return line;
    isFound = true;
    return change(fields).join(':');
  });
  return { text: changed, isFound };
}

/** Changes the lists of members, which are the last fields of group and the last two of gshadow. */
export function mapMembers(
  text: string,
  lists: number,
  change: (members: readonly string[], group: string) => readonly string[],
): string {
  return mapLines(text, (line) => {
    const fields = line.split(':');
    if (fields.length !== groupFields) return line;
    const [group = ''] = fields;
    const changed = fields.map((field, index) =>
      index < groupFields - lists ? field : change(field === '' ? [] : field.split(','), group).join(','),
    );
    return changed.join(':');
  });
}

/** The fields with one of them replaced. */
export const withField = (fields: readonly string[], index: number, value: string): string[] =>
  fields.map((field, at) => (at === index ? value : field));

/** The smallest number from `first` on that nobody has. */
export function freeId(first: number, taken: readonly number[]): number {
  let id = first;
  while (taken.includes(id)) id++;
  return id;
}

const subordinateCount = 65_536;
const firstSubordinate = 100_000;

/** A line of subuid or subgid for a name: the ids after all those that are given away. */
export function subordinateLine(text: string, name: string): string {
  const ends = tableOf(text, 3).map(([, start, count]) => (parseId(start) ?? 0) + (parseId(count) ?? 0));
  return `${name}:${Math.max(firstSubordinate, ...ends)}:${subordinateCount}`;
}

const tableOf = (text: string, fieldCount: number): string[][] =>
  linesOf(text)
    .map((line) => line.split(':'))
    .filter((fields) => fields.length === fieldCount && fields[0] !== '' && !/^[#+-]/.test(fields[0] ?? ''));

const parseId = (text = ''): number | undefined => (/^[0-9]{1,10}$/.test(text) ? Number(text) : undefined);
