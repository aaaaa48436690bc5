// One piburn at a time changes what is remembered. The lock is held for a moment only, never through a burn.

import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { type FileLock, lockFile } from '../native.js';
import { inWords, openOwn, preparePlace, type RecordsPlace, unusable } from './place.js';

const longestWaitMs = 5_000;

/**
 * Does something while no other piburn changes the records; waits for it, at most 5 s.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function whileLocked<T>(place: RecordsPlace, act: () => T): T {
  const path = join(preparePlace(place), 'records.lock');
  closeSync(openOwn(place, path, 'append')); // made here, so that it is its owner's
  const lock = lockSoon(path);
  try {
    return act();
  } finally {
    lock.close();
  }
}

/** Waits on this thread: it is for a moment, and the card workers have threads of their own. */
function lockSoon(path: string): FileLock {
  for (let waitedMs = 0; waitedMs < longestWaitMs; ) {
    const lock = inWords(path, () => lockFile(path, 'exclusive'));
    if (lock !== undefined) return lock;
    const pauseMs = 1 + Math.random() * 9; // not in step with another that waits as well
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    waitedMs += pauseMs;
  }
  throw unusable(`another piburn has held ${path} for ${longestWaitMs / 1000} s`);
}
