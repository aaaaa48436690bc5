// Lists and catalogs for the tests of the catalog.

import type { Catalog, OsEntry } from '../../../src/image/catalog/entry.js';
import { tagged } from '../../../src/image/catalog/tags.js';

export const source = 'https://downloads.example.org/lists/os_list.json';

/** The text of a list of these items. */
export const listOf = (...items: unknown[]): string => JSON.stringify({ os_list: items });

/** An item of a list with nothing wrong in it. */
export const image = (fields: Readonly<Record<string, unknown>> = {}) => ({
  name: 'Some OS',
  description: 'It runs',
  url: 'https://example.org/some-os.img.xz',
  ...fields,
});

/** A catalog of entries with only these fields. */
export const catalogOf = (entries: readonly Partial<OsEntry>[]): Catalog => ({
  entries: tagged(
    entries.map((fields) => ({
      name: '',
      description: '',
      path: [],
      url: 'https://example.org/',
      devices: [],
      ...fields,
    })),
  ),
  devices: [
    { name: 'Raspberry Pi 5', tags: ['pi5-64bit', 'pi5-32bit'] },
    { name: 'Raspberry Pi Zero', tags: ['pi1-32bit'] },
    { name: 'No filtering', tags: [] },
  ],
  troubles: [],
  source,
  fetchedAt: '2026-06-20T00:00:00.000Z',
});
