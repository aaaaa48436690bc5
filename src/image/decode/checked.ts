// Holds decoded bytes to what an archive says of them.

import { crc32 } from 'node:zlib';
import { corruptImage } from './corrupt.js';

export interface Promised {
  readonly sizeBytes?: number | undefined;
  readonly crc32?: number | undefined;
}

/**
 * The chunks as they are.
 * @throws PiburnError `IMAGE_CORRUPT`, at once where they are too many, else at their end.
 */
export async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  promised: Promised,
  name: string,
): AsyncGenerator<Uint8Array> {
  let came = 0;
  let checksum = 0;
  for await (const chunk of chunks) {
    came += chunk.length;
    if (came > (promised.sizeBytes ?? came)) throw wrongSize(name, promised.sizeBytes, `at least ${came}`);
    if (promised.crc32 !== undefined) checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (came !== (promised.sizeBytes ?? came)) throw wrongSize(name, promised.sizeBytes, `${came}`);
  if (checksum !== (promised.crc32 ?? checksum))
    throw corruptImage(name, 'its checksum is another one than that of its bytes');
}

const wrongSize = (name: string, promisedBytes: number | undefined, came: string) =>
  corruptImage(name, `${promisedBytes} bytes were promised, ${came} came`);
