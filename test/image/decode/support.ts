// What the tests of the decoders share: one small image in every form that real programs give it, and the ways in which
// its bytes can come: as a file, as a stream, as a file that grows.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { PiburnError } from '../../../src/errors.js';
import type { Encoded } from '../../../src/image/decode/encoded.js';
import { type Decoder, decode } from '../../../src/image/decode/index.js';
import { hasNodeZstd } from '../../../src/image/decode/zstd.js';
import { Growth } from '../../../src/image/growth.js';
import { type ImageFormat, needsWholeFile } from '../../../src/image/sniff.js';
import { pattern, scratchFolder } from '../../native/scratch.js';
import { sparseOf } from './sparse-writer.js';

export { sparseOf };

export const mebibyte = 1024 * 1024;

const isThere = (program: string): boolean => spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined;

export const sevenZip = (['7zz', '7z', '7za'] as const).find(isThere);
const needed = ['xz', 'gzip', 'bzip2', 'lbzip2', 'zstd', 'python3'];
const missing = [...needed.filter((program) => !isThere(program)), ...(sevenZip === undefined ? ['7zz'] : [])];
/** For tests that go through all formats: the reason to skip them, or false. */
export const skipForms = missing.length === 0 ? false : `needs ${missing.join(', ')}`;

/** Some data, a hole, noise that does not compress, one repeated word, and an end that is no multiple of a block. */
export const image = Buffer.concat([
  pattern(50_000),
  Buffer.alloc(90_000),
  noise(120_000, 7),
  Buffer.alloc(60_000, 'abcd'),
  pattern(7_680, 3),
]);

/** Bytes that no compressor makes smaller, the same in every run (xorshift32). */
export function noise(lengthBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  let state = seed;
  for (let index = 0; index < lengthBytes; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

/** A filter's answer. */
export const piped = (program: string, args: readonly string[], input: Uint8Array): Buffer =>
  execFileSync(program, args, { input, maxBuffer: 64 * mebibyte, stdio: 'pipe' });

export interface Form {
  readonly format: ImageFormat;
  readonly decoders: readonly Decoder[];
  readonly encoded: Buffer;
}

/** `plain`, whose length is a multiple of 4 KiB, in every format that is not raw. */
export function formsOf(t: TestContext, plain: Buffer): readonly Form[] {
  const forms = known.get(plain) ?? makeForms(t, plain);
  known.set(plain, forms);
  return forms;
}

const known = new WeakMap<Buffer, readonly Form[]>();

function makeForms(t: TestContext, plain: Buffer): readonly Form[] {
  const half = Math.floor(plain.length / 1024) * 512;
  const inHalves = (pack: (part: Buffer) => Buffer) =>
    Buffer.concat([plain.subarray(0, half), plain.subarray(half)].map(pack));
  return [
    { format: 'xz', decoders: ['xz', 'lzma-native'], encoded: inHalves((part) => piped('xz', ['-c0'], part)) },
    { format: 'gzip', decoders: ['zlib'], encoded: inHalves((part) => piped('gzip', ['-c'], part)) },
    { format: 'bzip2', decoders: ['lbzip2', 'bzip2'], encoded: inHalves((part) => piped('bzip2', ['-c'], part)) },
    {
      format: 'zstd',
      decoders: hasNodeZstd() ? ['zstd', 'zlib-zstd'] : ['zstd'],
      encoded: inHalves((part) => piped('zstd', ['-c'], part)),
    },
    { format: 'zip', decoders: ['yauzl'], encoded: zipOf(t, [['image.img', plain]]) },
    { format: '7z', decoders: [sevenZip ?? '7zz'], encoded: sevenZipOf(t, [['image.img', plain]]) },
    { format: 'android-sparse', decoders: ['android-sparse'], encoded: sparseOf(plain) },
  ];
}

export type Entry = readonly [name: string, bytes: Uint8Array];

/** A .zip by Python's zipfile, which takes any name; `setup` and `each` are Python that changes how. */
export function zipOf(t: TestContext, entries: readonly Entry[], setup = '', each = ''): Buffer {
  return zipsOf(t, [entries], setup, each)[0] ?? Buffer.alloc(0);
}

/** Several of them; Python is slow to start. */
export function zipsOf(t: TestContext, archives: readonly (readonly Entry[])[], setup = '', each = ''): Buffer[] {
  const folder = scratchFolder(t);
  const entries = archives.flat();
  for (const [index, [, bytes]] of entries.entries()) writeFileSync(join(folder, `${index}`), bytes);
  const names = archives.map((archive) => archive.map((entry) => [entry[0], entries.indexOf(entry)]));
  const script = `
import json, sys, zipfile, io
for number, entries in enumerate(json.load(sys.stdin)):
    how = zipfile.ZIP_DEFLATED
    path = f'out{number}.zip'
    out = open(path, 'wb')
    ${setup}
    with zipfile.ZipFile(out, 'w', how) as archive:
        for name, index in entries:
            info = zipfile.ZipInfo(name)
            info.filename = name
            info.compress_type = how
            info.external_attr = 0o100644 << 16
            ${each}
            with archive.open(info, 'w', force_zip64=zipfile.ZIP64_LIMIT < 2**20) as entry:
                entry.write(open(str(index), 'rb').read())
`;
  execFileSync('python3', ['-c', script], { cwd: folder, input: JSON.stringify(names), stdio: 'pipe' });
  return archives.map((_, number) => readFileSync(join(folder, `out${number}.zip`)));
}

/** A .7z of files with these names. */
export function sevenZipOf(t: TestContext, entries: readonly Entry[], ...args: readonly string[]): Buffer {
  const folder = scratchFolder(t);
  for (const [name, bytes] of entries) {
    mkdirSync(join(folder, 'in', dirname(name)), { recursive: true });
    writeFileSync(join(folder, 'in', name), bytes);
  }
  execFileSync(sevenZip ?? '7zz', ['a', '-bd', '-mx=1', ...args, '../out.7z', '.'], {
    cwd: join(folder, 'in'),
    stdio: 'pipe',
  });
  return readFileSync(join(folder, 'out.7z'));
}

export type Source = 'file' | 'stream';

export const sourcesOf = (format: ImageFormat): readonly Source[] =>
  needsWholeFile(format) ? ['file'] : ['file', 'stream'];

/** Calls `work` with some encoded bytes, opened as a file, or as a stream whose first bytes were taken to look at. */
export async function opened<T>(
  t: TestContext,
  bytes: Uint8Array,
  work: (encoded: Encoded) => Promise<T>,
  {
    source = 'file',
    takenBytes = 1024,
    name = 'image.packed',
  }: { source?: Source; takenBytes?: number; name?: string } = {},
): Promise<T> {
  const path = join(scratchFolder(t), basename(name));
  writeFileSync(path, bytes);
  const descriptor = openSync(path, 'r');
  try {
    if (source === 'file') return await work({ name, descriptor });
    const taken = Buffer.alloc(takenBytes);
    const got = readSync(descriptor, taken, 0, takenBytes, null);
    return await work({ name, descriptor, taken: taken.subarray(0, got) });
  } finally {
    assert.ok(fstatSync(descriptor).isFile(), 'the descriptor is the source’s: a decoder must not close it');
    closeSync(descriptor);
  }
}

/** All that a decoder gives, and all that it has seen. */
export async function collected(encoded: Encoded, decoder: Decoder): Promise<{ plain: Buffer; seen: Buffer }> {
  const [plain, seen]: [Buffer[], Buffer[]] = [[], []];
  for await (const chunk of decode(encoded, decoder, (bytes) => seen.push(Buffer.from(bytes)))) {
    assert.ok(chunk.length > 0 && chunk.length <= mebibyte, `a chunk of ${chunk.length} bytes`);
    plain.push(Buffer.from(chunk));
  }
  return { plain: Buffer.concat(plain), seen: Buffer.concat(seen) };
}

/** The decoded bytes of a file or stream. */
export async function decoded(
  t: TestContext,
  bytes: Uint8Array,
  decoder: Decoder,
  options: Parameters<typeof opened>[3] = {},
): Promise<Buffer> {
  return await opened(t, bytes, async (encoded) => (await collected(encoded, decoder)).plain, options);
}

/** Like `opened`, with a file that grows in odd pieces; `end` is how it ends, after `bytes` have come. */
export async function growing<T>(
  t: TestContext,
  bytes: Uint8Array,
  end: 'complete' | 'failed',
  work: (encoded: Encoded) => Promise<T>,
): Promise<T> {
  const path = join(scratchFolder(t), 'image.part');
  writeFileSync(path, '');
  const descriptor = openSync(path, 'r');
  const growth = Growth.create();
  const growths = grow(path, bytes, growth).then(() => growth.finish(end));
  try {
    return await work({ name: 'image.part', descriptor, growth: growth.shared });
  } finally {
    await growths;
    assert.ok(fstatSync(descriptor).isFile(), 'the descriptor is the source’s: a decoder must not close it');
    closeSync(descriptor);
  }
}

async function grow(path: string, bytes: Uint8Array, growth: Growth): Promise<void> {
  const pieces = [1, 5, 30, 999, 20_011, 65_537];
  for (let [at, index] = [0, 0]; at < bytes.length; index++) {
    const piece = bytes.subarray(at, at + (pieces[index % pieces.length] ?? 1));
    appendFileSync(path, piece);
    at += piece.length;
    growth.advance(at);
    await setTimeout(1);
  }
}

export const failsWith =
  (code: string, words: RegExp = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof PiburnError, String(error instanceof Error ? error.stack : error));
    assert.equal(error.failure.code, code, error.message);
    assert.match(error.failure.message, words);
    assert.doesNotMatch(error.failure.message, /\p{Cc}/u);
    assert.ok((error.failure.hint ?? '').length > 0, 'says what to try');
    return true;
  };
