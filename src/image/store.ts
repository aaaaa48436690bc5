// The image store: decoded images ("spools") and segment maps, kept so that the next burn of the same image decodes
// nothing. Layout, under ~/.cache/piburn (or --store, PIBURN_STORE):
//   images/KEY/image     the decoded image, sparse (absent for a raw image: the file itself is used)
//   images/KEY/map       the segment map, with what is known of the image
//   images/KEY/used      when it was last burned and verified (src/image/kept.ts)
//   images/KEY.partial/  a spool being made; worth nothing
//   downloads/, rejected/  src/image/store-downloads.ts
//   lists/               lists of operating systems (src/image/catalog/load.ts)
//   locks/KEY            held exclusively while KEY is made or removed, shared while it is burned from
// KEY is a digest of the source's identity, so that a changed file never meets an old spool.

import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { errnoOf, failure, interruption, type PiburnError } from '../errors.js';
import { type FileLock, type LockMode, lockFile } from '../native.js';
import { callingPerson, ourCaller } from './caller.js';
import { type FileIdentity, isFile, type SourceIdentity } from './identity.js';
import { readMapHeader } from './map-file.js';
import { inStore, makeDirectoryInStore } from './store-access.js';

/** Names of places that belong to a stream, which can never be asked for again. */
const streamPrefix = 'stream-';

export interface Store {
  readonly directory: string;
}

/** A place in the store for one image. */
export interface StorePlace {
  readonly key: string;
  readonly directory: string;
  readonly partial: string;
  readonly lockPath: string;
}

/** The directory of the store: `--store`, else PIBURN_STORE, else the cache directory of the person who called. */
export function storeDirectory(option: string | undefined, env: NodeJS.ProcessEnv): string {
  if (option !== undefined) return resolve(option);
  if (env['PIBURN_STORE']) return resolve(env['PIBURN_STORE']);
  const { home, uid } = callingPerson(env);
  // Under sudo it is root's, or whatever sudo has let through.
  const cache = uid === undefined ? env['XDG_CACHE_HOME'] : undefined;
  return join(cache?.startsWith('/') ? cache : join(home, '.cache'), 'piburn');
}

/**
 * Opens the store, making it if need be (0700), and sweeps away what a killed piburn left half-made. What somebody else
 * could change is no store.
 * @throws PiburnError `STORE_UNUSABLE`.
 */
export function openStore(directory: string): Store {
  try {
    for (const room of ['images', 'locks']) {
      makeDirectoryInStore(join(directory, room));
      tryDirectory(join(directory, room));
    }
  } catch (error) {
    throw unusable(directory, errnoOf(error) ?? String(error));
  }
  for (const room of ['.', 'images', 'locks', 'downloads', 'rejected', 'lists']) checkRoom(directory, room);
  const store = { directory };
  sweep(store);
  return store;
}

/** By making something in it: access(2) asks for the user who started us, not for the one in whose name it is done. */
function tryDirectory(path: string): void {
  const trial = join(path, `.trial-${process.pid}-${randomBytes(4).toString('hex')}`);
  inStore(path, () => {
    mkdirSync(trial, { mode: 0o700 });
    rmdirSync(trial);
  });
}

/** A link in place of a room would lead elsewhere; the store itself may be one, since whoever calls has named it. */
function checkRoom(directory: string, room: string): void {
  const facts = (room === '.' ? statSync : lstatSync)(join(directory, room), { throwIfNoEntry: false });
  if (facts === undefined) return;
  if (!facts.isDirectory()) throw unusable(directory, `its ${room} is no directory of its own`);
  const trusted = [0, process.geteuid?.(), ourCaller()?.uid];
  if (!trusted.includes(facts.uid)) throw unusable(directory, `it belongs to user ${facts.uid}`);
}

const unusable = (directory: string, why: string): PiburnError =>
  failure('STORE_UNUSABLE', `the image store ${directory} cannot be used (${why})`, {
    hint: 'name another directory with --store=DIR or PIBURN_STORE, or see whose it is with ls -ld',
  });

/** The place for a source's spool; a stream has no identity and gets a place of its own that nobody finds again. */
export function placeFor(store: Store, identity: SourceIdentity | undefined): StorePlace {
  const text = JSON.stringify(identity ?? { stream: process.pid, at: process.hrtime.bigint().toString() });
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 24);
  return placeOf(store, identity === undefined ? streamPrefix + digest : digest);
}

/** The place with a key that was seen in the store. */
export function placeOf(store: Store, key: string): StorePlace {
  const directory = join(store.directory, 'images', key);
  return { key, directory, partial: `${directory}.partial`, lockPath: join(store.directory, 'locks', key) };
}

/**
 * Makes an empty directory for a spool to be made in; the caller holds the place's lock exclusively. What an earlier run
 * has made stays until it is replaced.
 */
export function beginPlace(place: StorePlace): void {
  abandonPlace(place);
  inStore(place.partial, () => void mkdirSync(place.partial, { mode: 0o700 }));
}

/** Removes what was begun in a place. */
export const abandonPlace = (place: StorePlace): void => removeAll(place.partial);

const removeAll = (path: string): void => inStore(path, () => rmSync(path, { recursive: true, force: true }));

/** Makes a finished spool (its files synced already) appear under its name at once, and last through a power cut. */
export function completePlace(place: StorePlace): void {
  inStore(place.directory, () => {
    syncDirectory(place.partial);
    rmSync(place.directory, { recursive: true, force: true });
    renameSync(place.partial, place.directory);
    syncDirectory(join(place.directory, '..'));
  });
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Removes a place with everything in it. A lock file stays (somebody may be waiting on it), except a stream's. */
export function removePlace(place: StorePlace): void {
  removeAll(place.partial);
  removeAll(place.directory);
  if (place.key.startsWith(streamPrefix)) removeAll(place.lockPath);
}

/** Removes the spools that were made from an earlier state of the same file and that nobody burns from. */
export function removeStale(store: Store, current: StorePlace, identity: FileIdentity): void {
  for (const place of finishedPlaces(store)) {
    if (place.key === current.key) continue;
    const source = readMapHeader(join(place.directory, 'map'))?.source;
    if (isFile(source) && source.path === identity.path) whenNobodyUses(place, () => removePlace(place));
  }
}

/** Every place with a finished image (or a damaged one) that can be found again. */
export function finishedPlaces(store: Store): StorePlace[] {
  return namesIn(store)
    .filter((key) => !key.endsWith('.partial') && !key.startsWith(streamPrefix))
    .map((key) => placeOf(store, key));
}

const namesIn = ({ directory }: Store): string[] => {
  const images = join(directory, 'images');
  return inStore(images, () => readdirSync(images));
};

/** Half-made spools whose maker is gone (its lock died with it), and spools of streams left by a killed piburn. */
function sweep(store: Store): void {
  for (const name of namesIn(store)) {
    const place = placeOf(store, name.replace(/\.partial$/, ''));
    if (name.endsWith('.partial')) whenNobodyUses(place, () => removeAll(place.partial));
    else if (name.startsWith(streamPrefix)) whenNobodyUses(place, () => removePlace(place));
  }
}

const lockOf = ({ lockPath }: StorePlace, mode: LockMode): FileLock | undefined =>
  inStore<FileLock | undefined>(lockPath, () => lockFile(lockPath, mode));

/** Acts on a place that no piburn is making or burning from; returns false when one is. */
export function whenNobodyUses(place: StorePlace, act: () => void): boolean {
  const lock = lockOf(place, 'exclusive');
  if (lock === undefined) return false;
  try {
    act();
    return true;
  } finally {
    lock.close();
  }
}

/**
 * Locks a place for the first of two uses that is possible: shared, when `reuse` finds its spool there, or exclusively, to
 * `make` it. Waits while another piburn makes it; `onWait` is called once then. Both get the lock to keep.
 * @throws PiburnError `INTERRUPTED` when `cancelled` says so.
 */
export async function claimPlace<T>(
  place: StorePlace,
  use: { reuse: (lock: FileLock) => T | undefined; make: (lock: FileLock) => Promise<T> },
  onWait: () => void,
  cancelled: () => boolean,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    const lock = lockOf(place, 'shared');
    const found = lock && use.reuse(lock);
    if (found !== undefined) return found;
    if (lock?.change('exclusive')) return closedOnFailure(lock, use.make(lock));
    lock?.close();
    if (cancelled()) throw interruption('interrupted while waiting for another piburn');
    if (tries === 0) onWait();
    // Not in step with another that gave way just now, for the same reason.
    await new Promise((done) => setTimeout(done, 100 + Math.random() * 200));
  }
}

async function closedOnFailure<T>(lock: FileLock, made: Promise<T>): Promise<T> {
  try {
    return await made;
  } catch (error) {
    lock.close();
    throw error;
  }
}
