// Both decoders: the same bytes for whatever is whole, an error for whatever is not. A stream has no index at hand to
// compare with, so a decoder that stops early without a word would leave half an image on every card.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { PiburnError } from '../../../src/errors.js';
import type { Encoded } from '../../../src/image/decode/encoded.js';
import { chooseDecoder, type Decoder, decode } from '../../../src/image/decode/index.js';
import { scratchFolder } from '../../native/scratch.js';

const hasXz = (await chooseDecoder('xz', 'auto')) === 'xz';
const skipXz = hasXz ? false : 'needs xz 5.4 or newer';
const decoders = ['xz', 'lzma-native'] as const;
const sources = ['file', 'stream'] as const;
const mebibyte = 1024 * 1024;

const xz = (bytes: Uint8Array, ...args: readonly string[]): Buffer =>
  execFileSync('xz', ['--stdout', '-0', '--threads=1', ...args], { input: bytes, maxBuffer: 64 * mebibyte });

/** Calls `work` with some encoded bytes, opened as a file, or as a stream whose first bytes were taken to look at. */
async function opened<T>(
  t: TestContext,
  bytes: Uint8Array,
  source: 'file' | 'stream',
  takenBytes: number,
  work: (encoded: Encoded) => Promise<T>,
): Promise<T> {
  const path = join(scratchFolder(t), 'image.xz');
  writeFileSync(path, bytes);
  const descriptor = openSync(path, 'r');
  try {
    if (source === 'file') return await work({ name: 'image.xz', descriptor });
    const taken = Buffer.alloc(takenBytes);
    const got = readSync(descriptor, taken, 0, takenBytes, null);
    return await work({ name: 'image.xz', descriptor, taken: taken.subarray(0, got) });
  } finally {
    assert.ok(fstatSync(descriptor).isFile(), 'the descriptor is the source’s: a decoder must not close it');
    closeSync(descriptor);
  }
}

async function decoded(
  t: TestContext,
  bytes: Uint8Array,
  decoder: Decoder,
  source: 'file' | 'stream' = 'file',
  takenBytes = 1024,
): Promise<Buffer> {
  return await opened(t, bytes, source, takenBytes, async (encoded) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of decode(encoded, decoder)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  });
}

const isCorrupt = (error: unknown): boolean => error instanceof PiburnError && error.failure.code === 'IMAGE_CORRUPT';

const first = randomBytes(300_000);
const second = Buffer.concat([Buffer.alloc(700_000), randomBytes(20_000), Buffer.alloc(100_000)]);
const both = Buffer.concat([first, second]);

test('whole files of every shape give the same bytes by either decoder', { skip: skipXz }, async (t) => {
  const shapes: readonly (readonly [shape: string, encoded: Buffer, plain: Buffer])[] = [
    ['one stream of one block', xz(both), both],
    ['one stream of many blocks', xz(both, '--block-size=50000'), both],
    ['two streams', Buffer.concat([xz(first), xz(second)]), both],
    [
      'padding between streams and at the end',
      Buffer.concat([xz(first), Buffer.alloc(8), xz(second), Buffer.alloc(512)]),
      both,
    ],
    ['an empty stream before a full one', Buffer.concat([xz(Buffer.alloc(0)), xz(both)]), both],
    ['a full stream before an empty one', Buffer.concat([xz(both), xz(Buffer.alloc(0))]), both],
    ['checked by SHA-256', xz(both, '--check=sha256'), both],
    ['checked by CRC32', xz(both, '--check=crc32'), both],
    ['made for ARM code', xz(both, '--arm', '--lzma2=preset=0'), both],
    ['nothing at all', xz(Buffer.alloc(0)), Buffer.alloc(0)],
    [
      'the marker of an end inside the data',
      xz(Buffer.from('YZ'.repeat(5000)), '--lzma2=lc=0,lp=0,pb=0,dict=4KiB'),
      Buffer.from('YZ'.repeat(5000)),
    ],
  ];
  for (const [shape, encoded, plain] of shapes)
    for (const decoder of decoders)
      for (const source of sources)
        assert.ok((await decoded(t, encoded, decoder, source)).equals(plain), `${shape}, ${decoder}, ${source}`);
});

test('streams that end anywhere in a chunk are followed by the next one', { skip: skipXz }, async (t) => {
  const tail = randomBytes(2000);
  const [head, end] = [xz(first), xz(tail)];
  const plain = Buffer.concat([first, tail]);
  // The first chunk of a stream is what was taken from it: the end of the first stream falls in it, on it, behind it.
  for (let takenBytes = head.length - 14; takenBytes <= head.length + 14; takenBytes++)
    for (const decoder of decoders) {
      const got = await decoded(t, Buffer.concat([head, end]), decoder, 'stream', takenBytes);
      assert.ok(got.equals(plain), `${decoder}, ${takenBytes - head.length} bytes from the end of the first stream`);
    }
});

test('a file that is cut short anywhere is an error, never a short image', { skip: skipXz }, async (t) => {
  const encoded = Buffer.concat([xz(first, '--block-size=100000'), xz(second)]);
  const firstEnd = xz(first, '--block-size=100000').length;
  const nearEnds = [firstEnd, encoded.length].flatMap((end) => Array.from({ length: 40 }, (_, back) => end - 1 - back));
  const afterFirst = Array.from({ length: 30 }, (_, on) => firstEnd + 1 + on);
  const spread = Array.from({ length: 30 }, (_, index) => Math.floor((index * encoded.length) / 30));
  for (const decoder of decoders)
    for (const length of new Set([...nearEnds, ...afterFirst, ...spread])) {
      // xz itself is slow to start: it is asked at every fourth length only.
      if (decoder === 'xz' && length % 4 !== 0) continue;
      const source = sources[length % 2] ?? 'file';
      const attempt = decoded(t, encoded.subarray(0, length), decoder, source);
      await assert.rejects(attempt, isCorrupt, `${decoder} from a ${source} cut to ${length} of ${encoded.length}`);
    }
});

test('a flipped bit is an error, or changes nothing', { skip: skipXz }, async (t) => {
  const encoded = Buffer.concat([xz(first, '--block-size=100000'), xz(second)]);
  for (let index = 0; index < 60; index++) {
    const damaged = Buffer.from(encoded);
    const place = Math.floor((index * encoded.length) / 60);
    damaged[place] = (damaged[place] ?? 0) ^ (1 << (index % 8));
    const decoder = index % 6 === 0 ? 'xz' : 'lzma-native';
    await assert.rejects(decoded(t, damaged, decoder, 'stream'), isCorrupt, `${decoder}, bit ${index % 8} of ${place}`);
  }
});

test('anything but padding behind the last stream is an error', { skip: skipXz }, async (t) => {
  const encoded = xz(both);
  const behind = ['g', 'gYZ', 'garbage at the end of the file', '\0\0\0\0garb', '\x5d\0\0\x80\0', '\xfd7zXZ\0'];
  for (const garbage of behind)
    for (const decoder of decoders)
      for (const source of sources) {
        const attempt = decoded(t, Buffer.concat([encoded, Buffer.from(garbage, 'latin1')]), decoder, source);
        await assert.rejects(attempt, isCorrupt, `${JSON.stringify(garbage)}, ${decoder}, ${source}`);
      }
});

test('a decoder that gives up early leaves the source open and names the file', { skip: skipXz }, async (t) => {
  const damaged = Buffer.concat([xz(first), randomBytes(4 * mebibyte)]);
  for (const decoder of decoders)
    for (const source of sources)
      await assert.rejects(decoded(t, damaged, decoder, source), /image\.xz is damaged or was cut short: /);
});

test('a reader that breaks off ends the decoder', { skip: skipXz }, async (t) => {
  const encoded = xz(randomBytes(3 * mebibyte));
  for (const decoder of decoders)
    await opened(t, encoded, 'file', 0, async (bytes) => {
      for await (const chunk of decode(bytes, decoder)) {
        assert.ok(chunk.length > 0);
        break;
      }
    });
});

test('a raw image is handed on as it is, from a file and from a stream', async (t) => {
  const plain = randomBytes(3 * mebibyte + 123);
  for (const source of sources) assert.ok((await decoded(t, plain, 'none', source)).equals(plain), source);
});

test('a wish for a decoder is followed, and a raw image needs none', async () => {
  assert.equal(await chooseDecoder('raw', 'xz'), 'none');
  assert.equal(await chooseDecoder('xz', 'lzma-native'), 'lzma-native');
});

test('without a new xz the built-in decoder is taken, and a wish for xz is an error', async (t) => {
  const folder = scratchFolder(t);
  chmodSync(folder, 0o755); // decoders run as nobody
  const path = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = path;
  });
  writeFileSync(join(folder, 'xz'), '#!/bin/sh\necho "xz (XZ Utils) 5.2.5"\necho "liblzma 5.4.1"\n', { mode: 0o755 });
  process.env['PATH'] = folder;
  assert.equal(await chooseDecoder('xz', 'auto'), 'lzma-native');
  const isMissing = (error: unknown) => error instanceof PiburnError && error.failure.code === 'DECODER_MISSING';
  await assert.rejects(chooseDecoder('xz', 'xz'), isMissing);
  process.env['PATH'] = join(folder, 'nowhere');
  assert.equal(await chooseDecoder('xz', 'auto'), 'lzma-native');
});
