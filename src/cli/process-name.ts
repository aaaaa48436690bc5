// Processes told apart by their number and their start: numbers come again.

import { readFileSync } from 'node:fs';
import type { ProcessName } from '../protocol/live.js';

/** The number of a process, and when it was started. */
export function nameOf(pid: number): ProcessName {
  return { pid, startTicks: Number(statOf(pid)[startField] ?? 0) };
}

/** Whether the process is still that one. */
export const isStill = (name: ProcessName): boolean => nameOf(name.pid).startTicks === name.startTicks;

/** Stopped by Ctrl-Z or by a debugger. */
export const isStopped = ({ pid }: ProcessName): boolean => /^[Tt]$/.test(statOf(pid)[0] ?? '');

/** Of the fields that follow the name in /proc/PID/stat (proc(5)): the state is the first, the start the 20th. */
const startField = 19;

function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
