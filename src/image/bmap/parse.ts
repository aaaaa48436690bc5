// A bmap beside an image: which of its blocks hold data, and what these must hash to. This file says what such a file
// must hold; the XML itself is read in elements.ts. Source of the format: bmaptool (yoctoproject), whose own files
// explain it in comments, versions 1.2 to 2.0.

import { createHash } from 'node:crypto';
import { failure } from '../../errors.js';
import { broken } from './broken.js';
import { type DigestAttribute, type Elements, type RangeElement, readElements } from './elements.js';

/** What a bmap says of its image. Blocks count from the start of the image. */
export interface Bmap {
  readonly imageBytes: number;
  /** A multiple of 512. The last block of the image may be cut short. */
  readonly blockBytes: number;
  readonly mappedBlocks: number;
  readonly algorithm: DigestAlgorithm;
  /** Ascending, disjoint, inside the image. */
  readonly ranges: readonly BmapRange[];
}

/** The last block belongs to it. The digest is that of its bytes, as far as the image goes, in lower-case hexadecimal. */
export type BmapRange = RangeElement;

const digestBytes = { md5: 16, sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const;

/** What the digests of a bmap are made with. */
export type DigestAlgorithm = keyof typeof digestBytes;

const maxTextBytes = 64 * 1024 * 1024;
const maxBlockBytes = 64 * 1024 * 1024;

/**
 * Reads a bmap. `text` must be the file as it is, since its own digest is made over its bytes (as UTF-8).
 * @throws PiburnError `BMAP_BROKEN`: not a bmap, damaged, or of a version that is not known; `name` says which file.
 */
export function parseBmap(text: string, name: string): Bmap {
  if (Buffer.byteLength(text) > maxTextBytes) throw broken(name, 'it is longer than 64 MiB');
  if (text.startsWith('-----BEGIN PGP SIGNED MESSAGE-----')) throw signed(name);
  const elements = readElements(text, name);
  const format = formatOf(elements, name);
  checkOwnDigest(text, elements, format, name);
  return checkedMap(elements, format, name);
}

const signed = (name: string) =>
  failure('BMAP_BROKEN', `the bmap ${name} is wrapped in a PGP signature, which piburn does not read`, {
    hint: `unwrap it (gpg --decrypt ${name}), or say --no-bmap`,
  });

/** How a version writes its digests. */
interface Format {
  readonly algorithm: DigestAlgorithm;
  /** The attribute of a range that holds its digest. */
  readonly attribute: DigestAttribute;
  /** The element that holds the digest of the file. */
  readonly ownDigest: 'BmapFileSHA1' | 'BmapFileChecksum';
  readonly needsOwnDigest: boolean;
}

/** Version 1.4 was a slip of bmaptool 3.0: it is 2.0. Later minor versions are compatible by the format's own word. */
function formatOf({ version, texts }: Elements, name: string): Format {
  if (version === '1.2' || version === '1.3')
    return { algorithm: 'sha1', attribute: 'sha1', ownDigest: 'BmapFileSHA1', needsOwnDigest: version === '1.3' };
  if (version !== '1.4' && !/^2\.\d{1,3}$/.test(version))
    throw broken(name, `its version ${JSON.stringify(version.slice(0, 20))} is not known (1.2 to 2.0 are)`);
  const algorithm = (texts.get('ChecksumType') ?? '').toLowerCase();
  if (!isAlgorithm(algorithm)) throw broken(name, `its checksum type ${JSON.stringify(algorithm)} is not known`);
  return { algorithm, attribute: 'chksum', ownDigest: 'BmapFileChecksum', needsOwnDigest: true };
}

const isAlgorithm = (word: string): word is DigestAlgorithm => Object.hasOwn(digestBytes, word);

/** The digest of the file is made with zeros in its own place. */
function checkOwnDigest(text: string, { texts, starts }: Elements, format: Format, name: string): void {
  const start = starts.get(format.ownDigest);
  if (start === undefined) {
    if (format.needsOwnDigest) throw broken(name, `it has no ${format.ownDigest}`);
    return;
  }
  const digest = texts.get(format.ownDigest) ?? '';
  const at = text.indexOf(digest, start);
  const isPlain = isDigest(digest, format.algorithm) && text.slice(start, at).trim() === '';
  if (!isPlain) throw broken(name, `its ${format.ownDigest} is no ${format.algorithm} digest`);
  const hash = createHash(format.algorithm);
  hash
    .update(text.slice(0, at))
    .update('0'.repeat(digest.length))
    .update(text.slice(at + digest.length));
  if (hash.digest('hex') !== digest.toLowerCase()) throw broken(name, 'it does not match its own digest');
}

const isDigest = (word: string, algorithm: DigestAlgorithm): boolean =>
  word.length === 2 * digestBytes[algorithm] && /^[0-9a-f]+$/i.test(word);

function checkedMap(elements: Elements, format: Format, name: string): Bmap {
  const { texts, ranges } = elements;
  const number = (element: string) => wholeNumber(texts.get(element), element, name);
  const imageBytes = number('ImageSize');
  const blockBytes = number('BlockSize');
  const mappedBlocks = number('MappedBlocksCount');
  if (imageBytes === 0) throw broken(name, 'it is of an image without bytes');
  if (blockBytes === 0 || blockBytes % 512 !== 0 || blockBytes > maxBlockBytes)
    throw broken(name, `its block size ${blockBytes} is no multiple of 512 up to 64 MiB`);
  const blocks = Math.ceil(imageBytes / blockBytes);
  if (number('BlocksCount') !== blocks)
    throw broken(name, `${imageBytes} bytes are ${blocks} blocks, it says otherwise`);
  checkRanges(elements, blocks, format, name);
  const sum = ranges.reduce((total, { firstBlock, lastBlock }) => total + lastBlock - firstBlock + 1, 0);
  if (sum !== mappedBlocks) throw broken(name, `its ranges have ${sum} blocks, it says ${mappedBlocks}`);
  return { imageBytes, blockBytes, mappedBlocks, algorithm: format.algorithm, ranges };
}

function wholeNumber(text: string | undefined, element: string, name: string): number {
  if (text === undefined) throw broken(name, `it has no ${element}`);
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw broken(name, `its ${element} is no whole number`);
  return value;
}

function checkRanges({ ranges, digestAttributes }: Elements, blocks: number, format: Format, name: string): void {
  // It would pass for checked without having been: bmaptool overlooks it.
  const wrong = [...digestAttributes].find((attribute) => attribute !== format.attribute);
  if (wrong !== undefined) throw broken(name, `it has a ${wrong} where ${format.attribute} is due`);
  let endBlock = 0;
  for (const { firstBlock, lastBlock, digest } of ranges) {
    const range = `its range ${firstBlock}-${lastBlock}`;
    if (firstBlock < endBlock) throw broken(name, `${range} lies before or in the one above it`);
    if (lastBlock < firstBlock || lastBlock >= blocks) throw broken(name, `${range} is not in the image`);
    endBlock = lastBlock + 1;
    const isGood = digest === undefined || isDigest(digest, format.algorithm);
    if (!isGood) throw broken(name, `${range} has a digest that is no ${format.algorithm}`);
  }
}
