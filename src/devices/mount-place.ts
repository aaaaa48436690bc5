// The folders that a card is mounted at: made when they are missing, removed when they were, and never the system's own.

import { lstatSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failure, type PiburnError, refusal } from '../errors.js';
import type { SystemFacts } from './facts.js';

/** Where cards are mounted when nobody says where. */
export const mountsFolder = '/mnt/piburn';

/** A place of the system's own would be hidden by the card. */
export function refusePlace(folder: string, facts: SystemFacts): void {
  const entry = facts.lookUp(folder).entry;
  if (entry !== undefined && entry.kind !== 'directory') throw notAPlace(folder, 'it is no folder');
  if (facts.mounts.some(({ mountpoint }) => mountpoint === folder))
    throw notAPlace(folder, 'something is mounted there');
  const system = [
    '/bin',
    '/boot',
    '/dev',
    '/etc',
    '/lib',
    '/opt',
    '/proc',
    '/root',
    '/run',
    '/sbin',
    '/sys',
    '/usr',
    '/var',
  ];
  const own = ['/home', '/media', '/mnt', '/srv', '/tmp', '/'];
  const isSystem = system.some((place) => folder === place || folder.startsWith(`${place}/`));
  const isAllowed = /^\/run\/(media|mount)\/./.test(folder) || /^\/var\/tmp\/./.test(folder);
  if ((isSystem && !isAllowed) || own.includes(folder)) throw notAPlace(folder, 'the system needs it');
}

const notAPlace = (folder: string, why: string): PiburnError =>
  refusal('MOUNTPOINT', `${folder} is no place to mount a card at: ${why}`, {
    hint: 'name an empty folder, or none: then it is /mnt/piburn/NAME',
  });

/** Makes a folder with those above it; returns the new ones, the deepest first. */
export function makeFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let each = folder; statSync(each, { throwIfNoEntry: false }) === undefined; each = dirname(each))
    missing.push(each);
  mkdirSync(folder, { recursive: true });
  return missing;
}

export function removeFolders(folders: readonly string[]): void {
  for (const folder of folders) removeEmpty(folder);
}

export function removeOwnFolder(folder: string): void {
  if (!folder.startsWith(`${mountsFolder}/`)) return;
  if (dirname(folder) === mountsFolder) removeFolders([folder, mountsFolder]);
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something is in it, which is not ours to remove.
  }
}

/** A link on the card would have the boot partition mounted over a folder of this machine. */
export function requireRealFolder(root: string, path: string): void {
  const parts = path.split('/').filter((part) => part !== '');
  parts.reduce((folder, part) => {
    const next = join(folder, part);
    if (lstatSync(next, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw failure('NO_BOOT_FOLDER', `the root of the card has no folder ${path}`, {
        hint: 'is it a Raspberry Pi OS?',
      });
    }
    return next;
  }, root);
}
