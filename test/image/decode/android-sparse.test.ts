// Android sparse images: what Android's own programs make and read, and headers that lie.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { crc32 } from 'node:zlib';
import { scratchFolder } from '../../native/scratch.js';
import { chunkOf, headerOf, type SparseOptions, sparseOf, wordOf } from './sparse-writer.js';
import { decoded, failsWith, image, mebibyte } from './support.js';

const skip = spawnSync('simg2img').error === undefined ? false : 'needs simg2img and img2simg';

const shapes: readonly SparseOptions[] = [
  {},
  { blockBytes: 1024 },
  { blockBytes: 64 },
  { checksumChunk: false },
  { checksumHeader: true },
  { extraHeaderBytes: 20 },
];

test('what Android’s own program makes is read', { skip }, async (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'plain'), image);
  execFileSync('img2simg', ['plain', 'sparse', '1024'], { cwd: folder, stdio: 'pipe' });
  assert.ok((await decoded(t, readFileSync(join(folder, 'sparse')), 'android-sparse')).equals(image));
});

test('what these tests make, Android’s own program reads', { skip }, (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'sparse'), sparseOf(image));
  execFileSync('simg2img', ['sparse', 'plain'], { cwd: folder, stdio: 'pipe' });
  assert.ok(readFileSync(join(folder, 'plain')).equals(image));
});

test('blocks and headers of every size are read', async (t) => {
  for (const shape of shapes) {
    const plain = await decoded(t, sparseOf(image, shape), 'android-sparse', { source: 'stream' });
    assert.ok(plain.equals(image), JSON.stringify(shape));
  }
});

test('a checksum is held against the bytes, in the header and in a chunk anywhere', async (t) => {
  const content = Buffer.alloc(512, 'data');
  const of = (header: number, between: number, end: number) =>
    Buffer.concat([
      headerOf({ blockBytes: 512, blocks: 3, chunks: 5, checksum: header }),
      chunkOf(0xcac1, 1, content),
      chunkOf(0xcac4, 0, wordOf(between)),
      chunkOf(0xcac3, 1, Buffer.alloc(0)),
      chunkOf(0xcac2, 1, Buffer.from('fill')),
      chunkOf(0xcac4, 0, wordOf(end)),
    ]);
  const plain = Buffer.concat([content, Buffer.alloc(512), Buffer.alloc(512, 'fill')]);
  const [half, whole] = [crc32(content), crc32(plain)];
  for (const header of [0, whole])
    assert.ok((await decoded(t, of(header, half, whole), 'android-sparse')).equals(plain), `${header}`);
  for (const wrong of [of(1, half, whole), of(0, half + 1, whole), of(0, half, whole + 1)])
    await assert.rejects(decoded(t, wrong, 'android-sparse'), failsWith('IMAGE_CORRUPT', /checksum/));
});

test('headers that make no sense are errors', async (t) => {
  const block = Buffer.alloc(512, 1);
  const raw = chunkOf(0xcac1, 1, block);
  const good = { blockBytes: 512, blocks: 1, chunks: 1 };
  const lies: readonly (readonly [what: string, header: Parameters<typeof headerOf>[0], chunks: readonly Buffer[]])[] =
    [
      ['another version', { ...good, major: 2 }, [raw]],
      ['no room for its own header', { ...good, headerBytes: 20 }, [raw]],
      ['no room for the header of a chunk', { ...good, chunkHeaderBytes: 8 }, [raw]],
      ['a header beyond reason', { ...good, headerBytes: 60_000 }, [raw]],
      ['blocks of nothing', { ...good, blockBytes: 0 }, [raw]],
      ['blocks of odd size', { ...good, blockBytes: 510 }, [raw]],
      ['more blocks than promised', { ...good, blocks: 0 }, [raw]],
      ['fewer blocks than promised', { ...good, blocks: 2 }, [raw]],
      ['fewer chunks than promised', { ...good, chunks: 2, blocks: 2 }, [raw]],
      ['more chunks than promised', { ...good, chunks: 0, blocks: 0 }, [raw]],
      ['an unknown chunk', good, [chunkOf(0xcac5, 1, block)]],
      ['a raw chunk that says it is longer', good, [chunkOf(0xcac1, 1, block, 0, 12 + 1024)]],
      ['a raw chunk that says it is shorter', good, [chunkOf(0xcac1, 1, block, 0, 12)]],
      ['a fill without a word', good, [chunkOf(0xcac2, 1, Buffer.alloc(0))]],
      ['a hole with content', good, [chunkOf(0xcac3, 1, block)]],
      ['a checksum that counts as a block', good, [chunkOf(0xcac4, 1, wordOf(0))]],
      ['four billion blocks', { ...good, blocks: 5 }, [chunkOf(0xcac3, 0xffffffff, Buffer.alloc(0))]],
    ];
  for (const [what, header, chunks] of lies) {
    const attempt = decoded(t, Buffer.concat([headerOf(header), ...chunks]), 'android-sparse');
    await assert.rejects(attempt, failsWith('IMAGE_CORRUPT'), what);
  }
  const whole = Buffer.concat([headerOf(good), raw]);
  assert.ok((await decoded(t, whole, 'android-sparse')).equals(block), 'the same without a lie');
});

test('a hole larger than memory is handed out in small pieces', async (t) => {
  const bytes = Buffer.concat([
    headerOf({ blockBytes: 4096, blocks: 16_384, chunks: 1 }),
    chunkOf(0xcac3, 16_384, Buffer.alloc(0)),
  ]);
  assert.equal((await decoded(t, bytes, 'android-sparse')).length, 64 * mebibyte);
});
