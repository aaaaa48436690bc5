// Numbers that look random and are the same for the same seed: a power cut that was bad once can be had again.

/** Returns a function that gives the next number below `limit` (mulberry32, Tommy Ettinger). */
export function chance(seed: number): (limit: number) => number {
  let state = (seed * 0x9e3779b9) >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) % limit;
  };
}

/** The same items in another order. */
export function shuffled<T>(items: readonly T[], next: (limit: number) => number): T[] {
  return items
    .map((item) => ({ item, key: next(0x1_0000_0000) }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** All sweeps can be run from end to end: `PIBURN_SWEEP=all`; usually they take samples where each costs a run. */
export const isFullSweep = process.env['PIBURN_SWEEP'] === 'all';

/** So many of the numbers 1 to `last`, spread evenly, the ends among them; all of them in a full sweep. */
export function sampled(last: number, most: number): number[] {
  const count = isFullSweep ? last : Math.min(last, most);
  return Array.from({ length: count }, (_, index) => 1 + Math.round((index * (last - 1)) / Math.max(1, count - 1)));
}
