// The outside of zstd data: where frames and their blocks begin and end, and what a frame's header tells of its content.
// Source: RFC 8878, sections 3.1.1 and 3.1.2.

/** A frame's header is at most this long, its magic included. */
export const frameHeaderBytesMax = 18;
export const blockHeaderBytes = 3;
const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

export type FrameHeader =
  | { readonly kind: 'skippable'; readonly headerBytes: 8; readonly contentBytes: number }
  | {
      readonly kind: 'data';
      readonly headerBytes: number;
      /** Memory that a decoder needs for what it may refer back to. */
      readonly windowBytes: number;
      /** Decoded size of the frame, where it is told. */
      readonly decodedBytes?: number;
      readonly checksumBytes: 0 | 4;
    };

/** The header of a frame from its first bytes (`frameHeaderBytesMax` of them suffice); undefined when it is none. */
export function parseFrameHeader(bytes: Buffer): FrameHeader | undefined {
  if (bytes.length < 8) return undefined;
  const magic = bytes.readUInt32LE(0);
  if ((magic & 0xfffffff0) >>> 0 === skippableMagic)
    return { kind: 'skippable', headerBytes: 8, contentBytes: bytes.readUInt32LE(4) };
  const descriptor = bytes.readUInt8(4);
  const isReserved = (descriptor & 0x08) !== 0;
  if (magic !== frameMagic || isReserved) return undefined;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  const windowAt = 5;
  const sizeAt = windowAt + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 0x03] ?? 0);
  if (bytes.length < sizeAt + sizeBytes) return undefined;
  const decodedBytes = sizeBytes === 0 ? undefined : readSize(bytes, sizeAt, sizeBytes);
  return {
    kind: 'data',
    headerBytes: sizeAt + sizeBytes,
    windowBytes: isSingleSegment ? (decodedBytes ?? 0) : windowSize(bytes.readUInt8(windowAt)),
    ...(decodedBytes === undefined ? {} : { decodedBytes }),
    checksumBytes: (descriptor & 0x04) === 0 ? 0 : 4,
  };
}

/** A size of two bytes counts from 256. */
function readSize(bytes: Buffer, offsetBytes: number, lengthBytes: number): number {
  if (lengthBytes === 8) return Number(bytes.readBigUInt64LE(offsetBytes));
  return bytes.readUIntLE(offsetBytes, lengthBytes) + (lengthBytes === 2 ? 256 : 0);
}

/** Exponent in the upper five bits, mantissa in eighths in the lower three. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 0x07);
}

export interface BlockHeader {
  readonly isLast: boolean;
  /** Bytes of the block that follow its header. */
  readonly contentBytes: number;
}

/** The header of a block from its three bytes; undefined for a type that does not exist. */
export function parseBlockHeader(bytes: Buffer): BlockHeader | undefined {
  if (bytes.length < blockHeaderBytes) return undefined;
  const header = bytes.readUIntLE(0, blockHeaderBytes);
  const type = (header >> 1) & 0x03;
  if (type === 3) return undefined;
  // Type 1 is one byte that repeats: its size is that of what comes out.
  return { isLast: (header & 1) === 1, contentBytes: type === 1 ? 1 : header >> 3 };
}
