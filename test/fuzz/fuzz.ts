// Fuzzes one target for some time: changes inputs that have reached something new, until something else is reached.

import type { Input } from './input.js';
import { mutate } from './mutate.js';
import { Random } from './random.js';
import { Runner } from './runner.js';
import { readCorpus, seedsOf } from './seeds.js';
import { smallCorpus } from './small-corpus.js';
import type { Target } from './targets/index.js';

export interface Order {
  readonly target: string;
  readonly seconds: number;
  readonly seed: number;
  /** Counts inputs; behind it the length of the JSON of the current one, which begins at byte 16. */
  readonly shared: SharedArrayBuffer;
}

export interface Outcome {
  readonly inputs: number;
  readonly features: number;
  readonly corpus: readonly Input[];
  readonly defect?: { readonly input: Input; readonly error: string };
}

/** So many inputs share one look at the coverage, which takes longer than they do. */
const batch = 64;

export async function fuzz(target: Target, { seconds, seed, shared }: Order): Promise<Outcome> {
  const run = new Runner(target, shared);
  const random = new Random(seed);
  try {
    for (const name of seedsOf(target.name)) await run.alone({ seed: name, edits: [] });
    for (const input of readCorpus(target.name)) await run.alone(input);
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      const inputs = Array.from({ length: batch }, () => next(run, random));
      await run.explore(inputs);
      // Counts add up, so that only an input alone can show a new magnitude.
      await run.alone(next(run, random));
    }
    return { ...run.counts, corpus: await smallCorpus(run) };
  } catch (error) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...run.counts, corpus: [], defect: { input: run.current, error: words } };
  }
}

/** Mostly from the newest inputs of the pool: what they have reached is the least explored. */
function next(run: Runner, random: Random): Input {
  const { pool } = run;
  const newest = Math.min(pool.length, 40);
  const parent = pool[random.chance(2) ? pool.length - 1 - random.below(newest) : random.below(pool.length)]?.input;
  if (parent === undefined) throw new Error('there is no seed');
  const others = pool.filter(({ input }) => input.seed === parent.seed);
  return mutate(parent, random.of(others).input, run.groundOf(parent.seed), random);
}
