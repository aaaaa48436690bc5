// Where a path leads on a volume: to which directory, and to which entry in it.

import { failure, type PiburnError } from '../../errors.js';
import type { Medium } from './clusters.js';
import { type Directory, findEntry, readRoot, readSubdirectory } from './directory.js';
import { type DirectoryEntry, isDirectory } from './entry.js';

/** The end of a path: a directory, and a name in it that need not exist yet. */
export interface Place {
  readonly path: string;
  readonly directory: Directory;
  readonly name: string;
  readonly entry: DirectoryEntry | undefined;
}

/** Whether a path is the root itself, which is in no directory. */
export const isRoot = (path: string): boolean => pathParts(path).length === 0;

/** The place of a path, or undefined when the directory around it does not exist. Throws FAT_IS_DIRECTORY for the root. */
export function findPlace(medium: Medium, path: string): Place | undefined {
  const parts = pathParts(path);
  const name = parts.pop();
  if (name === undefined) throw isADirectory(path);
  const directory = walk(medium, parts);
  return directory && { path, directory, name, entry: findEntry(directory, name) };
}

/** The place of a path. Throws FAT_NOT_FOUND when the directory around it does not exist. */
export function openPlace(medium: Medium, path: string): Place {
  const place = findPlace(medium, path);
  if (place === undefined) throw noDirectory(pathParts(path).slice(0, -1).join('/'));
  return place;
}

/** The directory at a path. Throws FAT_NOT_FOUND when there is none. */
export function openDirectory(medium: Medium, path: string): Directory {
  const directory = walk(medium, pathParts(path));
  if (directory === undefined) throw noDirectory(path);
  return directory;
}

export const isADirectory = (path: string): PiburnError =>
  failure('FAT_IS_DIRECTORY', `${JSON.stringify(path)} on the boot partition is a directory, not a file.`, {
    hint: 'Choose another name for the file.',
  });

function walk(medium: Medium, parts: readonly string[]): Directory | undefined {
  let directory = readRoot(medium);
  for (const part of parts) {
    const entry = findEntry(directory, part);
    if (entry === undefined || !isDirectory(entry)) return undefined;
    directory = readSubdirectory(medium, directory, entry);
  }
  return directory;
}

const pathParts = (path: string): string[] => path.split('/').filter((part) => part !== '');

const noDirectory = (path: string): PiburnError =>
  failure('FAT_NOT_FOUND', `The boot partition has no directory ${JSON.stringify(path)}.`, {
    hint: 'Make the directory first, or check its spelling.',
  });
