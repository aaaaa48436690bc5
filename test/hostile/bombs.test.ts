// Small files that unpack to more than there is room for: every form ends at the limit, in little memory, and says so.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Decoder } from '../../src/image/decode/index.js';
import { hasNodeZstd } from '../../src/image/decode/zstd.js';
import { readXzIndexOf } from '../../src/image/xz-index.js';
import { mebibyte, noise, piped, sevenZip, sevenZipOf, skipForms, zipOf } from '../image/decode/support.js';
import { scratchFolder } from '../native/scratch.js';
import { type Bounded, bounded } from './bounded.js';
import type { Unpacked, UnpackOrder } from './unpack.js';

const limitBytes = 24 * mebibyte;
const zeros = Buffer.alloc(16 * mebibyte);
/** Node itself takes some 60 MiB before it has done anything. */
const peakBytes = 256 * mebibyte;

/** 256 MiB, in a few KiB. */
const repeated = (member: Buffer): Buffer => Buffer.concat(Array.from({ length: 16 }, () => member));

const bombs: Readonly<Record<string, readonly [decoders: readonly Decoder[], make: (t: TestContext) => Buffer]>> = {
  gzip: [['zlib'], () => repeated(piped('gzip', ['-c'], zeros))],
  xz: [['xz', 'lzma-native'], () => repeated(piped('xz', ['-c0'], zeros))],
  bzip2: [['bzip2', 'lbzip2'], () => repeated(piped('bzip2', ['-c'], zeros))],
  zstd: [hasNodeZstd() ? ['zstd', 'zlib-zstd'] : ['zstd'], () => repeated(piped('zstd', ['-c'], zeros))],
  zip: [['yauzl'], (t) => zipOf(t, [['pi.img', Buffer.concat([zeros, zeros])]])],
  '7z': [[sevenZip ?? '7zz'], (t) => sevenZipOf(t, [['pi.img', Buffer.concat([zeros, zeros])]])],
  'android-sparse': [['android-sparse'], () => sparseBomb()],
};

/** One hole of 16 TiB in 40 bytes (AOSP libsparse, sparse_format.h). */
function sparseBomb(): Buffer {
  const [header, chunk] = [Buffer.alloc(28), Buffer.alloc(12)];
  header.writeUInt32LE(0xed26ff3a, 0);
  header.writeUInt16LE(1, 4);
  header.writeUInt16LE(28, 8);
  header.writeUInt16LE(12, 10);
  header.writeUInt32LE(4096, 12);
  header.writeUInt32LE(0xffffffff, 16);
  header.writeUInt32LE(1, 20);
  chunk.writeUInt16LE(0xcac3, 0);
  chunk.writeUInt32LE(0xffffffff, 4);
  chunk.writeUInt32LE(12, 8);
  return Buffer.concat([header, chunk]);
}

async function unpacked(t: TestContext, bomb: Buffer, decoder: Decoder): Promise<Bounded<Unpacked>> {
  const path = join(scratchFolder(t), 'bomb');
  writeFileSync(path, bomb);
  const order: UnpackOrder = { path, decoder, limitBytes };
  return await bounded<Unpacked>(new URL('unpack.js', import.meta.url), order);
}

for (const [form, [decoders, make]] of Object.entries(bombs)) {
  test(`a ${form} bomb ends at the limit, in little memory`, { skip: skipForms }, async (t) => {
    const bomb = make(t);
    for (const decoder of decoders) {
      const { answer, peakBytes: peak } = await unpacked(t, bomb, decoder);
      assert.equal(answer.code, 'IMAGE_TOO_LARGE', `${decoder}: ${answer.message}`);
      assert.match(answer.message ?? '', /unpacks to more than 25\.2 MB/);
      assert.ok(answer.cameBytes <= limitBytes, `${decoder}: ${answer.cameBytes} bytes came`);
      assert.ok(peak < peakBytes, `${decoder}: ${peak} bytes of memory`);
    }
  });
}

test('a zip that says it is small does not unpack to more than that', { skip: skipForms }, async (t) => {
  const honest = zipOf(t, [['pi.img', zeros]]);
  const said = Buffer.alloc(4);
  said.writeUInt32LE(zeros.length);
  const small = Buffer.alloc(4);
  small.writeUInt32LE(1000);
  const lying = Buffer.from(honest);
  for (let at = lying.indexOf(said); at >= 0; at = lying.indexOf(said, at + 1)) small.copy(lying, at);
  const { answer, peakBytes: peak } = await unpacked(t, lying, 'yauzl');
  assert.equal(answer.code, 'IMAGE_CORRUPT', answer.message);
  assert.ok(answer.cameBytes <= mebibyte && peak < peakBytes, `${answer.cameBytes} bytes, ${peak} of memory`);
});

test('a zip of ten thousand and one files, and one whose directory says four billion, are refused', {
  skip: skipForms,
}, async (t) => {
  const many = zipOf(
    t,
    Array.from({ length: 10_001 }, (_, index) => [`${index}`, Buffer.alloc(0)] as const),
  );
  const { answer } = await unpacked(t, many, 'yauzl');
  assert.equal(answer.code, 'ARCHIVE_TOO_LARGE', answer.message);
  const one = zipOf(t, [['pi.img', noise(1000, 3)]]);
  const lying = Buffer.from(one);
  const end = lying.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  lying.writeUInt16LE(0xfffe, end + 8);
  lying.writeUInt16LE(0xfffe, end + 10);
  const second = await unpacked(t, lying, 'yauzl');
  assert.ok(['IMAGE_CORRUPT', 'ARCHIVE_TOO_LARGE'].includes(second.answer.code ?? ''), second.answer.message);
});

test('a zstd that wants terabytes of memory to be read is refused', { skip: skipForms }, async (t) => {
  const window = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff]), Buffer.from([1, 0, 0])]);
  const { answer } = await unpacked(t, window, 'zstd');
  assert.ok(['IMAGE_NEEDS_MEMORY', 'IMAGE_CORRUPT'].includes(answer.code ?? ''), `${answer.code}: ${answer.message}`);
});

test('an index of an xz that says it is as long as the disk is not read', { skip: skipForms }, async (t) => {
  const honest = piped('xz', ['-c0'], noise(5000, 1));
  const path = join(scratchFolder(t), 'bomb.xz');
  for (const backward of [0xffffffff, 0x7fffffff, 0]) {
    const lying = Buffer.from(honest);
    lying.writeUInt32LE(backward, lying.length - 8);
    writeFileSync(path, lying);
    assert.equal(await readXzIndexOf(path), undefined);
  }
});
