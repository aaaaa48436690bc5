// xz that writes into the spool itself: the same bytes as through a pipe, never more of them than were promised, and the
// same words for all that goes wrong.

import assert from 'node:assert/strict';
import { chmodSync, closeSync, fstatSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Encoded } from '../../../src/image/decode/encoded.js';
import { chooseDecoder } from '../../../src/image/decode/index.js';
import { decodeByXzIntoFile } from '../../../src/image/decode/xz-into-file.js';
import { mounted, scratchFolder, undo } from '../../native/scratch.js';
import { failsWith, growing, image, mebibyte, noise, opened, piped } from './support.js';

const skip = (await chooseDecoder('xz', 'auto')) === 'xz' ? false : 'needs xz 5.4 or newer';

const xz = (plain: Uint8Array, ...args: readonly string[]): Buffer => piped('xz', ['-c0', ...args], plain);

interface Outcome {
  readonly plain: Buffer;
  readonly seen: Buffer;
  readonly sizes: readonly number[];
  readonly usedBytes: number;
}

/** Decodes into an empty file in `folder`. */
async function intoFile(
  t: TestContext,
  encoded: Encoded,
  promisedBytes: number,
  folder = scratchFolder(t),
): Promise<Outcome> {
  const path = join(folder, 'spool');
  writeFileSync(path, '');
  const descriptor = openSync(path, 'r+');
  undo(t, () => closeSync(descriptor));
  const sizes: number[] = [];
  const seen: Buffer[] = [];
  const target = { path, descriptor, promisedBytes };
  try {
    for await (const size of decodeByXzIntoFile(encoded, target, (bytes) => seen.push(Buffer.from(bytes))))
      sizes.push(size);
  } finally {
    assert.ok(fstatSync(descriptor).size < promisedBytes + 512, `${fstatSync(descriptor).size} bytes were written`);
  }
  return { plain: readFileSync(path), seen: Buffer.concat(seen), sizes, usedBytes: fstatSync(descriptor).blocks * 512 };
}

test('all bytes are there, of every shape, from files, streams and downloads', { skip }, async (t) => {
  const zeros = Buffer.alloc(3 * mebibyte);
  const shapes: readonly (readonly [encoded: Buffer, plain: Buffer])[] = [
    [xz(image), image],
    [xz(image, '--block-size=50000'), image],
    [Buffer.concat([xz(image), Buffer.alloc(8), xz(zeros)]), Buffer.concat([image, zeros])],
    [xz(zeros), zeros],
    [xz(Buffer.concat([zeros, image, zeros, Buffer.alloc(7)])), Buffer.concat([zeros, image, zeros, Buffer.alloc(7)])],
  ];
  for (const [index, [encoded, plain]] of shapes.entries()) {
    const check = async (bytes: Encoded) => {
      const { plain: got, seen, sizes } = await intoFile(t, bytes, plain.length);
      assert.ok(got.equals(plain), `shape ${index}`);
      assert.ok(seen.equals(encoded), `every encoded byte was seen, shape ${index}`);
      assert.equal(sizes.at(-1), plain.length);
      assert.ok(sizes.every((size, at) => size >= (sizes[at - 1] ?? 0)));
    };
    await opened(t, encoded, check);
    await opened(t, encoded, check, { source: 'stream', takenBytes: 20 });
    if (index < 2) await growing(t, encoded, 'complete', check);
  }
});

test('zeros stay holes', { skip }, async (t) => {
  const plain = Buffer.concat([noise(mebibyte, 2), Buffer.alloc(8 * mebibyte), noise(mebibyte, 3)]);
  const { usedBytes } = await opened(t, xz(plain), (encoded) => intoFile(t, encoded, plain.length));
  assert.ok(usedBytes <= 3 * mebibyte, `${usedBytes} bytes on the disk`);
});

test('more than was promised is an error, and is not written', { skip }, async (t) => {
  for (const tail of [noise(4 * mebibyte, 5), Buffer.alloc(4 * mebibyte), Buffer.alloc(600, 1)]) {
    const plain = Buffer.concat([image, tail]);
    const attempt = opened(t, xz(plain), (encoded) => intoFile(t, encoded, image.length - (image.length % 512)));
    await assert.rejects(attempt, failsWith('IMAGE_CORRUPT', /bytes were promised, more came/));
  }
});

test('an image that may not be so large is not begun', { skip }, async (t) => {
  const attempt = opened(t, xz(image), (encoded) =>
    intoFile(t, { ...encoded, limitBytes: image.length - 1 }, image.length),
  );
  await assert.rejects(attempt, failsWith('IMAGE_TOO_LARGE', /unpacks to more than/));
});

test('damage, an early end and something behind the end are errors', { skip }, async (t) => {
  const encoded = xz(image, '--block-size=50000');
  const flipped = Buffer.from(encoded);
  flipped[encoded.length >> 1] = (flipped[encoded.length >> 1] ?? 0) ^ 4;
  const broken = [
    flipped,
    encoded.subarray(0, -1),
    encoded.subarray(0, 70_000),
    Buffer.concat([encoded, xz(image).subarray(0, 9)]),
  ];
  for (const bytes of broken) {
    const attempt = opened(t, bytes, (each) => intoFile(t, each, image.length));
    await assert.rejects(attempt, failsWith('IMAGE_CORRUPT', /is damaged or was cut short: /));
  }
  const failed = growing(t, encoded, 'failed', (each) => intoFile(t, each, image.length));
  await assert.rejects(failed, failsWith('DOWNLOAD_FAILED'));
});

test('a full disk is a full store', { skip }, async (t) => {
  const folder = scratchFolder(t);
  if (!mounted(t, folder, ['-t', 'tmpfs', '-o', 'size=256k', 'piburn-test'])) return;
  const plain = noise(mebibyte, 4);
  const attempt = opened(t, xz(plain), (encoded) => intoFile(t, encoded, plain.length, folder));
  await assert.rejects(attempt, failsWith('STORE_FULL', /no room left/));
});

test('an xz that is killed says nothing of the image', { skip }, async (t) => {
  const folder = scratchFolder(t);
  chmodSync(folder, 0o755); // decoders run as nobody
  const path = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = path;
  });
  writeFileSync(join(folder, 'xz'), '#!/bin/sh\nkill -KILL $$\n', { mode: 0o755 });
  process.env['PATH'] = `${folder}:${path}`;
  const attempt = opened(t, noise(1000, 9), (encoded) => intoFile(t, encoded, image.length));
  await assert.rejects(attempt, failsWith('DECODER_KILLED', /was ended by SIGKILL/));
});

test('whoever breaks off ends xz, whatever there is still to come', { skip }, async (t) => {
  const folder = scratchFolder(t);
  const plain = noise(8 * mebibyte, 6);
  const path = join(folder, 'spool');
  writeFileSync(path, '');
  const descriptor = openSync(path, 'r+');
  undo(t, () => closeSync(descriptor));
  await opened(t, xz(plain), async (encoded) => {
    for await (const _ of decodeByXzIntoFile(encoded, { path, descriptor, promisedBytes: plain.length })) break;
  });
  truncateSync(path, 0);
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(fstatSync(descriptor).size, 0, 'nobody writes any more');
});
