// Little-endian fields of an on-disk structure.

export interface Fields {
  u8(offset: number): number;
  u16(offset: number): number;
  u32(offset: number): number;
  /** Exact up to 2^53; larger values are rounded and only good for being refused. */
  u64(offset: number): number;
  bytes(offset: number, length: number): Uint8Array;
}

/** Fields of `bytes`; reading outside of them throws a RangeError. */
export function littleEndian(bytes: Uint8Array): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    u8: (offset) => view.getUint8(offset),
    u16: (offset) => view.getUint16(offset, true),
    u32: (offset) => view.getUint32(offset, true),
    u64: (offset) => view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32,
    bytes: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** A name up to its first NUL, fit for a terminal: no control characters, no padding; undefined when nothing is left. */
export function labelText(bytes: Uint8Array, encoding: 'utf-8' | 'utf-16le' | 'latin1'): string | undefined {
  const [text = ''] = new TextDecoder(encoding).decode(bytes).split('\0', 1);
  const label = text.replace(/\p{C}/gu, '').trim();
  return label === '' ? undefined : label;
}
