// How an .xz was made: blocks and streams that can be decoded side by side.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Reads the indexes of an .xz; rejects when they are damaged. */
export async function xzBlocks(path: string): Promise<{ streams: number; blocks: number }> {
  const lzma: typeof import('lzma-native') = createRequire(import.meta.url)('lzma-native');
  const descriptor = openSync(path, 'r');
  const read = (count: number, offset: number, done: (error: Error | null, bytes?: Buffer) => void): void => {
    const bytes = Buffer.alloc(count);
    const got = readSync(descriptor, bytes, 0, count, offset);
    if (got < count) done(new Error('unexpected end of file'));
    else done(null, bytes);
  };
  try {
    return await new Promise((resolve, reject) => {
      lzma.parseFileIndex({ fileSize: fstatSync(descriptor).size, read } as never, (error: Error | null, info) => {
        if (error || info === undefined) reject(error ?? new Error('no index'));
        else resolve({ streams: info.streams, blocks: info.blocks });
      });
    });
  } finally {
    closeSync(descriptor);
  }
}
