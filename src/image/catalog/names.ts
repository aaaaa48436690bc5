// From a word to the image of the catalog that is meant. Only `latest` chooses; everything else must be unique, and what
// is not comes back as candidates.

import { withoutSuffix } from '../names.js';
import type { Catalog, OsEntry } from './entry.js';
import { searchText } from './filter.js';
import { describeLatest, newest, parseLatest } from './latest.js';
import { nearTags } from './near.js';
import { parseSeedTag } from './raspios.js';

export { archiveCandidates } from './archive.js';
export { filterCatalog } from './filter.js';

export type Found =
  /** `why` says how the word led to it: `the newest …`, `its name is …`. */
  | { readonly kind: 'one'; readonly entry: OsEntry; readonly why: string }
  | { readonly kind: 'many'; readonly candidates: readonly OsEntry[] }
  /** At most five tags that look like the word. */
  | { readonly kind: 'none'; readonly near: readonly string[] };

/** A way to look: which entries match, and why that is right. */
interface Look {
  readonly why: string;
  readonly matches: (entry: OsEntry) => boolean;
}

/** Finds what a word means: latest, a tag, a directory of the server, a name, a part of a tag, then words anywhere. */
export function findInCatalog(catalog: Catalog, word: string): Found {
  const wanted = word.trim().toLowerCase();
  const latest = parseLatest(wanted);
  if (latest !== undefined) {
    const entry = latest === 'nothing' ? undefined : newest(catalog.entries, latest);
    if (latest !== 'nothing' && entry !== undefined) return { kind: 'one', entry, why: describeLatest(latest) };
  } else {
    for (const { why, matches } of looksFor(wanted)) {
      const candidates = catalog.entries.filter(matches);
      const [entry] = candidates;
      if (entry === undefined) continue;
      return candidates.length === 1 ? { kind: 'one', entry, why } : { kind: 'many', candidates };
    }
  }
  return { kind: 'none', near: nearTags(catalog, wanted) };
}

function looksFor(wanted: string): Look[] {
  const bare = withoutSuffix(wanted);
  const words = wanted.split(/\s+/).filter((each) => each !== '');
  if (words.length === 0) return [];
  const directory = parseSeedTag(wanted)?.directory;
  const inDirectory: Look = {
    why: `it is in the directory ${directory}`,
    matches: ({ url }) => url.toLowerCase().includes(`/${directory}/`),
  };
  return [
    { why: 'that is its tag', matches: ({ tag }) => tag.toLowerCase() === bare || tag.toLowerCase() === wanted },
    ...(directory === undefined ? [] : [inDirectory]),
    { why: 'that is its name', matches: ({ name }) => name.toLowerCase() === wanted },
    { why: 'no other tag contains that', matches: ({ tag }) => tag.toLowerCase().includes(bare) },
    { why: 'no other image has all these words', matches: (entry) => hasAll(searchText(entry), words) },
  ];
}

const hasAll = (text: string, words: readonly string[]): boolean => words.every((each) => text.includes(each));
