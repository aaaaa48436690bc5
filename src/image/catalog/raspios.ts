// Raspberry Pi OS among other images: told by its file's name, `2026-06-18-raspios-trixie-arm64-lite`, and whether it is
// the legacy one by the directory that its URL goes through, `raspios_oldstable_lite_arm64`.

import type { OsEntry } from './entry.js';

export type Kind = 'lite' | 'desktop' | 'full';
export type Architecture = 'arm64' | 'armhf';

export interface RaspiOs {
  readonly date: string;
  readonly codename: string;
  readonly architecture: Architecture;
  readonly kind: Kind;
}

// The first raspios images of all, of May 2020, have the two last words the other way round.
const name =
  /^(?<date>\d{4}-\d\d-\d\d)-raspios-(?<codename>[a-z]+)(?:-(?<early>lite|full))?-(?<architecture>arm64|armhf)(?:-(?<kind>lite|full))?$/;

/** What a tag says, or undefined when it is not one of Raspberry Pi OS. */
export function parseRaspiOs(tag: string): RaspiOs | undefined {
  const { date, codename, architecture, kind, early } = name.exec(tag.toLowerCase())?.groups ?? {};
  if (date === undefined || codename === undefined) return undefined;
  return {
    date,
    codename,
    architecture: architecture === 'arm64' ? 'arm64' : 'armhf',
    kind: kindOf(kind ?? early),
  };
}

export const kindOf = (word: string | undefined): Kind => (word === 'lite' || word === 'full' ? word : 'desktop');

/** The directory on the server that has all releases of a kind: `raspios_oldstable_lite_arm64`. */
export function directoryOf(kind: Kind, architecture: Architecture, legacy: boolean): string {
  return ['raspios', legacy ? 'oldstable' : '', kind === 'desktop' ? '' : kind, architecture].filter(Boolean).join('_');
}

/** Whether an entry is the legacy release; a mirror without the directories still has the menu's words. */
export function isLegacy({ url, name: title, path }: OsEntry): boolean {
  const directory = /\/(raspios_[a-z0-9_]+)\/images\//.exec(url)?.[1];
  if (directory !== undefined) return directory.startsWith('raspios_oldstable_');
  return /\blegacy\b/i.test([...path, title].join(' '));
}

/**
 * The directory of one release that the tags of cloudmesh-pi-burn meant: `lite-2021-01-12` was
 * `raspios_lite_armhf-2021-01-12`, its name without `raspios_` and `_armhf`.
 */
export function parseSeedTag(
  word: string,
): { directory: string; date: string; kind: Kind; architecture: Architecture; legacy: boolean } | undefined {
  const pattern = /^(oldstable)?_?(lite|full)?_?(arm64|armhf)?-(\d{4}-\d\d-\d\d)$/;
  const [, oldstable, kindWord, architectureWord, date] = pattern.exec(word.toLowerCase()) ?? [];
  if (date === undefined || word.startsWith('-')) return undefined;
  const kind = kindOf(kindWord);
  const architecture = architectureWord === 'arm64' ? 'arm64' : 'armhf';
  const legacy = oldstable !== undefined;
  return { directory: `${directoryOf(kind, architecture, legacy)}-${date}`, date, kind, architecture, legacy };
}
