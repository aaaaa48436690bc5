// Which part of a card a bench uses: behind the first 4 MiB, which are at the beginning of an erase block and hold a partition
// table, and before the last MiB, which holds the copy of one.

export const headBytes = 4 * 1024 * 1024;
const tailBytes = 1024 * 1024;
/** Ranges are whole numbers of these: of the largest block that is written at once. */
export const rangeStepBytes = 4 * 1024 * 1024;
export const leastRangeBytes = 2 * rangeStepBytes;
export const mostRangeBytes = 64 * 1024 ** 3;
export const usualRangeBytes = 128 * 1024 * 1024;

/** What of a wanted range a card of this size has; 0 when it is too small to be measured. */
export function rangeIn(sizeBytes: number, wantedBytes: number): number {
  const room = Math.min(sizeBytes - headBytes - tailBytes, wantedBytes);
  const rangeBytes = Math.floor(room / rangeStepBytes) * rangeStepBytes;
  return rangeBytes < leastRangeBytes ? 0 : rangeBytes;
}

/** The size of a file that is made for a range. */
export const sizeFor = (rangeBytes: number): number => headBytes + rangeBytes + tailBytes;
