// Runs a command and takes its measure: wall time, CPU time of all its processes, and the most memory they held together.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Command } from './trials.js';

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

export async function measure([program, ...args]: Command): Promise<Measure> {
  const ticksBefore = childTicks();
  const startedMs = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const words: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => words.push(text));
  const samples = [0];
  const timer = setInterval(() => samples.push(memoryBytes(child.pid ?? 0)), sampleMs);
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  clearInterval(timer);
  return {
    wallSeconds: (performance.now() - startedMs) / 1000,
    cpuSeconds: (childTicks() - ticksBefore) / ticksPerSecond,
    peakBytes: Math.max(...samples),
    ...(code === 0 ? {} : { problem: `exit code ${code}: ${words.join('').trim().split('\n', 1)[0]}` }),
  };
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
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return children.reduce((sum, child) => sum + memoryBytes(Number(child)), Number(kilobytes) * 1024);
  } catch {
    return 0;
  }
}
