// The journal of a run: what `create --resume` goes on with. `runs/ID.jsonl`: a line for the run, one for each card that
// ended, one for the end, each on disk before the next thing happens. A run that was killed just lacks the last ones.
// The file is locked as long as its process lives.

import { closeSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { given } from '../given.js';
import { type FileLock, lockFile } from '../native.js';
import type { CardReport } from '../protocol.js';
import type { JournalOptions } from './journal-options.js';
import { appendSynced } from './lines.js';
import { whileLocked } from './lock.js';
import { inWords, openOwn, preparePlace, type RecordsPlace, unusable } from './place.js';
import { pruneRuns } from './prune-runs.js';
import { journalName, type RunOutcome } from './read-runs.js';

export { fromJournalOptions, type JournalOptions, type JournalWays, toJournalOptions } from './journal-options.js';
export { findUnfinished, type JournalRun, listRuns, type RunOutcome } from './read-runs.js';

export interface RunBeginning {
  /** A time and six hexadecimal digits, `20261123T181500-1a2b3c`: ids sort by their age. */
  readonly id: string;
  readonly options: JournalOptions;
  /** All that are to be burned; of a run that is taken up, all of that run. */
  readonly hostnames: readonly string[];
  /** The image, as it may be shown. */
  readonly image: string;
  /** Default: now. */
  readonly startedAt?: Date;
  /** Id of the run that this one goes on with, which is not offered again. Its good cards are to be told to this one. */
  readonly resumes?: string;
}

/** What each of its functions throws is a PiburnError `RECORDS_UNUSABLE`, to be told as a warning. */
export interface Journal {
  readonly id: string;
  card(report: CardReport): void;
  end(outcome: RunOutcome): void;
  /** May be called twice; without `end` before it the run counts as broken off. */
  close(): void;
}

/**
 * Begins the journal of a run, and removes those that are too old to matter.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function beginJournal(place: RecordsPlace, beginning: RunBeginning): Journal {
  const name = journalName(beginning.id);
  const opened = whileLocked(place, () => {
    const folder = preparePlace(place, 'runs');
    const made = makeJournal(place, join(folder, name), firstLine(beginning));
    pruneRuns(place, folder);
    return made;
  });
  return journalOver(beginning.id, opened);
}

interface OpenJournal {
  readonly path: string;
  readonly descriptor: number;
  readonly lock: FileLock;
}

function makeJournal(place: RecordsPlace, path: string, line: object): OpenJournal {
  const descriptor = openOwn(place, path, 'create');
  let lock: FileLock | undefined;
  try {
    lock = inWords(path, () => lockFile(path, 'exclusive'));
    if (lock === undefined) throw unusable(`${path} is locked by somebody else`);
    inWords(path, () => appendSynced(descriptor, path, line));
    return { path, descriptor, lock };
  } catch (error) {
    lock?.close();
    closeSync(descriptor);
    rmSync(path, { force: true });
    throw error;
  }
}

function firstLine({ id, options, hostnames, image, startedAt = new Date(), resumes }: RunBeginning): object {
  const known = { type: 'run', version: 1, id, startedAt: startedAt.toISOString(), pid: process.pid, image };
  return { ...known, ...given({ resumes }), hostnames, options };
}

function journalOver(id: string, { path, descriptor, lock }: OpenJournal): Journal {
  let isOpen = true;
  const note = (line: object): void => {
    if (!isOpen) throw unusable(`${path} is closed already`);
    inWords(path, () => appendSynced(descriptor, path, line));
  };
  return {
    id,
    card: (report) => note({ type: 'card', report, at: new Date().toISOString() }),
    end: (outcome) => note({ type: 'end', at: new Date().toISOString(), outcome }),
    close() {
      if (!isOpen) return;
      isOpen = false;
      lock.close();
      closeSync(descriptor);
    },
  };
}
