// XXH3-128, the digest of every segment: fast enough to be free beside a card, and long enough to trust.

import xxhash from 'xxhash-addon';

/** The digest of some bytes: 16 bytes. */
export const digestOf = (bytes: Uint8Array): Uint8Array =>
  xxhash.XXHash128.hash(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
