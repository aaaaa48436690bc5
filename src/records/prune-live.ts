// Notes and logs of old runs go: beyond the newest 20, except those of living processes.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, liveIds } from './read-live.js';

const kept = 20;

/** Only under the lock of the records. What is somebody else's, or cannot be removed, stays and is in nobody's way. */
export function pruneLive(folder: string): void {
  for (const id of liveIds(folder).slice(kept)) {
    if (isAlive(folder, id)) continue;
    for (const ending of ['live', 'live-new', 'log', 'lock'])
      try {
        rmSync(join(folder, `${id}.${ending}`), { force: true });
      } catch {
        // The next run tries again.
      }
  }
}
