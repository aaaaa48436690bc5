// Tells of readers and cards that come and go: something says that something has happened, then the disks are looked at
// anew and compared.

import type { DiskChange } from '../protocol.js';
import { diffRows } from './changes.js';
import type { DiskSight } from './rows.js';

/** Starts to tell that something may have happened; returns what ends that. */
export type Trigger = (tell: () => void) => () => void;

export interface WatchOptions {
  readonly look: () => Promise<readonly DiskSight[]>;
  readonly trigger: Trigger;
  readonly now?: () => Date;
  /** One card makes many events, and its partitions come a moment later: this long is waited for the rest (default 300). */
  readonly settleMs?: number;
}

export interface DiskWatch {
  close(): void;
  /** Resolves when the watch is closed; rejects, with the watch closed, when a look or `onChange` failed. */
  readonly ended: Promise<void>;
}

/** Calls `onChange` with the first look and no changes, then with each look that shows some. */
export function watchDisks(
  onChange: (changes: readonly DiskChange[], rows: readonly DiskSight[]) => void,
  { look, trigger, now = () => new Date(), settleMs = 300 }: WatchOptions,
): DiskWatch {
  let isClosed = false;
  let isTold = false;
  let wake = (): void => undefined;
  const tell = () => {
    isTold = true;
    wake();
  };
  const stop = trigger(tell);
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    stop();
    wake();
  };

  async function watch(): Promise<void> {
    let before: readonly DiskSight[] | undefined;
    while (!isClosed) {
      // What happens during a look makes for another one.
      isTold = false;
      const rows = await look();
      if (isClosed) return;
      const changes = before === undefined ? [] : diffRows(before, rows, now().toISOString());
      if (before === undefined || changes.length > 0) onChange(changes, rows);
      before = rows;
      await happening();
      if (!isClosed) await pause(settleMs);
    }
  }

  const happening = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
      if (isTold || isClosed) resolve();
    });

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        if (!isClosed) return;
        clearTimeout(timer);
        resolve();
      };
    });

  return { close, ended: watch().finally(close) };
}
