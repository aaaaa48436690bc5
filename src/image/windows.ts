// Brings an image into windows of 4 MiB, the unit in which it is spooled and cut: a stream of chunks of any length, or a
// file that holds the image, or will hold it.

import { readSync } from 'node:fs';
import { type Encoded, unreadable } from './decode/encoded.js';
import { segmentBytesMax } from './segment-table.js';

export interface Window {
  readonly offsetBytes: number;
  /** Valid until the next window is asked for. */
  readonly bytes: Buffer;
  readonly last: boolean;
}

/** Where windows come to lie, 4 MiB each. */
export interface WindowBuffers {
  /** The next one to be filled; asked for once before each window. */
  next(): Promise<Buffer>;
}

/** The windows of a stream; the last one is shorter, or empty when the image's size is a multiple of 4 MiB. */
export async function* windowsOf(chunks: AsyncIterable<Uint8Array>, buffers: WindowBuffers): AsyncGenerator<Window> {
  let buffer = await buffers.next();
  let offsetBytes = 0;
  let filled = 0;
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.length; ) {
      const part = chunk.subarray(taken, taken + buffer.length - filled);
      buffer.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled < buffer.length) continue;
      yield { offsetBytes, bytes: buffer, last: false };
      buffer = await buffers.next();
      offsetBytes += filled;
      filled = 0;
    }
  }
  yield { offsetBytes, bytes: buffer.subarray(0, filled), last: true };
}

/**
 * The windows of a file, each read when `availableBytes` says that it is there; behind the last word, whatever is left up
 * to there or to the end of the file. Not copied once more and not waited for by a promise, which a window is worth.
 * @throws PiburnError an errno name where the file cannot be read.
 */
export async function* windowsOfFile(
  file: Pick<Encoded, 'name' | 'descriptor'>,
  availableBytes: Iterable<number> | AsyncIterable<number>,
  buffers: WindowBuffers,
): AsyncGenerator<Window> {
  let offsetBytes = 0;
  let endBytes = 0;
  for await (endBytes of availableBytes)
    while (offsetBytes + segmentBytesMax <= endBytes) {
      const bytes = readWindow(file, await buffers.next(), offsetBytes);
      const last = bytes.length < segmentBytesMax;
      yield { offsetBytes, bytes, last };
      if (last) return;
      offsetBytes += bytes.length;
    }
  const rest = (await buffers.next()).subarray(0, Math.max(0, endBytes - offsetBytes));
  yield { offsetBytes, bytes: readWindow(file, rest, offsetBytes), last: true };
}

/** Fewer bytes where the file ends. */
function readWindow(file: Pick<Encoded, 'name' | 'descriptor'>, into: Buffer, offsetBytes: number): Buffer {
  let got = 0;
  try {
    while (got < into.length) {
      const count = readSync(file.descriptor, into, got, into.length - got, offsetBytes + got);
      if (count === 0) break;
      got += count;
    }
  } catch (error) {
    throw unreadable(file.name, offsetBytes + got, error);
  }
  return into.subarray(0, got);
}
