// The catalog of images: a list with all its parts, from the network where it has to be, from the copy that was kept
// where it may be. Where there is no network an old copy is better than none, and the caller is told.

import { errnoOf, failure, PiburnError, usageError } from '../../errors.js';
import { type CachedList, type CachedText, readCached, writeCached } from './cache.js';
import type { Catalog } from './entry.js';
import { type Gathered, gather, type ListText } from './gather.js';
import { pathOfList, readLocalList, readLocalPart } from './local-list.js';

export const defaultRepo = 'https://downloads.raspberrypi.com/os_list_imagingutility_v4.json';

/** How old a copy may be before the list is fetched again. */
const freshMs = 24 * 3_600_000;

export interface LoadOptions {
  /** Where copies are kept, such as `lists` in the store; made when need be. */
  readonly directory: string;
  /** URL or path of the list; Raspberry Pi's own when it is left out. */
  readonly repo?: string;
  /** Whether to fetch a list that is kept: always, when it is older than 24 hours, or never any list. */
  readonly refresh: 'always' | 'when-old' | 'never';
  /** Fetches a text; undefined where there is none. Says itself how much is too much, and may throw a PiburnError. */
  readonly fetchText: (url: string) => Promise<ListText | undefined>;
  readonly now: Date;
}

export interface LoadedCatalog {
  readonly catalog: Catalog;
  /** How long ago the list was fetched; 0 for a file. */
  readonly ageMs: number;
  /** Why an old copy is used: what went wrong. */
  readonly stale?: string;
}

/**
 * Loads the catalog. With `never`, not even parts are fetched.
 * @throws PiburnError `LIST_BROKEN`, `LIST_UNREADABLE` (a file), `LIST_NOT_FOUND`, `LIST_NOT_KEPT` (with `never`), and
 * what `fetchText` throws, where no copy can stand in.
 */
export async function loadCatalog(options: LoadOptions): Promise<LoadedCatalog> {
  const repo = options.repo ?? defaultRepo;
  if (!isWeb(repo)) return localCatalog(repo, options);
  const kept = readCached(options.directory, repo);
  const copy = kept === undefined ? undefined : await keptCatalog(kept, options.now);
  const isFresh = copy !== undefined && copy.ageMs < freshMs;
  if (copy !== undefined && (options.refresh === 'never' || (options.refresh === 'when-old' && isFresh))) return copy;
  if (options.refresh === 'never') throw notKept(repo);
  try {
    return await fetchedCatalog(repo, kept, options);
  } catch (error) {
    if (copy === undefined || !(error instanceof PiburnError) || error.failure.kind === 'interrupted') throw error;
    return { ...copy, stale: error.message };
  }
}

const isWeb = (repo: string): boolean => /^https?:\/\//i.test(repo);

const notKept = (repo: string): PiburnError =>
  failure('LIST_NOT_KEPT', `no copy of the OS list ${repo} is kept here`, {
    hint: 'load it once while there is a network',
  });

async function localCatalog(repo: string, options: LoadOptions): Promise<LoadedCatalog> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(repo) && !repo.startsWith('file:')) {
    throw usageError('LIST_ADDRESS', `the OS list ${repo} is neither at an http(s) URL nor a file`);
  }
  const path = pathOfList(repo);
  const first = readLocalList(path);
  const gathered = await gather(first, first.url, {
    read: async (url) => (isWeb(url) ? readRemote(url, options) : readLocalPart(path, url)),
    earlier: () => undefined,
  });
  return { catalog: catalogOf(gathered, path, options.now.toISOString()), ageMs: 0 };
}

async function readRemote(url: string, { fetchText, refresh }: LoadOptions): Promise<ListText> {
  if (refresh === 'never') throw notKept(url);
  const found = await fetchText(url);
  if (found !== undefined) return found;
  throw failure('LIST_NOT_FOUND', `there is no OS list at ${url}`, { hint: 'check the address' });
}

/** The catalog of a copy; undefined when it is a copy that cannot be read any more. */
async function keptCatalog(kept: CachedList, now: Date): Promise<LoadedCatalog | undefined> {
  const read = async (url: string): Promise<ListText> => {
    const part = kept.parts.get(url);
    if (part === undefined) throw failure('LIST_NOT_KEPT', 'it could not be fetched with the rest');
    return part;
  };
  try {
    const gathered = await gather(kept.list, kept.repo, { read, earlier: () => undefined });
    const ageMs = now.getTime() - Date.parse(kept.list.fetchedAt);
    // A copy from the future is no younger than the oldest: the clock was wrong, then or now.
    return { catalog: catalogOf(gathered, kept.repo, kept.list.fetchedAt), ageMs: ageMs < 0 ? freshMs : ageMs };
  } catch (error) {
    if (error instanceof PiburnError) return undefined;
    throw error;
  }
}

async function fetchedCatalog(
  repo: string,
  kept: CachedList | undefined,
  options: LoadOptions,
): Promise<LoadedCatalog> {
  const fetchedAt = options.now.toISOString();
  const first = await readRemote(repo, options);
  const gathered = await gather(first, repo, {
    read: (url) => readRemote(url, options),
    earlier: (url) => kept?.parts.get(url),
  });
  const list = { repo, list: { url: first.url, text: first.text, fetchedAt }, parts: datedTexts(gathered, fetchedAt) };
  const catalog = catalogOf(gathered, repo, fetchedAt);
  const problem = keep(options.directory, list, options.now);
  const troubles = problem === undefined ? catalog.troubles : [...catalog.troubles, problem];
  return { catalog: { ...catalog, troubles }, ageMs: 0 };
}

const datedTexts = ({ texts }: Gathered, now: string): Map<string, CachedText> =>
  new Map([...texts].map(([asked, { url, text, fetchedAt = now }]) => [asked, { url, text, fetchedAt }]));

/** Keeps a copy; one that cannot be kept is no reason to fail. */
function keep(directory: string, list: CachedList, now: Date): string | undefined {
  try {
    writeCached(directory, list, now);
    return undefined;
  } catch (error) {
    return `no copy of the list can be kept in ${directory} (${errnoOf(error) ?? error})`;
  }
}

const catalogOf = ({ entries, devices, troubles }: Gathered, source: string, fetchedAt: string): Catalog => ({
  entries,
  devices,
  troubles,
  source,
  fetchedAt,
});
