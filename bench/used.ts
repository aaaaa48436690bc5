// What an image uses, from what its file systems call free: whole blocks of 4 KiB, as direct writes need them.

import type { ByteRange } from '../test/e2e/compare-cards.js';

const blockBytes = 4096;

/** Everything but the blocks that lie wholly within free ranges; ascending. `sizeBytes`: the image's. */
export function usedRanges(free: readonly ByteRange[], sizeBytes: number): ByteRange[] {
  const used: ByteRange[] = [];
  let at = 0;
  for (const { startBytes, endBytes } of joined(free)) {
    const holeStart = Math.ceil(startBytes / blockBytes) * blockBytes;
    const holeEnd = Math.floor(Math.min(endBytes, sizeBytes) / blockBytes) * blockBytes;
    if (holeEnd <= holeStart) continue;
    if (holeStart > at) used.push({ startBytes: at, endBytes: holeStart });
    at = holeEnd;
  }
  if (at < sizeBytes) used.push({ startBytes: at, endBytes: sizeBytes });
  return used;
}

export const lengthOf = (ranges: readonly ByteRange[]): number =>
  ranges.reduce((sum, { startBytes, endBytes }) => sum + endBytes - startBytes, 0);

/** A line `OFFSET LENGTH` for each range. */
export const rangesText = (ranges: readonly ByteRange[]): string =>
  ranges.map(({ startBytes, endBytes }) => `${startBytes} ${endBytes - startBytes}\n`).join('');

/** Neighbours as one: a block may lie across two of them. */
function joined(ranges: readonly ByteRange[]): ByteRange[] {
  const result: ByteRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.startBytes - b.startBytes)) {
    const last = result.at(-1);
    if (last !== undefined && range.startBytes <= last.endBytes)
      result[result.length - 1] = { ...last, endBytes: Math.max(last.endBytes, range.endBytes) };
    else result.push(range);
  }
  return result;
}
