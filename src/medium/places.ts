// What was found where: a bounded list of stretches, put together where they lie together and fared alike.

import type { PlaceRun, PlaceState } from '../protocol/probe.js';

/** More bad stretches than this say nothing new. */
const badRunsMax = 10_000;

export class Places {
  readonly #runs: PlaceRun[] = [];
  #bad = 0;
  #checkedBytes = 0;

  get checkedBytes(): number {
    return this.#checkedBytes;
  }

  /** So much is wrong that looking on is not worth it. */
  get hopeless(): boolean {
    return this.#bad >= badRunsMax;
  }

  add(offsetBytes: number, lengthBytes: number, state: PlaceState, shiftBytes?: number): void {
    this.#checkedBytes += lengthBytes;
    const run: PlaceRun = { offsetBytes, lengthBytes, state, ...(shiftBytes === undefined ? {} : { shiftBytes }) };
    const last = this.#runs.at(-1);
    const joined = last === undefined ? undefined : join(last, run);
    if (joined !== undefined) this.#runs[this.#runs.length - 1] = joined;
    else if (state === 'good' || !this.hopeless) {
      this.#runs.push(run);
      if (state !== 'good') this.#bad += 1;
    }
  }

  /** All that was found, ascending, neighbours put together. */
  list(): PlaceRun[] {
    const sorted = this.#runs.toSorted((a, b) => a.offsetBytes - b.offsetBytes);
    const joined: PlaceRun[] = [];
    for (const run of sorted) {
      const last = joined.at(-1);
      const both = last === undefined ? undefined : join(last, run);
      if (both === undefined) joined.push(run);
      else joined[joined.length - 1] = both;
    }
    return joined;
  }
}

/** Two stretches as one, if the second begins within or right behind the first and fared the same. */
function join(first: PlaceRun, second: PlaceRun): PlaceRun | undefined {
  const endBytes = first.offsetBytes + first.lengthBytes;
  const isBehind = second.offsetBytes >= first.offsetBytes && second.offsetBytes <= endBytes;
  if (!isBehind || first.state !== second.state || first.shiftBytes !== second.shiftBytes) return undefined;
  const lengthBytes = Math.max(endBytes, second.offsetBytes + second.lengthBytes) - first.offsetBytes;
  return { ...first, lengthBytes };
}
