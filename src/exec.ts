// The door to child processes: the only file that loads execa. Arguments are arrays, never shell strings;
// secrets go through standard input, never through argv.

import type { Writable } from 'node:stream';
import { execa } from 'execa';
import { errnoOf } from './errors.js';
import { given } from './given.js';

/** What a finished command left; a missing program is a value (`undefined`), not an exception. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Whose rights a program gets when they are not ours: a user and a group by number, and no other groups. Needs root. */
export interface RunsAs {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Runs a program to its end and returns what it printed, whatever its exit code.
 * Returns undefined when the program is not installed, or not for that user. Killed after `timeoutMs` (default 20 s; exit code 124).
 */
export async function run(
  program: string,
  args: readonly string[],
  options: { input?: string; timeoutMs?: number; as?: RunsAs } = {},
): Promise<CommandResult | undefined> {
  const result = await execa(program, args, {
    reject: false,
    stdin: options.input === undefined ? 'ignore' : 'pipe',
    ...(options.input === undefined ? {} : { input: options.input }),
    timeout: options.timeoutMs ?? 20_000,
    env: { LC_ALL: 'C' },
    ...options.as,
  });
  const code = errnoOf(result) ?? result.code;
  if (code === 'ENOENT' || (code === 'EACCES' && options.as !== undefined)) return undefined;
  return {
    exitCode: result.timedOut ? 124 : (result.exitCode ?? 128),
    stdout: result.stdout,
    stderr: result.stderr,
  };
}

/** A running program: its end comes as a promise that never rejects. */
export interface Running {
  /** `signal`: what ended it before its time, if anything did. */
  readonly ended: Promise<{ readonly exitCode: number; readonly signal?: string; readonly stderr: string }>;
  kill(): void;
}

/** Its output comes as a stream. */
export interface RunningProgram extends Running {
  readonly stdout: AsyncIterable<Uint8Array>;
}

/** A running program that is fed. */
export interface FedProgram extends Running {
  readonly stdin: Writable;
}

export type RunningFilter = RunningProgram & FedProgram;

/**
 * Starts a filter: a program that is fed by its `stdin` and answers on its `stdout`. The terminal's Ctrl-C does not reach
 * it (setsid(2)), so that it is ended by us and in our order; without us its pipes end, and it with them.
 */
export function start(program: string, args: readonly string[], as?: RunsAs): RunningFilter {
  const child = execa(program, args, { ...streaming, ...apart, ...as, stdin: 'pipe' });
  return { ...running(child), stdin: child.stdin };
}

/** The same for a program whose answer goes into an open file of ours. */
export function startInto(program: string, args: readonly string[], output: number, as?: RunsAs): FedProgram {
  // execa hands on any descriptor; its types name the 1 only.
  const child = execa(program, args, { ...streaming, ...apart, ...as, stdin: 'pipe', stdout: output as 1 });
  return { ...endOf(child), stdin: child.stdin };
}

/** The same for a program that has an open file of ours as its standard input: `/proc/self/fd/0` is that file's path for it. */
export function startOn(program: string, args: readonly string[], descriptor: number, as?: RunsAs): RunningProgram {
  // execa hands on any descriptor; its types name the 0 only.
  return running(execa(program, args, { ...streaming, ...apart, ...as, stdin: descriptor as 0 }));
}

/** A running program of which only the lines that it prints matter. */
export interface FollowedProgram {
  /** Ends with the program; without a line when the program is not installed. */
  readonly lines: AsyncIterable<string>;
  kill(): void;
}

/** Starts a program that runs until it is killed, and prints a line now and then. Lines are cut at 4096 characters. */
export function follow(program: string, args: readonly string[]): FollowedProgram {
  const child = running(execa(program, args, { ...streaming, stdin: 'ignore' }));
  return { lines: linesOf(child.stdout), kill: child.kill };
}

const longestLine = 4096;

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) yield line.slice(0, longestLine);
  }
  if (rest !== '') yield rest;
}

const apart = { detached: true, cleanup: false } as const;

const streaming = {
  buffer: { stdout: false, stderr: true },
  maxBuffer: { stderr: 4096 },
  reject: false,
  env: { LC_ALL: 'C' },
} as const;

interface Child extends PromiseLike<{ exitCode?: number; signal?: string; stderr: unknown }> {
  kill(): boolean;
}

const running = (child: Child & { readonly stdout: AsyncIterable<Uint8Array> }): RunningProgram => ({
  ...endOf(child),
  stdout: child.stdout,
});

const endOf = (child: Child): Running => ({
  ended: Promise.resolve(child).then(({ exitCode, signal, stderr }) => ({
    exitCode: exitCode ?? 128,
    ...given({ signal }),
    stderr: String(stderr),
  })),
  kill: () => void child.kill(),
});

/**
 * Starts a program in a session of its own (setsid(2)): it ends neither with us nor with our terminal. What it prints goes
 * to an open file. Returns its process number; undefined when it could not be started.
 */
export function startApart(program: string, args: readonly string[], output: number): number | undefined {
  const streams = { stdin: 'ignore', stdout: output as 1, stderr: output as 1, buffer: false } as const;
  const child = execa(program, args, { ...streams, detached: true, cleanup: false, reject: false });
  child.unref();
  return child.pid;
}
