// .gz of many members, as bgzip makes them and as `cat` does: the next begins anywhere in a chunk.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { scratchFolder } from '../../native/scratch.js';
import { decoded, image, mebibyte, noise, piped } from './support.js';

const gzip = (bytes: Uint8Array, ...args: readonly string[]): Buffer => piped('gzip', ['-c', ...args], bytes);

test('members that end anywhere in a chunk are followed by the next one', async (t) => {
  const [first, second] = [gzip(image.subarray(0, 50_000)), gzip(image.subarray(50_000))];
  for (let takenBytes = first.length - 12; takenBytes <= first.length + 20; takenBytes++) {
    const plain = await decoded(t, Buffer.concat([first, second]), 'zlib', { source: 'stream', takenBytes });
    assert.ok(plain.equals(image), `${takenBytes - first.length} bytes from the end of the first member`);
  }
});

test('many members, and empty ones among them, are one image', async (t) => {
  const plain = noise(2 * mebibyte, 9);
  const members = Array.from({ length: 64 }, (_, index) =>
    gzipSync(plain.subarray(index * 32_768, (index + 1) * 32_768)),
  );
  const encoded = Buffer.concat(members.flatMap((member) => [member, gzipSync('')]));
  for (const source of ['file', 'stream'] as const)
    assert.ok((await decoded(t, encoded, 'zlib', { source })).equals(plain), source);
});

test('a member may carry its file’s name, and be packed in any way', async (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'a name.img'), image);
  for (const level of ['-1', '-9'])
    assert.ok(
      (await decoded(t, execFileSync('gzip', ['-cN', level, 'a name.img'], { cwd: folder }), 'zlib')).equals(image),
    );
  assert.ok((await decoded(t, gzipSync(image, { level: 0 }), 'zlib')).equals(image), 'stored');
});
