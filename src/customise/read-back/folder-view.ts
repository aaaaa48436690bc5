// A folder where a volume of a card is mounted. Symbolic links on it are the card's and are followed inside the folder
// only: a card must not make piburn read this machine's own files.

import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, failure } from '../../errors.js';
import { given } from '../../given.js';
import type { CardEntry } from '../../protocol.js';
import { maxFileBytes, type VolumeView } from './view.js';

const maxLinks = 20;
const maxNames = 4096;

export function folderView(folder: string, label?: string): VolumeView {
  return {
    ...given({ label }),
    readFile(path) {
      const found = resolveInside(folder, path, 'follow');
      return found === undefined ? undefined : readRegular(found);
    },
    exists: (path) => resolveInside(folder, path, 'follow') !== undefined,
    stat(path) {
      const found = resolveInside(folder, path, 'keep');
      return found === undefined ? undefined : describe(found, path.split('/').at(-1) ?? '');
    },
    list(path) {
      const found = resolveInside(folder, path, 'follow');
      if (found === undefined || !lstatSync(found).isDirectory()) return undefined;
      return readdirSync(found).sort();
    },
  };
}

/** The real path of something in the folder; undefined where there is nothing. Links to `/` lead to the folder. */
function resolveInside(folder: string, path: string, links: 'follow' | 'keep'): string | undefined {
  const names = namesOf(path).reverse();
  let trail: string[] = [];
  let linksLeft = maxLinks;
  let namesLeft = maxNames;
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    if (namesLeft-- === 0) return undefined;
    if (name === '..') {
      trail.pop();
      continue;
    }
    const here = join(folder, ...trail, name);
    const stats = lstatSync(here, { throwIfNoEntry: false });
    if (stats === undefined || (names.length > 0 && !stats.isDirectory() && !stats.isSymbolicLink())) return undefined;
    if (stats.isSymbolicLink() && (links === 'follow' || names.length > 0)) {
      if (linksLeft-- === 0) return undefined;
      const target = readlinkSync(here);
      if (target.startsWith('/')) trail = [];
      names.push(...namesOf(target).reverse());
    } else trail.push(name);
  }
  return join(folder, ...trail);
}

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

function readRegular(path: string): Uint8Array | undefined {
  // Not blocking: what was a file a moment ago may be a pipe now.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  if (!lstatSync(path).isFile()) return undefined;
  const descriptor = open(path, flags);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return undefined;
    if (stats.size > maxFileBytes) {
      throw failure('FILE_TOO_LARGE', `${path} has ${stats.size} bytes, more than piburn reads (${maxFileBytes})`, {
        hint: 'read it with another program',
      });
    }
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function open(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw failure('FILE_UNREADABLE', `${path} cannot be read (${errnoOf(error) ?? 'unknown error'})`, {
      hint: 'run piburn with sudo',
    });
  }
}

function describe(path: string, name: string): CardEntry | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'symlink'
        : 'other';
  return {
    name,
    kind,
    sizeBytes: kind === 'directory' ? 0 : stats.size,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    modifiedAt: stats.mtime.toISOString(),
    ...(kind === 'symlink' ? { target: readlinkSync(path) } : {}),
  };
}
