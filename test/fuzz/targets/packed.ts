// Archives and packed images: how large they say that they are, and what comes out of them, which never is more than the
// limit.

import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Decoder, decode } from '../../../src/image/decode/index.js';
import { decodedSize } from '../../../src/image/decoded-size.js';
import type { ImageFormat } from '../../../src/image/sniff.js';
import { attemptAsync } from './judge.js';
import type { Target } from './target.js';

const limitBytes = 2 * 1024 * 1024;
const longestChunkBytes = 1024 * 1024;

export const androidSparse = packed('sparse', 'android-sparse', 'android-sparse');
export const zip = packed('zip', 'zip', 'yauzl');
export const gzip = packed('gzip', 'gzip', 'zlib');
export const xz = packed('xz', 'xz', 'lzma-native');
/** Its frames are ours to read; what is in them, a program's. */
export const zstd = packed('zstd', 'zstd');

function packed(name: string, format: ImageFormat, decoder?: Decoder): Target {
  return {
    name,
    isText: false,
    run: (bytes) =>
      inFile(bytes, async (descriptor) => {
        const size = await attemptAsync(() => decodedSize(descriptor, format, bytes.length, 'image'));
        assert.ok(size === undefined || size >= 0, `${size} bytes`);
        if (decoder !== undefined) await attemptAsync(() => unpack(descriptor, decoder));
      }),
  };
}

async function unpack(descriptor: number, decoder: Decoder): Promise<void> {
  let cameBytes = 0;
  for await (const chunk of decode({ name: 'image', descriptor, limitBytes }, decoder)) {
    cameBytes += chunk.length;
    assert.ok(chunk.length <= longestChunkBytes && cameBytes <= limitBytes, `${chunk.length} of ${cameBytes} bytes`);
  }
}

async function inFile(bytes: Buffer, work: (descriptor: number) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'piburn-fuzz-'));
  const path = join(folder, 'image');
  writeFileSync(path, bytes);
  const descriptor = openSync(path, 'r');
  try {
    await work(descriptor);
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
}
