// The runs that `piburn status` tells of: from what they tell of themselves, and from the journals of those that do not.

import { usageError } from '../errors.js';
import { given } from '../given.js';
import type { LiveRun } from '../protocol/live.js';
import type { RecordsPlace } from '../records/place.js';
import { listLive, type SeenRun } from '../records/read-live.js';
import { isGoingOn, type JournalRun, listRuns, nextToResume } from '../records/read-runs.js';
import type { RunStatus } from '../report/status-text.js';
import { isStopped } from './process-name.js';
import { storeOption } from './store-option.js';

/**
 * The runs that go on; when there are none, the last one; with a word the one that it names.
 * @throws PiburnError `NO_RUN`, `SEVERAL_RUNS` (usage), `RECORDS_UNUSABLE`.
 */
export function chosenRuns(place: RecordsPlace, word: string | undefined): RunStatus[] {
  const runs = seenRuns(place);
  if (word !== undefined) return [runNamed(word, runs)];
  const going = runs.filter(isThere);
  return going.length > 0 ? going : runs.slice(0, 1);
}

/** The run with this id; undefined when nothing of it is remembered. */
export const runWith = (place: RecordsPlace, id: string): RunStatus | undefined =>
  seenRuns(place).find((run) => run.id === id);

export const isThere = ({ how }: RunStatus): boolean => how === 'going' || how === 'stopped';

/** The processes of a run that tells of itself. */
export const leaderOf = (place: RecordsPlace, id: string): Pick<LiveRun, 'leader' | 'engine'> | undefined =>
  listLive(place).find((run) => run.id === id);

function runNamed(word: string, runs: readonly RunStatus[]): RunStatus {
  const [run, another] = runs.filter(({ id }) => id.startsWith(word));
  if (run === undefined)
    throw usageError('NO_RUN', `no run is known whose id begins with '${word}'`, {
      hint: '`piburn status` shows the last one; a run with another --store is found with the same --store',
    });
  if (another !== undefined)
    throw usageError('SEVERAL_RUNS', `'${word}' is the beginning of several runs: ${run.id}, ${another.id}`, {
      hint: 'give more of the id',
    });
  return run;
}

/** All that are remembered, the newest first. */
function seenRuns(place: RecordsPlace): RunStatus[] {
  const live = listLive(place);
  const journals = listRuns(place);
  const words = wordsFor(place, journals);
  const told = live.map((run) =>
    fromLive(
      run,
      journals.find(({ id }) => id === run.id),
      words,
    ),
  );
  const known = new Set(live.map(({ id }) => id));
  const untold = journals.filter(({ id }) => !known.has(id)).map((run) => fromJournal(place, run, words));
  return [...told, ...untold].toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

/** What may be typed. */
interface Words {
  stop(id: string): string;
  /** Undefined when `--resume` would go on with another run. */
  resume(id: string): string | undefined;
}

function wordsFor(place: RecordsPlace, journals: readonly JournalRun[]): Words {
  const store = storeOption(place.directory, process.env);
  const next = nextToResume(journals);
  return {
    stop: (id) => `piburn stop ${id}${store}`,
    resume: (id) => (id === next?.id ? `piburn create --resume${store}` : undefined),
  };
}

function fromLive(run: SeenRun, journal: JournalRun | undefined, words: Words): RunStatus {
  const { id, state, image, startedAt, elapsedMs, engine, background, log, exitCode } = run;
  const how = run.alive && exitCode === undefined ? (isStopped(engine) ? 'stopped' : 'going') : 'over';
  const isOver = how === 'over';
  return {
    id,
    image,
    startedAt,
    elapsedMs,
    pid: engine.pid,
    how: isOver && exitCode === undefined ? 'dead' : how,
    background,
    good: state.good,
    failed: state.failed,
    cancelled: state.cancelled,
    slots: state.slots,
    ...given({
      log,
      exitCode,
      planned: state.planned,
      left: isOver ? journal?.left : undefined,
      liveImage: state.image,
      remainingMs: isOver ? undefined : state.remainingMs,
      resume: isOver ? wayOn(run, words) : undefined,
      stop: isOver ? undefined : words.stop(id),
    }),
  };
}

function wayOn(run: LiveRun, words: Words): string | undefined {
  const { id, command, exitCode } = run;
  const again = `start it again: piburn ${command}; cards that were being written are not bootable`;
  return words.resume(id) ?? (exitCode === undefined ? again : undefined);
}

/** A run that has told nothing of itself, or whose note is gone. */
function fromJournal(place: RecordsPlace, run: JournalRun, words: Words): RunStatus {
  const isGoing = run.outcome === undefined && isGoingOn(place, run.id);
  const { id, image, startedAt, pid, good, failed, left, hostnames, outcome } = run;
  return {
    id,
    image,
    startedAt,
    pid,
    how: isGoing ? 'going' : outcome === undefined ? 'dead' : 'over',
    background: false,
    planned: hostnames.length,
    good: good.length,
    failed: failed.length,
    cancelled: 0,
    slots: [],
    left,
    ...given(isGoing ? { stop: words.stop(id) } : { resume: words.resume(id) }),
  };
}
