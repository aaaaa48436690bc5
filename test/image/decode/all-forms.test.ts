// One image in every form, along every way that its bytes can come: always the same bytes, and every encoded byte seen
// once; a download that fails is told as such.

import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { chooseDecoder, decode } from '../../../src/image/decode/index.js';
import { Growth } from '../../../src/image/growth.js';
import { needsWholeFile, sniff } from '../../../src/image/sniff.js';
import { scratchFolder } from '../../native/scratch.js';
import {
  collected,
  decoded,
  failsWith,
  formsOf,
  growing,
  image,
  mebibyte,
  noise,
  opened,
  skipForms,
  sourcesOf,
} from './support.js';

const large = noise(1.5 * mebibyte, 11);

test('every form gives the same bytes from a file and from a stream', { skip: skipForms }, async (t) => {
  for (const { format, decoders, encoded } of formsOf(t, image)) {
    assert.equal(sniff(encoded.subarray(0, 1024), 'image'), format);
    for (const decoder of decoders)
      for (const source of sourcesOf(format)) {
        const read = (from: Parameters<typeof collected>[0]) => collected(from, decoder);
        const { plain, seen } = await opened(t, encoded, read, { source });
        assert.ok(plain.equals(image), `${format}, ${decoder}, ${source}`);
        assert.ok(seen.equals(needsWholeFile(format) ? Buffer.alloc(0) : encoded), `seen: ${decoder}, ${source}`);
      }
  }
});

test('every form can be read while it is being downloaded', { skip: skipForms }, async (t) => {
  for (const { format, decoders, encoded } of formsOf(t, image))
    for (const decoder of decoders) {
      const { plain, seen } = await growing(t, encoded, 'complete', (from) => collected(from, decoder));
      assert.ok(plain.equals(image), `${format}, ${decoder}`);
      assert.ok(seen.equals(needsWholeFile(format) ? Buffer.alloc(0) : encoded), `seen: ${decoder}`);
    }
});

test('a download that fails is told as such, wherever it stops', { skip: skipForms }, async (t) => {
  for (const { format, decoders, encoded } of formsOf(t, image))
    for (const decoder of decoders)
      for (const came of [0, Math.floor(encoded.length / 2), encoded.length])
        await assert.rejects(
          growing(t, encoded.subarray(0, came), 'failed', (from) => collected(from, decoder)),
          failsWith('DOWNLOAD_FAILED', /image\.part/),
          `${format}, ${decoder}, ${came} bytes`,
        );
});

test('a source that cannot be read is not told as damage', { skip: skipForms }, async (t) => {
  const descriptor = openSync(scratchFolder(t), 'r');
  try {
    for (const { format, decoders } of formsOf(t, image).filter(({ format }) => !needsWholeFile(format)))
      for (const decoder of decoders) {
        const attempt = collected({ name: 'image', descriptor }, decoder);
        await assert.rejects(attempt, failsWith('EISDIR', /image cannot be read at byte 0/), `${format}, ${decoder}`);
      }
  } finally {
    closeSync(descriptor);
  }
});

test('the decoder of each form is there, and its name is told', { skip: skipForms }, async (t) => {
  for (const { format, decoders } of formsOf(t, image)) assert.equal(await chooseDecoder(format, 'auto'), decoders[0]);
  assert.equal(await chooseDecoder('gzip', 'xz'), 'zlib');
});

test('an image of exactly the allowed size passes, and one byte less is too little', { skip: skipForms }, async (t) => {
  for (const { decoders, encoded } of formsOf(t, image))
    for (const decoder of decoders) {
      const within = (limitBytes: number) => opened(t, encoded, (from) => collected({ ...from, limitBytes }, decoder));
      assert.ok((await within(image.length)).plain.equals(image), decoder);
      await assert.rejects(
        within(image.length - 1),
        failsWith('IMAGE_TOO_LARGE', /unpacks to more than 328 kB/),
        decoder,
      );
    }
});

test('a bomb is stopped at the limit', { skip: skipForms }, async (t) => {
  for (const { decoders, encoded } of formsOf(t, Buffer.alloc(12 * mebibyte)))
    for (const decoder of decoders) {
      let came = 0;
      const explode = (limitBytes: number) =>
        opened(t, encoded, async (from) => {
          for await (const chunk of decode({ ...from, limitBytes }, decoder)) came += chunk.length;
        });
      await assert.rejects(explode(3 * mebibyte), failsWith('IMAGE_TOO_LARGE'), decoder);
      assert.ok(came <= 3 * mebibyte, `${decoder} gave ${came} bytes`);
    }
});

test('an empty image is no error of its decoder', { skip: skipForms }, async (t) => {
  for (const { format, decoders, encoded } of formsOf(t, Buffer.alloc(0)).filter(
    ({ format }) => format !== 'android-sparse',
  ))
    for (const decoder of decoders)
      assert.equal((await decoded(t, encoded, decoder)).length, 0, `${format}, ${decoder}`);
});

test('a reader that breaks off leaves no program and nothing reading', { skip: skipForms }, async (t) => {
  for (const { format, decoders, encoded } of formsOf(t, large))
    for (const decoder of decoders)
      for (const source of sourcesOf(format))
        await opened(
          t,
          encoded,
          async (from) => {
            for await (const chunk of decode(from, decoder)) {
              assert.ok(chunk.length > 0);
              break;
            }
          },
          { source },
        );
  assert.deepEqual(await children(), []);
});

test('a reader can break off while the download stands still', { skip: skipForms }, async (t) => {
  for (const { format, decoders, encoded } of formsOf(t, large).filter(({ format }) => !needsWholeFile(format)))
    for (const decoder of decoders) {
      let came = 0;
      const growth = Growth.create();
      growth.advance(encoded.length - 1);
      await opened(t, encoded, async (from) => {
        for await (const chunk of decode({ ...from, growth: growth.shared }, decoder)) {
          came += chunk.length;
          break;
        }
      });
      assert.ok(came > 0, `${format}, ${decoder}`);
    }
  assert.deepEqual(await children(), []);
});

/** Programs that this process has started and that still run; those told to end are given a moment. */
async function children(): Promise<string[]> {
  for (let look = 0; ; look++) {
    const running = readdirSync('/proc/self/task').flatMap((task) =>
      readFileSync(`/proc/self/task/${task}/children`, 'utf8')
        .split(' ')
        .filter((pid) => pid !== ''),
    );
    if (running.length === 0 || look > 200) return running;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
