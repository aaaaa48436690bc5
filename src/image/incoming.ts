// The windows of an image on their way in, by the shortest way: a raw file is read where it lies, xz writes into the spool
// itself, and everything else comes as a stream, which the caller has to keep.

import type { Encoded } from './decode/encoded.js';
import { type Decoder, decode } from './decode/index.js';
import { unpacksTooLarge } from './decode/limit.js';
import { decodeByXzIntoFile } from './decode/xz-into-file.js';
import { checkRoom } from './room.js';
import { type Window, type WindowBuffers, windowsOf, windowsOfFile } from './windows.js';

export interface Coming {
  readonly encoded: Encoded;
  readonly decoder: Decoder;
  /** Undefined: the source is the image itself. */
  readonly spoolPath?: string;
  readonly promisedBytes?: number;
}

export interface Incoming {
  readonly windows: AsyncIterable<Window>;
  /** The windows can be read back from the image's file already. */
  readonly areKept: boolean;
}

/** Room in the store is looked at whenever so much more has come. */
export const roomEveryBytes = 64 * 1024 * 1024;

/**
 * `image`: the descriptor from which decoded bytes can be read back; `isCancelled` is asked while there is no window yet;
 * `seen` gets every encoded byte.
 */
export function incoming(
  coming: Coming,
  image: number,
  buffers: WindowBuffers,
  isCancelled: () => boolean,
  seen: (bytes: Uint8Array) => void,
): Incoming {
  const { encoded, decoder, spoolPath, promisedBytes } = coming;
  const { name, limitBytes } = encoded;
  if (decoder === 'none' && spoolPath === undefined && lies(encoded)) {
    const windows = windowsOfFile(encoded, [Number.POSITIVE_INFINITY], buffers);
    return { windows: limitBytes === undefined ? windows : withinLimit(windows, limitBytes, name), areKept: true };
  }
  if (decoder === 'xz' && spoolPath !== undefined && promisedBytes !== undefined) {
    const sizes = decodeByXzIntoFile(encoded, { path: spoolPath, descriptor: image, promisedBytes }, seen);
    const file = { name, descriptor: image };
    return { windows: windowsOfFile(file, whileThereIsRoom(sizes, spoolPath, isCancelled), buffers), areKept: true };
  }
  return { windows: windowsOf(decode(encoded, decoder, seen), buffers), areKept: false };
}

/** A file that is there as a whole. */
const lies = ({ taken, growth }: Encoded): boolean => taken === undefined && growth === undefined;

/** A raw file is its own image, and needs no unpacking to be too large. */
async function* withinLimit(windows: AsyncIterable<Window>, limitBytes: number, name: string): AsyncGenerator<Window> {
  for await (const window of windows) {
    if (window.offsetBytes + window.bytes.length > limitBytes) throw unpacksTooLarge(name, limitBytes);
    yield window;
  }
}

/** Ends when it is cancelled, too: xz may be slow, and a window a long time off. */
async function* whileThereIsRoom(
  sizes: AsyncIterable<number>,
  path: string,
  isCancelled: () => boolean,
): AsyncGenerator<number> {
  let lookAtBytes = 0;
  for await (const sizeBytes of sizes) {
    if (isCancelled()) return;
    if (sizeBytes >= lookAtBytes) {
      checkRoom(path);
      lookAtBytes = sizeBytes + roomEveryBytes;
    }
    yield sizeBytes;
  }
}
