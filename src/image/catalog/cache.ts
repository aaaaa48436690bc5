// Lists that were fetched before, kept for 24 hours and for days without network: one JSON file for each list, with the
// texts of its parts in it. It carries a digest of itself, and what is damaged counts as absent. Files are 0600 and
// appear by rename.

import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { inStore, makeDirectoryInStore, openFileInStore } from '../store-access.js';
import { isJson } from './fields.js';

/** A text of a list as it was fetched. */
export interface CachedText {
  /** Where it came from, after redirects. */
  readonly url: string;
  readonly text: string;
  /** ISO 8601. */
  readonly fetchedAt: string;
}

export interface CachedList {
  /** What was asked for. */
  readonly repo: string;
  readonly list: CachedText;
  /** By the URL that was asked for. */
  readonly parts: ReadonlyMap<string, CachedText>;
}

const version = 1;
/** All parts and the list at their largest, and as much again for the quoting. */
const longestFileBytes = 320 << 20;

/** The list as it was kept, or undefined when it is not there or damaged. */
export function readCached(directory: string, repo: string): CachedList | undefined {
  try {
    const { digest, ...content }: Record<string, unknown> = JSON.parse(readSmall(pathOf(directory, repo)));
    if (content['version'] !== version || content['repo'] !== repo || digest !== digestOf(content)) return undefined;
    return cachedList(repo, content['list'], content['parts']);
  } catch {
    return undefined;
  }
}

/** Keeps a list, in place of what was kept of it before; throws the system's errors. */
export function writeCached(directory: string, { repo, list, parts }: CachedList, now: Date): void {
  makeDirectoryInStore(directory);
  inStore(directory, () => removeAbandoned(directory, now));
  const content = { version, repo, list, parts: [...parts] };
  const path = pathOf(directory, repo);
  const made = `${path}.${randomBytes(6).toString('hex')}.partial`;
  const text = JSON.stringify({ digest: digestOf(content), ...content });
  inStore(path, () => {
    try {
      writeFileSync(made, text, { mode: 0o600, flag: 'wx' });
      renameSync(made, path);
    } catch (error) {
      rmSync(made, { force: true });
      throw error;
    }
  });
}

const pathOf = (directory: string, repo: string): string =>
  join(directory, `${createHash('sha256').update(repo).digest('hex').slice(0, 24)}.json`);

const digestOf = (content: unknown): string => createHash('sha256').update(JSON.stringify(content)).digest('hex');

function readSmall(path: string): string {
  const descriptor = openFileInStore(path, constants.O_RDONLY);
  try {
    if (fstatSync(descriptor).size > longestFileBytes) throw new RangeError('too large for a list');
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** The digest says that these are the values that were written; their types are looked at all the same. */
function cachedList(repo: string, list: unknown, parts: unknown): CachedList | undefined {
  if (!isCachedText(list) || !Array.isArray(parts)) return undefined;
  const known = new Map<string, CachedText>();
  for (const part of parts) {
    if (!Array.isArray(part) || typeof part[0] !== 'string' || !isCachedText(part[1])) return undefined;
    known.set(part[0], part[1]);
  }
  return { repo, list, parts: known };
}

const isCachedText = (value: unknown): value is CachedText =>
  isJson(value) &&
  typeof value['url'] === 'string' &&
  typeof value['text'] === 'string' &&
  typeof value['fetchedAt'] === 'string' &&
  !Number.isNaN(Date.parse(value['fetchedAt']));

/** Files that a killed piburn was writing an hour ago or longer. */
function removeAbandoned(directory: string, now: Date): void {
  for (const name of readdirSync(directory).filter((each) => each.endsWith('.partial'))) {
    const path = join(directory, name);
    const made = statSync(path, { throwIfNoEntry: false });
    if (made !== undefined && now.getTime() - made.mtimeMs > 3_600_000) rmSync(path, { force: true });
  }
}
