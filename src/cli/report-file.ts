// The file of `--report`: written beside its place and moved there, so that it is whole or absent. It is begun first, so that
// a report that cannot be written is known before anything is burned. Passwords that were made up are told nowhere else, so
// a draft with them stays where it is when the report cannot take its place.

import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, failure, type PiburnError, usageError } from '../errors.js';
import { syncDirectory } from '../records/place.js';
import { callingPerson } from './person.js';

export interface Report {
  /**
   * What is known so far, in place of the draft before it.
   * @throws PiburnError `REPORT`; the draft before it is still there.
   */
  draft(facts: object): void;
  /**
   * `secretOf`: the nodes whose passwords stand in it and in the drafts only.
   * @throws PiburnError `REPORT`.
   */
  write(summary: object, secretOf: readonly string[]): void;
  close(): void;
}

/**
 * Begins a report, 0600.
 * @throws PiburnError `REPORT` (usage): it cannot be written there.
 */
export function openReport(path: string): Report {
  const draftPath = `${path}.partial-${process.pid}`;
  const beside = `${draftPath}-new`;
  let isToKeep = false;
  begin(path, draftPath);
  return {
    draft(facts) {
      try {
        put(beside, draftPath, { draft: true, ...facts });
      } catch (error) {
        throw failure('REPORT', `the draft of the report ${path} cannot be written (${reasonOf(error)})`, {}, error);
      }
      isToKeep = true;
    },
    write(summary, secretOf) {
      try {
        put(beside, path, summary);
      } catch (error) {
        throw unwritten(path, error, isToKeep && existsSync(draftPath) ? draftPath : undefined, secretOf);
      }
      isToKeep = false;
    },
    close() {
      rmSync(beside, { force: true });
      if (!isToKeep) rmSync(draftPath, { force: true });
    },
  };
}

/** A draft without anything in it: a disk that is full is noticed now. */
function begin(path: string, draftPath: string): void {
  const beside = `${draftPath}-new`;
  let reason: string | undefined;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) reason = 'it is there, and no regular file';
    else put(beside, draftPath, { draft: true });
  } catch (error) {
    rmSync(beside, { force: true });
    reason = reasonOf(error);
  }
  if (reason === undefined) return;
  throw usageError('REPORT', `the report ${path} cannot be written (${reason})`, {
    hint: 'name a file in a directory that exists and may be written',
  });
}

/** Whoever reads `path` finds what stood there before, or all of the new text; also after a power cut. */
function put(beside: string, path: string, facts: object): void {
  rmSync(beside, { force: true });
  const descriptor = openSync(beside, 'wx', 0o600);
  try {
    const { uid, gid } = callingPerson(process.env);
    if (uid !== undefined && gid !== undefined) fchownSync(descriptor, uid, gid);
    writeFileSync(descriptor, `${JSON.stringify(facts, null, 2)}\n`); // to its last byte, however little a write takes
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(beside, path);
  syncDirectory(dirname(path));
}

function unwritten(
  path: string,
  error: unknown,
  draftPath: string | undefined,
  secretOf: readonly string[],
): PiburnError {
  const what = `the report ${path} cannot be written (${reasonOf(error)})`;
  if (secretOf.length === 0)
    return failure('REPORT', what, {
      hint: 'what became of each card is in the table above, and in `piburn history`',
    });
  if (draftPath !== undefined)
    return failure('REPORT', what, { hint: `keep ${draftPath}: the passwords that were made up stand only there` });
  const names = secretOf.slice(0, mostNames).join(', ');
  const more = secretOf.length > mostNames ? `, and ${secretOf.length - mostNames} more` : '';
  return failure('REPORT', `${what}, and the passwords that were made up for ${names}${more} are lost`, {
    hint: 'burn these cards again, with a report in another directory',
  });
}

const mostNames = 8;

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full for this user',
  ENOENT: 'its directory is not there',
  ENOTDIR: 'its directory is none',
  EACCES: 'it may not be written here',
  EPERM: 'it may not be written here',
  EROFS: 'the file system is read-only',
  EISDIR: 'a directory is in its place',
};

const reasonOf = (error: unknown): string => {
  const code = errnoOf(error) ?? 'unknown error';
  return reasons[code] === undefined ? code : `${reasons[code]}: ${code}`;
};
