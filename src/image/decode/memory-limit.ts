// How much memory this process may have: a control group can hold it to far less than the machine has, and ends it with
// SIGKILL where it takes more. Source: Linux, admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The text of a file; undefined where it cannot be read. */
export type ReadText = (path: string) => string | undefined;

/** The smaller of what the machine has available now and what the control groups above this process have left. */
export function availableMemoryBytes(read: ReadText = readText): number {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo') ?? '');
  return Math.min(Number(available?.[1] ?? 0) * 1024, ...groupLimits(read));
}

/** The names of a version's files in the directory of a group. */
interface GroupFiles {
  readonly limits: readonly string[];
  readonly used: string;
  /** In `memory.stat`: cached pages that the kernel can drop at once. */
  readonly droppable: string;
}

const version1: GroupFiles = {
  limits: ['memory.limit_in_bytes'],
  used: 'memory.usage_in_bytes',
  droppable: 'total_inactive_file',
};
const version2: GroupFiles = {
  limits: ['memory.max', 'memory.high'],
  used: 'memory.current',
  droppable: 'inactive_file',
};

/** What is left in each group above us that has a limit; a limit of any group counts for all groups below it. */
function groupLimits(read: ReadText): number[] {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n');
  return lines.flatMap((line) => groupsOf(line)).flatMap(({ directory, files }) => leftIn(directory, files, read));
}

/** A line is `7:memory:/a/b`, or `0::/a/b` for version 2. */
function groupsOf(line: string): { readonly directory: string; readonly files: GroupFiles }[] {
  const [, controllers = '', path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
  if (path === undefined) return [];
  const isVersion2 = controllers === '';
  if (!isVersion2 && !controllers.split(',').includes('memory')) return [];
  const root = isVersion2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory';
  return upwards(path).map((group) => ({ directory: join(root, group), files: isVersion2 ? version2 : version1 }));
}

function leftIn(directory: string, { limits, used, droppable }: GroupFiles, read: ReadText): number[] {
  const amount = (name: string) => Number.parseInt(read(join(directory, name)) ?? '', 10);
  // `max` is no limit, nor is version 1's huge number, which is as huge after it.
  const least = Math.min(...limits.map(amount).filter((limit) => limit > 0));
  if (!Number.isFinite(least)) return [];
  const cached = new RegExp(`^${droppable} (\\d+)$`, 'm').exec(read(join(directory, 'memory.stat')) ?? '');
  return [Math.max(0, least - (amount(used) || 0) + Number(cached?.[1] ?? 0))];
}

function upwards(path: string): string[] {
  const groups = [path];
  for (let at = path; at !== dirname(at); at = dirname(at)) groups.push(dirname(at));
  return groups;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
