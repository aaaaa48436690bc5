// What is known beforehand of an image's digests, and by whom; and whether what came is that image.

import { failure, usageError } from '../errors.js';

/** A SHA-256 that somebody has published or given. */
export interface ExpectedDigest {
  /** 64 hexadecimal digits, lower case. */
  readonly sha256: string;
  /** Of the file as it was published, of the decoded image, or of whichever of the two. */
  readonly of: 'archive' | 'image' | 'either';
  /** Who says so, for messages: `the OS list`, `--sha256`, `raspios.img.xz.sha256`. */
  readonly from: string;
}

/** The digests of an image that has been read. A raw image has one digest: its file is the image. */
export interface Digests {
  readonly archiveSha256?: string;
  readonly imageSha256?: string;
}

const isDigest = (text: string): boolean => /^[0-9a-f]{64}$/i.test(text);

/** What `--sha256` asks for. */
export function givenDigest(text: string): ExpectedDigest {
  const sha256 = text.trim().toLowerCase();
  if (!isDigest(sha256))
    throw usageError('SHA256', `--sha256 '${text}' is not a SHA-256: that has 64 digits, 0-9 and a-f`, {
      hint: 'copy it from the page that offers the image, or leave it out',
    });
  return { sha256, of: 'either', from: '--sha256' };
}

/**
 * The digest of `fileName` in the text of a digest file, as `sha256sum` writes it (`HEX  NAME`, `HEX *NAME`, or with
 * `--tag`: `SHA256 (NAME) = HEX`). With `alone`, a single digest without or with another name counts too.
 */
export function digestIn(text: string, fileName: string, alone: boolean): string | undefined {
  const lines = text.split('\n').flatMap((line) => {
    const plain = /^\\?([0-9a-f]{64})(?:\s+\*?(.*?))?\s*$/i.exec(line);
    const tagged = /^SHA256 \((.*)\) = ([0-9a-f]{64})\s*$/i.exec(line);
    const [sha256, name] = plain === null ? [tagged?.[2], tagged?.[1]] : [plain[1], plain[2]];
    return sha256 === undefined ? [] : [{ sha256: sha256.toLowerCase(), name: (name ?? '').replace(/^.*\//, '') }];
  });
  const named = lines.find(({ name }) => name === fileName);
  if (named !== undefined) return named.sha256;
  return alone && lines.length === 1 ? lines[0]?.sha256 : undefined;
}

/** Whether digests that were kept settle every expectation: right, wrong, or not known. */
export function compare(expected: readonly ExpectedDigest[], digests: Digests): 'right' | 'wrong' | 'unknown' {
  const verdicts = expected.map((one) => {
    const known = candidates(one, digests);
    if (known.includes(one.sha256)) return 'right';
    return known.length === (one.of === 'either' ? 2 : 1) ? 'wrong' : 'unknown';
  });
  if (verdicts.includes('wrong')) return 'wrong';
  return verdicts.includes('unknown') ? 'unknown' : 'right';
}

const candidates = ({ of }: ExpectedDigest, { archiveSha256, imageSha256 }: Digests): readonly string[] =>
  [of === 'image' ? undefined : archiveSha256, of === 'archive' ? undefined : imageSha256].filter(
    (digest) => digest !== undefined,
  );

/**
 * Holds what was read against what is expected of it.
 * @throws PiburnError `IMAGE_DIGEST`.
 */
export function checkDigests(name: string, expected: readonly ExpectedDigest[], digests: Digests): void {
  const broken = expected.find((one) => !candidates(one, digests).includes(one.sha256));
  if (broken === undefined) return;
  const got = broken.of === 'image' ? digests.imageSha256 : digests.archiveSha256;
  throw failure(
    'IMAGE_DIGEST',
    `${name} is not what ${broken.from} promises: its SHA-256 is ${got ?? 'unknown'}, expected was ${broken.sha256}`,
    { hint: 'fetch it again; if that does not help, compare the digest with the one that its publisher shows' },
  );
}
