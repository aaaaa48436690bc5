// Downloads in the store: `downloads/KEY`, the archive as far as it has come, with `downloads/KEY.state` beside it
// (src/image/fetch/download.ts), and `rejected/`, where an archive that proved wrong is put when somebody wants to see it.
// Whoever touches them holds the place's lock exclusively.

import { lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StorePlace } from './store.js';
import { inStore, makeDirectoryInStore } from './store-access.js';

/** A download that nobody has continued for so long is not waited for any more. */
const staleMs = 14 * 24 * 3600 * 1000;

const storeOf = (place: StorePlace): string => join(place.lockPath, '..', '..');

/** Where the archive of a place is downloaded to. */
export function archivePath(place: StorePlace): string {
  const directory = join(storeOf(place), 'downloads');
  makeDirectoryInStore(directory);
  return join(directory, place.key);
}

export function remove(place: StorePlace): void {
  const path = archivePath(place);
  for (const each of [path, `${path}.state`]) inStore(each, () => rmSync(each, { force: true }));
}

/** Removes a download that has not brought a byte. */
export function removeEmpty(place: StorePlace): void {
  const size = lstatSync(archivePath(place), { throwIfNoEntry: false })?.size;
  if (size === undefined || size === 0) remove(place);
}

/** Moves an archive out of the way, under a name that people know; returns where it is. */
export function putAside(place: StorePlace, name: string): string {
  const directory = join(storeOf(place), 'rejected');
  makeDirectoryInStore(directory);
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const aside = join(directory, `${stamp}-${name.replace(/[^\w.+-]/g, '_').slice(0, 120)}`);
  const archive = archivePath(place);
  inStore(aside, () => renameSync(archive, aside));
  remove(place);
  return aside;
}

/** Keys of downloads that were begun, and whether somebody may still want to continue them. */
export function listDownloads(storeDirectory: string): { key: string; sizeBytes: number; stale: boolean }[] {
  const directory = join(storeDirectory, 'downloads');
  return names(directory)
    .filter((name) => !name.includes('.'))
    .flatMap((key) => {
      const stat = lstatSync(join(directory, key), { throwIfNoEntry: false });
      if (stat === undefined) return [];
      return [{ key, sizeBytes: stat.blocks * 512, stale: Date.now() - stat.mtimeMs > staleMs }];
    });
}

function names(directory: string): string[] {
  try {
    return inStore(directory, () => readdirSync(directory));
  } catch {
    return [];
  }
}
