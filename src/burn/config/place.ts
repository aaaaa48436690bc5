// Paths in a file are relative to that file, so that a folder with a cluster in it can be moved and burned from anywhere.

import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { hasImageSuffix } from '../../image/names.js';
import type { Setting } from './settings.js';

export interface Base {
  /** The folder of the file, absolute. */
  readonly folder: string;
  /** What `~` means. */
  readonly home: string;
}

export const baseOf = (file: string, home: string = homedir()): Base => ({ folder: dirname(resolve(file)), home });

/**
 * A value with its relative paths made absolute. Undefined: it cannot be, since the folder's own name would be taken for
 * a part of the hostlist.
 */
export function placed(text: string, place: NonNullable<Setting['place']>, base: Base): string | undefined {
  switch (place) {
    case 'path':
      return absolute(text, base);
    case 'image':
      return isImagePath(text, base) ? absolute(text, base) : text;
    case 'key':
      // `default`, and names under ~/.ssh, are no paths; `~/` is understood where keys are read.
      return text.includes('/') && !text.startsWith('~/') ? absolute(text, base) : text;
    case 'targets':
      return placedTargets(text, base);
  }
}

const absolute = (text: string, { folder, home }: Base): string =>
  text.startsWith('~/') ? join(home, text.slice(2)) : resolve(folder, text);

/** As on the command line: what exists, has a slash, or ends like an image is a file; anything else is a name. */
function isImagePath(text: string, base: Base): boolean {
  if (text === '-' || /^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return false;
  if (text.includes('/') || hasImageSuffix(text)) return true;
  try {
    return statSync(absolute(text, base)).isFile();
  } catch {
    return false; // not there, or no path at all, such as a word of thousands of letters
  }
}

function placedTargets(text: string, { folder, home }: Base): string | undefined {
  const items = itemsOf(text);
  const prefixes = items.map((item) => (item.startsWith('/') ? undefined : item.startsWith('~/') ? home : folder));
  if (prefixes.some((prefix) => prefix !== undefined && /[[\],\s\p{Cc}]/u.test(prefix))) return undefined;
  return items.map((item, index) => joined(prefixes[index], item)).join(',');
}

/** Joined by hand: what is between brackets is no path yet, and must not be tidied. */
const joined = (prefix: string | undefined, item: string): string =>
  prefix === undefined || item === '' ? item : `${prefix}/${item.replace(/^(~|\.)\//, '')}`;

/** The items of a hostlist, which commas outside of brackets separate. */
const itemsOf = (text: string): string[] => text.split(/,(?![^[\]]*\])/);
