// Room in the store: looked at before a download, and again on the way.

import { statfsSync } from 'node:fs';
import { failure, type PiburnError } from '../errors.js';

/** The store leaves this much of its file system free, so that a small system disk is not filled to the brim. */
const reserveBytes = (fileSystemBytes: number): number => Math.min(256 * 1024 * 1024, fileSystemBytes / 100);

/**
 * Throws when less than `neededBytes` more fit beside `path`.
 * @throws PiburnError `STORE_FULL`.
 */
export function checkRoom(path: string, neededBytes = 0): void {
  const system = statfsSync(path);
  const freeBytes = system.bavail * system.bsize - reserveBytes(system.blocks * system.bsize);
  if (freeBytes < neededBytes || freeBytes < 0) throw noRoom(path, neededBytes, Math.max(0, freeBytes));
}

/** The error for a store without room; `path` lies in it. */
export function noRoom(path: string, neededBytes = 0, freeBytes = 0): PiburnError {
  const store = path.replace(/\/(images|downloads|locks)\/[^/]+(\/[^/]+)?$/, '');
  const figures =
    neededBytes === 0 ? '' : `: up to ${inGigabytes(neededBytes)} are needed, ${inGigabytes(freeBytes)} are free`;
  return failure('STORE_FULL', `there is no room left for the image in ${store}${figures}`, {
    hint: 'see `piburn image ls` and `piburn image delete`, or name a directory on a larger disk with --store=DIR',
  });
}

const inGigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
