// Drives one of Node's decompressing streams (zlib, zstd): one chunk in flight, an exact account of what it consumed,
// a clean end whenever it ends. Neither `pipeline` nor `pipe` gives that: an engine that has its end drops what follows.

import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { corruptImage } from './corrupt.js';

/** Node's decompressing streams: `bytesWritten` counts what the engine has consumed. */
export interface Engine extends Transform {
  readonly bytesWritten: number;
}

/** Output of each step of an engine; its default of 16 KiB costs half the speed. */
export const engineChunkBytes = 256 * 1024;

/**
 * The output of an engine that is fed with `chunks`, which may share one buffer. `endOfFeeding` is how to
 * bring the feeding to its end where the engine was given up before.
 * @throws PiburnError `IMAGE_CORRUPT`: the engine found damage, or anything but zeros lies behind its end.
 */
export async function* throughEngine(
  chunks: AsyncIterable<Buffer>,
  engine: Engine,
  name: string,
  endOfFeeding: (feeding: Promise<unknown>) => Promise<unknown> = (feeding) => feeding,
): AsyncGenerator<Uint8Array> {
  let trouble: unknown;
  let isFed = false;
  const feeding = feed(chunks, engine, name).catch((error) => {
    trouble = error;
    engine.destroy(error);
  });
  try {
    yield* engine as AsyncIterable<Uint8Array>;
    await feeding;
    isFed = true;
    // An engine that was at its end already had no use for the error.
    if (trouble !== undefined) throw trouble;
  } catch (error) {
    throw isDamage(error) ? corruptImage(name, wordsOf(error)) : error;
  } finally {
    engine.destroy();
    if (!isFed) await endOfFeeding(feeding);
  }
}

/** Rejects for what is wrong with the chunks; what is wrong inside the engine, its reader sees. */
async function feed(chunks: AsyncIterable<Buffer>, engine: Engine, name: string): Promise<void> {
  let wake = (): void => undefined;
  // An engine that fails need not call back: its closing ends the wait as well.
  void once(engine, 'close')
    .catch(() => undefined)
    .then(() => wake());
  // An engine whose end was read is destroyed as well, and what lies behind its end is still to be looked at.
  const isBrokenOff = (): boolean => engine.destroyed && !engine.readableEnded;
  let fedBytes = 0;
  for await (const chunk of chunks) {
    if (isBrokenOff()) return;
    if (fedBytes === engine.bytesWritten && !engine.destroyed)
      await new Promise<void>((resolve) => {
        wake = resolve;
        engine.write(chunk, () => resolve());
      });
    if (isBrokenOff()) return;
    fedBytes += chunk.length;
    const unreadBytes = Math.min(chunk.length, fedBytes - engine.bytesWritten);
    if (!isZeros(chunk.subarray(chunk.length - unreadBytes)))
      throw corruptImage(name, 'there is something else behind the end of its data');
  }
  if (!engine.destroyed) engine.end();
}

const isZeros = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

const damage = ['Z_DATA_ERROR', 'Z_BUF_ERROR', 'Z_NEED_DICT', 'Z_STREAM_ERROR'];

const isDamage = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && 'code' in error && (damage.includes(`${error.code}`) || /^ZSTD_/.test(`${error.code}`));

const wordsOf = ({ code, message }: Error & { readonly code: string }): string =>
  code === 'Z_BUF_ERROR' ? 'Unexpected end of input' : message;
