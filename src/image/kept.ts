// The images that are in the store, for people: what is there, how much room it takes, when it was last of use; and
// what can go. `images/KEY/used` is `{ burnedAt?, verifiedAt? }`, ISO 8601, renamed into place.

import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.js';
import { given } from '../given.js';
import { type FileIdentity, isFile } from './identity.js';
import { type MapHeader, readMapHeader } from './map-file.js';
import { finishedPlaces, placeOf, removePlace, type Store, type StorePlace, whenNobodyUses } from './store.js';
import { inStore, openFileInStore } from './store-access.js';
import * as downloads from './store-downloads.js';

export interface KeptImage {
  readonly place: StorePlace;
  /** As people call it. */
  readonly name: string;
  /** `damaged`: its map or its spool is not whole. `stale`: the raw file or archive it was made from has changed or gone. */
  readonly state: 'whole' | 'damaged' | 'stale';
  readonly header?: MapHeader;
  /** A file with the decoded bytes. */
  readonly spool?: string;
  /** Room that it takes in the store. */
  readonly diskBytes: number;
  readonly burnedAt?: string;
  readonly verifiedAt?: string;
}

/** Everything that is kept, by name. */
export const listKept = (store: Store): KeptImage[] =>
  finishedPlaces(store)
    .flatMap((place) => inspectIfThere(place) ?? [])
    .toSorted((a, b) => a.name.localeCompare(b.name));

/** The addresses of the images that are here whole. */
export const fetchedUrls = (store: Store): ReadonlySet<string> =>
  new Set(
    listKept(store).flatMap(({ state, header }) =>
      state === 'whole' && header?.source !== undefined && 'url' in header.source ? [header.source.url] : [],
    ),
  );

/** Another piburn may remove a place at any moment. */
function inspectIfThere(place: StorePlace): KeptImage | undefined {
  try {
    return inspect(place);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function inspect(place: StorePlace): KeptImage {
  const header = readMapHeader(join(place.directory, 'map'));
  const diskBytes = roomOf(place.directory);
  if (header === undefined) return { place, name: place.key, state: 'damaged', diskBytes };
  return {
    place,
    name: header.name ?? place.key,
    state: stateOf(place, header),
    header,
    diskBytes,
    ...given({ spool: spoolOf(place, header) }),
    ...usesOf(place),
  };
}

function stateOf(place: StorePlace, header: MapHeader): KeptImage['state'] {
  if (isFile(header.source) && !isUnchanged(header.source)) return 'stale';
  return spoolOf(place, header) === undefined ? 'damaged' : 'whole';
}

/** Where the decoded bytes of a map lie: in its place, or, for a raw file, where it lies itself; undefined: nowhere whole. */
export function spoolOf(place: StorePlace, header: MapHeader): string | undefined {
  const own = join(place.directory, 'image');
  if (statSync(own, { throwIfNoEntry: false })?.size === header.imageBytes) return own;
  if (existsSync(own) || !isFile(header.source) || !isUnchanged(header.source)) return undefined;
  return header.source.sizeBytes === header.imageBytes ? header.source.path : undefined;
}

/** Opens what `spoolOf` has found, for reading. */
export const openSpool = (place: StorePlace, path: string): number =>
  path === join(place.directory, 'image') ? openFileInStore(path, constants.O_RDONLY) : openSync(path, 'r');

function isUnchanged(identity: FileIdentity): boolean {
  const stat = statSync(identity.path, { bigint: true, throwIfNoEntry: false });
  return (
    stat !== undefined &&
    String(stat.ino) === identity.inode &&
    Number(stat.size) === identity.sizeBytes &&
    String(stat.mtimeNs) === identity.modifiedNs &&
    String(stat.ctimeNs) === identity.changedNs
  );
}

function roomOf(directory: string): number {
  const names = inStore(directory, () => readdirSync(directory));
  return names.reduce((sum, name) => {
    const stat = lstatSync(join(directory, name), { throwIfNoEntry: false });
    return sum + (stat?.blocks ?? 0) * 512;
  }, 0);
}

export interface Uses {
  readonly burnedAt?: string;
  readonly verifiedAt?: string;
}

function usesOf(place: StorePlace): Uses {
  try {
    const uses: Record<string, unknown> = JSON.parse(readText(join(place.directory, 'used')));
    const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
    return given({ burnedAt: text(uses['burnedAt']), verifiedAt: text(uses['verifiedAt']) });
  } catch {
    return {};
  }
}

function readText(path: string): string {
  const descriptor = openFileInStore(path, constants.O_RDONLY);
  try {
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** Notes that an image was of use. The note is worth little: what goes wrong with it is nobody's trouble. */
export function noteUse(place: StorePlace, use: Uses): void {
  const path = join(place.directory, 'used');
  const beside = `${path}.${process.pid}`;
  const text = JSON.stringify({ ...usesOf(place), ...use });
  try {
    inStore(path, () => {
      writeFileSync(beside, text, { mode: 0o600, flag: 'wx' });
      renameSync(beside, path);
    });
  } catch {
    removeQuietly(beside);
  }
}

function removeQuietly(path: string): void {
  try {
    inStore(path, () => rmSync(path, { force: true }));
  } catch {
    // It goes with the image.
  }
}

/** Removes an image with what was begun for it; false when another piburn is using it. */
export const removeKept = ({ place }: KeptImage): boolean =>
  whenNobodyUses(place, () => {
    removePlace(place);
    downloads.remove(place);
  });

/** The same for one that is of no use; it may have been made anew since somebody looked. */
function removeUseless({ place }: KeptImage): boolean {
  let removed = false;
  whenNobodyUses(place, () => {
    removed = inspectIfThere(place)?.state !== 'whole';
    if (removed) removePlace(place);
  });
  return removed;
}

/** What `store gc` took away. */
export interface Collected {
  readonly what: string;
  readonly bytes: number;
}

/**
 * Removes what can be of no use any more: images whose source has changed or gone, damaged ones, downloads that nobody
 * has continued for two weeks (`all`: every unfinished one), archives put aside.
 */
export function collectGarbage(store: Store, all: boolean): Collected[] {
  const images = listKept(store)
    .filter(({ state }) => state !== 'whole')
    .flatMap((kept) => (removeUseless(kept) ? [{ what: `${kept.name} (${kept.state})`, bytes: kept.diskBytes }] : []));
  const begun = downloads
    .listDownloads(store.directory)
    .filter(({ stale }) => stale || all)
    .flatMap(({ key, sizeBytes }) => {
      const place = placeOf(store, key);
      const removed = whenNobodyUses(place, () => downloads.remove(place));
      return removed ? [{ what: 'an unfinished download', bytes: sizeBytes }] : [];
    });
  const rejected = join(store.directory, 'rejected');
  const aside = existsSync(rejected) ? inStore(rejected, () => readdirSync(rejected)) : [];
  const thrown = aside.map((name) => {
    const bytes = lstatSync(join(rejected, name)).blocks * 512;
    inStore(rejected, () => rmSync(join(rejected, name), { force: true }));
    return { what: `rejected archive ${name}`, bytes };
  });
  return [...images, ...begun, ...thrown];
}
