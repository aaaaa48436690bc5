// The history: `history.jsonl`, one BurnRecord a line, the newest last. When it has grown to 64 MiB it becomes
// `history.old.jsonl`, in the place of the one before, and a new one is begun.

import { closeSync, fstatSync, fsyncSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { BurnRecord } from '../protocol.js';
import { appendLine, linesBackwards, parseLine, readTail } from './lines.js';
import { whileLocked } from './lock.js';
import { findPlace, inWords, openOwn, type RecordsPlace } from './place.js';
import { burnRecord } from './shapes.js';

export { type FailingCard, failingCards, warningsOf } from './card-failures.js';
export { type RecordChoice, selectRecords } from './select-records.js';

const maxBytes = 64 * 1024 * 1024;
const maxRecords = 100_000;
const names = { now: 'history.jsonl', old: 'history.old.jsonl' } as const;

export interface HistoryLimits {
  readonly maxBytes: number;
  readonly maxRecords: number;
}

/**
 * Appends one burn; it is on disk when this returns. Any number of piburns may do so at once.
 * @throws PiburnError `RECORDS_UNUSABLE`: to be told as a warning, since the card is none the worse for it.
 */
export function appendRecord(place: RecordsPlace, record: BurnRecord, limits: Partial<HistoryLimits> = {}): void {
  const path = join(place.directory, names.now);
  const descriptor = whileLocked(place, () => {
    putAside(place, path, limits.maxBytes ?? maxBytes);
    const opened = openOwn(place, path, 'append');
    try {
      inWords(path, () => appendLine(opened, path, record));
      return opened;
    } catch (error) {
      closeSync(opened);
      throw error;
    }
  });
  // The others need not wait for the disk.
  try {
    inWords(path, () => fsyncSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function putAside(place: RecordsPlace, path: string, limitBytes: number): void {
  const descriptor = openOwn(place, path, 'read');
  if (descriptor === undefined) return;
  try {
    if (fstatSync(descriptor).size < limitBytes) return;
  } finally {
    closeSync(descriptor);
  }
  inWords(path, () => renameSync(path, join(place.directory, names.old)));
}

export interface History {
  /** The oldest first. */
  readonly records: readonly BurnRecord[];
  /** Lines that could not be read: cut off by a power cut, damaged, or of a newer piburn. */
  readonly damaged: number;
}

/**
 * The burns that are remembered: at most the last 100,000 lines or 64 MiB. Fields that piburn does not know are left out.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function readHistory(place: RecordsPlace, limits: Partial<HistoryLimits> = {}): History {
  const { maxBytes: limitBytes, maxRecords: limitRecords } = { maxBytes, maxRecords, ...limits };
  const records: BurnRecord[] = [];
  let damaged = 0;
  for (const line of linesOf(place, limitBytes)) {
    if (records.length + damaged >= limitRecords) break;
    const record = burnRecord(parseLine(line));
    if (record === undefined) damaged++;
    else records.push(record);
  }
  return { records: records.reverse(), damaged };
}

/** The newest first. */
function* linesOf(place: RecordsPlace, limitBytes: number): Generator<string> {
  if (findPlace(place) === undefined) return;
  let leftBytes = limitBytes;
  let newestInode: number | undefined;
  for (const name of [names.now, names.old]) {
    const path = join(place.directory, name);
    const descriptor = openOwn(place, path, 'read');
    if (descriptor === undefined) continue;
    try {
      const { ino } = fstatSync(descriptor);
      if (ino === newestInode) return; // it was put aside at this very moment
      newestInode = ino;
      const bytes = inWords(path, () => readTail(descriptor, leftBytes));
      leftBytes -= bytes.length;
      yield* linesBackwards(bytes);
    } finally {
      closeSync(descriptor);
    }
  }
}
