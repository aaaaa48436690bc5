// Shows a run to whoever is there: live bars on a terminal, plain lines in a pipe, JSON lines for programs; then the
// table, the report file, and the exit code.

import { asPiburnError, exitCodeOf, failure, type PiburnError } from '../errors.js';
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
import { openReport, type Report } from './report-file.js';
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
  try {
    const run = start();
    const follower = followEvents({ ...view, cards: true }, terminal);
    if (view.live !== undefined && !view.dryRun) {
      terminal.outputs.isBurning = true;
      live = keepLive(view.live.place, view.live, follower.state, terminal);
    }
    forget = terminal.onInterrupt(() => {
      run.cancel();
      terminal.say(
        `stopping: every card ends at its next segment (${terminal.foreground === undefined ? 'Ctrl-C again' : 'piburn stop --now'}: at once)`,
      );
    });
    const drafts = view.dryRun ? undefined : keepPasswords(run, report, terminal);
    const summary = await follow(run, follower, live, drafts);
    if (!view.dryRun) terminal.say(`\n${tableOf(summary, terminal)}`);
    const code = await conclude(summary, run, { view, report, drafts, terminal });
    live?.end(code);
    const all = [...summary.cards, ...summary.retried];
    return { code, stuck: all.some(({ failure: why }) => why?.code === 'STALLED') };
  } catch (error) {
    live?.fail(asPiburnError(error).exitCode);
    throw error;
  } finally {
    forget?.();
    report?.close();
  }
}

async function follow(
  run: BurnRun,
  follower: Follower,
  live: LiveRecord | undefined,
  drafts: Drafts | undefined,
): Promise<BurnSummary> {
  try {
    for await (const event of run) {
      follower.take(event);
      live?.take(event);
      drafts?.take(event);
    }
    return await run.summary;
  } catch (error) {
    // What stopped the run is said, not that it was stopped.
    throw drafts?.problem ?? error;
  } finally {
    follower.end();
  }
}

interface Drafts {
  take(event: BurnEvent): void;
  /** Why no card was begun, when the passwords could not be kept. */
  readonly problem: PiburnError | undefined;
}

/**
 * Passwords that were made up are on disk before the first card is written, since a kill must not leave cards behind whose
 * passwords nobody knows. If they cannot be, the run is cancelled.
 */
function keepPasswords(run: BurnRun, report: Report | undefined, terminal: Terminal): Drafts | undefined {
  if (report === undefined || run.passwords.size === 0) return undefined;
  const passwords = Object.fromEntries(run.passwords);
  const cards: CardReport[] = [];
  let problem: PiburnError | undefined;
  let isWarned = false;
  try {
    report.draft({ passwords, cards });
  } catch (error) {
    const { message } = asPiburnError(error).failure;
    problem = failure('REPORT', `${message}, and nobody would know the passwords that were made up`, {
      hint: 'make room there, or name a report in another directory',
    });
    run.cancel();
  }
  return {
    problem,
    take(event) {
      if (event.type !== 'card-end' || problem !== undefined) return;
      cards.push(event.card);
      try {
        report.draft({ passwords, cards });
      } catch (error) {
        if (!isWarned) terminal.say(`warning: ${asPiburnError(error).failure.message}; the burn goes on`);
        isWarned = true;
      }
    },
  };
}

interface Conclusion {
  readonly view: View;
  readonly report: Report | undefined;
  readonly drafts: Drafts | undefined;
  readonly terminal: Terminal;
}

/** What is done with the result. A step that fails is told, and takes nothing away from the others. Returns the exit code. */
async function conclude(
  summary: BurnSummary,
  run: BurnRun,
  { view, report, drafts, terminal }: Conclusion,
): Promise<number> {
  let code = codeOf(summary);
  const steps: (() => Promise<void> | void)[] = [
    () => {
      if (drafts?.problem !== undefined) throw drafts.problem;
      const told = withPasswords(summary, run.passwords);
      report?.write(
        told,
        told.cards.flatMap(({ password, hostname = '' }) => (password === undefined ? [] : [hostname])),
      );
    },
    () => (view.dryRun ? undefined : view.afterwards?.(summary)),
  ];
  for (const step of steps)
    try {
      await step();
    } catch (error) {
      const problem = asPiburnError(error);
      terminal.sayError(renderFailure(problem.failure, { color: terminal.errorColor }));
      if (code === 0) code = problem.exitCode;
    }
  return code;
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

type ToldCard = CardReport & { readonly password?: string };

/** The report is the one place where passwords that were made up are told; nobody but its owner may read it. */
function withPasswords(
  summary: BurnSummary,
  passwords: ReadonlyMap<string, string>,
): Omit<BurnSummary, 'cards'> & { readonly cards: readonly ToldCard[] } {
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
