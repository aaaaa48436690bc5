// Android sparse images, as fastboot takes them: chunks of raw blocks, of one repeated word, and of holes.
// Source: AOSP system/core, libsparse/sparse_format.h, and sparse_read.cpp for what its checksums cover.

import { crc32 } from 'node:zlib';
import { given } from '../../given.js';
import { ByteReader } from './byte-reader.js';
import { corruptImage } from './corrupt.js';
import { chunkBytes, type Encoded, encodedBytes } from './encoded.js';

export const sparseHeaderBytes = 28;
const chunkHeaderBytes = 12;
const headerBytesMax = 4096;
const chunkTypes = { raw: 0xcac1, fill: 0xcac2, hole: 0xcac3, checksum: 0xcac4 } as const;

export interface SparseHeader {
  readonly headerBytes: number;
  readonly chunkHeaderBytes: number;
  readonly blockBytes: number;
  readonly blocks: number;
  readonly chunks: number;
  /** CRC-32 of the whole image, holes as zeros; 0: not told. */
  readonly checksum: number;
}

/**
 * The header of a sparse image, from its first `sparseHeaderBytes`.
 * @throws PiburnError `IMAGE_CORRUPT`.
 */
export function parseSparseHeader(bytes: Buffer, name: string): SparseHeader {
  if (bytes.length < sparseHeaderBytes) throw corruptImage(name, 'it ends within its header');
  const header = {
    headerBytes: bytes.readUInt16LE(8),
    chunkHeaderBytes: bytes.readUInt16LE(10),
    blockBytes: bytes.readUInt32LE(12),
    blocks: bytes.readUInt32LE(16),
    chunks: bytes.readUInt32LE(20),
    checksum: bytes.readUInt32LE(24),
  };
  const isMeant =
    bytes.readUInt32LE(0) === 0xed26ff3a &&
    bytes.readUInt16LE(4) === 1 &&
    isBetween(sparseHeaderBytes, header.headerBytes, headerBytesMax) &&
    isBetween(chunkHeaderBytes, header.chunkHeaderBytes, headerBytesMax) &&
    header.blockBytes > 0 &&
    header.blockBytes % 4 === 0;
  if (!isMeant) throw corruptImage(name, 'its header makes no sense');
  return header;
}

const isBetween = (least: number, value: number, most: number): boolean => value >= least && value <= most;

/** The decoded bytes: all blocks that the header promises, or an error. */
export async function* decodeAndroidSparse(
  encoded: Encoded,
  seen?: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const { name } = encoded;
  const reader = new ByteReader(encodedBytes(encoded, { buffer: Buffer.allocUnsafe(chunkBytes), ...given({ seen }) }));
  const header = parseSparseHeader(await reader.take(sparseHeaderBytes), name);
  await take(reader, header.headerBytes - sparseHeaderBytes, name);
  let blocks = 0;
  let checksum = 0;
  for (let index = 0; index < header.chunks; index++) {
    const chunk = await readChunkHeader(reader, header, index, name);
    blocks += chunk.blocks;
    if (blocks > header.blocks) throw corruptImage(name, `chunk ${index} reaches beyond the image's end`);
    for await (const bytes of chunkContent(reader, chunk, header.blockBytes, name)) {
      checksum = crc32(bytes, checksum);
      yield bytes;
    }
    if (chunk.type === chunkTypes.checksum && chunk.word !== checksum) throw wrongChecksum(name);
  }
  if (blocks !== header.blocks) throw corruptImage(name, `${header.blocks} blocks were promised, ${blocks} came`);
  if (header.checksum !== 0 && header.checksum !== checksum) throw wrongChecksum(name);
  await checkEnd(reader, name);
}

interface Chunk {
  readonly type: number;
  readonly blocks: number;
  /** What is repeated, or the checksum. */
  readonly word: number;
}

async function readChunkHeader(reader: ByteReader, header: SparseHeader, index: number, name: string): Promise<Chunk> {
  const bytes = await take(reader, header.chunkHeaderBytes, name);
  const [type, blocks, totalBytes] = [bytes.readUInt16LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8)];
  const hasWord = type === chunkTypes.fill || type === chunkTypes.checksum;
  const contentBytes = hasWord ? 4 : type === chunkTypes.raw ? blocks * header.blockBytes : 0;
  const isMeant =
    Object.values<number>(chunkTypes).includes(type) &&
    totalBytes === header.chunkHeaderBytes + contentBytes &&
    (type !== chunkTypes.checksum || blocks === 0);
  if (!isMeant) throw corruptImage(name, `the header of chunk ${index} makes no sense`);
  return { type, blocks, word: hasWord ? (await take(reader, 4, name)).readUInt32LE(0) : 0 };
}

async function* chunkContent(
  reader: ByteReader,
  { type, blocks, word }: Chunk,
  blockBytes: number,
  name: string,
): AsyncGenerator<Buffer> {
  const lengthBytes = type === chunkTypes.checksum ? 0 : blocks * blockBytes;
  let doneBytes = 0;
  if (type === chunkTypes.raw) {
    for await (const piece of reader.pieces(lengthBytes)) {
      doneBytes += piece.length;
      yield piece;
    }
    if (doneBytes < lengthBytes) throw endedEarly(name);
    return;
  }
  const pattern = Buffer.alloc(Math.min(lengthBytes, chunkBytes), wordBytes(word));
  for (; doneBytes < lengthBytes; doneBytes += pattern.length)
    yield pattern.subarray(0, Math.min(pattern.length, lengthBytes - doneBytes));
}

function wordBytes(word: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(word);
  return bytes;
}

/** Behind the last chunk there may be zeros only; they are read, so that every encoded byte has been seen. */
async function checkEnd(reader: ByteReader, name: string): Promise<void> {
  for await (const piece of reader.pieces(Number.POSITIVE_INFINITY))
    if (piece.some((byte) => byte !== 0))
      throw corruptImage(name, 'there is something else behind the end of its data');
}

async function take(reader: ByteReader, count: number, name: string): Promise<Buffer> {
  const bytes = await reader.take(count);
  if (bytes.length < count) throw endedEarly(name);
  return bytes;
}

const endedEarly = (name: string) => corruptImage(name, 'Unexpected end of input');

const wrongChecksum = (name: string) => corruptImage(name, 'its checksum is another one than that of its bytes');
