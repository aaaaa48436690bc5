// What the tests of this folder share: sparse images, bmaps written by hand in every version, and what they must fail with.

import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { PiburnError } from '../../../src/errors.js';
import type { Bmap } from '../../../src/image/bmap/parse.js';
import { pattern } from '../../native/scratch.js';

/** A range as its first and last block. */
export type Blocks = readonly [first: number, last: number];

/** An image with data in these blocks and zeros elsewhere. */
export function imageBytesOf(imageBytes: number, ranges: readonly Blocks[], blockBytes = 4096): Buffer {
  const image = Buffer.alloc(imageBytes);
  for (const [first, last] of ranges)
    pattern((last - first + 1) * blockBytes, first + 1).copy(image, first * blockBytes);
  return image;
}

/** The same as a file with holes; returns its path. */
export function writeSparse(path: string, image: Buffer, ranges: readonly Blocks[], blockBytes = 4096): string {
  const file = openSync(path, 'w');
  for (const [first, last] of ranges) {
    const start = first * blockBytes;
    writeSync(file, image, start, Math.min((last + 1) * blockBytes, image.length) - start, start);
  }
  ftruncateSync(file, image.length);
  closeSync(file);
  return path;
}

export interface Written {
  readonly version?: string;
  readonly algorithm?: string;
  readonly blockBytes?: number;
  readonly digests?: boolean;
  /** The texts of ranges, where they are not `first-last`, or the block alone. */
  readonly rangeText?: (first: number, last: number) => string;
  /** A last change before the file's own digest is made. */
  readonly change?: (text: string) => string;
}

/** A bmap of an image, as bmaptool has written it in that version. */
export function bmapOf(image: Buffer, ranges: readonly Blocks[], written: Written = {}): string {
  const { version = '2.0', algorithm = 'sha256', blockBytes = 4096, digests = true, change = (text) => text } = written;
  const isOld = version.startsWith('1.') && version !== '1.4';
  const digest = (bytes: string | Buffer) =>
    createHash(isOld ? 'sha1' : algorithm)
      .update(bytes)
      .digest('hex');
  const zeros = digest('').replace(/./g, '0');
  const { rangeText = (first, last) => (first === last ? ` ${first} ` : ` ${first}-${last} `) } = written;
  const mapped = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const own =
    version === '1.2' ? [] : [isOld ? `<BmapFileSHA1> ${zeros} </BmapFileSHA1>` : ownElements(algorithm, zeros)];
  const map = ranges.map(([first, last]) => {
    const sum = digest(image.subarray(first * blockBytes, (last + 1) * blockBytes));
    return `<Range${digests ? ` ${isOld ? 'sha1' : 'chksum'}="${sum}"` : ''}>${rangeText(first, last)}</Range>`;
  });
  const text = change(
    [
      '<?xml version="1.0" ?>',
      '<!-- <MappedBlocksCount> blocks are mapped, of <BlocksCount>: "é" -->',
      `<bmap version="${version}">`,
      `<ImageSize> ${image.length} </ImageSize>`,
      `<BlockSize> ${blockBytes} </BlockSize>`,
      `<BlocksCount> ${Math.ceil(image.length / blockBytes)} </BlocksCount>`,
      ...own,
      '<BlockMap>',
      ...map,
      '</BlockMap>',
      `<MappedBlocksCount> ${mapped}    </MappedBlocksCount>`,
      '</bmap>',
      '',
    ].join('\n'),
  );
  return text.replace(`> ${zeros} <`, () => `> ${digest(text)} <`);
}

const ownElements = (algorithm: string, zeros: string): string =>
  `<ChecksumType> ${algorithm} </ChecksumType>\n<BmapFileChecksum> ${zeros} </BmapFileChecksum>`;

export const blocksOf = (bmap: Bmap): Blocks[] =>
  bmap.ranges.map(({ firstBlock, lastBlock }) => [firstBlock, lastBlock]);

/** For assert.throws: this code, and a message and hint for people. */
export const withCode = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof PiburnError &&
  error.failure.code === code &&
  message.test(error.message) &&
  error.failure.hint !== undefined;
