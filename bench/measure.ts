// Runs a command and takes its measure: wall time, CPU time of all its processes and of the whole machine, the most
// memory they held, and what each card was written and read.

import { readdirSync, readFileSync } from 'node:fs';
import { type DeviceWatch, watchDevices } from './device-watch.js';
import { type Command, ended, endOf, start } from './programs.js';

export interface Measure {
  readonly wallSeconds: number;
  /** User and system time of all its processes. */
  readonly cpuSeconds: number;
  /** Of the whole machine: the threads of loop devices, which copy what is written, and whatever else ran. */
  readonly machineCpuSeconds: number;
  /** Memory of the command and its children, shared pages counted once (PSS): a fork before its exec adds nothing. */
  readonly peakBytes: number;
  /** The most that any single process of it had resident, mapped files included (VmHWM). */
  readonly residentBytes: number;
  /** The most that any single process of it had resident of its own: mapped files left out. */
  readonly ownBytes: number;
  /** For each card that is a device; when the last request for it was seen to end is exact to 50 ms. */
  readonly cards: readonly DeviceWatch[];
  /** Why it does not count. */
  readonly problem?: string;
}

const sampleMs = 50;
/** Adding up shares of pages holds the process up that is looked at. */
const shareEverySamples = 4;
/** Linux tells times to user space in hundredths of a second, whatever its own clock does (proc(5)). */
const ticksPerSecond = 100;

/** `devices`: cards to be watched; those that are files are not. */
export async function measure(command: Command, devices: readonly string[] = []): Promise<Measure> {
  const watch = watchDevices(devices);
  const ticksBefore = childTicks();
  const machineBefore = machineTicks();
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1000;
  const child = start(command, ['ignore', 'ignore', 'pipe']);
  const peak = { peakBytes: 0, residentBytes: 0, ownBytes: 0 };
  let samples = 0;
  const timer = setInterval(() => {
    watch.look(seconds());
    sampleMemory(child.pid ?? 0, peak, samples++ % shareEverySamples === 0);
  }, sampleMs);
  try {
    const end = await ended(child);
    const wallSeconds = seconds();
    watch.look(wallSeconds);
    return {
      wallSeconds,
      cpuSeconds: (childTicks() - ticksBefore) / ticksPerSecond,
      machineCpuSeconds: (machineTicks() - machineBefore) / ticksPerSecond,
      ...peak,
      cards: watch.told(),
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

/** What all CPUs did but idle, wait and be stolen: user, nice, system, irq and softirq of proc(5)'s /proc/stat. */
function machineTicks(): number {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8').split(/\s+/, 9).map(Number);
  return [user, nice, system, irq, softirq].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0);
}

interface Peak {
  peakBytes: number;
  residentBytes: number;
  ownBytes: number;
}

function sampleMemory(root: number, peak: Peak, withShares: boolean): void {
  const processes = treeOf(root);
  for (const pid of processes) {
    const status = readOr(`/proc/${pid}/status`);
    peak.residentBytes = Math.max(peak.residentBytes, kilobytes(status, 'VmHWM') * 1024);
    peak.ownBytes = Math.max(peak.ownBytes, (kilobytes(status, 'RssAnon') + kilobytes(status, 'RssShmem')) * 1024);
  }
  if (!withShares) return;
  const shares = processes.map((pid) => kilobytes(readOr(`/proc/${pid}/smaps_rollup`), 'Pss') * 1024);
  peak.peakBytes = Math.max(
    peak.peakBytes,
    shares.reduce((sum, share) => sum + share, 0),
  );
}

const kilobytes = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);

/** A process may be gone at any moment; what cannot be read any more holds nothing. */
function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A child belongs to the thread that started it; piburn's decoders are started by a worker. */
function treeOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) =>
      readOr(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
    );
    return [pid, ...children.flatMap(treeOf)];
  } catch {
    return [];
  }
}
