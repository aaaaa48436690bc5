// Under sudo the store is the caller's, in a directory that they and their programs can change at any moment: a link put
// there between a look and a deed would have root write or delete somewhere else. So files of the store are touched with the
// caller's rights, and the kernel refuses whatever they could not do themselves. Root's own store stays root's.

import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { errnoOf } from '../errors.js';
import { asFileUser, type FileUser } from '../native.js';
import { ourCaller } from './caller.js';

/** Does something with files of the store, now, in the name of the one whose store it is. */
export function inStore<T>(path: string, act: () => T): T {
  const owner = ownerFor(path);
  return owner === undefined ? act() : asFileUser(owner, act as () => T extends PromiseLike<unknown> ? never : T);
}

/** As `open` of fs/promises, which would work on another thread with other rights. No link is followed. */
export async function openInStore(path: string, flags: number): Promise<FileHandle> {
  const descriptor = openFileInStore(path, flags);
  try {
    // The same file again: it is named by what is open, not by its path.
    return await open(
      `/proc/self/fd/${descriptor}`,
      flags & ~(constants.O_CREAT | constants.O_EXCL | constants.O_TRUNC),
    );
  } finally {
    closeSync(descriptor);
  }
}

/**
 * A regular file of the store, made 0600; no link is followed, and no pipe waited for.
 * @returns its descriptor.
 */
export function openFileInStore(path: string, flags: number): number {
  const safeFlags = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  const descriptor = inStore(path, () => openSync(path, flags | safeFlags, 0o600));
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw Object.assign(new Error(`EINVAL: no regular file, open '${path}'`), { code: 'EINVAL', path, syscall: 'open' });
}

/** Makes a directory of the store (0700), and those above it. */
export const makeDirectoryInStore = (path: string): void =>
  inStore(path, () => void mkdirSync(path, { recursive: true, mode: 0o700 }));

/**
 * Whose rights are right for a path: the caller's, unless nobody but root could change where it leads; undefined: those
 * that this process has.
 */
export function ownerFor(path: string): FileUser | undefined {
  const caller = ourCaller();
  if (caller === undefined) return undefined;
  const full = resolve(path);
  return isRootsOwn(full) && isRootsOwn(realPathOf(full)) ? undefined : caller;
}

function isRootsOwn(path: string): boolean {
  const parts = path.split(sep).filter((part) => part !== '');
  const prefixes = ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
  return prefixes.every((each) => {
    const facts = lstatSync(each, { throwIfNoEntry: false });
    if (facts === undefined || facts.isSymbolicLink()) return facts === undefined || facts.uid === 0;
    const othersMayRename = (facts.mode & 0o022) !== 0 && (facts.mode & 0o1000) === 0;
    return facts.uid === 0 && !othersMayRename;
  });
}

/** Of what is missing, where it would be made. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || path === '/') return path;
    return realPathOf(dirname(path));
  }
}
