// Brings a stream of chunks of any length into windows of 4 MiB, the unit in which an image is spooled and cut.

import { segmentBytesMax } from './segment-table.js';

export interface Window {
  readonly offsetBytes: number;
  /** Valid until the next window is asked for. */
  readonly bytes: Buffer;
  readonly last: boolean;
}

/** The windows of a stream; the last one is shorter, or empty when the image's size is a multiple of 4 MiB. */
export async function* windowsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Window> {
  const buffer = Buffer.alloc(segmentBytesMax);
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
      offsetBytes += filled;
      filled = 0;
    }
  }
  yield { offsetBytes, bytes: buffer.subarray(0, filled), last: true };
}
