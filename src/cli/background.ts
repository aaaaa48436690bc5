// `--background`, seen from the terminal: starts the engine in a session of its own (setsid(2)), asks its questions, and
// leaves when the first card is being written. Whatever goes wrong before that ends here, with its error and exit code.

import { closeSync, existsSync, rmSync } from 'node:fs';
import { runId } from '../burn/random-id.js';
import { asPiburnError } from '../errors.js';
import { given } from '../given.js';
import { makeLog } from '../records/live-run.js';
import { jsonLine } from '../report/json.js';
import type { BackgroundStart, Begun } from './foreground.js';
import { recordsPlace } from './person.js';
import { storeOption } from './store-option.js';
import { type Engine, ended, passSignals, startEngine, type ToSupervisor, tell } from './supervisor.js';
import { Terminal } from './terminal.js';

/** Resolves with the exit code: 0 when the run has begun. */
export async function superviseBackground(args: readonly string[]): Promise<number> {
  process.title = 'piburn';
  const terminal = new Terminal();
  if (args.includes('--json')) terminal.out = process.stderr;
  const store = optionValue('--store', args);
  const id = runId(new Date());
  const log = openLog(store, id, terminal);
  const engine = startEngine(log?.descriptor ?? 'ignore');
  if (log !== undefined) closeSync(log.descriptor);
  const background: BackgroundStart = { id, canAsk: terminal.canAsk(false), ...given({ log: log?.path }) };
  tell(engine, { type: 'start', args, background });
  const wasAsked = passSignals(engine);
  const hangup = leaveAtHangup(engine);
  // What came to its end before there was anything to remember has been told here, and needs no log.
  const over = ended(engine, wasAsked).then((exitCode) => {
    if (log !== undefined && !existsSync(log.path.replace(/log$/, 'live'))) rmSync(log.path, { force: true });
    return exitCode;
  });
  const code = await Promise.race([begun(engine, terminal, store, args), over, hangup]);
  if (engine.connected) engine.disconnect();
  engine.unref();
  return code;
}

/** The last value of an option, as commander reads it. */
function optionValue(option: string, args: readonly string[]): string | undefined {
  const values = args.flatMap((arg, index) => {
    if (arg.startsWith(`${option}=`)) return [arg.slice(option.length + 1)];
    return arg === option ? (args[index + 1] ?? []) : [];
  });
  return values.at(-1);
}

/** A run without a log burns as well. */
function openLog(
  store: string | undefined,
  id: string,
  terminal: Terminal,
): { readonly path: string; readonly descriptor: number } | undefined {
  try {
    return makeLog(recordsPlace(store, process.env), id);
  } catch (error) {
    terminal.sayError(`warning: the run gets no log: ${asPiburnError(error).failure.message}`);
    return undefined;
  }
}

/** Serves the run's questions; resolves when it has begun. */
function begun(
  engine: Engine,
  terminal: Terminal,
  store: string | undefined,
  args: readonly string[],
): Promise<number> {
  return new Promise((resolve) => {
    engine.on('message', (message: ToSupervisor) => {
      if (message.type === 'say') terminal.say(message.text);
      if (message.type === 'say-error') terminal.sayError(message.text);
      if (message.type === 'ask')
        void terminal
          .ask(message.question, { hidden: message.hidden })
          .then((line) => tell(engine, { type: 'answer', ...given({ line }) }));
      if (message.type !== 'begun') return;
      if (args.includes('--json')) process.stdout.write(`${jsonLine({ type: 'background', ...message.run })}\n`);
      else terminal.say(wayBack(message.run, store));
      resolve(0);
    });
  });
}

function wayBack({ id, pid, log }: Begun, store: string | undefined): string {
  const place = storeOption(recordsPlace(store, process.env).directory, process.env);
  return [
    `The burn goes on in the background: run ${id}, process ${pid}.`,
    `  look: piburn status${place}, or piburn status --follow${place}`,
    `  stop: piburn stop ${id}${place}`,
    `  log:  ${log ?? 'none'}`,
  ].join('\n');
}

/** Once everything has been answered, the run goes on when the terminal goes; before that it is stopped by `passSignals`. */
function leaveAtHangup(engine: Engine): Promise<number> {
  return new Promise((resolve) => {
    engine.on('message', (message: ToSupervisor) => {
      if (message.type !== 'agreed') return;
      process.removeAllListeners('SIGHUP');
      process.on('SIGHUP', () => resolve(hangupCode));
    });
  });
}

/** As a shell would say it: 128 + SIGHUP. */
const hangupCode = 129;
