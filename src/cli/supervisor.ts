// Two processes: the supervisor, which the shell waits for, and the engine, which does the work.
//   supervisor → engine   { type: 'start', args }   its command line, so that no secret stands in a child's argv
//                         { type: 'cancel' }        the person pressed Ctrl-C
//                         { type: 'suspend' }       the person pressed Ctrl-Z
//   engine → supervisor   { type: 'suspended' }     the terminal is as a shell wants it; the engine stops now
//                         { type: 'exit', code }    all is said; what still hangs need not be waited for
// The engine dies with the supervisor (PR_SET_PDEATHSIG), so a kill of the one never leaves the other writing. Only a run in
// the background (src/cli/background.ts) goes on without one; what is said there is in src/cli/foreground.ts.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { moduleUrl } from '../code-root.js';
import type { BackgroundStart, FromForeground, ToForeground } from './foreground.js';

export type ToEngine =
  | { readonly type: 'start'; readonly args: readonly string[]; readonly background?: BackgroundStart }
  | { readonly type: 'cancel' }
  | { readonly type: 'suspend' }
  | FromForeground;
export type ToSupervisor =
  | { readonly type: 'exit'; readonly code: number }
  | { readonly type: 'suspended' }
  | ToForeground;

const marker = 'PIBURN_SUPERVISOR';
/** How long the engine may take to end after it has said that it is done. */
const graceMs = 2000;
const interruptedCode = 130;

/** Whether this process is an engine, started by the supervisor that is its parent. */
export const isEngine = (): boolean => process.send !== undefined && process.env[marker] === String(process.ppid);

/** Starts the engine and waits for it; resolves with the exit code. */
export function supervise(args: readonly string[]): Promise<number> {
  process.title = 'piburn';
  process.stderr.on('error', () => undefined); // a terminal that is gone
  const engine = startEngine('inherit');
  tell(engine, { type: 'start', args });
  const wasAsked = passSignals(engine);
  passStops(engine);
  return ended(engine, wasAsked);
}

export type Engine = ChildProcess;

/** V8 keeps up to 32 MB of young objects for programs that make many; six cards need 10 MB less with this. */
const smallHeap = '--max-semi-space-size=1';

/** `output`: where it prints to, in a session of its own; `inherit`: where we do. */
export function startEngine(output: 'inherit' | 'ignore' | number): ChildProcess {
  const isApart = output !== 'inherit';
  const main = fileURLToPath(moduleUrl('cli/main.js'));
  return spawn(process.execPath, [...process.execArgv, smallHeap, main], {
    stdio: [isApart ? 'ignore' : 'inherit', output, output, 'ipc'],
    env: { ...process.env, [marker]: String(process.pid) },
    detached: isApart,
  });
}

export function tell(engine: ChildProcess, message: ToEngine): void {
  if (engine.connected) engine.send(message, () => undefined);
}

/** GNU timeout, npm and npx pass a signal on that the terminal has sent to all processes already: one wish comes twice. */
const doubledMs = 500;

/**
 * Once: every card stops at its next segment. Twice, half a second apart: now. A terminal that goes away says so once or twice
 * (the kernel and the shell), and systemd says SIGTERM as well: that is one wish. Returns whether the person has asked to stop.
 */
export function passSignals(engine: ChildProcess): () => boolean {
  let askedAtMs: number | undefined;
  let isHangup = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      isHangup ||= signal === 'SIGHUP';
      if (askedAtMs === undefined) {
        askedAtMs = performance.now();
        tell(engine, { type: 'cancel' });
      } else if (!isHangup && performance.now() - askedAtMs >= doubledMs) engine.kill('SIGKILL');
    });
  return () => askedAtMs !== undefined;
}

/** Ctrl-Z: first the engine gives the terminal back and stops, then we do. Where no shell could go on with us, nobody stops. */
function passStops(engine: ChildProcess): void {
  const onStop = () => tell(engine, { type: 'suspend' });
  process.on('SIGTSTP', onStop);
  process.on('SIGCONT', () => engine.kill('SIGCONT'));
  engine.on('message', (message: ToSupervisor) => {
    if (message.type === 'suspended') stopUntilContinued(onStop, () => undefined);
  });
}

const afterStopMs = 50;

/** Stops this process as Ctrl-Z does; the kernel lets it be where it has no shell (an orphaned process group). */
export function stopUntilContinued(onStop: () => void, goOn: () => void): void {
  process.off('SIGTSTP', onStop);
  process.kill(process.pid, 'SIGTSTP');
  setTimeout(() => {
    process.on('SIGTSTP', onStop);
    goOn();
  }, afterStopMs);
}

/** Resolves with the exit code once the engine has ended, or has said that it is done and does not end. */
export function ended(engine: ChildProcess, wasAsked: () => boolean): Promise<number> {
  return new Promise((resolve) => {
    let code: number | undefined;
    engine.on('message', (message: ToSupervisor) => {
      if (message.type !== 'exit') return;
      const said = message.code;
      code = said;
      setTimeout(() => leave(engine, said), graceMs).unref();
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
