// CPU time of a stretch of work: of piburn with all its threads, and of the machine, where the kernel's own threads (USB, loop
// devices) and other programs count too.

import { availableParallelism, cpus } from 'node:os';
import type { BenchCpu } from '../../protocol/bench.js';

export const coreCount = availableParallelism;

/** Starts to count; the function that is returned tells what was used since. */
export function startCpuCount(): () => BenchCpu {
  const [own, machineMs] = [process.cpuUsage(), busyMs()];
  return () => {
    const { user, system } = process.cpuUsage(own);
    return { userMs: user / 1000, systemMs: system / 1000, machineMs: Math.max(0, busyMs() - machineMs) };
  };
}

/** proc_stat(5): what is neither idle nor waiting for a disk. */
const busyMs = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
