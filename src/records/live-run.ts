// What a run tells of itself while it goes on, for `piburn status`: `runs/ID.live`, replaced as a whole about once a
// second, beside `runs/ID.lock`, which is locked as long as the process lives, and `runs/ID.log` of a run in the background.

import { closeSync, constants, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type FileLock, lockFile } from '../native.js';
import type { LiveFacts, LiveRun } from '../protocol/live.js';
import { whileLocked } from './lock.js';
import { giveToOwner, inWords, openOwn, preparePlace, type RecordsPlace, unusable } from './place.js';
import { pruneLive } from './prune-live.js';

/** What changes from one second to the next. */
export type LiveNews = Pick<LiveRun, 'elapsedMs' | 'state' | 'exitCode'>;

/** What its functions throw is a PiburnError `RECORDS_UNUSABLE`, to be told as a warning. */
export interface LiveNote {
  write(news: LiveNews): void;
  /** The process lives on, but the run is over. May be called twice. */
  close(): void;
  /** Nothing came of the run: it is forgotten, with its log. */
  forget(): void;
}

/**
 * Begins the note of a run, locked for this process, and removes those that are too old to matter.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function beginLive(place: RecordsPlace, facts: LiveFacts): LiveNote {
  const { folder, lock } = whileLocked(place, () => {
    const runs = preparePlace(place, 'runs');
    pruneLive(runs);
    return { folder: runs, lock: lockOf(place, join(runs, `${facts.id}.lock`)) };
  });
  const path = (ending: string) => join(folder, `${facts.id}.${ending}`);
  return {
    write: (news) =>
      replace(place, path('live'), { version: 1, ...facts, updatedAt: new Date().toISOString(), ...news }),
    close: () => lock.close(),
    forget() {
      for (const ending of ['live', 'log', 'lock']) inWords(path(ending), () => rmSync(path(ending), { force: true }));
      lock.close();
    },
  };
}

/**
 * Makes the log of a run in the background, 0600.
 * @returns its path, and a descriptor to be handed on and closed.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function makeLog(place: RecordsPlace, id: string): { readonly path: string; readonly descriptor: number } {
  const path = join(preparePlace(place, 'runs'), `${id}.log`);
  return { path, descriptor: openOwn(place, path, 'create') };
}

function lockOf(place: RecordsPlace, path: string): FileLock {
  closeSync(openOwn(place, path, 'create'));
  const lock = inWords(path, () => lockFile(path, 'exclusive'));
  if (lock === undefined) throw unusable(`${path} is locked by somebody else`);
  return lock;
}

const makeAnew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Whoever reads finds the old text or the new one. It need not last through a power cut: then nothing goes on. */
function replace(place: RecordsPlace, path: string, value: LiveRun): void {
  const beside = `${path}-new`;
  inWords(path, () => {
    rmSync(beside, { force: true });
    const descriptor = openSync(beside, makeAnew, 0o600);
    try {
      giveToOwner(place, descriptor, beside);
      const text = Buffer.from(`${JSON.stringify(value)}\n`);
      if (writeSync(descriptor, text) < text.length) throw unusable(`${beside} did not take all of its text`);
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, path);
  });
}
