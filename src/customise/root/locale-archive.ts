// Which locales an image has compiled: folders, or names in an archive. Source of the format: glibc, locale/locarchive.h.

import { littleEndian } from '../../image/allocation/fields.js';
import type { RootDraft } from './root-draft.js';

const folder = '/usr/lib/locale';
/** Some hundred locales; of a larger one it is not known what is in it. */
const maxArchiveBytes = 64 * 1024 * 1024;
const magic = 0xde020109;
const headerBytes = 56;

/** False when that cannot be told. C and POSIX are in glibc itself. */
export function hasCompiledLocale(draft: RootDraft, locale: string): boolean {
  const stored = storedName(locale);
  if (['C', 'POSIX'].includes(locale)) return true;
  if (draft.names(folder).some((name) => name !== 'locale-archive' && storedName(name) === stored)) return true;
  return archivedNames(draft).includes(stored);
}

/** As glibc normalises names of character sets: `en_GB.UTF-8` is kept as `en_GB.utf8`. */
const storedName = (locale: string): string =>
  locale.replace(/\.([^@]+)/, (_, charset: string) => `.${charset.toLowerCase().replaceAll('-', '')}`);

function archivedNames(draft: RootDraft): string[] {
  const archive = draft.access(`${folder}/locale-archive`) && archiveBytes(draft);
  if (archive === undefined || archive.length < headerBytes) return [];
  const fields = littleEndian(archive);
  const [stringsAt, stringsUsed] = [fields.u32(20), fields.u32(24)];
  if (fields.u32(0) !== magic || stringsAt + stringsUsed > archive.length) return [];
  return Buffer.from(fields.bytes(stringsAt, stringsUsed)).toString('latin1').split('\0');
}

function archiveBytes(draft: RootDraft): Uint8Array | undefined {
  try {
    return draft.bytes(`${folder}/locale-archive`, maxArchiveBytes);
  } catch {
    return undefined; // too large to look at
  }
}
