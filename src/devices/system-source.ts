// The machine as this room sees it: a few kinds of questions, answered by the running system or, in tests, by a
// recording. Nothing else in the room reads sysfs, procfs or /dev.

import { type BigIntStats, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { run } from '../exec.js';

export interface Entry {
  readonly kind: 'block' | 'character' | 'file' | 'directory' | 'other';
  /** `MAJOR:MINOR` of a device node. */
  readonly deviceNumber?: string;
  readonly sizeBytes: number;
  /** What tells two files apart: `DEVICE:INODE`. */
  readonly fileId: string;
}

export interface SystemSource {
  /** The JSON of lsblk, or undefined where there is no lsblk that works. */
  lsblk(): Promise<string | undefined>;
  /** The text of a small file, or undefined. */
  readText(path: string): string | undefined;
  /** The names in a directory; none when there is no such directory. */
  list(path: string): readonly string[];
  /** The path without symbolic links, or undefined when it does not exist. */
  realPath(path: string): string | undefined;
  /** What is at a path, symbolic links followed, or undefined when there is nothing. */
  stat(path: string): Entry | undefined;
}

/** The running system. */
export const liveSource: SystemSource = {
  lsblk: lsblkJson,
  readText: (path) => orUndefined(() => readFileSync(path, 'utf8')),
  list: (path) => orUndefined(() => readdirSync(path)) ?? [],
  realPath: (path) => orUndefined(() => realpathSync(path)),
  stat: (path) => orUndefined(() => toEntry(statSync(path, { bigint: true }))),
};

/** The columns we ask for: words for people only. What decides is read from sysfs. */
const lsblkColumns = ['KNAME', 'NAME', 'VENDOR', 'MODEL', 'SERIAL', 'LABEL', 'FSTYPE', 'PTTYPE'];

/** Old versions of lsblk lack some columns and name the first such one: it is left out then. */
async function lsblkJson(): Promise<string | undefined> {
  let columns = lsblkColumns;
  while (columns.length > 0) {
    const result = await run('lsblk', ['--json', '--list', '--output', columns.join(',')]);
    if (result?.exitCode === 0) return result.stdout;
    const unknown = /unknown column: ([A-Z]+)/.exec(result?.stderr ?? '')?.[1];
    if (unknown === undefined || !columns.includes(unknown)) return undefined;
    columns = columns.filter((column) => column !== unknown);
  }
  return undefined;
}

function toEntry(stats: BigIntStats): Entry {
  return {
    kind: kindOf(stats),
    ...(stats.isBlockDevice() ? { deviceNumber: deviceNumberText(stats.rdev) } : {}),
    sizeBytes: Number(stats.size),
    fileId: `${deviceNumberText(stats.dev)}:${stats.ino}`,
  };
}

function kindOf(stats: BigIntStats): Entry['kind'] {
  if (stats.isBlockDevice()) return 'block';
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isCharacterDevice() ? 'character' : 'other';
}

/** Splits a dev_t into `MAJOR:MINOR` as glibc's gnu_dev_major() and gnu_dev_minor() do (sys/sysmacros.h). */
export function deviceNumberText(number: bigint): string {
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
