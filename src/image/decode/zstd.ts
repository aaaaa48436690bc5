// .zst: by the zstd program, or by Node's own zstd where Node has one (22.15). Node's stream ends at a frame that ends
// with a chunk, and takes a frame that is cut short for whole; so it is given one frame at a time, found by ourselves.

import * as zlib from 'node:zlib';
import { given } from '../../given.js';
import { ByteReader } from './byte-reader.js';
import { checked } from './checked.js';
import { corruptImage } from './corrupt.js';
import { chunkBytes, type Encoded, Feed } from './encoded.js';
import { type Engine, engineChunkBytes, throughEngine } from './engine.js';
import { memoryShareBytes, tooMuchMemory, usualWindowBytes } from './memory.js';
import { decodeByProgram } from './program.js';
import {
  blockHeaderBytes,
  type FrameHeader,
  frameHeaderBytesMax,
  parseBlockHeader,
  parseFrameHeader,
} from './zstd-frame.js';

/** The largest window that zstd knows, `--long=31`. */
const windowBytesMax = 2 ** 31;

const windowLimitBytes = (): number => Math.min(memoryShareBytes(usualWindowBytes), windowBytesMax);

export function decodeByZstd(encoded: Encoded, seen?: (bytes: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  const limitBytes = windowLimitBytes();
  const args = ['--decompress', '--stdout', '--quiet', `--memory=${limitBytes}`];
  const explain = (words: string) =>
    /too much memory|larger than maximum/i.test(words) ? tooMuchMemory(encoded.name, limitBytes) : undefined;
  return decodeByProgram(encoded, { program: 'zstd', args, explain }, seen);
}

/** What Node's types do not know on Node 20. */
const nodeZstd = zlib as unknown as {
  readonly createZstdDecompress?: (options: { chunkSize: number; params: Record<number, number> }) => Engine;
  readonly constants: { readonly ZSTD_d_windowLogMax?: number };
};

export const hasNodeZstd = (): boolean => nodeZstd.createZstdDecompress !== undefined;

export async function* decodeByNodeZstd(
  encoded: Encoded,
  seen?: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const feed = new Feed(encoded, { buffer: Buffer.allocUnsafe(chunkBytes), ...given({ seen }) });
  const reader = new ByteReader(feed.bytes());
  for (let frames = 0; ; frames++) {
    const start = await reader.peek(frameHeaderBytesMax);
    if (start.length === 0 && frames > 0) return;
    const header = parseFrameHeader(start);
    if (header === undefined) throw corruptImage(encoded.name, 'a frame in it has no header');
    const bytes = frameBytes(reader, header, encoded.name);
    if (header.kind === 'data') yield* decodeFrame(bytes, header, encoded.name, feed);
    else for await (const _ of bytes);
  }
}

/** The bytes of one frame, from its header to its checksum. */
async function* frameBytes(reader: ByteReader, header: FrameHeader, name: string): AsyncGenerator<Buffer> {
  if (header.kind === 'skippable') return yield* exactly(reader, header.headerBytes + header.contentBytes, name);
  yield* exactly(reader, header.headerBytes, name);
  for (let isLast = false; !isLast; ) {
    const block = parseBlockHeader(await reader.peek(blockHeaderBytes));
    if (block === undefined) throw corruptImage(name, 'a block in it has no header');
    yield* exactly(reader, blockHeaderBytes + block.contentBytes, name);
    isLast = block.isLast;
  }
  yield* exactly(reader, header.checksumBytes, name);
}

async function* exactly(reader: ByteReader, count: number, name: string): AsyncGenerator<Buffer> {
  let got = 0;
  for await (const piece of reader.pieces(count)) {
    got += piece.length;
    yield piece;
  }
  if (got < count) throw corruptImage(name, 'Unexpected end of input');
}

async function* decodeFrame(
  bytes: AsyncIterable<Buffer>,
  { windowBytes, decodedBytes }: Extract<FrameHeader, { kind: 'data' }>,
  name: string,
  feed: Feed,
): AsyncGenerator<Uint8Array> {
  const limitBytes = windowLimitBytes();
  if (windowBytes > limitBytes) throw tooMuchMemory(name, limitBytes);
  const params = { [nodeZstd.constants.ZSTD_d_windowLogMax ?? 0]: Math.ceil(Math.log2(limitBytes)) };
  const engine = nodeZstd.createZstdDecompress?.({ chunkSize: engineChunkBytes, params });
  if (engine === undefined) throw corruptImage(name, 'this Node has no zstd');
  const frame = throughEngine(bytes, engine, name, (feeding) => feed.end(feeding));
  yield* checked(frame, { sizeBytes: decodedBytes }, name);
}
