// Decoders: from an opened source to a stream of the image's bytes. Whatever decodes, damage ends with an error, and
// never with fewer or other bytes.

import { failure } from '../../errors.js';
import { run } from '../../exec.js';
import { given } from '../../given.js';
import type { ImageFormat } from '../sniff.js';
import { decodeAndroidSparse } from './android-sparse.js';
import { type Bzip2Program, decodeByBzip2 } from './bzip2.js';
import { chunkBytes, type Encoded, encodedBytes } from './encoded.js';
import { decodeByZlib } from './gzip.js';
import { withinLimit } from './limit.js';
import { decoderMissing } from './missing.js';
import { asNobody } from './nobody.js';
import { decodeBySevenZip, findSevenZip, type SevenZipProgram } from './seven-zip.js';
import { decodeByLzmaNative, decodeByXz, hasNewXz } from './xz.js';
import { decodeByYauzl } from './zip.js';
import { decodeByNodeZstd, decodeByZstd, hasNodeZstd } from './zstd.js';

/** What decodes, as people are told: a program's name or a library's. `none`: the bytes are the image already. */
export type Decoder =
  | 'none'
  | 'xz'
  | 'lzma-native'
  | 'zlib'
  | Bzip2Program
  | 'zstd'
  | 'zlib-zstd'
  | 'yauzl'
  | SevenZipProgram
  | 'android-sparse';

/**
 * The decoder for a format: for an .xz the wish, if one is given, else the fastest that is there.
 * @throws PiburnError `DECODER_MISSING`.
 */
export async function chooseDecoder(format: ImageFormat, wish: 'auto' | 'xz' | 'lzma-native'): Promise<Decoder> {
  if (format === 'raw') return 'none';
  if (format === 'xz') return await chooseForXz(wish);
  if (format === 'gzip') return 'zlib';
  if (format === 'zip') return 'yauzl';
  if (format === 'android-sparse') return format;
  if (format === 'bzip2') return await chooseForBzip2();
  if (format === 'zstd') return await chooseForZstd();
  return await findSevenZip();
}

async function chooseForXz(wish: 'auto' | 'xz' | 'lzma-native'): Promise<Decoder> {
  if (wish === 'lzma-native') return 'lzma-native';
  if (await hasNewXz()) return 'xz';
  if (wish === 'auto') return 'lzma-native';
  throw failure('DECODER_MISSING', 'there is no xz of version 5.4 or newer on this machine', {
    hint: 'install xz-utils, or leave out --decoder',
  });
}

async function chooseForBzip2(): Promise<Decoder> {
  for (const program of ['lbzip2', 'bzip2'] as const)
    if ((await run(program, ['--help'], given({ as: asNobody() }))) !== undefined) return program;
  throw decoderMissing('lbzip2 or bzip2', 'bzip2 images', 'lbzip2');
}

async function chooseForZstd(): Promise<Decoder> {
  if ((await run('zstd', ['--version'], given({ as: asNobody() }))) !== undefined) return 'zstd';
  if (hasNodeZstd()) return 'zlib-zstd';
  throw decoderMissing('zstd', 'zstd images', 'zstd');
}

/**
 * The decoded bytes, in chunks of at most 1 MiB. Breaking off the iteration ends the decoder. `seen` gets every encoded
 * byte once and in order, also those behind the end of the data; not for archives that are read from their end.
 * @throws PiburnError `IMAGE_CORRUPT`, `IMAGE_TOO_LARGE`, `DOWNLOAD_FAILED`, `DECODER_KILLED`, `IMAGE_NEEDS_MEMORY` and
 * those of archives.
 */
export function decode(
  encoded: Encoded,
  decoder: Decoder,
  seen?: (bytes: Uint8Array) => void,
): AsyncIterable<Uint8Array> {
  const decoded = decodeBy(encoded, decoder, seen);
  return encoded.limitBytes === undefined ? decoded : withinLimit(decoded, encoded.limitBytes, encoded.name);
}

function decodeBy(
  encoded: Encoded,
  decoder: Decoder,
  seen: ((bytes: Uint8Array) => void) | undefined,
): AsyncIterable<Uint8Array> {
  switch (decoder) {
    case 'none':
      return encodedBytes(encoded, { buffer: Buffer.allocUnsafe(chunkBytes), ...given({ seen }) });
    case 'xz':
      return decodeByXz(encoded, seen);
    case 'lzma-native':
      return decodeByLzmaNative(encoded, seen);
    case 'zlib':
      return decodeByZlib(encoded, seen);
    case 'lbzip2':
    case 'bzip2':
      return decodeByBzip2(encoded, decoder, seen);
    case 'zstd':
      return decodeByZstd(encoded, seen);
    case 'zlib-zstd':
      return decodeByNodeZstd(encoded, seen);
    case 'android-sparse':
      return decodeAndroidSparse(encoded, seen);
    case 'yauzl':
      return decodeByYauzl(encoded);
    default:
      return decodeBySevenZip(encoded, decoder);
  }
}
