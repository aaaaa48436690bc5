// Where the program for a format is not installed: the next best, or an error that names the package.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { chooseDecoder } from '../../../src/image/decode/index.js';
import { hasNodeZstd } from '../../../src/image/decode/zstd.js';
import { decodedSize } from '../../../src/image/decoded-size.js';
import { scratchFolder } from '../../native/scratch.js';
import { failsWith, opened } from './support.js';

test('without any program there are errors that say what to install', async (t) => {
  const path = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = path;
  });
  const folder = scratchFolder(t);
  chmodSync(folder, 0o755); // decoders run as nobody
  process.env['PATH'] = folder;
  const missing = (words: RegExp, hint: RegExp) => (error: unknown) => {
    failsWith('DECODER_MISSING', words)(error);
    assert.match(String((error as { failure?: { hint?: string } }).failure?.hint), hint);
    return true;
  };
  await assert.rejects(chooseDecoder('bzip2', 'auto'), missing(/no lbzip2 or bzip2/, /apt-get install lbzip2/));
  await assert.rejects(chooseDecoder('7z', 'auto'), missing(/no 7-Zip/, /apt-get install 7zip/));
  await opened(t, Buffer.from('7z'), async ({ descriptor }) => {
    await assert.rejects(decodedSize(descriptor, '7z', 2, 'x.7z'), missing(/no 7-Zip/, /apt-get install 7zip/));
  });
  if (hasNodeZstd()) assert.equal(await chooseDecoder('zstd', 'auto'), 'zlib-zstd');
  else await assert.rejects(chooseDecoder('zstd', 'auto'), missing(/no zstd/, /apt-get install zstd/));
  for (const [format, decoder] of [
    ['raw', 'none'],
    ['gzip', 'zlib'],
    ['zip', 'yauzl'],
    ['android-sparse', 'android-sparse'],
  ] as const)
    assert.equal(await chooseDecoder(format, 'auto'), decoder);

  for (const [program, format] of [
    ['bzip2', 'bzip2'],
    ['lbzip2', 'bzip2'],
    ['7za', '7z'],
    ['7z', '7z'],
    ['7zz', '7z'],
    ['zstd', 'zstd'],
  ] as const) {
    writeFileSync(join(folder, program), '#!/bin/sh\n', { mode: 0o755 });
    assert.equal(await chooseDecoder(format, 'auto'), program);
  }
});
