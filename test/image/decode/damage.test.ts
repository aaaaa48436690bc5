// Damaged images in every form: cut short, with flipped bits, with something behind their end. Each ends with the right
// bytes (not every bit matters) or with an error that says so; never with other bytes, and never with a crash.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { PiburnError } from '../../../src/errors.js';
import type { Encoded } from '../../../src/image/decode/encoded.js';
import type { Decoder } from '../../../src/image/decode/index.js';
import type { ImageFormat } from '../../../src/image/sniff.js';
import { collected, decoded, failsWith, formsOf, image, opened, piped, skipForms, sourcesOf } from './support.js';

const seed = Number(fc.readConfigureGlobal().seed ?? 1);

/** What damage may be told as: in an archive it may hit a name or a kind as well. */
const codesOf = (format: ImageFormat): readonly string[] => [
  'IMAGE_CORRUPT',
  ...(format === 'zip' || format === '7z'
    ? ['ARCHIVE_WITHOUT_IMAGE', 'ARCHIVE_TOO_LARGE', 'IMAGE_COMPRESSED', 'IMAGE_ENCRYPTED', 'IMAGE_NEEDS_MEMORY']
    : []),
  ...(format === 'zstd' ? ['IMAGE_NEEDS_MEMORY'] : []),
];

/** Decodes damaged bytes; returns the error's code, or undefined where the right bytes came. */
async function outcome(
  t: TestContext,
  format: ImageFormat,
  bytes: Buffer,
  decoder: Decoder,
  index: number,
  what: string,
): Promise<string | undefined> {
  const sources = sourcesOf(format);
  const source = sources[(index >> 1) % sources.length] ?? 'file';
  try {
    const plain = await decoded(t, bytes, decoder, { source, name: 'damaged.img.xx' });
    assert.ok(plain.equals(image), `${what}: other bytes, without an error`);
    return undefined;
  } catch (error) {
    if (!(error instanceof PiburnError)) throw error;
    const { code, message, hint = '' } = error.failure;
    assert.ok(codesOf(format).includes(code), `${what}: ${code} ${message}`);
    if (code === 'IMAGE_CORRUPT') assert.match(message, /^damaged\.img\.xx is damaged or was cut short: \S/, what);
    assert.doesNotMatch(message, /\p{Cc}/u);
    assert.ok(hint.length > 0);
    return code;
  }
}

test('an image that is cut short anywhere is an error', { skip: skipForms }, async (t) => {
  for (const { format, decoders, encoded } of formsOf(t, image)) {
    const lengths = [1, 4, 9, 17, 30, 60, 1023, 1024, 1025].map((length) => Math.min(length, encoded.length - 1));
    const near = [1, 2, 4, 8, 9, 13, 21, 22, 40].map((back) => encoded.length - back);
    const spread = Array.from({ length: 12 }, (_, index) => Math.floor(((index + 1) * encoded.length) / 13));
    for (const [index, length] of [...lengths, ...near, ...spread].entries()) {
      const decoder = inTurn(decoders, index);
      const what = `${format} by ${decoder}, cut to ${length} of ${encoded.length}`;
      const code = await outcome(t, format, encoded.subarray(0, length), decoder, index, what);
      assert.equal(code, 'IMAGE_CORRUPT', what);
    }
  }
});

/** Programs are slow to start: where a format has two decoders, each gets every other damage. */
const inTurn = (decoders: readonly Decoder[], index: number): Decoder => decoders[index % decoders.length] ?? 'none';

test('a flipped bit is an error or changes nothing', { skip: skipForms }, async (t) => {
  const random = randomNumbers(seed);
  for (const { format, decoders, encoded } of formsOf(t, image)) {
    const codes: (string | undefined)[] = [];
    for (let index = 0; index < 40; index++) {
      const decoder = inTurn(decoders, index);
      const damaged = Buffer.from(encoded);
      // Half of them where the bytes say most of the rest: in the headers, and in what archives have at their end.
      const near = Math.floor(random() * 120);
      const place =
        [Math.floor(random() * encoded.length), near, encoded.length - 1 - near][[0, 1, 0, 2][index % 4] ?? 0] ?? 0;
      const mask = 1 << Math.floor(random() * 8);
      damaged[place] = (damaged[place] ?? 0) ^ mask;
      const what = `${format} by ${decoder}, bits ${mask} of byte ${place} of ${encoded.length} (seed ${seed})`;
      codes.push(await outcome(t, format, damaged, decoder, index, what));
    }
    assert.ok(codes.filter((code) => code !== undefined).length >= 10, `${format}: nothing is noticed`);
  }
});

test('a damaged beginning of a later part is never taken for the end', { skip: skipForms }, async (t) => {
  for (const { format, decoders, encoded } of formsOf(t, image)) {
    const first = partLength(format);
    if (first === undefined) continue;
    for (const decoder of decoders)
      for (let offset = 0; offset < 4; offset++)
        for (const value of [0x00, 0x41]) {
          if (encoded[first + offset] === value) continue;
          const damaged = Buffer.from(encoded);
          damaged[first + offset] = value;
          const what: string = `${format} by ${decoder}, byte ${offset} of the second part is ${value}`;
          assert.equal(await outcome(t, format, damaged, decoder, offset, what), 'IMAGE_CORRUPT', what);
        }
  }
});

/** Where the second of the two parts begins that `formsOf` makes. */
function partLength(format: ImageFormat): number | undefined {
  const half = image.subarray(0, Math.floor(image.length / 1024) * 512);
  if (format === 'gzip') return piped('gzip', ['-c'], half).length;
  if (format === 'bzip2') return piped('bzip2', ['-c'], half).length;
  return format === 'zstd' ? piped('zstd', ['-c'], half).length : undefined;
}

test('whatever lies behind the end is an error, but for zeros where they are usual', { skip: skipForms }, async (t) => {
  // Long enough for a decoder to be at its end before the rest is looked at.
  const zerosAndMore = Buffer.alloc(3_000_001);
  zerosAndMore[3_000_000] = 1;
  const behind = [
    Buffer.from('g'),
    Buffer.from('something else'),
    Buffer.alloc(300_000, 1),
    Buffer.from([0, 0, 0, 0, 7]),
    zerosAndMore,
  ];
  const streaming = formsOf(t, image).filter(({ format }) => format !== 'zip' && format !== '7z');
  for (const { format, decoders, encoded } of streaming)
    for (const decoder of decoders)
      for (const [index, bytes] of behind.entries()) {
        const what = `${format} by ${decoder}, followed by ${bytes.length} bytes`;
        assert.equal(
          await outcome(t, format, Buffer.concat([encoded, bytes]), decoder, index, what),
          'IMAGE_CORRUPT',
          what,
        );
      }
  for (const { format, decoders, encoded } of streaming.filter((each) =>
    ['gzip', 'android-sparse'].includes(each.format),
  ))
    for (const source of sourcesOf(format)) {
      const padded = Buffer.concat([encoded, Buffer.alloc(2_000_000)]);
      const read = (from: Encoded) => collected(from, decoders[0] ?? 'none');
      const { plain, seen } = await opened(t, padded, read, { source });
      assert.ok(plain.equals(image) && seen.equals(padded), `${format}, ${source}`);
    }
});

test('bytes of another kind are an error of every decoder', { skip: skipForms }, async (t) => {
  for (const { format, decoders } of formsOf(t, image))
    for (const decoder of decoders)
      for (const bytes of [image.subarray(0, 70_000), Buffer.alloc(5000), Buffer.alloc(0)])
        await assert.rejects(decoded(t, bytes, decoder), failsWith('IMAGE_CORRUPT'), `${format} by ${decoder}`);
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomNumbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
