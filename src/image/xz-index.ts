// The index at the end of an .xz: how large its content is, and in how many blocks and streams, which can be decoded side
// by side.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';

export interface XzIndex {
  /** Of the decoded content. */
  readonly imageBytes: number;
  readonly streams: number;
  readonly blocks: number;
}

/** Reads the indexes of all streams; undefined when one is missing or damaged. */
export async function readXzIndex(descriptor: number, fileBytes: number): Promise<XzIndex | undefined> {
  const lzma: typeof import('lzma-native') = createRequire(import.meta.url)('lzma-native');
  const read = (count: number, offset: number, done: (error: Error | null, bytes?: Buffer) => void): void => {
    const bytes = Buffer.alloc(count);
    if (readSync(descriptor, bytes, 0, count, offset) < count) done(new Error('unexpected end of file'));
    else done(null, bytes);
  };
  return new Promise((resolve) => {
    lzma.parseFileIndex({ fileSize: fileBytes, read } as never, (error: Error | null, info) => {
      if (error || info === undefined) resolve(undefined);
      else resolve({ imageBytes: info.uncompressedSize, streams: info.streams, blocks: info.blocks });
    });
  });
}

/** The same for a file by its path. Rejects when it cannot be opened. */
export async function readXzIndexOf(path: string): Promise<XzIndex | undefined> {
  const descriptor = openSync(path, 'r');
  try {
    return await readXzIndex(descriptor, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}
