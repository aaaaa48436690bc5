// The size that a file tells of its image beforehand: right, or not told, or an error; never a guess.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { decodedSize } from '../../src/image/decoded-size.js';
import type { ImageFormat } from '../../src/image/sniff.js';
import { scratchFolder } from '../native/scratch.js';
import { failsWith, formsOf, image, opened, piped, skipForms, zipOf } from './decode/support.js';

const sizeOf = (t: TestContext, format: ImageFormat, bytes: Uint8Array): Promise<number | undefined> =>
  opened(t, bytes, ({ descriptor, name }) => decodedSize(descriptor, format, bytes.length, name));

test('each format tells what it can', { skip: skipForms }, async (t) => {
  assert.equal(await sizeOf(t, 'raw', image), image.length);
  for (const { format, encoded } of formsOf(t, image)) {
    const isTold = !['gzip', 'bzip2', 'zstd'].includes(format);
    assert.equal(await sizeOf(t, format, encoded), isTold ? image.length : undefined, format);
  }
});

test('a .zst tells its size where every frame does', { skip: skipForms }, async (t) => {
  const file = join(scratchFolder(t), 'plain');
  const framed = (bytes: Buffer, ...args: readonly string[]): Buffer => {
    writeFileSync(file, bytes);
    return execFileSync('zstd', ['-qc', ...args, file]);
  };
  const [told, untold] = [framed(image), piped('zstd', ['-qc'], image)];
  const skipped = Buffer.from('P*M\x18\x03\0\0\0abc', 'latin1');
  assert.equal(await sizeOf(t, 'zstd', told), image.length);
  assert.equal(await sizeOf(t, 'zstd', framed(image, '--no-check')), image.length);
  assert.equal(await sizeOf(t, 'zstd', framed(Buffer.alloc(30_000_000))), 30_000_000);
  assert.equal(await sizeOf(t, 'zstd', Buffer.concat([skipped, told, skipped, told, skipped])), 2 * image.length);
  assert.equal(await sizeOf(t, 'zstd', untold), undefined);
  assert.equal(await sizeOf(t, 'zstd', Buffer.concat([told, untold])), undefined);
  assert.equal(await sizeOf(t, 'zstd', Buffer.concat([told, Buffer.from('garbage')])), undefined);
  assert.equal(await sizeOf(t, 'zstd', told.subarray(0, 5)), undefined);
});

test('a file that is cut short tells no size, or that it is damaged', { skip: skipForms }, async (t) => {
  for (const { format, encoded } of formsOf(t, image))
    for (const length of [3, 20, 1024, encoded.length - 1]) {
      const attempt = sizeOf(t, format, encoded.subarray(0, length));
      if (['xz', 'zip', '7z'].includes(format) || (format === 'android-sparse' && length < 28))
        await assert.rejects(attempt, failsWith('IMAGE_CORRUPT', /damaged or was cut short/), `${format}, ${length}`);
      else assert.ok([undefined, image.length].includes(await attempt), `${format}, ${length}`);
    }
});

test('an archive without an image is known at once', { skip: skipForms }, async (t) => {
  await assert.rejects(sizeOf(t, 'zip', zipOf(t, [['readme.txt', image]])), failsWith('ARCHIVE_WITHOUT_IMAGE'));
});
