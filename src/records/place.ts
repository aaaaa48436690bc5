// Where piburn keeps what it remembers: files of its own in the directory of the store. As root piburn writes there for
// somebody else, so nothing is written or believed that a third person could have put there, and no link is followed.

import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, failure, PiburnError, refusal } from '../errors.js';

export interface RecordsPlace {
  /** The directory of the store; a link to it is followed. */
  readonly directory: string;
  /**
   * Under sudo the person who called: what is made below a directory of theirs is theirs too. In root's own directories
   * it stays root's, for whoever calls next.
   */
  readonly uid?: number;
  readonly gid?: number;
}

const hint = 'name another directory with --store=DIR or PIBURN_STORE, or see whose it is with ls -ld';

/**
 * Makes the place (and a directory in it) when it is missing, 0700, and checks whose it is.
 * @returns the path of the directory.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function preparePlace(place: RecordsPlace, name?: string): string {
  return inWords(place.directory, () => {
    makeDirectories(place, place.directory);
    checkDirectory(place, place.directory, statSync(place.directory));
    if (name === undefined) return place.directory;
    const path = join(place.directory, name);
    makeDirectories(place, path);
    checkDirectory(place, path, lstatSync(path));
    return path;
  });
}

/**
 * The path of the place, or of a directory in it, for reading; undefined when there is none.
 * @throws PiburnError `RECORDS_UNUSABLE`.
 */
export function findPlace(place: RecordsPlace, name?: string): string | undefined {
  return inWords(place.directory, () => {
    const stats = statSync(place.directory, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    checkDirectory(place, place.directory, stats);
    if (name === undefined) return place.directory;
    const path = join(place.directory, name);
    const inside = lstatSync(path, { throwIfNoEntry: false });
    if (inside === undefined) return undefined;
    checkDirectory(place, path, inside);
    return path;
  });
}

/** One after the other, so that each one that is made can be given to its owner. */
function makeDirectories(place: RecordsPlace, path: string): void {
  const missing: string[] = [];
  for (let each = path; statSync(each, { throwIfNoEntry: false }) === undefined; each = dirname(each))
    missing.push(each);
  for (const each of missing.reverse()) {
    try {
      mkdirSync(each, { mode: 0o700 });
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') continue; // another piburn, at the same moment
      throw error;
    }
    const descriptor = openSync(each, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      giveToOwner(place, descriptor, each);
    } finally {
      closeSync(descriptor);
    }
  }
}

interface Facts {
  readonly uid: number;
  readonly mode: number;
  isDirectory(): boolean;
}

function checkDirectory(place: RecordsPlace, path: string, facts: Facts): void {
  if (!facts.isDirectory()) throw refused(`${path} is no directory of its own`);
  if (!isTrusted(place, facts.uid) && (facts.mode & 0o222) !== 0)
    throw refused(`${path} belongs to user ${facts.uid}, who could change what piburn remembers`);
}

/** Root, the one who runs piburn, and the one for whom it is run. */
const isTrusted = ({ uid }: RecordsPlace, owner: number): boolean =>
  owner === 0 || owner === process.geteuid?.() || owner === uid;

export type OpenFor = 'read' | 'append' | 'create';

const flags: Readonly<Record<OpenFor, number>> = {
  read: constants.O_RDONLY,
  // For reading too: whether the last line is whole is looked at first.
  append: constants.O_RDWR | constants.O_APPEND,
  create: constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL,
};

/**
 * Opens a file of piburn's own. `append` makes it when it is missing (0600, its owner's), `create` insists on making it.
 * @returns a descriptor; undefined when there is nothing to read.
 * @throws PiburnError `RECORDS_UNUSABLE`, also for a link, a file with several names, and somebody else's file.
 */
export function openOwn(place: RecordsPlace, path: string, how: 'append' | 'create'): number;
export function openOwn(place: RecordsPlace, path: string, how: 'read'): number | undefined;
export function openOwn(place: RecordsPlace, path: string, how: OpenFor): number | undefined {
  return inWords(path, () => {
    if (how === 'create') return makeOwn(place, path);
    try {
      return checked(place, path, openSync(path, flags[how] | safeFlags));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    if (how === 'read') return undefined;
    try {
      return makeOwn(place, path);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      return checked(place, path, openSync(path, flags.append | safeFlags)); // another piburn made it in between
    }
  });
}

/** Not through a link, and not waiting for the other end of a pipe that somebody has put there. */
const safeFlags = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

function makeOwn(place: RecordsPlace, path: string): number {
  const descriptor = openSync(path, flags.create | safeFlags, 0o600);
  try {
    giveToOwner(place, descriptor, path);
    syncDirectory(dirname(path));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function checked(place: RecordsPlace, path: string, descriptor: number): number {
  const facts = fstatSync(descriptor);
  if (facts.isFile() && facts.nlink === 1 && isTrusted(place, facts.uid)) return descriptor;
  closeSync(descriptor);
  if (!facts.isFile()) throw refused(`${path} is no regular file`);
  if (facts.nlink !== 1) throw refused(`${path} is a file with ${facts.nlink} names`);
  throw refused(`${path} belongs to user ${facts.uid}`);
}

/** Under sudo: what was made in a directory of the person who called is theirs. */
export function giveToOwner({ uid, gid }: RecordsPlace, descriptor: number, path: string): void {
  if (uid === undefined || statSync(dirname(path)).uid !== uid) return;
  const now = fstatSync(descriptor);
  if (uid !== now.uid || (gid ?? now.gid) !== now.gid) fchownSync(descriptor, uid, gid ?? now.gid);
}

/** A name lasts through a power cut once its directory is synced. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Does something with a file of the records; what the system refuses becomes a PiburnError `RECORDS_UNUSABLE`. */
export function inWords<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const errno = errnoOf(error);
    if (error instanceof PiburnError || errno === undefined) throw error;
    throw unusable(`${path} cannot be used (${errno === 'ELOOP' ? 'it is a link' : errno})`, error);
  }
}

export const unusable = (problem: string, cause?: unknown): PiburnError =>
  failure('RECORDS_UNUSABLE', `what piburn remembers of its burns is out of reach: ${problem}`, { hint }, cause);

const refused = (problem: string): PiburnError =>
  refusal('RECORDS_UNUSABLE', `what piburn remembers of its burns is not kept here: ${problem}`, { hint });
