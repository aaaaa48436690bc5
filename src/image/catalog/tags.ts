// The words that people type for images: made from the files' names, unique in a catalog.

import { unescaped, withoutSuffix } from '../names.js';
import type { ListedImage, OsEntry } from './entry.js';
import { parsedUrl } from './fields.js';

const longestTag = 120;
/** Words that mean something else to `findInCatalog`. */
const reserved = /^latest([-_ ](lite|full|desktop|32|64|legacy))*$/i;

/** The entries with their tags, the first of each URL only; a name that is taken gets `-2`, `-3`, in the list's order. */
export function tagged(images: readonly ListedImage[]): OsEntry[] {
  const first = new Map<string, ListedImage>();
  for (const each of images) if (!first.has(each.url)) first.set(each.url, each);
  const names = [...first.keys()].map(tagOf);
  const taken = new Set(names.map((name) => name.toLowerCase()));
  const uses = new Map<string, number>();
  return [...first.values()].map((each, index) => ({ ...each, tag: uniqueTag(names[index] ?? '', taken, uses) }));
}

/** The name itself for the one who comes first, then with the next number that nobody else's name ends with. */
function uniqueTag(name: string, taken: Set<string>, uses: Map<string, number>): string {
  const key = name.toLowerCase();
  let use = (uses.get(key) ?? 0) + 1;
  while (use > 1 && taken.has(`${key}-${use}`)) use += 1;
  uses.set(key, use);
  taken.add(`${key}-${use}`);
  return use === 1 ? name : `${name}-${use}`;
}

/** The name of a URL's file as one word, not unique yet. */
export function tagOf(url: string): string {
  const parsed = parsedUrl(url);
  const file = parsed?.pathname.split('/').findLast((part) => part !== '') ?? parsed?.host ?? '';
  const word = withoutSuffix(unescaped(file))
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._+-]+/gu, '-')
    .replace(/^[-.]+/, '')
    .slice(0, longestTag)
    .replace(/[-.\p{Cs}]+$/u, '');
  if (word === '') return 'image';
  return reserved.test(word) ? `${word}-image` : word;
}
