// Which system a root file system holds, by its own word. Source of the format: os-release(5).

import { given } from '../../given.js';
import type { ExtVolume } from './volume.js';

/** Fields as they stand in the file; those that are missing or empty are absent. */
export interface OsRelease {
  /** `debian`, `raspbian`, `ubuntu`. */
  readonly id?: string;
  /** `Debian GNU/Linux 13 (trixie)`. */
  readonly prettyName?: string;
  /** `trixie`. */
  readonly codename?: string;
  /** `13`. */
  readonly versionId?: string;
}

const places = ['/etc/os-release', '/usr/lib/os-release'];
const limitBytes = 64 * 1024;

/** Undefined when there is no such file. @throws PiburnError as `ExtVolume.readFile`. */
export function readOsRelease(volume: Pick<ExtVolume, 'readFile'>): OsRelease | undefined {
  for (const place of places) {
    const bytes = volume.readFile(place, limitBytes);
    if (bytes !== undefined) return parseOsRelease(Buffer.from(bytes).toString('utf8'));
  }
  return undefined;
}

/** Lines `NAME=value`, quoted as in a shell; the last one counts. What is not understood is passed over. */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, name, quoted = ''] = /^\s*([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    const value = unquoted(quoted.trim());
    if (name !== undefined && value !== undefined) values.set(name, value);
  }
  const field = (name: string) => values.get(name) || undefined;
  return given({
    id: field('ID'),
    prettyName: field('PRETTY_NAME'),
    codename: field('VERSION_CODENAME'),
    versionId: field('VERSION_ID'),
  });
}

/** A value without its quotes and control characters; undefined for what a shell would not take as one word. */
function unquoted(text: string): string | undefined {
  const [, double, single, bare] = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|((?:[^\s"'\\;&|<>()$`]|\\.)*))$/.exec(text) ?? [];
  // Between double quotes a backslash stands for itself, except before these.
  const value = double?.replace(/\\([$"\\`])/g, '$1') ?? single ?? bare?.replace(/\\(.)/g, '$1');
  return value?.replace(/\p{C}/gu, '');
}
