// Two processes: the supervisor, which the shell waits for, and the engine, which does the work.
//   supervisor → engine   { type: 'start', args }   its command line, so that no secret stands in a child's argv
//                         { type: 'cancel' }        the person pressed Ctrl-C
//   engine → supervisor   { type: 'exit', code }    all is said; what still hangs need not be waited for
// The engine dies with the supervisor (PR_SET_PDEATHSIG), so a kill of the one never leaves the other writing.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type ToEngine = { readonly type: 'start'; readonly args: readonly string[] } | { readonly type: 'cancel' };
export interface ToSupervisor {
  readonly type: 'exit';
  readonly code: number;
}

const marker = 'PIBURN_SUPERVISOR';
/** How long the engine may take to end after it has said that it is done. */
const graceMs = 2000;
const interruptedCode = 130;

/** Whether this process is an engine, started by the supervisor that is its parent. */
export const isEngine = (): boolean => process.send !== undefined && process.env[marker] === String(process.ppid);

/** Starts the engine and waits for it; resolves with the exit code. */
export function supervise(args: readonly string[]): Promise<number> {
  process.title = 'piburn';
  const engine = spawn(process.execPath, [...process.execArgv, fileURLToPath(new URL('./main.js', import.meta.url))], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [marker]: String(process.pid) },
  });
  tell(engine, { type: 'start', args });
  const wasAsked = passSignals(engine);
  return ended(engine, wasAsked);
}

function tell(engine: ChildProcess, message: ToEngine): void {
  if (engine.connected) engine.send(message, () => undefined);
}

/** Once: every card stops at its next segment. Twice: now. Returns whether the person has asked to stop. */
function passSignals(engine: ChildProcess): () => boolean {
  let count = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      count++;
      if (count === 1) tell(engine, { type: 'cancel' });
      else engine.kill('SIGKILL');
    });
  return () => count > 0;
}

function ended(engine: ChildProcess, wasAsked: () => boolean): Promise<number> {
  return new Promise((resolve) => {
    let code: number | undefined;
    engine.on('message', (message: ToSupervisor) => {
      code = message.code;
      setTimeout(() => leave(engine, message.code), graceMs).unref();
    });
    engine.on('exit', (exitCode, signal) => resolve(code ?? exitCode ?? killed(signal, wasAsked())));
    engine.on('error', () => resolve(1));
  });
}

/** The engine hangs in a system call of a stuck disk. It is told to die, and does so when the kernel lets go of it. */
function leave(engine: ChildProcess, code: number): void {
  engine.kill('SIGKILL');
  process.exit(code);
}

function killed(signal: NodeJS.Signals | null, asked: boolean): number {
  process.stderr.write(
    `\npiburn was stopped at once (${signal ?? 'no exit code'}): cards that were being written are not bootable.\n`,
  );
  return asked ? interruptedCode : 1;
}
