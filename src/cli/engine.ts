// The engine's main: takes the command line, runs the command, ends with its exit code. The one place that sets it.

import { asPiburnError } from '../errors.js';
import { dieWithParent } from '../native.js';
import { renderFailure } from '../report/failure.js';
import type { Ending } from './ending.js';
import { HelpShown, makeProgram } from './program.js';
import { isEngine, type ToEngine, type ToSupervisor } from './supervisor.js';
import { Terminal } from './terminal.js';

export async function runEngine(args: readonly string[]): Promise<void> {
  const terminal = new Terminal();
  if (!isEngine()) {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => terminal.interrupt());
    leave(await run(args, terminal));
    return;
  }
  if (!dieWithParent(process.ppid)) return;
  // The terminal sends Ctrl-C to both processes; the supervisor's word is the one that counts.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('message', (message: ToEngine) => {
    if (message.type === 'cancel') terminal.interrupt();
    else void run(message.args, terminal).then(leave);
  });
}

async function run(args: readonly string[], terminal: Terminal): Promise<Ending> {
  const ending: { value: Ending } = { value: { code: 0, stuck: false } };
  try {
    await makeProgram(terminal, (value) => {
      ending.value = value;
    }).parseAsync([...args], { from: 'user' });
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

function leave({ code, stuck }: Ending): void {
  process.exitCode = code;
  if (process.send !== undefined) {
    const message: ToSupervisor = { type: 'exit', code };
    process.send(message, () => process.disconnect());
  }
  if (stuck) setTimeout(() => process.exit(code), 50);
}
