// Shows a run to whoever is there: live bars on a terminal, plain lines in a pipe, JSON lines for programs; then the
// table, the report file, and the exit code.

import { closeSync, fchownSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { errnoOf, exitCodeOf, usageError } from '../errors.js';
import type { BurnRun } from '../index.js';
import type { LiveState } from '../protocol/live.js';
import type { BurnEvent, BurnSummary, CardReport } from '../protocol.js';
import type { RecordsPlace } from '../records/place.js';
import { renderBars } from '../report/bars.js';
import { renderFailure } from '../report/failure.js';
import { toJsonLine } from '../report/json.js';
import { describeEvent } from '../report/lines.js';
import { liveState } from '../report/live.js';
import { renderPlan } from '../report/plan-text.js';
import { fold, initialState } from '../report/state.js';
import { renderTable } from '../report/table.js';
import type { Ending } from './ending.js';
import { keepLive, type LiveRecord } from './live-record.js';
import { callingPerson } from './person.js';
import type { Terminal } from './terminal.js';

export interface View {
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly report?: string;
  /** What `piburn status` shows of it, and where that is kept. */
  readonly live?: { readonly command: 'create' | 'burn'; readonly image: string; readonly place: RecordsPlace };
  /** Called with the result of a burn that was carried out. */
  readonly afterwards?: (summary: BurnSummary) => Promise<void>;
}

/** Starts a run, once its report can be written, and follows it to its end. Rejects with what the run rejects with. */
export async function present(start: () => BurnRun, view: View, terminal: Terminal): Promise<Ending> {
  const report = view.report === undefined ? undefined : openReport(view.report);
  let forget: (() => void) | undefined;
  let live: LiveRecord | undefined;
  let code: number | undefined;
  try {
    const run = start();
    const follower = followEvents({ ...view, cards: true }, terminal);
    if (view.live !== undefined && !view.dryRun) {
      terminal.outputs.isBurning = true;
      live = keepLive(view.live.place, view.live, follower.state, terminal);
    }
    forget = terminal.onInterrupt(() => {
      run.cancel();
      terminal.say('stopping: every card ends at its next segment (Ctrl-C again: at once)');
    });
    const summary = await follow(run, follower, live, report);
    if (!view.dryRun) terminal.say(`\n${tableOf(summary, terminal)}`);
    report?.write(withPasswords(summary, run.passwords));
    if (!view.dryRun) await view.afterwards?.(summary);
    const all = [...summary.cards, ...summary.retried];
    code = codeOf(summary);
    return { code, stuck: all.some(({ failure }) => failure?.code === 'STALLED') };
  } finally {
    forget?.();
    live?.end(code);
    report?.close();
  }
}

async function follow(
  run: BurnRun,
  follower: Follower,
  live: LiveRecord | undefined,
  report: Report | undefined,
): Promise<BurnSummary> {
  try {
    const cards: CardReport[] = [];
    for await (const event of run) {
      follower.take(event);
      live?.take(event);
      if (event.type !== 'card-end' || run.passwords.size === 0) continue;
      // A kill must not leave cards behind whose passwords nobody knows.
      cards.push(event.card);
      report?.draft(withPasswords({ cards }, run.passwords));
    }
    return await run.summary;
  } finally {
    follower.end();
  }
}

export interface Follower {
  take(event: BurnEvent): void;
  end(): void;
  /** The run as it is now. */
  readonly state: () => LiveState;
}

/** Shows events as they come: bars, lines or JSON. `cards`: the run burns some, so they are counted. */
export function followEvents(
  view: { readonly json: boolean; readonly dryRun: boolean; readonly cards: boolean },
  terminal: Terminal,
): Follower {
  const now = () => performance.now();
  let state = initialState();
  const live = terminal.isLive && !view.dryRun;
  if (live)
    terminal.startLive(() => {
      const bars = renderBars(state, { columns: terminal.columns, color: terminal.color, nowMs: now() });
      return view.cards ? bars : bars.slice(0, -1);
    });
  return {
    take(event) {
      if (event.type === 'slot-wait' && live) process.stderr.write('\x07');
      if (view.json) process.stdout.write(`${toJsonLine(event)}\n`);
      if (event.type === 'plan' && view.dryRun) terminal.say(renderPlan(event.plan).trimEnd());
      else tell(describeEvent(event, state), event, live, terminal);
      state = fold(state, event, now());
    },
    end() {
      if (live) terminal.stopLive();
    },
    state: () => liveState(state, now()),
  };
}

/** With bars on the screen only what they do not show is worth a line. */
function tell(line: string | undefined, event: BurnEvent, live: boolean, terminal: Terminal): void {
  if (line !== undefined && (!live || isToldAboveBars(event))) terminal.say(line);
}

const toldAboveBars: ReadonlySet<BurnEvent['type']> = new Set(['warning', 'slow', 'slot-wait']);

/** A card that failed is told at once: a moment later somebody holds it in the hand. */
const isToldAboveBars = (event: BurnEvent): boolean =>
  toldAboveBars.has(event.type) || (event.type === 'card-end' && event.card.outcome === 'failed');

function tableOf(summary: BurnSummary, terminal: Terminal): string {
  const { color } = terminal;
  const table = renderTable(summary, {
    columns: terminal.out.isTTY ? terminal.columns : Number.POSITIVE_INFINITY,
    color,
  });
  return summary.failure === undefined ? table : `${table}\n${renderFailure(summary.failure, { color })}`;
}

/** The report is the one place where passwords that were made up are told; nobody but its owner may read it. */
function withPasswords(
  summary: { readonly cards: readonly CardReport[] },
  passwords: ReadonlyMap<string, string>,
): object {
  if (passwords.size === 0) return summary;
  const cards = summary.cards.map((card) => {
    const password = card.outcome === 'good' && !card.earlier ? passwords.get(card.hostname ?? '') : undefined;
    return password === undefined ? card : { ...card, password };
  });
  return { ...summary, cards };
}

function codeOf({ cards, failure, failed }: BurnSummary): number {
  const interrupted = cards.some((card) => card.failure?.kind === 'interrupted') || failure?.kind === 'interrupted';
  if (interrupted) return 130;
  if (failure !== undefined) return exitCodeOf(failure);
  return failed > 0 || cards.some(({ outcome }) => outcome === 'cancelled') ? 1 : 0;
}

/** A report is written beside its place and moved there, so that it is whole or absent; opened first, to fail early. */
interface Report {
  /** What is known so far, in the file beside; it is gone once the report is written. */
  draft(facts: object): void;
  write(summary: object): void;
  close(): void;
}

function openReport(path: string): Report {
  const partial = `${path}.partial-${process.pid}`;
  const descriptor = create(partial, path);
  let done = false;
  return {
    draft(facts: object): void {
      put(descriptor, { draft: true, ...facts });
    },
    write(summary: object): void {
      put(descriptor, summary);
      renameSync(partial, path);
      done = true;
    },
    close(): void {
      closeSync(descriptor);
      if (!done) rmSync(partial, { force: true });
    },
  };
}

function put(descriptor: number, facts: object): void {
  const text = Buffer.from(`${JSON.stringify(facts, null, 2)}\n`);
  ftruncateSync(descriptor, 0);
  writeSync(descriptor, text, 0, text.length, 0);
  fsyncSync(descriptor);
}

function create(partial: string, path: string): number {
  try {
    const descriptor = openSync(partial, 'wx', 0o600);
    const { uid, gid } = callingPerson(process.env);
    if (uid !== undefined && gid !== undefined) fchownSync(descriptor, uid, gid);
    return descriptor;
  } catch (error) {
    throw usageError('REPORT', `the report ${path} cannot be written (${errnoOf(error) ?? 'unknown error'})`, {
      hint: 'name a file in a directory that exists and may be written',
    });
  }
}
