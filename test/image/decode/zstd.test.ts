// .zst as its many writers make it, and the outside of its frames, which is read in two places: for the size that the
// file tells, and where Node decodes.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Decoder } from '../../../src/image/decode/index.js';
import { hasNodeZstd } from '../../../src/image/decode/zstd.js';
import { parseFrameHeader } from '../../../src/image/decode/zstd-frame.js';
import { scratchFolder } from '../../native/scratch.js';
import { decoded, failsWith, image, piped, type Source, skipForms } from './support.js';

const decoders: readonly Decoder[] = hasNodeZstd() ? ['zstd', 'zlib-zstd'] : ['zstd'];
const sources: readonly Source[] = ['file', 'stream'];

const zstd = (bytes: Uint8Array, ...args: readonly string[]): Buffer => piped('zstd', ['-qc', ...args], bytes);
const skippable = (content: Buffer): Buffer => {
  const header = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content]);
};
const [half, rest] = [image.subarray(0, 200_000), image.subarray(200_000)];

test('frames of every kind give the same bytes', { skip: skipForms }, async (t) => {
  const file = join(scratchFolder(t), 'plain');
  writeFileSync(file, image);
  const shapes: readonly (readonly [what: string, encoded: Buffer])[] = [
    ['one frame of unknown size', zstd(image)],
    ['one frame of known size', piped('zstd', ['-qc', file], Buffer.alloc(0))],
    ['one frame without a checksum', zstd(image, '--no-check')],
    ['the strongest', zstd(image, '--ultra', '-22')],
    ['a long window', zstd(image, '--long=27')],
    ['two frames', Buffer.concat([zstd(half), zstd(rest)])],
    ['an empty frame between', Buffer.concat([zstd(half), zstd(Buffer.alloc(0)), zstd(rest)])],
    [
      'what is skipped, at every place',
      Buffer.concat([skippable(half), zstd(half), skippable(Buffer.alloc(0)), zstd(rest), skippable(rest)]),
    ],
    ['many small frames', Buffer.concat(Array.from({ length: 80 }, (_, index) => zstdOf(index)))],
  ];
  for (const [what, encoded] of shapes)
    for (const decoder of decoders)
      for (const source of sources)
        assert.ok((await decoded(t, encoded, decoder, { source })).equals(image), `${what}, ${decoder}, ${source}`);
});

const kept = new Map<number, Buffer>();
/** The frame of one of 80 parts of the image; one run of zstd for each. */
function zstdOf(index: number): Buffer {
  const frame = kept.get(index) ?? zstd(image.subarray(index * 4096, (index + 1) * 4096));
  kept.set(index, frame);
  return frame;
}

test('a window larger than memory is told as such', { skip: skipForms }, async (t) => {
  // The frame's header alone: no machine of these tests lends a decoder the 3.75 TiB that it asks for.
  const encoded = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff]), Buffer.from([0x09, 0, 0, 1])]);
  for (const decoder of decoders)
    await assert.rejects(decoded(t, encoded, decoder), failsWith('IMAGE_NEEDS_MEMORY', /memory to unpack/), decoder);
});

test('headers of frames say what the standard says', () => {
  const of = (...bytes: readonly number[]) =>
    parseFrameHeader(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...bytes, ...Array(12).fill(0)]));
  const base = { kind: 'data', checksumBytes: 0 };
  assert.deepEqual(of(0x00, 0x00), { ...base, headerBytes: 6, windowBytes: 1024 });
  assert.deepEqual(of(0x04, 0x0b), { ...base, headerBytes: 6, windowBytes: 2048 + 3 * 256, checksumBytes: 4 });
  assert.deepEqual(of(0x20, 0x07), { ...base, headerBytes: 6, windowBytes: 7, decodedBytes: 7 });
  assert.deepEqual(of(0x60, 0x01, 0x01), { ...base, headerBytes: 7, windowBytes: 513, decodedBytes: 513 });
  assert.deepEqual(of(0x82, 0x00, 1, 2, 4, 3, 2, 1), {
    ...base,
    headerBytes: 12,
    windowBytes: 1024,
    decodedBytes: 0x01020304,
  });
  assert.deepEqual(of(0xe3, 1, 2, 3, 4, 0, 0, 0, 0, 1, 0, 0, 0), {
    ...base,
    headerBytes: 17,
    windowBytes: 2 ** 32,
    decodedBytes: 2 ** 32,
  });
  assert.equal(of(0x08, 0x00), undefined, 'a reserved bit');
  assert.equal(parseFrameHeader(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0])), undefined, 'too short');
  assert.deepEqual(parseFrameHeader(skippable(Buffer.alloc(5))), {
    kind: 'skippable',
    headerBytes: 8,
    contentBytes: 5,
  });
});
