// No image unpacks to more than it may: a small file can hold petabytes of zeros.

import { failure, type PiburnError } from '../../errors.js';
import { formatBytes } from '../../size-text.js';

/** @throws PiburnError `IMAGE_TOO_LARGE` before the chunk that goes beyond the limit. */
export async function* withinLimit(
  chunks: AsyncIterable<Uint8Array>,
  limitBytes: number,
  name: string,
): AsyncGenerator<Uint8Array> {
  let came = 0;
  for await (const chunk of chunks) {
    came += chunk.length;
    if (came > limitBytes) throw unpacksTooLarge(name, limitBytes);
    yield chunk;
  }
}

export const unpacksTooLarge = (name: string, limitBytes: number): PiburnError =>
  failure('IMAGE_TOO_LARGE', `${name} unpacks to more than ${formatBytes(limitBytes)}`, {
    hint: 'if it is what you want, allow more with --max-size',
  });
