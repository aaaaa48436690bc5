// The runs that have told of themselves (src/records/live-run.ts), and whether each one's process is alive.

import { closeSync, fstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PiburnError } from '../errors.js';
import { phases } from '../protocol/card.js';
import type { LiveImage, LiveRun, LiveSlot, LiveState, ProcessName } from '../protocol/live.js';
import { parseLine, readTail } from './lines.js';
import { whileLocked } from './lock.js';
import { findPlace, inWords, openOwn, type RecordsPlace } from './place.js';
import { isLocked } from './read-runs.js';
import { amount, flag, listOf, oneOf, shape, text, time } from './shape.js';
import { outcome } from './shapes.js';

export interface SeenRun extends LiveRun {
  /** Its process is there. */
  readonly alive: boolean;
}

/**
 * All runs that have told of themselves and are still remembered, the newest first.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function listLive(place: RecordsPlace): SeenRun[] {
  const folder = findPlace(place, 'runs');
  if (folder === undefined) return [];
  return whileLocked(place, () =>
    liveIds(folder).flatMap((id) => {
      const run = readLive(place, join(folder, `${id}.live`));
      return run?.id === id ? [{ ...run, alive: isAlive(folder, id) }] : [];
    }),
  );
}

/** Whether the process of a run is alive. Only under the lock of the records. */
export function isAlive(folder: string, id: string): boolean {
  try {
    return isLocked(join(folder, `${id}.lock`));
  } catch (error) {
    if (error instanceof PiburnError) return false; // gone, or nothing of ours
    throw error;
  }
}

const liveName = /^(\d{8}T\d{6}-[0-9a-f]{6})\.(?:live|lock|log|live-new)$/;

/** Of all runs that have a file of their own here besides a journal, the newest first. */
export function liveIds(folder: string): string[] {
  const names = inWords(folder, () => readdirSync(folder));
  return [...new Set(names.flatMap((name) => liveName.exec(name)?.[1] ?? []))].toSorted().reverse();
}

const maxLiveBytes = 4 * 1024 * 1024;
const maxSlots = 256;

const phase = oneOf(...phases);

const liveSlot = shape<LiveSlot>(
  { slot: amount, device: text, phase, doneBytes: amount, totalBytes: amount },
  {
    place: text,
    hostname: text,
    bytesPerSecond: amount,
    remainingMs: amount,
    stalledMs: amount,
    outcome,
    message: text,
    waitsFor: text,
    trouble: text,
  },
);
const liveImage = shape<LiveImage>(
  { doing: oneOf('fetching', 'decoding', 'reading'), doneBytes: amount },
  { totalBytes: amount, bytesPerSecond: amount, remainingMs: amount },
);
const slots = listOf(liveSlot);
const liveState = shape<LiveState>(
  {
    good: amount,
    failed: amount,
    cancelled: amount,
    slots: (value) => slots(value)?.slice(0, maxSlots),
  },
  { image: liveImage, planned: amount, remainingMs: amount },
);
const processName = shape<ProcessName>({ pid: amount, startTicks: amount }, {});
const liveRun = shape<LiveRun>(
  {
    version: oneOf(1),
    id: text,
    command: oneOf('create', 'burn'),
    image: text,
    startedAt: time,
    updatedAt: time,
    engine: processName,
    leader: processName,
    background: flag,
    elapsedMs: amount,
    state: liveState,
  },
  { log: text, exitCode: amount },
);

function readLive(place: RecordsPlace, path: string): LiveRun | undefined {
  try {
    const descriptor = openOwn(place, path, 'read');
    if (descriptor === undefined) return undefined;
    try {
      if (fstatSync(descriptor).size > maxLiveBytes) return undefined;
      return liveRun(parseLine(readTail(descriptor, maxLiveBytes).toString('utf8')));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof PiburnError) return undefined; // somebody else's: nothing of it is believed
    throw error;
  }
}
