// Which entries of the catalog a person wants to see.

import { usageError } from '../../errors.js';
import type { Catalog, OsEntry } from './entry.js';

const mostNamed = 20;

/**
 * The entries that have every word somewhere (case aside) and are for a device, given by its name or by a tag.
 * An entry that names no devices is for none.
 * @throws PiburnError `DEVICE_UNKNOWN`.
 */
export function filterCatalog(catalog: Catalog, words: readonly string[], device?: string): readonly OsEntry[] {
  const tags = device === undefined ? undefined : tagsOf(catalog, device);
  const wanted = words.map((each) => each.toLowerCase());
  return catalog.entries.filter((entry) => {
    const isFor = tags === undefined || entry.devices.some((tag) => tags.has(tag.toLowerCase()));
    return isFor && hasWords(entry, wanted);
  });
}

function hasWords(entry: OsEntry, words: readonly string[]): boolean {
  const text = [searchText(entry), entry.architecture, entry.initFormat].join('\n').toLowerCase();
  return words.every((each) => text.includes(each));
}

/** What words are looked for in, in small letters. */
export const searchText = ({ tag, name, description, path }: OsEntry): string =>
  [tag, name, description, ...path].join('\n').toLowerCase();

/** The tags of a device in small letters; undefined for the one that filters nothing, which has none. */
function tagsOf({ devices, entries }: Catalog, device: string): ReadonlySet<string> | undefined {
  const wanted = device.trim().toLowerCase();
  const named = devices.find(({ name }) => name.toLowerCase() === wanted);
  if (named !== undefined)
    return named.tags.length === 0 ? undefined : new Set(named.tags.map((tag) => tag.toLowerCase()));
  const tags = [...devices.flatMap(({ tags: each }) => each), ...entries.flatMap(({ devices: each }) => each)];
  if (tags.some((tag) => tag.toLowerCase() === wanted)) return new Set([wanted]);
  throw usageError('DEVICE_UNKNOWN', `the list knows no device '${device}'`, {
    hint: hintFor([...devices.map(({ name }) => name), ...new Set(tags)]),
  });
}

function hintFor(known: readonly string[]): string {
  if (known.length === 0) return 'this list names no devices';
  const more = known.length > mostNamed ? `, and ${known.length - mostNamed} more` : '';
  return `it knows ${known.slice(0, mostNamed).join(', ')}${more}`;
}
