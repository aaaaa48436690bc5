// Writes Android sparse images for tests (AOSP libsparse, sparse_format.h), whole ones and ones that lie.

import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';

export interface SparseOptions {
  readonly blockBytes?: number;
  /** A chunk with the CRC-32 of all before it, at the end (default), or none. */
  readonly checksumChunk?: boolean;
  /** The CRC-32 in the header. */
  readonly checksumHeader?: boolean;
  /** Bytes that a later version may add to the header and to each chunk's header. */
  readonly extraHeaderBytes?: number;
}

const types = { raw: 0xcac1, fill: 0xcac2, hole: 0xcac3, checksum: 0xcac4 } as const;
type Kind = keyof typeof types;

/** `plain`, whole blocks, as a sparse image: zeros as holes, one repeated word as that, the rest as it is. */
export function sparseOf(plain: Buffer, options: SparseOptions = {}): Buffer {
  const { blockBytes = 4096, checksumChunk = true, checksumHeader = false, extraHeaderBytes = 0 } = options;
  assert.equal(plain.length % blockBytes, 0, 'whole blocks');
  const chunks: Buffer[] = runsOf(plain, blockBytes).map(([kind, bytes]) => {
    const content = kind === 'raw' ? bytes : kind === 'fill' ? bytes.subarray(0, 4) : Buffer.alloc(0);
    return chunkOf(types[kind], bytes.length / blockBytes, content, extraHeaderBytes);
  });
  if (checksumChunk) chunks.push(chunkOf(types.checksum, 0, wordOf(crc32(plain)), extraHeaderBytes));
  const header = headerOf({
    headerBytes: 28 + extraHeaderBytes,
    chunkHeaderBytes: 12 + extraHeaderBytes,
    blockBytes,
    blocks: plain.length / blockBytes,
    chunks: chunks.length,
    checksum: checksumHeader ? crc32(plain) : 0,
  });
  return Buffer.concat([header, Buffer.alloc(extraHeaderBytes, 0x55), ...chunks]);
}

/** Blocks of one kind after each other, fills with the same word only. */
function runsOf(plain: Buffer, blockBytes: number): (readonly [Kind, Buffer])[] {
  const runs: (readonly [Kind, Buffer])[] = [];
  const same = (at: number, kind: Kind, start: number) =>
    kindOf(plain, at, blockBytes) === kind &&
    (kind === 'raw' || plain.subarray(at, at + 4).equals(plain.subarray(start, start + 4)));
  for (let start = 0; start < plain.length; ) {
    const kind = kindOf(plain, start, blockBytes);
    let end = start + blockBytes;
    while (end < plain.length && same(end, kind, start)) end += blockBytes;
    runs.push([kind, plain.subarray(start, end)]);
    start = end;
  }
  return runs;
}

function kindOf(plain: Buffer, at: number, blockBytes: number): Kind {
  const block = plain.subarray(at, at + blockBytes);
  if (!block.subarray(4).equals(block.subarray(0, -4))) return 'raw';
  return block.readUInt32LE(0) === 0 ? 'hole' : 'fill';
}

export function headerOf(fields: {
  readonly headerBytes?: number;
  readonly chunkHeaderBytes?: number;
  readonly major?: number;
  readonly blockBytes: number;
  readonly blocks: number;
  readonly chunks: number;
  readonly checksum?: number;
}): Buffer {
  const header = Buffer.alloc(28);
  header.writeUInt32LE(0xed26ff3a, 0);
  header.writeUInt16LE(fields.major ?? 1, 4);
  header.writeUInt16LE(fields.headerBytes ?? 28, 8);
  header.writeUInt16LE(fields.chunkHeaderBytes ?? 12, 10);
  header.writeUInt32LE(fields.blockBytes, 12);
  header.writeUInt32LE(fields.blocks, 16);
  header.writeUInt32LE(fields.chunks, 20);
  header.writeUInt32LE(fields.checksum ?? 0, 24);
  return header;
}

/** A chunk that says of itself what it is, unless `totalBytes` says otherwise. */
export function chunkOf(type: number, blocks: number, content: Buffer, extraBytes = 0, totalBytes?: number): Buffer {
  const header = Buffer.alloc(12 + extraBytes, 0x55);
  header.writeUInt16LE(type, 0);
  header.writeUInt16LE(0, 2);
  header.writeUInt32LE(blocks, 4);
  header.writeUInt32LE(totalBytes ?? header.length + content.length, 8);
  return Buffer.concat([header, content]);
}

export function wordOf(value: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value);
  return word;
}
