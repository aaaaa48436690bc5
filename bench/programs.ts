// Starts programs, each in a process group of its own: Ctrl-C then reaches the bench alone, which ends what it started,
// by process group, and cleans up after it.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { failure, interruption } from '../src/errors.js';
import { programPath } from '../test/program.js';

export type Command = readonly [program: string, ...args: string[]];

/** piburn, as it was compiled together with this bench. */
export const piburn = (...args: readonly string[]): Command => [process.execPath, programPath, ...args];

export interface RunOptions {
  /** The file that gets its standard output. */
  readonly into?: string;
  /** Runs after an interruption too, and is not ended by one. */
  readonly cleansUp?: boolean;
}

export interface Ended {
  /** Null: ended by a signal. */
  readonly code: number | null;
  /** The beginning of what it said. */
  readonly stdout: string;
  readonly stderr: string;
}

const textMax = 64 * 1024;
/** How long programs have to end by themselves. */
const graceMs = 10_000;
const groups = new Set<number>();
let interrupts = 0;

/** Runs a program to its end; resolves with its standard output, trimmed. @throws PiburnError `PROGRAM_FAILED`. */
export async function run(command: Command, { into, cleansUp = false }: RunOptions = {}): Promise<string> {
  const file = into === undefined ? undefined : openSync(into, 'w');
  try {
    const { code, stdout, stderr } = await ended(start(command, ['ignore', file ?? 'pipe', 'pipe'], cleansUp));
    if (!cleansUp) checkInterrupted();
    if (code !== 0) throw failure('PROGRAM_FAILED', `${command.join(' ')}: ${endOf({ code, stderr })}`);
    return stdout.trim();
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** How a program ended badly, in words. */
export const endOf = ({ code, stderr }: Omit<Ended, 'stdout'>): string =>
  `exit code ${code}: ${stderr.trim().split('\n', 1)[0]}`;

/** Starts a program. @throws PiburnError `INTERRUPTED`. */
export function start([program, ...args]: Command, stdio: StdioOptions, cleansUp = false): ChildProcess {
  if (!cleansUp) checkInterrupted();
  const child = spawn(program, args, { stdio, detached: true });
  const { pid } = child;
  if (pid !== undefined && !cleansUp) {
    groups.add(pid);
    child.on('close', () => groups.delete(pid));
  }
  return child;
}

/** Waits until a program has ended and nobody holds its output any more. @throws PiburnError `PROGRAM_FAILED`. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] = (text[name] + chunk).slice(0, textMax);
    });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', ({ message }) => reject(failure('PROGRAM_FAILED', `a program cannot be started: ${message}`)));
    child.on('close', resolve);
  });
  return { code, ...text };
}

/** Ctrl-C ends all programs; those that are still there after a while, or upon a second one, are killed. */
export function interrupt(): void {
  interrupts++;
  signalAll(interrupts === 1 ? 'SIGTERM' : 'SIGKILL');
  setTimeout(() => signalAll('SIGKILL'), graceMs).unref();
}

function signalAll(signal: NodeJS.Signals): void {
  for (const group of groups) {
    try {
      process.kill(-group, signal);
    } catch {
      groups.delete(group); // it has ended just now
    }
  }
}

/** @throws PiburnError `INTERRUPTED` after Ctrl-C. */
export function checkInterrupted(): void {
  if (interrupts > 0) throw interruption('the bench was interrupted');
}

/** Whether a program is on the path. */
export function isThere(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
