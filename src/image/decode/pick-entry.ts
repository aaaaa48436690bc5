// Which file of an archive is the image: decided by names and kinds alone, and only where there is no doubt. Names are
// compared and shown, never used as paths.

import { failure, type PiburnError } from '../../errors.js';

export interface ArchiveEntry {
  /** The name in the archive, folders before it. */
  readonly name: string;
  /** No folder, link or device. */
  readonly isFile: boolean;
}

export interface Archive {
  readonly name: string;
  /** The command that unpacks it. */
  readonly unpack: string;
}

/** More entries than this are not looked at. */
export const entriesMax = 10_000;
const namesShown = 10;
const nameLengthShown = 80;

const isImage = (name: string): boolean => /\.(img|iso|wic|raw|bin)$/i.test(name);
const isPackedImage = (name: string): boolean => /\.(xz|gz|bz2|zst|zip|7z|lz4|lzma|lz|rar)$/i.test(name);
const isKnownOther = (name: string): boolean =>
  /\.(txt|md|html?|pdf|rtf|nfo|log|json|xml|ya?ml|ini|cfg|sha\d*(sums?)?|md5(sums?)?|sums?|sig|asc|gpg|bmap|info|manifest|sh|bat|exe|png|jpe?g|url)$/i.test(
    name,
  ) || /^(readme|licen[cs]e|copying|changelog|(sha\d+|md5)sums?)$/i.test(baseName(name));

/**
 * The one image among the entries of an archive.
 * @throws PiburnError `IMAGE_AMBIGUOUS`, `ARCHIVE_WITHOUT_IMAGE`.
 */
export function pickEntry<E extends ArchiveEntry>(entries: readonly E[], archive: Archive): E {
  const files = entries.filter((entry) => entry.isFile && !isHidden(entry.name));
  const images = files.filter(({ name }) => isImage(name));
  const [image] = images;
  if (image !== undefined && images.length === 1) return image;
  if (image !== undefined) throw ambiguous(images, archive);
  const packed = files.filter(({ name }) => isPackedImage(name));
  const unknown = files.filter(({ name }) => !isPackedImage(name) && !isKnownOther(name));
  const [only] = unknown;
  if (only !== undefined && unknown.length === 1 && packed.length === 0) return only;
  throw packed.length > 0 ? holdsPacked(packed, archive) : withoutImage(entries, archive);
}

const baseName = (name: string): string => name.split('/').at(-1) ?? '';

/** What file managers leave beside the files that they pack. */
const isHidden = (name: string): boolean => baseName(name).startsWith('.') || name.split('/').includes('__MACOSX');

const ambiguous = (images: readonly ArchiveEntry[], { name, unpack }: Archive): PiburnError =>
  failure('IMAGE_AMBIGUOUS', `${name} holds ${images.length} images: ${listed(images)}`, {
    hint: `unpack it (${unpack} ${name}) and give the one that is meant`,
  });

const holdsPacked = (packed: readonly ArchiveEntry[], { name, unpack }: Archive): PiburnError =>
  failure('ARCHIVE_WITHOUT_IMAGE', `${name} holds a file that is packed once more: ${listed(packed)}`, {
    hint: `unpack the outer one (${unpack} ${name}) and give what was in it`,
  });

function withoutImage(entries: readonly ArchiveEntry[], { name, unpack }: Archive): PiburnError {
  const there = entries.length === 0 ? 'nothing' : listed(entries);
  return failure('ARCHIVE_WITHOUT_IMAGE', `${name} holds no image, but ${there}`, {
    hint: `piburn looks for one .img, .iso, .wic, .raw or .bin in it; to look yourself: ${unpack} ${name}`,
  });
}

function listed(entries: readonly ArchiveEntry[]): string {
  const names = entries.slice(0, namesShown).map(({ name }) => shown(name));
  const more = entries.length > namesShown ? [`${entries.length - namesShown} more`] : [];
  return [...names, ...more].join(', ');
}

/** A name from an archive made fit for a terminal: it may hold anything. */
export function shown(name: string): string {
  const visible = name.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu, '');
  return visible.length <= nameLengthShown ? visible : `${visible.slice(0, nameLengthShown)}…`;
}

export const tooManyEntries = ({ name, unpack }: Archive): PiburnError =>
  failure(
    'ARCHIVE_TOO_LARGE',
    `${name} holds more than ${entriesMax} files, too many to look for an image among them`,
    {
      hint: `unpack it (${unpack} ${name}) and give the image that was in it`,
    },
  );

export const encryptedArchive = ({ name, unpack }: Archive): PiburnError =>
  failure('IMAGE_ENCRYPTED', `${name} is encrypted`, {
    hint: `unpack it with its password (${unpack} ${name}) and give the image that was in it`,
  });
