// Reads the text of one OS list, Raspberry Pi's own or anybody's (rpi-imager's doc/json-schema/os-list-schema.json):
// menus in menus, parts that are lists at URLs of their own, and images. Everything in it is somebody else's word:
// what is broken is left out and told of, and only a text that is no list at all is an error.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { failure } from '../../errors.js';
import { given } from '../../given.js';
import type { ListedImage, OsDevice, OsEntry } from './entry.js';
import {
  type Base,
  type Complain,
  dateOf,
  digestOf,
  isAbsent,
  isJson,
  type Json,
  sizeOf,
  textOf,
  textsOf,
  urlOf,
} from './fields.js';
import { tagged, tagOf } from './tags.js';
import { Troubles } from './troubles.js';

export type { Catalog, OsDevice, OsEntry } from './entry.js';

/** What one list may hold; a real one has some 300 images in menus three deep. */
export const limits = { textBytes: 32 << 20, items: 100_000, entries: 50_000, parts: 500, depth: 16, devices: 100 };

const longestName = 200;
const longestDescription = 1000;
const longestWord = 64;

/** A list that belongs to this one, somewhere else. */
export interface OsListPart {
  readonly url: string;
  /** The menus above it, its own name the last. */
  readonly path: readonly string[];
  /** How many of the entries come before it. */
  readonly index: number;
}

export interface OsList {
  readonly entries: readonly OsEntry[];
  readonly more: readonly OsListPart[];
  readonly devices: readonly OsDevice[];
  readonly troubles: readonly string[];
}

/**
 * Reads a list. `source` is its URL or file path, `above` the menus that it belongs to.
 * @throws PiburnError `LIST_BROKEN` when the text is not JSON, not a list, or too long.
 */
export function parseOsList(text: string, source: string, above: readonly string[] = []): OsList {
  const top = parseJson(text, source);
  const items = Array.isArray(top) ? top : isJson(top) ? (top['os_list'] ?? top['subitems']) : undefined;
  if (!Array.isArray(items)) throw broken(source, 'has no os_list');
  const walk: Walk = {
    base: baseOf(source),
    images: new Map(),
    more: [],
    troubles: new Troubles(),
    itemsLeft: limits.items,
  };
  readItems(items, above, walk);
  const devices = isJson(top) ? devicesOf(top) : [];
  return { entries: tagged([...walk.images.values()]), more: walk.more, devices, troubles: walk.troubles.all };
}

function parseJson(text: string, source: string): unknown {
  if (text.length > limits.textBytes) throw broken(source, 'is larger than 32 MiB');
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw broken(source, `is not JSON (${textOf(error instanceof Error ? error.message : '', 100) ?? 'unreadable'})`);
  }
}

const broken = (source: string, problem: string): Error =>
  failure('LIST_BROKEN', `the OS list ${source} ${problem}`, {
    hint: 'look at what is there: a proxy or a login page may have answered in its place',
  });

function baseOf(source: string): Base {
  if (/^https?:/i.test(source)) return { url: source, isLocal: false };
  return { url: source.startsWith('file:') ? source : pathToFileURL(resolve(source)).href, isLocal: true };
}

/** What has been found so far. */
interface Walk {
  readonly base: Base;
  /** By URL. */
  readonly images: Map<string, ListedImage>;
  readonly more: OsListPart[];
  readonly troubles: Troubles;
  itemsLeft: number;
}

function readItems(items: readonly unknown[], path: readonly string[], walk: Walk): void {
  for (const item of items) {
    walk.itemsLeft -= 1;
    if (walk.itemsLeft === -1)
      walk.troubles.add(`${placeOf(path)} and what follows it is left out: the list is too long`);
    if (walk.itemsLeft < 0) return;
    if (isJson(item)) readItem(item, path, walk);
    else walk.troubles.add(`${placeOf(path)} has an item that is no object`);
  }
}

function readItem(item: Json, path: readonly string[], walk: Walk): void {
  // rpi-imager's own entries for erasing a card and for a file of one's own.
  if (typeof item['url'] === 'string' && item['url'].startsWith('internal:')) return;
  const name = textOf(item['name'], longestName);
  const here = [...path, name ?? 'an item without name'];
  const complain: Complain = (field, problem) => walk.troubles.add(`${placeOf(here)}: ${field} ${problem}`);
  if (isAbsent(item['subitems']) && isAbsent(item['subitems_url'])) readImage(item, name, path, walk, complain);
  else readMenu(item, here, walk, complain);
}

const placeOf = (path: readonly string[]): string => (path.length === 0 ? 'the list' : `"${path.join(' > ')}"`);

function readMenu(item: Json, here: readonly string[], walk: Walk, complain: Complain): void {
  const { subitems } = item;
  if (here.length > limits.depth) {
    complain('subitems', `are menus more than ${limits.depth} deep`);
    return;
  }
  if (Array.isArray(subitems)) readItems(subitems, here, walk);
  else if (!isAbsent(subitems)) complain('subitems', 'are of the wrong type');
  const url = urlOf(item, 'subitems_url', walk.base, complain);
  if (url === undefined) return;
  if (walk.more.length < limits.parts) walk.more.push({ url, path: here, index: walk.images.size });
  else complain('subitems_url', `is one of more than ${limits.parts}`);
}

function readImage(
  item: Json,
  name: string | undefined,
  path: readonly string[],
  walk: Walk,
  complain: Complain,
): void {
  const url = isAbsent(item['url']) ? undefined : urlOf(item, 'url', walk.base, complain);
  if (isAbsent(item['url'])) complain('url', 'is missing, and so are subitems');
  if (url === undefined || walk.images.has(url)) return;
  if (walk.images.size === limits.entries) complain('url', `is one of more than ${limits.entries}`);
  if (walk.images.size >= limits.entries) return;
  const fields = {
    releaseDate: dateOf(item, 'release_date', complain),
    archiveBytes: sizeOf(item, 'image_download_size', complain),
    imageBytes: sizeOf(item, 'extract_size', complain),
    archiveSha256: digestOf(item, 'image_download_sha256', complain),
    imageSha256: digestOf(item, 'extract_sha256', complain),
    architecture: architectureOf(textOf(item['architecture'], longestWord)) ?? architectureInName(url),
    // An empty format means that the image takes no settings; none at all, that nobody said so.
    initFormat: item['init_format'] === '' ? 'none' : textOf(item['init_format'], longestWord)?.toLowerCase(),
    bmapUrl: urlOf(item, 'bmap_url', walk.base, complain),
  };
  walk.images.set(url, {
    name: name ?? tagOf(url),
    description: textOf(item['description'], longestDescription) ?? '',
    path,
    url,
    devices: textsOf(item['devices'], longestWord),
    ...given(fields),
  });
}

const architectures: readonly (readonly [name: string, words: string])[] = [
  ['arm64', 'arm64|aarch64|armv8|64-?bit'],
  ['armhf', 'armhf|armv7l?|32-?bit'],
  ['armel', 'armel'],
];

function architectureOf(field: string | undefined): string | undefined {
  return architectures.find(([, words]) => new RegExp(`^(${words})$`, 'i').test(field ?? ''))?.[0];
}

function architectureInName(url: string): string | undefined {
  const name = tagOf(url);
  return architectures.find(([, words]) => new RegExp(`(^|[^a-z0-9])(${words})([^a-z0-9]|$)`, 'i').test(name))?.[0];
}

function devicesOf(top: Json): OsDevice[] {
  const imager = top['imager'];
  const devices = isJson(imager) && Array.isArray(imager['devices']) ? imager['devices'] : [];
  return devices.slice(0, limits.devices).flatMap((device: unknown) => {
    const name = isJson(device) ? textOf(device['name'], longestName) : undefined;
    return name === undefined || !isJson(device) ? [] : [{ name, tags: textsOf(device['tags'], longestWord) }];
  });
}
