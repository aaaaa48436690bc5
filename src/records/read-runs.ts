// The runs that journals tell of, and the one that can be taken up again.

import { closeSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { failure, PiburnError } from '../errors.js';
import { given } from '../given.js';
import { type FileLock, lockFile } from '../native.js';
import type { CardReport } from '../protocol.js';
import { type JournalOptions, journalOptions } from './journal-options.js';
import { linesBackwards, parseLine, readTail } from './lines.js';
import { whileLocked } from './lock.js';
import { findPlace, inWords, openOwn, type RecordsPlace } from './place.js';
import { amount, listOf, oneOf, shape, text, time } from './shape.js';
import { cardReport } from './shapes.js';

/** `done`: every node has a good card. */
export type RunOutcome = 'done' | 'unfinished';

export interface JournalRun {
  readonly id: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Of the process that burned. */
  readonly pid: number;
  readonly image: string;
  /** The run that it went on with. */
  readonly resumes?: string;
  readonly options: JournalOptions;
  readonly hostnames: readonly string[];
  /** The nodes whose last card is good, in the order of `hostnames`. */
  readonly good: readonly CardReport[];
  /** Those whose last card failed. */
  readonly failed: readonly CardReport[];
  /** The nodes without a good card, in their order. */
  readonly left: readonly string[];
  /** `done` as well when every node has a good card, although the end is not told. Undefined: broken off, or going on. */
  readonly outcome?: RunOutcome;
}

/**
 * The newest run that is not done and that no later one has gone on with; undefined when there is none.
 * @throws PiburnError `RUN_GOES_ON` while its process lives, `RECORDS_UNUSABLE`.
 */
export function findUnfinished(place: RecordsPlace): JournalRun | undefined {
  if (findPlace(place, 'runs') === undefined) return undefined;
  return whileLocked(place, () => {
    const run = nextToResume(listRuns(place));
    if (run !== undefined && isLocked(journalPath(place, run.id))) throw goesOn(run);
    return run;
  });
}

/** Of runs, the newest first. */
export function nextToResume(runs: readonly JournalRun[]): JournalRun | undefined {
  const taken = new Set(runs.map(({ resumes }) => resumes));
  return runs.find(({ id, outcome }) => outcome !== 'done' && !taken.has(id));
}

/**
 * Keeps a run for this process, so that no other one takes it up as well. The lock ends with the process.
 * @throws PiburnError `RUN_GOES_ON` when another one was faster.
 */
export function claimRun(place: RecordsPlace, run: JournalRun): FileLock {
  const path = journalPath(place, run.id);
  const lock = inWords(path, () => lockFile(path, 'exclusive'));
  if (lock === undefined) throw goesOn(run);
  return lock;
}

/** Whether the process that writes a journal is alive. */
export const isGoingOn = (place: RecordsPlace, id: string): boolean =>
  findPlace(place, 'runs') !== undefined && whileLocked(place, () => isLocked(journalPath(place, id)));

const journalPath = (place: RecordsPlace, id: string): string => join(place.directory, 'runs', journalName(id));

/** Whether the process that writes it is alive. Only under the lock of the records: the file is not made anew by this. */
export function isLocked(path: string): boolean {
  const lock = inWords(path, () => lockFile(path, 'exclusive'));
  lock?.close();
  return lock === undefined;
}

const goesOn = ({ pid, startedAt }: JournalRun): PiburnError =>
  failure(
    'RUN_GOES_ON',
    `the run of ${startedAt} is still going on (process ${pid}) or is taken up by another piburn`,
    {
      hint: 'wait for its end, or stop it with Ctrl-C where it runs',
    },
  );

/**
 * All runs, the newest first.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function listRuns(place: RecordsPlace): JournalRun[] {
  const folder = findPlace(place, 'runs');
  if (folder === undefined) return [];
  const known = new Map<string, JournalRun>();
  for (const name of journalNames(folder).reverse()) {
    const run = readRun(place, join(folder, name));
    if (run !== undefined) known.set(run.id, withEarlier(run, known.get(run.resumes ?? '')));
  }
  return [...known.values()].reverse();
}

/** A run that goes on with another may have been killed before it had noted the good cards of that one. */
function withEarlier(run: JournalRun, earlier: JournalRun | undefined): JournalRun {
  if (earlier === undefined) return run;
  const cards = new Map([...earlier.good, ...run.good].map((card) => [card.hostname, card]));
  const good = run.hostnames.flatMap((hostname) => cards.get(hostname) ?? []);
  const left = run.left.filter((hostname) => !cards.has(hostname));
  return { ...run, good, left, ...given({ outcome: outcomeOf(run, left) }) };
}

/** A run that was killed after its last good card is as good as done. */
const outcomeOf = ({ hostnames, outcome }: Pick<JournalRun, 'hostnames' | 'outcome'>, left: readonly string[]) =>
  left.length === 0 && hostnames.length > 0 ? 'done' : outcome;

const runId = /^\d{8}T\d{6}-[0-9a-f]{6}$/;

/** The name of a run's journal. */
export function journalName(id: string): string {
  if (!runId.test(id)) throw new TypeError(`'${id}' is no id of a run`);
  return `${id}.jsonl`;
}

/** Names of journals, the newest first: they begin with the time. */
export const journalNames = (folder: string): string[] =>
  inWords(folder, () => readdirSync(folder))
    .filter((name) => name.endsWith('.jsonl') && runId.test(name.slice(0, -'.jsonl'.length)))
    .toSorted()
    .reverse();

const maxJournalBytes = 64 * 1024 * 1024;

const runLine = shape<Omit<JournalRun, 'good' | 'failed' | 'left' | 'outcome'> & { readonly version: 1 }>(
  {
    version: oneOf(1),
    id: (value) => (typeof value === 'string' && runId.test(value) ? value : undefined),
    startedAt: time,
    pid: amount,
    image: text,
    options: journalOptions,
    hostnames: listOf(text),
  },
  { resumes: text },
);
const cardLine = shape<{ readonly report: CardReport }>({ report: cardReport }, {});
const endLine = shape<{ readonly outcome: RunOutcome }>({ outcome: oneOf('done', 'unfinished') }, {});
const lineType = shape<{ readonly type: 'run' | 'card' | 'end' }>({ type: oneOf('run', 'card', 'end') }, {});

/** What a journal tells; undefined when it was cut off in its first line, or is not piburn's own. */
export function readRun(place: RecordsPlace, path: string): JournalRun | undefined {
  const lines = wholeLines(place, path).reverse();
  const run = runLine(lines[0]);
  if (run === undefined || lineType(lines[0])?.type !== 'run') return undefined;
  const last = new Map<string, CardReport>();
  let outcome: RunOutcome | undefined;
  for (const line of lines.slice(1)) {
    const kind = lineType(line)?.type;
    const report = kind === 'card' ? cardLine(line)?.report : undefined;
    if (report?.hostname !== undefined) last.set(report.hostname, report);
    if (kind === 'end') outcome = endLine(line)?.outcome;
  }
  const { version, ...facts } = run;
  const left = facts.hostnames.filter((hostname) => last.get(hostname)?.outcome !== 'good');
  const reports = facts.hostnames.flatMap((hostname) => last.get(hostname) ?? []);
  return {
    ...facts,
    good: reports.filter((report) => report.outcome === 'good'),
    failed: reports.filter((report) => report.outcome === 'failed'),
    left,
    ...given({ outcome: outcomeOf({ hostnames: facts.hostnames, ...given({ outcome }) }, left) }),
  };
}

/** The last one first. */
function wholeLines(place: RecordsPlace, path: string): unknown[] {
  const descriptor = openIfOurs(place, path);
  if (descriptor === undefined) return [];
  try {
    const bytes = inWords(path, () => readTail(descriptor, maxJournalBytes));
    return [...linesBackwards(bytes)].map(parseLine);
  } finally {
    closeSync(descriptor);
  }
}

/** A file that somebody else has put there is no journal; the others still are. */
function openIfOurs(place: RecordsPlace, path: string): number | undefined {
  try {
    return openOwn(place, path, 'read');
  } catch (error) {
    if (error instanceof PiburnError) return undefined;
    throw error;
  }
}
