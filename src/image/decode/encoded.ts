// The encoded bytes of an image, in order: from a file, from a stream whose beginning was looked at already, or from a
// file that is still being downloaded.

import { read } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errnoOf, failure, type PiburnError } from '../../errors.js';
import { Growth } from '../growth.js';
import { corruptImage } from './corrupt.js';

/** What a decoder reads. */
export interface Encoded {
  /** For messages. */
  readonly name: string;
  /** Owned by the source: decoders never close it. */
  readonly descriptor: number;
  /** Bytes that were already taken from a stream; undefined for a file, which is read by position from its beginning. */
  readonly taken?: Uint8Array;
  /** The memory of a `Growth`: the file is still being downloaded. */
  readonly growth?: SharedArrayBuffer;
  /** The decoded image may not be longer. */
  readonly limitBytes?: number;
}

export interface EncodedOptions {
  /** Every chunk lies in it, and is gone when the next is asked for. */
  readonly buffer?: Buffer;
  /** Gets every chunk before it is handed out; valid during the call. */
  readonly seen?: (bytes: Uint8Array) => void;
  /** Asked before and after each wait: true ends the bytes early. */
  readonly stopped?: () => boolean;
}

export const chunkBytes = 512 * 1024;
const lookAgainMs = 10;

/**
 * Every encoded byte once, in chunks of at most 512 KiB. No file stream of Node: destroyed by a decoder that gives up,
 * it would close the descriptor.
 * @throws PiburnError `DOWNLOAD_FAILED`; an errno name where the source cannot be read.
 */
export async function* encodedBytes(encoded: Encoded, options: EncodedOptions = {}): AsyncGenerator<Buffer> {
  const { seen, stopped = () => false } = options;
  if (encoded.taken !== undefined && encoded.taken.length > 0) {
    seen?.(encoded.taken);
    yield Buffer.from(encoded.taken);
  }
  for (let offsetBytes = 0; !stopped(); ) {
    const availableBytes = await growthBeyond(encoded, offsetBytes, stopped);
    const wanted = Math.min(options.buffer?.length ?? chunkBytes, availableBytes - offsetBytes);
    if (wanted <= 0 || stopped()) return;
    const chunk = options.buffer?.subarray(0, wanted) ?? Buffer.allocUnsafe(wanted);
    const got = await readNext(encoded, chunk, offsetBytes, stopped);
    if (got === 0 && encoded.growth !== undefined && !stopped())
      throw corruptImage(encoded.name, 'it became shorter while it was read');
    if (got === 0 || stopped()) return;
    seen?.(chunk.subarray(0, got));
    yield chunk.subarray(0, got);
    offsetBytes += got;
  }
}

/** How much of the file may be read, once there is more than `offsetBytes`; no more than that: nothing will come. */
async function growthBeyond(encoded: Encoded, offsetBytes: number, stopped: () => boolean): Promise<number> {
  if (encoded.growth === undefined) return Number.POSITIVE_INFINITY;
  const growth = new Growth(encoded.growth);
  for (;;) {
    // The state is read first: bytes that came before the end are counted after it.
    const state = growth.state;
    const { availableBytes } = growth;
    if (state === 'failed') throw downloadFailed(encoded.name);
    if (state === 'complete' || availableBytes > offsetBytes || stopped()) return availableBytes;
    await setTimeout(lookAgainMs);
  }
}

/** EAGAIN: standard input may be non-blocking, and nothing is there yet. */
async function readNext(
  { name, descriptor, taken }: Encoded,
  into: Buffer,
  offsetBytes: number,
  stopped: () => boolean,
): Promise<number> {
  while (!stopped()) {
    try {
      return (await readAsync(descriptor, into, 0, into.length, taken === undefined ? offsetBytes : null)).bytesRead;
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw unreadable(name, offsetBytes, error);
      await setTimeout(2);
    }
  }
  return 0;
}

const readAsync = promisify(read);

/** `lengthBytes` of a file from `offsetBytes` on, through one buffer; fewer where the file ends. */
export async function* rangeBytes(
  { name, descriptor }: Encoded,
  offsetBytes: number,
  lengthBytes: number,
): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(lengthBytes, 1)));
  for (let done = 0; done < lengthBytes; ) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, lengthBytes - done));
    const got = await readNext({ name, descriptor }, chunk, offsetBytes + done, () => false);
    if (got === 0) return;
    yield chunk.subarray(0, got);
    done += got;
  }
}

/**
 * Waits until a file is there from end to end, as an archive must be.
 * @throws PiburnError `DOWNLOAD_FAILED`, `IMAGE_STREAM` (a stream has no end to begin at).
 */
export async function untilWhole({ name, taken, growth }: Encoded): Promise<void> {
  if (taken !== undefined)
    throw failure('IMAGE_STREAM', `${name} is an archive that is read from its end, so it cannot come from a stream`, {
      hint: 'save it to a file first',
    });
  if (growth !== undefined && (await new Growth(growth).ended()) === 'failed') throw downloadFailed(name);
}

const downloadFailed = (name: string): PiburnError =>
  failure('DOWNLOAD_FAILED', `the download of ${name} failed`, { hint: 'try again: what has come is kept' });

export const unreadable = (name: string, offsetBytes: number, error: unknown): PiburnError =>
  failure(
    errnoOf(error) ?? 'IMAGE_UNREADABLE',
    `${name} cannot be read at byte ${offsetBytes} (${errnoOf(error) ?? String(error)})`,
    { offsetBytes, hint: 'check the disk that holds it' },
    error,
  );

/**
 * The encoded bytes for a decoder that takes them at its own pace and may give up before their end: it can be told to
 * stop, and knows afterwards whether the bytes themselves were the trouble.
 */
export class Feed {
  readonly #encoded: Encoded;
  readonly #options: EncodedOptions;
  #stopped = false;
  #isWhole = false;
  #error: unknown;

  constructor(encoded: Encoded, options: EncodedOptions) {
    this.#encoded = encoded;
    this.#options = options;
  }

  async *bytes(): AsyncGenerator<Buffer> {
    try {
      yield* encodedBytes(this.#encoded, { ...this.#options, stopped: () => this.#stopped });
      this.#isWhole = !this.#stopped;
    } catch (error) {
      this.#error = error;
      throw error;
    }
  }

  /**
   * Ends the bytes and waits for whoever reads them, so that nothing is read any more when the source is closed. A
   * stream may have nothing to give for hours: there the reading ends by itself.
   */
  async end(reading: Promise<unknown>): Promise<void> {
    this.#stopped = true;
    if (this.#encoded.taken === undefined) await reading;
  }

  /** Whether every byte was asked for. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whatever a decoder says of bytes that ended in an error is a consequence: the error comes first. */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}
