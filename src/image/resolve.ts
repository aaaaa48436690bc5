// From the word after --image to the image that is meant: a file, an address, a name in the list of operating systems
// or in the store. Nothing is fetched here but the list, and what is ambiguous is never guessed.

import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failure, type PiburnError, toFailure, usageError } from '../errors.js';
import { given } from '../given.js';
import type { Catalog, OsEntry } from './catalog/entry.js';
import { defaultRepo, type LoadedCatalog, loadCatalog } from './catalog/load.js';
import { archiveCandidates, findInCatalog } from './catalog/names.js';
import { fetchText, look, type WebClient } from './fetch/client.js';
import { shownUrl } from './fetch/web-address.js';
import { isFile } from './identity.js';
import type { ImageRequest } from './image.js';
import { type KeptImage, listKept } from './kept.js';
import { hasImageSuffix, unescaped, withoutSuffix } from './names.js';
import type { Store } from './store.js';
import type { ExpectedDigest } from './trust.js';

export interface ResolveOptions {
  readonly store: Store;
  readonly client: () => WebClient;
  /** Address or file of the list; default Raspberry Pi's own. */
  readonly repo?: string;
  readonly cancelled: () => boolean;
  readonly onTrouble: (message: string) => void;
}

/** The file that a word names, `-` included; undefined: it is an address, or a name to be looked up. */
export function localPath(word: string): string | undefined {
  if (word === '-') return word;
  if (/^file:\/\/\//i.test(word)) return unescaped(word.slice('file://'.length));
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(word)) return undefined;
  return word.includes('/') || hasImageSuffix(word) || isFileHere(word) ? word : undefined;
}

/** A directory counts as well: it is no image, and to say so helps more than to look for its name elsewhere. */
function isFileHere(word: string): boolean {
  try {
    const stat = statSync(word, { throwIfNoEntry: false });
    return stat !== undefined && !(stat.isDirectory() && isLatest(word));
  } catch {
    // Too long for a file's name, for example.
    return false;
  }
}

/** The word as it may be shown: an address may hold a password or a token. */
export const shownSource = (word: string): string => (word.includes('://') ? shownUrl(word) : word);

/**
 * Which image a word means.
 * @throws PiburnError `IMAGE_URL`, `IMAGE_UNKNOWN`, `IMAGE_AMBIGUOUS`, and as `loadCatalog` does.
 */
export async function resolveImage(word: string, options: ResolveOptions): Promise<ImageRequest> {
  const path = localPath(word);
  if (path !== undefined) return { kind: 'file', path };
  if (word.includes('://')) return await resolveAddress(word, options);
  // The list comes first: a file that somebody called like one of its images must not take its place.
  const known = isLatest(word) ? undefined : await knownList(options);
  const listed = known?.entries.find(({ tag }) => isSame(tag, word));
  if (listed !== undefined) return fromEntry(listed);
  const kept = listKept(options.store).filter(({ state }) => state !== 'damaged');
  const exact = isLatest(word) ? [] : kept.filter(({ name, place }) => isSame(name, word) || place.key === word);
  const [only, another] = exact;
  if (another !== undefined) throw ambiguous(word, exact.map(inWords));
  if (only !== undefined) return resolveKept(only, known, options);
  return await resolveName(word, kept, options);
}

const isSame = (name: string, word: string): boolean => name.toLowerCase() === word.toLowerCase();
const isLatest = (word: string): boolean => /^latest\b/i.test(word);
const inWords = ({ name, place }: KeptImage): string => `${name} (in the store: ${place.key})`;

/** The list as it is here, without the network; undefined when it was never fetched. */
async function knownList(options: ResolveOptions): Promise<Catalog | undefined> {
  return await catalogOf('never', options).catch((error: unknown) => {
    if (toFailure(error).kind === 'interrupted') throw error;
    return undefined;
  });
}

async function resolveAddress(word: string, options: ResolveOptions): Promise<ImageRequest> {
  const address = URL.canParse(word) ? new URL(word) : undefined;
  if (address === undefined || !['http:', 'https:'].includes(address.protocol))
    throw usageError('IMAGE_URL', `${shownUrl(word)} is not an address that images are fetched from`, {
      hint: 'give an address that begins with https:// or http://, or the path of a file',
    });
  const listed = (await knownList(options))?.entries.find(({ url }) => url === address.href);
  return listed === undefined ? fromAddress(address.href) : fromEntry(listed);
}

/** What lies in the store under a name is still fetched where its list says that it has changed. */
function resolveKept(kept: KeptImage, catalog: Catalog | undefined, options: ResolveOptions): ImageRequest {
  const source = kept.header?.source;
  if (isFile(source) && kept.state === 'stale')
    options.onTrouble(`${source.path} has changed or gone; what the store has of it is used`);
  // A raw file lies where it lies: the store has only its map.
  else if (isFile(source) && kept.header?.format === 'raw') return { kind: 'file', path: source.path };
  const url = source !== undefined && 'url' in source ? source.url : undefined;
  const listed = url === undefined ? undefined : catalog?.entries.find((entry) => entry.url === url);
  return listed === undefined ? { kind: 'kept', name: kept.name, key: kept.place.key } : fromEntry(listed);
}

async function resolveName(word: string, kept: readonly KeptImage[], options: ResolveOptions): Promise<ImageRequest> {
  const catalog = await catalogOf('when-old', options).catch((error: unknown) => {
    const trouble = toFailure(error);
    if (trouble.kind !== 'failed') throw error;
    return trouble;
  });
  const known = 'entries' in catalog ? catalog : undefined;
  const found = known === undefined ? undefined : findInCatalog(known, word);
  const listed = found?.kind === 'many' ? found.candidates : found?.kind === 'one' ? [found.entry] : [];
  const isName = isLatest(word) || listed.some(({ tag }) => isSame(tag, word));
  const inStore = isName ? [] : kept.filter(({ name }) => name.toLowerCase().includes(word.toLowerCase()));
  const urls = new Set(listed.map(({ url }) => url));
  // What the store has of an image of the list is the same image.
  const others = inStore.filter(
    ({ header }) => !(header?.source && 'url' in header.source && urls.has(header.source.url)),
  );
  if (listed.length + others.length > 1)
    throw ambiguous(word, [...others.map(inWords), ...listed.map(({ tag }) => tag)]);
  if (listed[0] !== undefined) return fromEntry(listed[0]);
  if (others[0] !== undefined) return resolveKept(others[0], known, options);
  const dated = await findArchived(word, options);
  if (dated !== undefined) return dated;
  if (!('entries' in catalog))
    throw failure(
      catalog.code,
      `'${word}' is no file and not in the store, and the list of images cannot be had: ${catalog.message}`,
      {
        hint: catalog.hint ?? 'connect to the network once, or name a file',
      },
    );
  throw unknown(word, found?.kind === 'none' ? found.near : []);
}

/** An older release: the list has only the newest of each, but its server keeps the others under known addresses. */
async function findArchived(word: string, options: ResolveOptions): Promise<ImageRequest | undefined> {
  for (const { url } of archiveCandidates(word, options.repo ?? defaultRepo)) {
    try {
      await look(options.client(), url, { timeoutMs: 20_000, cancelled: options.cancelled });
      return fromAddress(url);
    } catch (error) {
      const { kind, code } = toFailure(error);
      if (kind === 'interrupted') throw error;
      if (code !== 'DOWNLOAD_MISSING' && code !== 'DOWNLOAD_FORBIDDEN') return undefined;
    }
  }
  return undefined;
}

function fromEntry(entry: OsEntry): ImageRequest {
  const digest = (sha256: string | undefined, of: 'archive' | 'image'): ExpectedDigest[] =>
    sha256 === undefined ? [] : [{ sha256, of, from: 'the OS list' }];
  const expected = [...digest(entry.archiveSha256, 'archive'), ...digest(entry.imageSha256, 'image')];
  if (entry.url.startsWith('file:')) return { kind: 'file', path: fileURLToPath(entry.url), expected };
  return {
    kind: 'web',
    image: {
      url: entry.url,
      name: entry.tag,
      expected,
      ...given({
        archiveBytes: entry.archiveBytes,
        imageBytes: entry.imageBytes,
        bmapUrl: entry.bmapUrl,
        initFormat: entry.initFormat,
      }),
    },
  };
}

function fromAddress(url: string): ImageRequest {
  const { pathname, host } = new URL(url);
  const fileName = basename(unescaped(pathname));
  return { kind: 'web', image: { url, name: withoutSuffix(fileName) || host, expected: [] } };
}

/** The list of operating systems, fresh enough; tells when an old copy has to do. */
export async function catalogOf(refresh: 'always' | 'when-old' | 'never', options: ResolveOptions): Promise<Catalog> {
  return (await loadList(refresh, options)).catalog;
}

export async function loadList(
  refresh: 'always' | 'when-old' | 'never',
  { store, repo, client, cancelled, onTrouble }: ResolveOptions,
): Promise<LoadedCatalog> {
  const loaded = await loadCatalog({
    directory: join(store.directory, 'lists'),
    ...given({ repo }),
    refresh,
    fetchText: (url) => fetchText(client(), url, { limitBytes: 32 * 1024 * 1024, timeoutMs: 30_000, cancelled }),
    now: new Date(),
  });
  if (loaded.stale !== undefined)
    onTrouble(`the list of images is ${days(loaded.ageMs)} old, and a newer one cannot be had: ${loaded.stale}`);
  return loaded;
}

function days(ageMs: number): string {
  const hours = Math.round(ageMs / 3_600_000);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}

const candidatesShown = 12;

function ambiguous(word: string, candidates: readonly string[]): PiburnError {
  const shown = candidates.slice(0, candidatesShown).map((name) => `\n  ${name}`);
  const more = candidates.length > candidatesShown ? `\n  and ${candidates.length - candidatesShown} more` : '';
  return usageError('IMAGE_AMBIGUOUS', `'${word}' could be any of these images:${shown.join('')}${more}`, {
    hint: 'write more of the name',
  });
}

function unknown(word: string, near: readonly string[]): PiburnError {
  const like = near.length === 0 ? '' : `; similar are: ${near.join(', ')}`;
  return usageError(
    'IMAGE_UNKNOWN',
    `there is no image '${word}': no such file, and no such name in the list or the store${like}`,
    {
      hint: '`piburn image versions` lists the names, `piburn image ls` the images that are here; try --image=latest',
    },
  );
}
