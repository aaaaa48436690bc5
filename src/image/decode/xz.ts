// .xz: by the system's xz where that is new enough to use all cores, else by lzma-native, which always works.

import { createRequire } from 'node:module';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from '../../exec.js';
import { given } from '../../given.js';
import { segmentBytesMax } from '../segment-table.js';
import { corruptImage } from './corrupt.js';
import { type Encoded, Feed } from './encoded.js';
import { memoryShareBytes } from './memory.js';
import { asNobody } from './nobody.js';
import { decodeByProgram } from './program.js';

/** First xz whose decoder uses several threads, and keeps to a memory limit by using fewer. */
const xzVersionNeeded = [5, 4] as const;

export async function hasNewXz(): Promise<boolean> {
  const said = await run('xz', ['--version'], given({ as: asNobody() }));
  const version = /\b(\d+)\.(\d+)/.exec(said?.stdout ?? '');
  if (version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > xzVersionNeeded[0] || (major === xzVersionNeeded[0] && minor >= xzVersionNeeded[1]);
}

export const xzArgs = () => [
  '--decompress',
  '--stdout',
  '--threads=0',
  `--memlimit-mt-decompress=${memoryShareBytes()}`,
];
export const killedHint = 'perhaps the memory ran out: close other programs, or try --decoder=lzma-native';

export const decodeByXz = (encoded: Encoded, seen?: (bytes: Uint8Array) => void): AsyncGenerator<Uint8Array> =>
  decodeByProgram(encoded, { program: 'xz', args: xzArgs(), killedHint }, seen);

/**
 * lzma-native on this thread's event loop. It emits `error` and then `end`, so only an error seen by the pipeline
 * counts; it decodes several streams one after another, but has no word for a file that ends within one: `flush` has.
 */
export async function* decodeByLzmaNative(
  encoded: Encoded,
  seen?: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const lzma: typeof import('lzma-native') = createRequire(import.meta.url)('lzma-native');
  const decoded = new PassThrough({ highWaterMark: segmentBytesMax });
  const decoder = lzma.createStream('streamDecoder');
  const feed = new Feed(encoded, seen === undefined ? {} : { seen });
  const done = pipeline(Readable.from(withFootersWhole(feed.bytes()), { objectMode: false }), decoder, decoded);
  done.catch(() => undefined);
  try {
    yield* decoded.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    await done;
  } catch (error) {
    feed.check();
    throw corruptImage(encoded.name, lzmaWords(error));
  } finally {
    // Losing its thread while it works, it would take the process with it: it is fed no more, and brought to its end.
    decoded.resume();
    const ended = done.catch(() => undefined);
    await feed.end(ended);
    await ended;
  }
}

/** LZMA_BUF_ERROR, `No progress is possible`, is what liblzma has for an end that comes too early. */
function lzmaWords(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words === 'No progress is possible' ? 'Unexpected end of input' : words;
}

/**
 * lzma-native knows the end of a stream by its last two bytes, `YZ`, and drops what follows in a chunk that begins with
 * the `Z`: no chunk may end between them.
 */
async function* withFootersWhole(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const end = bytes.at(-1) === 0x59 ? bytes.length - 1 : bytes.length;
    held = Buffer.from(bytes.subarray(end));
    yield* pieces(bytes.subarray(0, end));
  }
  if (held.length > 0) yield held;
}

const pieceBytes = 16 * 1024;

/** What is fed at once is decoded to its end, even after a limit or Ctrl-C, and 16 KiB may be 100 MB of zeros. */
function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    let end = Math.min(start + pieceBytes, bytes.length);
    if (bytes[end - 1] === 0x59 && bytes[end] === 0x5a) end--;
    yield bytes.subarray(start, end);
    start = end;
  }
}
