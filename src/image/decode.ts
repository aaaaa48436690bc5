// Decoders: from an opened source to a stream of the image's bytes. An .xz is read by the system's xz where that is
// new enough to use all cores, else by lzma-native, which always works; both end with the same bytes or an error.

import { read, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errnoOf, failure, interruption, type PiburnError } from '../errors.js';
import { run, start } from '../exec.js';
import { segmentBytesMax } from './segment-table.js';
import type { ImageFormat } from './sniff.js';
import { corruptXz } from './source.js';

/** `none`: the bytes are the image already. */
export type Decoder = 'none' | 'xz' | 'lzma-native';

const chunkBytes = 512 * 1024;

/** What a decoder reads: the source's descriptor, and the bytes that were already taken from a stream. */
export interface Encoded {
  readonly name: string;
  readonly descriptor: number;
  /** Undefined for a file, which is read from its beginning. */
  readonly taken?: Uint8Array;
}

/** First xz whose decoder uses several threads, and keeps to a memory limit by using fewer. */
const xzVersionNeeded = [5, 4] as const;

/** The decoder for a format: the wish, if one is given, else the fastest that is there. */
export async function chooseDecoder(format: ImageFormat, wish: 'auto' | 'xz' | 'lzma-native'): Promise<Decoder> {
  if (format === 'raw') return 'none';
  if (wish === 'lzma-native') return 'lzma-native';
  if (await hasNewXz()) return 'xz';
  if (wish === 'auto') return 'lzma-native';
  throw failure('DECODER_MISSING', 'there is no xz of version 5.4 or newer on this machine', {
    hint: 'install xz-utils, or leave out --decoder',
  });
}

async function hasNewXz(): Promise<boolean> {
  const version = /\b(\d+)\.(\d+)/.exec((await run('xz', ['--version']))?.stdout ?? '');
  if (version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > xzVersionNeeded[0] || (major === xzVersionNeeded[0] && minor >= xzVersionNeeded[1]);
}

/** The decoded bytes. Breaking off the iteration ends the decoder. */
export function decode(encoded: Encoded, decoder: Decoder): AsyncIterable<Uint8Array> {
  if (decoder === 'xz') return decodeByXz(encoded);
  if (decoder === 'lzma-native') return decodeByLzmaNative(encoded);
  return encodedBytes(encoded, Buffer.allocUnsafe(chunkBytes));
}

/**
 * The encoded bytes. No file stream of Node: destroyed by a decoder that gives up, it would close the descriptor, which
 * is the source's. EAGAIN: standard input may be non-blocking, and nothing is there yet.
 * With a `buffer` every chunk lies in it, and is gone when the next is asked for.
 */
async function* encodedBytes({ descriptor, taken }: Encoded, buffer?: Buffer): AsyncGenerator<Buffer> {
  if (taken !== undefined) yield Buffer.from(taken);
  for (let offsetBytes = 0; ; ) {
    const chunk = buffer ?? Buffer.allocUnsafe(chunkBytes);
    const got = await readSome(descriptor, chunk, taken === undefined ? offsetBytes : null);
    if (got === 0) return;
    if (got !== undefined) yield chunk.subarray(0, got);
    else await setTimeout(2);
    offsetBytes += got ?? 0;
  }
}

const readAsync = promisify(read);

async function readSome(descriptor: number, into: Buffer, position: number | null): Promise<number | undefined> {
  try {
    return (await readAsync(descriptor, into, 0, into.length, position)).bytesRead;
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return undefined;
    throw error;
  }
}

async function* decodeByXz(encoded: Encoded): AsyncGenerator<Uint8Array> {
  const args = ['--decompress', '--stdout', '--threads=0', `--memlimit-mt-decompress=${memoryShareBytes()}`];
  const xz = start('xz', args);
  // An xz that stops early closes the pipe under us; its exit code tells why, so that error is not ours to report.
  const feeding = pipeline(encodedBytes(encoded), xz.stdin).catch(() => undefined);
  try {
    yield* xz.stdout;
    await feeding;
    const { exitCode, signal, stderr } = await xz.ended;
    if (signal !== undefined) throw stoppedBy(signal, encoded.name);
    if (exitCode !== 0) throw corruptXz(encoded.name, xzWords(stderr));
  } finally {
    xz.kill();
  }
}

/** A terminal's Ctrl-C reaches xz as well, and before us. Whatever else ends it says nothing about the image. */
function stoppedBy(signal: string, name: string): PiburnError {
  if (['SIGINT', 'SIGTERM', 'SIGHUP'].includes(signal)) return interruption(`reading ${name} was interrupted`);
  return failure('DECODER_KILLED', `xz was ended by ${signal} while it decoded ${name}`, {
    hint: 'perhaps the memory ran out: close other programs, or try --decoder=lzma-native',
  });
}

/** `xz: (stdin): Compressed data is corrupt` without what a person does not need. */
const xzWords = (stderr: string): string => stderr.trim().replace(/^xz: (\(stdin\): )?/, '') || 'xz gave up';

/**
 * lzma-native on this thread's event loop. It emits `error` and then `end`, so only an error seen by the pipeline
 * counts; it decodes several streams one after another, but has no word for a file that ends within one: `flush` has.
 */
async function* decodeByLzmaNative(encoded: Encoded): AsyncGenerator<Uint8Array> {
  const lzma: typeof import('lzma-native') = createRequire(import.meta.url)('lzma-native');
  const decoded = new PassThrough({ highWaterMark: segmentBytesMax });
  const decoder = lzma.createStream('streamDecoder');
  let stopped = false;
  const source = Readable.from(withFootersWhole(until(() => stopped, encodedBytes(encoded))), { objectMode: false });
  const done = pipeline(source, decoder, decoded);
  done.catch(() => undefined);
  try {
    yield* decoded.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    await done;
  } catch (error) {
    throw corruptXz(encoded.name, lzmaWords(error));
  } finally {
    // Losing its thread while it works, it would take the process with it: it is fed no more, and brought to its end.
    stopped = true;
    decoded.resume();
    await done.catch(() => undefined);
  }
}

async function* until(stopped: () => boolean, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (stopped()) return;
    yield chunk;
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
    if (end > 0) yield bytes.subarray(0, end);
  }
  if (held.length > 0) yield held;
}

/** A quarter of the memory that is available now, at least 64 MiB: what a decoder may use. */
function memoryShareBytes(): number {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
  return Math.max(64 * 1024 * 1024, Math.floor((Number(available?.[1] ?? 0) * 1024) / 4));
}
