// Runs a command and takes its measure: wall time, CPU time of all its processes, and the most memory they held together.

import { readdirSync, readFileSync } from 'node:fs';
import { type Command, ended, endOf, start } from './programs.js';

export interface Measure {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Memory of the command and its children, shared pages counted once (PSS): a fork before its exec adds nothing. */
  readonly peakBytes: number;
  /** Why it does not count. */
  readonly problem?: string;
}

const sampleMs = 50;
/** Linux tells times to user space in hundredths of a second, whatever its own clock does (proc(5)). */
const ticksPerSecond = 100;

export async function measure(command: Command): Promise<Measure> {
  const ticksBefore = childTicks();
  const startedMs = performance.now();
  const child = start(command, ['ignore', 'ignore', 'pipe']);
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, memoryBytes(child.pid ?? 0));
  }, sampleMs);
  try {
    const end = await ended(child);
    return {
      wallSeconds: (performance.now() - startedMs) / 1000,
      cpuSeconds: (childTicks() - ticksBefore) / ticksPerSecond,
      peakBytes,
      ...(end.code === 0 ? {} : { problem: endOf(end) }),
    };
  } finally {
    clearInterval(timer);
  }
}

/** CPU time of all children that have ended, theirs included: `cutime` and `cstime` of proc(5). */
function childTicks(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[13]) + Number(fields[14]);
}

/** A process may be gone at any moment; what cannot be read any more holds nothing. */
function memoryBytes(pid: number): number {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0;
    return childrenOf(pid).reduce((sum, child) => sum + memoryBytes(child), Number(kilobytes) * 1024);
  } catch {
    return 0;
  }
}

/** A child belongs to the thread that started it; piburn's decoders are started by a worker. */
const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
