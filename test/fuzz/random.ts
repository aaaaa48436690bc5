// Numbers that look random and come again with the same seed (mulberry32), for mutations.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number of 32 bits. */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `count` - 1; 0 for a count of 0. */
  below(count: number): number {
    return count < 1 ? 0 : this.word() % count;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  /** @throws Error for an empty list. */
  of<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  }
}
