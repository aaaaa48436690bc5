// What a process holds, as the kernel sees it (proc(5)), and whether that grows from run to run.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Resources {
  readonly rssBytes: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Processes that it has started and that are still there. */
  readonly children: number;
}

export function resourcesOf(pid: number): Resources {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    rssBytes: 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1]),
    children: childrenOf(pid),
  };
}

function childrenOf(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.flatMap((task) => wordsIn(`/proc/${pid}/task/${task}/children`)).length;
}

function wordsIn(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split(' ')
      .filter((word) => word !== '');
  } catch {
    return []; // a thread that has just ended
  }
}

/** What of a folder a process has open: also every lock that it holds there. */
export function openIn(pid: number, folder: string): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return path.startsWith(`${folder}/`) ? [path] : [];
    } catch {
      return [];
    }
  });
}

/** Loop devices over files in a folder. */
export function loopDevicesOver(folder: string): string[] {
  return readdirSync('/sys/block').filter((name) => {
    if (!name.startsWith('loop')) return false;
    try {
      return readFileSync(join('/sys/block', name, 'loop/backing_file'), 'utf8').startsWith(`${folder}/`);
    } catch {
      return false; // not in use
    }
  });
}

/** The memory of a process that leaks nothing goes up and down by some of this. */
const allowedBytes = 32 * 1024 * 1024;

/**
 * What grows; nothing in the good case. The first third warms up: the samples of the second are compared with those of
 * the last, each by its median, memory with an allowance, everything else exactly.
 */
export function growths(samples: readonly Resources[]): string[] {
  const third = Math.floor(samples.length / 3);
  if (third === 0) throw new Error(`${samples.length} samples are too few to see anything grow`);
  const [early, late] = [samples.slice(third, 2 * third), samples.slice(-third)];
  const between = (of: (sample: Resources) => number): [number, number] => [
    median(early.map(of)),
    median(late.map(of)),
  ];
  const counted = (['descriptors', 'threads', 'children'] as const).flatMap((what) => {
    const [before, after] = between((sample) => sample[what]);
    return after > before ? [`${what} grow from ${before} to ${after}`] : [];
  });
  const [before, after] = between(({ rssBytes }) => rssBytes);
  return after > before + allowedBytes
    ? [...counted, `memory grows from ${inMib(before)} to ${inMib(after)}`]
    : counted;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

export const inMib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
