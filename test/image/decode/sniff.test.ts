// What a file is, by its first bytes: as real programs write them, and for what is not read, with a command to unpack.

import assert from 'node:assert/strict';
import test from 'node:test';
import { needsWholeFile, sniff } from '../../../src/image/sniff.js';
import { failsWith, formsOf, image, skipForms } from './support.js';

const bytes = (...of: readonly (number | string)[]): Buffer =>
  Buffer.concat(of.map((each) => (typeof each === 'string' ? Buffer.from(each, 'latin1') : Buffer.from([each]))));

test('what real programs write is told apart', { skip: skipForms }, (t) => {
  for (const { format, encoded } of formsOf(t, image)) {
    assert.equal(sniff(encoded.subarray(0, 1024), 'x'), format);
    assert.equal(needsWholeFile(format), format === 'zip' || format === '7z');
  }
});

test('odd beginnings are what they are', () => {
  assert.equal(sniff(bytes('PK\x05\x06'), 'x'), 'zip', 'an empty archive');
  assert.equal(sniff(bytes('PK\x07\x08PK\x03\x04'), 'x'), 'zip', 'one of several parts');
  assert.equal(sniff(bytes('P*M\x18\x04\0\0\0abcd\x28\xb5\x2f\xfd'), 'x'), 'zstd', 'after what is skipped');
  assert.equal(sniff(bytes('_*M\x18\xff\xff\xff\xff'), 'x'), 'zstd', 'what is skipped goes on');
  assert.equal(sniff(bytes('P*M'), 'x'), 'raw');
  for (const raw of ['BZh0', 'BZ', 'PK', '7z', '\xfd7zXZ', 'x', 'RAR!', '\0'.repeat(1024)])
    assert.equal(sniff(bytes(raw), 'x'), 'raw', raw);
});

test('what is not read is named, with the command that unpacks it', () => {
  const others: readonly (readonly [head: Buffer, words: RegExp, hint: RegExp])[] = [
    [bytes('\x04\x22\x4d\x18'), /os is compressed with lz4/, /unlz4 os/],
    [bytes('\x02\x21\x4c\x18'), /lz4/, /unlz4/],
    [bytes('P*M\x18\x04\0\0\0abcd\x04\x22\x4d\x18'), /lz4/, /unlz4/],
    [bytes('\x5d\0\0\x80\0'), /lzma/, /unlzma --keep/],
    [bytes('LZIP\x01'), /lzip/, /lzip -dk/],
    [bytes('\x1f\x9d\x90'), /compressed with compress/, /uncompress/],
    [bytes('Rar!\x1a\x07\x01\0'), /a rar archive/, /unrar x/],
    [Buffer.concat([Buffer.alloc(257), bytes('ustar\0')]), /a tar archive/, /tar xf/],
  ];
  for (const [head, words, hint] of others)
    assert.throws(
      () => sniff(head, 'os'),
      (error) => {
        failsWith('IMAGE_COMPRESSED', words)(error);
        assert.match(String((error as { failure?: { hint?: string } }).failure?.hint), hint);
        return true;
      },
    );
  assert.throws(() => sniff(Buffer.alloc(0), 'os'), failsWith('IMAGE_EMPTY', /os is empty/));
});
