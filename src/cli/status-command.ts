// `piburn status`: the runs that go on, or how the last one ended; `piburn stop`: ends one in order.

import type { Command } from 'commander';
import { errnoOf, failure, usageError } from '../errors.js';
import type { RecordsPlace } from '../records/place.js';
import { type RunStatus, statusLines } from '../report/status-text.js';
import type { AddCommands } from './add-commands.js';
import type { End } from './card-target.js';
import { addImageOptions } from './image-options.js';
import { recordsPlace } from './person.js';
import { printJson } from './print-json.js';
import { isStill } from './process-name.js';
import { chosenRuns, isThere, leaderOf, runWith } from './seen-runs.js';
import type { Terminal } from './terminal.js';

interface StatusFlags {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly store?: string;
}

export const addStatusCommands: AddCommands = (program, terminal, end) => {
  addStatus(program, terminal, end);
  addStop(program, terminal, end);
};

function addStatus(program: Command, terminal: Terminal, end: End): void {
  const command = program
    .command('status')
    .description('show the runs that go on, or how the last one ended')
    .argument('[run]', 'only this one: its id or the beginning of it')
    .option('--follow', 'go on showing it until it is over; then with its exit code')
    .option('--json', 'print {"version":1,"runs":[…]}; with --follow a line each second');
  addImageOptions(command, ['store']).action(async (word: string | undefined, flags: StatusFlags) => {
    const place = recordsPlace(flags.store, process.env);
    if (flags.follow) end({ code: await follow(place, word, flags, terminal), stuck: false });
    else {
      show(chosenRuns(place, word), flags, terminal);
      end({ code: 0, stuck: false });
    }
  });
}

const nothing = 'No run is known here: neither one that goes on, nor one that is over.';

function show(runs: readonly RunStatus[], { json }: StatusFlags, terminal: Terminal): void {
  if (json) printJson({ type: 'status', runs });
  else terminal.say(runs.length === 0 ? nothing : textOf(runs, terminal).join('\n'));
}

function textOf(runs: readonly RunStatus[], terminal: Terminal): string[] {
  const columns = terminal.out.isTTY ? terminal.columns : Number.POSITIVE_INFINITY;
  return runs.flatMap((run, index) => [
    ...(index === 0 ? [] : ['']),
    ...statusLines(run, { columns, color: terminal.color }),
  ]);
}

/** Of a run that is remembered no more. */
const nothingBegun = 'no card had been begun';

const lookMs = 1000;

/**
 * Shows runs until none of them goes on any more. Returns the exit code of the one, or 1 when it died, ended before its first
 * card, or one of several failed.
 */
async function follow(
  place: RecordsPlace,
  word: string | undefined,
  flags: StatusFlags,
  terminal: Terminal,
): Promise<number> {
  const isInterrupted = { value: false };
  let wake = () => {};
  const forget = terminal.onInterrupt(() => {
    isInterrupted.value = true;
    wake();
  });
  let runs = chosenRuns(place, word);
  const ids = runs.map(({ id }) => id);
  const isLive = terminal.isLive && !flags.json;
  let said = '';
  if (isLive) terminal.startLive(() => textOf(runs, terminal));
  while (runs.some(isThere) && !isInterrupted.value) {
    if (flags.json) printJson({ type: 'status', runs });
    else if (!isLive) said = sayNews(runs, said, terminal);
    await new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, lookMs);
    });
    runs = ids.flatMap((id) => runWith(place, id) ?? []);
  }
  forget();
  if (isLive) terminal.stopLive();
  else if (runs.length > 0 || flags.json) show(runs, flags, terminal);
  if (isInterrupted.value) return 130;
  if (runs.length < ids.length && !flags.json) terminal.say(`A run is over: ${nothingBegun}.`);
  return Math.max(
    runs.length < ids.length ? 1 : 0,
    ...runs.map(({ exitCode, how }) => exitCode ?? (how === 'dead' ? 1 : 0)),
  );
}

/** In a pipe: a line for each slot that does something else now. */
function sayNews(runs: readonly RunStatus[], before: string, terminal: Terminal): string {
  const lines = runs.flatMap(({ id, slots }) =>
    slots.map(({ device, hostname, phase, outcome, waitsFor }) =>
      [id, device, hostname, waitsFor === undefined ? (outcome ?? phase) : 'needs a card'].filter(Boolean).join('  '),
    ),
  );
  const known = before.split('\n');
  for (const line of lines) if (!known.includes(line)) terminal.say(line);
  return lines.join('\n');
}

function addStop(program: Command, terminal: Terminal, end: End): void {
  const command = program
    .command('stop')
    .description('stop a run that goes on: every card ends at its next segment')
    .argument('[run]', 'which one: its id or the beginning of it (default: the only one)')
    .option('--now', 'do not wait for the cards: their process is killed')
    .option('--json', 'print what became of it as `piburn status --json` does');
  addImageOptions(command, ['store']).action(
    async (word: string | undefined, flags: StatusFlags & { now?: boolean }) => {
      const place = recordsPlace(flags.store, process.env);
      const run = runToStop(place, word);
      stop(place, run, flags.now ?? false);
      if (flags.json) terminal.out = process.stderr;
      terminal.say(`stopping run ${run.id} (process ${run.pid})`);
      await over(place, run.id);
      const left = runWith(place, run.id);
      if (left === undefined && !flags.json) terminal.say(`The run ${run.id} is stopped: ${nothingBegun}.`);
      else show(left === undefined ? [] : [left], flags, terminal);
      end({ code: 0, stuck: false });
    },
  );
}

function runToStop(place: RecordsPlace, word: string | undefined): RunStatus {
  const going = chosenRuns(place, word).filter(isThere);
  const [run, another] = going;
  if (run === undefined)
    throw usageError('NO_RUN', word === undefined ? 'no run goes on here' : `the run ${word} does not go on any more`, {
      hint: '`piburn status` shows the runs that are known; a run with another --store is found with the same --store',
    });
  if (another !== undefined)
    throw usageError('SEVERAL_RUNS', `several runs go on: ${going.map(({ id }) => id).join(', ')}`, {
      hint: 'say which one is to be stopped',
    });
  return run;
}

function stop(place: RecordsPlace, { id, pid }: RunStatus, now: boolean): void {
  const leader = leaderOf(place, id);
  const wanted = now ? leader?.engine : leader?.leader;
  if (wanted !== undefined && isStill(wanted)) {
    // A run that stands still after Ctrl-Z must go on to end.
    for (const signal of [now ? 'SIGKILL' : 'SIGTERM', 'SIGCONT'] as const) send(signal, wanted.pid, id);
    return;
  }
  if (!isGoing(place, id)) return; // it has ended by itself in the meantime
  throw failure('RUN_ELSEWHERE', `the process ${pid} of the run ${id} is not seen from here`, {
    hint: 'stop it on the machine, or in the container, where it runs',
  });
}

/** A process that is gone needs no signal. */
function send(signal: NodeJS.Signals, pid: number, id: string): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return;
    if (errnoOf(error) !== 'EPERM') throw error;
    throw failure('NOT_ALLOWED', `the process ${pid} of the run ${id} belongs to somebody else`, {
      hint: 'try again with sudo',
    });
  }
}

function isGoing(place: RecordsPlace, id: string): boolean {
  const run = runWith(place, id);
  return run !== undefined && isThere(run);
}

/** Waits until a run is over, however long its cards take to their next segment; Ctrl-C ends the waiting only. */
async function over(place: RecordsPlace, id: string): Promise<void> {
  while (isGoing(place, id)) await new Promise((resolve) => setTimeout(resolve, lookMs / 4));
}
