// Runs of bits in a bitmap, lowest bit of a byte first, as ext file systems and the free map keep them.

/** Sets bits `from` (inclusive) to `to` (exclusive). */
export function setBits(bitmap: Uint8Array, from: number, to: number): void {
  const { firstByte, lastByte, firstMask, lastMask } = edges(from, to);
  if (to <= from) return;
  if (firstByte === lastByte) {
    bitmap[firstByte] = byteAt(bitmap, firstByte) | (firstMask & lastMask);
    return;
  }
  bitmap[firstByte] = byteAt(bitmap, firstByte) | firstMask;
  bitmap.fill(0xff, firstByte + 1, lastByte);
  bitmap[lastByte] = byteAt(bitmap, lastByte) | lastMask;
}

/** Clears bits `from` (inclusive) to `to` (exclusive). */
export function clearBits(bitmap: Uint8Array, from: number, to: number): void {
  const { firstByte, lastByte, firstMask, lastMask } = edges(from, to);
  if (to <= from) return;
  if (firstByte === lastByte) {
    bitmap[firstByte] = byteAt(bitmap, firstByte) & ~(firstMask & lastMask);
    return;
  }
  bitmap[firstByte] = byteAt(bitmap, firstByte) & ~firstMask;
  bitmap.fill(0, firstByte + 1, lastByte);
  bitmap[lastByte] = byteAt(bitmap, lastByte) & ~lastMask;
}

export const hasBit = (bitmap: Uint8Array, index: number): boolean =>
  ((byteAt(bitmap, index >>> 3) >>> (index & 7)) & 1) === 1;

/** The runs of clear bits among the first `bitCount`, ascending, as [from, to). */
export function* clearRuns(bitmap: Uint8Array, bitCount: number): Generator<readonly [number, number]> {
  let from = 0;
  for (let index = 0; index < bitCount; index++) {
    if (!hasBit(bitmap, index)) continue;
    if (from < index) yield [from, index];
    from = index + 1;
  }
  if (from < bitCount) yield [from, bitCount];
}

const byteAt = (bitmap: Uint8Array, index: number): number => bitmap[index] ?? 0;

function edges(from: number, to: number) {
  return {
    firstByte: from >>> 3,
    lastByte: (to - 1) >>> 3,
    firstMask: 0xff & (0xff << (from & 7)),
    lastMask: 0xff >>> (7 - ((to - 1) & 7)),
  };
}
