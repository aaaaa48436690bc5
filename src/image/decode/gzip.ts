// .gz by Node's zlib: one member or many (RFC 1952), each with its checksum; zeros may pad the end.

import { createGunzip } from 'node:zlib';
import { given } from '../../given.js';
import { chunkBytes, type Encoded, Feed } from './encoded.js';
import { engineChunkBytes, throughEngine } from './engine.js';

export function decodeByZlib(encoded: Encoded, seen?: (bytes: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  const feed = new Feed(encoded, { buffer: Buffer.allocUnsafe(chunkBytes), ...given({ seen }) });
  return throughEngine(feed.bytes(), createGunzip({ chunkSize: engineChunkBytes }), encoded.name, (feeding) =>
    feed.end(feeding),
  );
}
