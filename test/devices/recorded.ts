// Machines to test on: each JSON file in recorded/ holds what lsblk, sysfs, procfs and /dev say on one of them,
// in the shape that their kernels give it. `recorded` answers the room's questions from such a file.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Entry, SystemSource } from '../../src/devices/system-source.js';

export interface Recording {
  readonly about: string;
  /** Attributes by kernel name; `sysfs` is where the link in /sys/class/block leads. */
  readonly block: Readonly<Record<string, Readonly<Record<string, string | number | readonly string[]>>>>;
  readonly lsblk: readonly unknown[];
  readonly mountinfo: readonly string[];
  readonly swaps?: readonly string[];
  readonly cmdline?: string;
  /** What is in /sys/fs/ext4 and the like. */
  readonly fileSystems?: Readonly<Record<string, readonly string[]>>;
  /** Other small files of sysfs by their whole path: `version` and `speed` of USB devices. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly btrfs?: Readonly<Record<string, readonly string[]>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly paths?: Readonly<Record<string, Entry>>;
}

export const load = (name: string): Recording =>
  JSON.parse(readFileSync(`${process.cwd()}/test/devices/recorded/${name}.json`, 'utf8'));

/** The names of all recordings. */
export const machines = (): string[] =>
  readdirSync(`${process.cwd()}/test/devices/recorded`).map((file) => file.replace(/\.json$/, ''));

export function recorded(recording: Recording): SystemSource {
  const texts = new Map([
    ['/proc/self/mountinfo', recording.mountinfo.join('\n')],
    ['/proc/swaps', ['Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority', ...(recording.swaps ?? [])].join('\n')],
    ['/proc/cmdline', recording.cmdline ?? ''],
    ...Object.entries(recording.attributes ?? {}).map(([path, text]) => [path, `${text}\n`] as const),
  ]);
  const lists = new Map<string, readonly string[]>([['/sys/class/block', Object.keys(recording.block)]]);
  const links = new Map(Object.entries(recording.links ?? {}));
  const entries = new Map<string, Entry>(Object.entries(recording.paths ?? {}));
  for (const [name, attributes] of Object.entries(recording.block)) {
    for (const [attribute, value] of Object.entries(attributes)) {
      const path = `/sys/class/block/${name}/${attribute}`;
      if (attribute === 'sysfs') links.set(`/sys/class/block/${name}`, String(value));
      else if (typeof value === 'object') lists.set(path, value);
      else texts.set(path, `${value}\n`);
    }
    const deviceNumber = String(attributes.dev);
    entries.set(`/dev/${name}`, { kind: 'block', deviceNumber, sizeBytes: 0, fileId: `0:6:${deviceNumber}` });
  }
  for (const [id, members] of Object.entries(recording.btrfs ?? {})) lists.set(`/sys/fs/btrfs/${id}/devices`, members);
  lists.set('/sys/fs/btrfs', ['features', ...Object.keys(recording.btrfs ?? {})]);
  for (const [kind, names] of Object.entries(recording.fileSystems ?? {})) lists.set(`/sys/fs/${kind}`, names);
  for (const link of Object.keys(recording.links ?? {})) {
    lists.set(dirname(link), [...(lists.get(dirname(link)) ?? []), basename(link)]);
  }
  for (const path of [...entries.keys(), ...links.values()]) addDirectories(path, entries);
  const follow = (path: string) => links.get(path) ?? path;
  return {
    lsblk: async () => JSON.stringify({ blockdevices: recording.lsblk }),
    readText: (path) => texts.get(path),
    list: (path) => lists.get(path) ?? [],
    realPath: (path) => (links.has(path) || entries.has(path) ? follow(path) : undefined),
    stat: (path) => entries.get(follow(path)),
  };
}

function addDirectories(path: string, entries: Map<string, Entry>): void {
  for (let directory = dirname(path); !entries.has(directory); directory = dirname(directory)) {
    entries.set(directory, { kind: 'directory', sizeBytes: 4096, fileId: `directory ${directory}` });
  }
}
