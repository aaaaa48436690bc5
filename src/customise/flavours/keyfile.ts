// NetworkManager's keyfiles, written and read again. Sources: nm-settings-keyfile(5), and GLib's "Key-value file parser"
// for the escapes.

import { isDeepStrictEqual } from 'node:util';
import { failure } from '../../errors.js';

/** A section with its keys, in their order. */
export type KeyfileSection = readonly [name: string, entries: readonly (readonly [key: string, value: string])[]];

/** The lines of a keyfile. Throws a failure `CUSTOMISE_SELFCHECK` if they read back as anything else. */
export function keyfileLines(sections: readonly KeyfileSection[]): string[] {
  const lines = sections.flatMap(([name, entries]) => [
    `[${name}]`,
    ...entries.map(([key, value]) => `${key}=${escapeValue(value)}`),
  ]);
  if (isDeepStrictEqual(parseKeyfile(lines), sections)) return lines;
  throw failure(
    'CUSTOMISE_SELFCHECK',
    'The network profile of this node does not read back as what it was made from.',
    {
      hint: 'This is a defect of piburn: please report it with the options that you used.',
    },
  );
}

const escapeValue = (value: string): string =>
  value.replaceAll('\\', '\\\\').replace(/^ +/, (spaces) => '\\s'.repeat(spaces.length));

/** The sections of a keyfile; undefined when a line is none of a keyfile. */
export function parseKeyfile(lines: readonly string[]): KeyfileSection[] | undefined {
  const sections: [string, [string, string][]][] = [];
  for (const line of lines) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, section] = /^\[([^[\]]+)\]\s*$/.exec(line) ?? [];
    const [, key, value] = /^([A-Za-z0-9-]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (section !== undefined) sections.push([section, []]);
    else if (key !== undefined && value !== undefined) sections.at(-1)?.[1].push([key, unescapeValue(value)]);
    else return undefined;
  }
  return sections;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['s', ' '],
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
]);

const unescapeValue = (value: string): string =>
  value.replace(/\\(.)/g, (whole, letter: string) => escapes.get(letter) ?? whole);

/** The name of a network, as `ssid` takes it: as it is where nothing in it could be taken for more, else its bytes. */
export function ssidValue(ssid: string): string {
  if (/^[A-Za-z](?:[A-Za-z0-9 _-]*[A-Za-z0-9_-])?$/.test(ssid)) return ssid;
  const value = [...Buffer.from(ssid)].map((byte) => `${byte};`).join('');
  const back = Buffer.from(value.split(';').slice(0, -1).map(Number)).toString();
  if (back === ssid) return value;
  throw failure('CUSTOMISE_SELFCHECK', `The name of the Wi-Fi network '${ssid}' does not read back as it was.`);
}
