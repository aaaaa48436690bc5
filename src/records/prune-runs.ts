// Old journals go: beyond the newest 20 finished ones and the newest 20 unfinished ones.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordsPlace } from './place.js';
import { isLocked, journalNames, readRun } from './read-runs.js';

const kept = 20;

/** Removes what is too old, except what a living process writes. Only under the lock of the records. */
export function pruneRuns(place: RecordsPlace, folder: string): void {
  const seen = { finished: 0, unfinished: 0 };
  for (const name of journalNames(folder)) {
    const path = join(folder, name);
    const run = readRun(place, path);
    const isTold = run !== undefined; // else cut off in its first line
    if (isTold && ++seen[run.outcome === 'done' ? 'finished' : 'unfinished'] <= kept) continue;
    removeUnlessLocked(path);
  }
}

function removeUnlessLocked(path: string): void {
  try {
    if (!isLocked(path)) rmSync(path, { force: true });
  } catch {
    // Somebody else's, or a link: it stays, and is in nobody's way.
  }
}
