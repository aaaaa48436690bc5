// The engine's main: takes the command line, runs the command, ends with its exit code. The one place that sets it.

import { asPiburnError } from '../errors.js';
import { dieWithParent } from '../native.js';
import { renderFailure } from '../report/failure.js';
import type { Ending } from './ending.js';
import { Foreground } from './foreground.js';
import { HelpShown, makeProgram } from './program.js';
import { isEngine, stopUntilContinued, type ToEngine, type ToSupervisor } from './supervisor.js';
import { Terminal } from './terminal.js';

export async function runEngine(args: readonly string[]): Promise<void> {
  const terminal = new Terminal();
  if (!isEngine()) {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => terminal.interrupt());
    const onStop = () => stop(terminal, onStop);
    process.on('SIGTSTP', onStop);
    leave(await run(args, terminal), terminal);
    return;
  }
  const ignored = () => undefined;
  // The terminal sends Ctrl-C and Ctrl-Z to both processes; the supervisor's word is the one that counts.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGTSTP'] as const) process.on(signal, ignored);
  process.on('message', (message: ToEngine) => {
    if (message.type === 'cancel') terminal.interrupt();
    if (message.type === 'answer') terminal.foreground?.answered(message);
    if (message.type === 'suspend') stop(terminal, ignored, () => send({ type: 'suspended' }));
    if (message.type !== 'start') return;
    if (message.background !== undefined) goApart(message.background, terminal, ignored);
    else if (!dieWithParent(process.ppid)) process.exit(1);
    void run(message.args, terminal).then((ending) => leave(ending, terminal));
  });
}

/**
 * In the background nobody passes signals on: `piburn stop`, or `kill`, speaks to this process. Whoever says it again is
 * waiting, and does not mean `piburn stop --now`.
 */
function goApart(start: Foreground['start'], terminal: Terminal, ignored: () => void): void {
  terminal.foreground = new Foreground(start, () => terminal.interrupt());
  let isAsked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.off(signal, ignored);
    process.on(signal, () => {
      if (isAsked) return;
      isAsked = true;
      terminal.interrupt();
    });
  }
}

/** Gives the terminal back, stops, and takes it again afterwards. `tell`: called in between. */
function stop(terminal: Terminal, onStop: () => void, tell: () => void = () => undefined): void {
  terminal.suspend();
  tell();
  stopUntilContinued(onStop, () => terminal.resume());
}

async function run(args: readonly string[], terminal: Terminal): Promise<Ending> {
  const ending: { value: Ending } = { value: { code: 0, stuck: false } };
  try {
    const program = await makeProgram(args, terminal, (value) => {
      ending.value = value;
    });
    await program.parseAsync([...args], { from: 'user' });
    return ending.value;
  } catch (error) {
    if (error instanceof HelpShown) return { code: 0, stuck: false };
    return { code: tellError(error, terminal, args.includes('--verbose')), stuck: false };
  }
}

/** Says what went wrong, once; the stack only when asked for. Returns the exit code. */
function tellError(error: unknown, terminal: Terminal, verbose: boolean): number {
  const known = asPiburnError(error);
  terminal.sayError(renderFailure(known.failure, { color: terminal.errorColor }));
  if (verbose) terminal.sayError(String(error instanceof Error ? error.stack : error));
  return known.exitCode;
}

function leave({ code, stuck }: Ending, terminal: Terminal): void {
  const whole = code === 0 && terminal.outputs.isLost ? 1 : code;
  process.exitCode = whole;
  if (process.connected) send({ type: 'exit', code: whole }, () => process.connected && process.disconnect());
  if (stuck) setTimeout(() => process.exit(whole), 50);
}

function send(message: ToSupervisor, then: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, then);
}
