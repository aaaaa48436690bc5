// Files that are made for a bench, in directories that may have to be made too, and all of that taken away again.

import { existsSync, mkdirSync, rmdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoOf, failure } from '../../errors.js';
import { formatBytes } from '../../size-text.js';

export interface FreshFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** What a disk must keep free: others write to it too. */
const reserve = 0.05;

/**
 * Makes the directories, once it is known that there is room for the files. Returns what removes files and directories; a
 * directory that holds something else by then stays.
 * @throws PiburnError `NO_ROOM`, `NO_DIRECTORY`.
 */
export function makeRoom(files: readonly FreshFile[]): (made: readonly string[]) => void {
  checkRoom(files);
  const directories: string[] = [];
  const remove = (made: readonly string[]) => {
    for (const path of made) rmSync(path, { force: true });
    for (const directory of directories.reverse()) removeIfEmpty(directory);
  };
  try {
    for (const { path } of files) {
      for (const directory of missingAbove(path)) {
        makeDirectory(directory);
        directories.push(directory);
      }
    }
  } catch (error) {
    remove([]);
    throw error;
  }
  return remove;
}

/** The directories that a file needs and that are not there, the outermost first. */
function missingAbove(path: string): string[] {
  const missing: string[] = [];
  for (let each = dirname(resolve(path)); !existsSync(each); each = dirname(each)) missing.unshift(each);
  return missing;
}

/** One at a time: with `recursive` Node 20 never ends where the kernel answers ENOENT, as in /proc. */
function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    const why = errnoOf(error) ?? String(error);
    throw failure('NO_DIRECTORY', `the directory ${directory} cannot be made (${why})`, {
      hint: 'choose another place for the files',
    });
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Somebody has put something into it.
  }
}

function checkRoom(files: readonly FreshFile[]): void {
  const needed = new Map<number, number>();
  for (const { path, sizeBytes } of files) {
    const place = existingPlace(path);
    const { dev } = statSync(place);
    const neededBytes = (needed.get(dev) ?? 0) + sizeBytes;
    needed.set(dev, neededBytes);
    const { bavail, blocks, bsize } = statfsSync(place);
    const freeBytes = Math.max(0, bavail - blocks * reserve) * bsize;
    if (neededBytes <= freeBytes) continue;
    const words = `there is no room for ${path}: ${formatBytes(neededBytes)} are needed there in all`;
    throw failure('NO_ROOM', `${words}, and ${formatBytes(Math.floor(freeBytes))} can be had`, {
      device: path,
      hint: 'choose a smaller --size, fewer files, or another disk',
    });
  }
}

function existingPlace(path: string): string {
  let place = dirname(resolve(path));
  while (!existsSync(place)) place = dirname(place);
  return place;
}
