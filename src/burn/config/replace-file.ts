// Puts a text in the place of a file at once: others see the old one or the new one. A link stays a link, and a file
// keeps its mode and its owner.

import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { errnoOf, failure, type PiburnError, refusal } from '../../errors.js';

/** Whose a new file shall be; undefined: the one's who runs piburn. */
export interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

export interface FileNow {
  /** The path with links followed, also where it does not exist yet. */
  readonly path: string;
  /** Undefined: there is no such file. */
  readonly text?: string;
}

const maxFileBytes = 16 * 1024 * 1024;

/**
 * What is there now.
 * @throws PiburnError `FILE_UNUSABLE` for what is no file, too large, or not to be read.
 */
export function readNow(path: string): FileNow {
  try {
    const place = followed(path);
    const stats = statSync(place, { throwIfNoEntry: false });
    if (stats === undefined) return { path: place };
    if (!stats.isFile()) throw unusable(path, 'is no regular file');
    if (stats.size > maxFileBytes) throw unusable(path, 'is larger than 16 MiB');
    return { path: place, text: readFileSync(place, 'utf8') };
  } catch (error) {
    throw told(error, path, 'read');
  }
}

/** Follows links one by one, since the file behind the last one may be yet to be made. */
function followed(path: string, linksLeft = 40): string {
  const whole = resolve(path);
  const place = resolve(realpathSync(dirname(whole)), basename(whole));
  const isLink = lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (!isLink) return place;
  if (linksLeft === 0) throw unusable(path, 'is a link that leads nowhere');
  return followed(resolve(dirname(place), readlinkSync(place)), linksLeft - 1);
}

/**
 * Replaces the file, or makes it with `mode` (less the umask) and `owner`. `path` is one that `readNow` gave.
 * @throws PiburnError `FILE_UNUSABLE`.
 */
export function replaceFile(path: string, text: string, mode: number, owner: Owner = {}): void {
  const partial = `${path}.partial-${process.pid}`;
  try {
    const before = statSync(path, { throwIfNoEntry: false });
    rmSync(partial, { force: true }); // left by a run that had the same number and was killed
    const descriptor = openSync(partial, 'wx', before === undefined ? mode : 0o600);
    try {
      writeFileSync(descriptor, text);
      giveTo(descriptor, before ?? owner);
      if (before !== undefined) fchmodSync(descriptor, before.mode & 0o7777);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw told(error, path, 'written');
  }
}

function giveTo(descriptor: number, owner: Owner | Stats): void {
  const now = fstatSync(descriptor);
  const { uid = now.uid, gid = now.gid } = owner;
  if (uid !== now.uid || gid !== now.gid) fchownSync(descriptor, uid, gid);
}

/**
 * Root does not write where somebody else than the one it works for could have put a link: the file, if it is there, and
 * its directory belong to the owner.
 * @throws PiburnError (refused) `FOREIGN_OWNER`.
 */
export function checkOwner(path: string, { uid }: Owner): void {
  if (uid === undefined) return;
  for (const each of [dirname(path), path]) {
    const stats = statSync(each, { throwIfNoEntry: false });
    if (stats === undefined || stats.uid === uid) continue;
    throw refusal(
      'FOREIGN_OWNER',
      `${each} belongs to user ${stats.uid}, not to user ${uid}, for whom ${path} would be written`,
      { hint: `chown it to user ${uid}, if it is theirs` },
    );
  }
}

const unusable = (path: string, problem: string): PiburnError =>
  failure('FILE_UNUSABLE', `${path} ${problem}`, { hint: 'name a file in a directory that exists and may be written' });

function told(error: unknown, path: string, what: 'read' | 'written'): unknown {
  const errno = errnoOf(error);
  return errno === undefined ? error : unusable(path, `cannot be ${what} (${errno})`);
}
