// Tries inputs on a target and keeps those that reach what none has reached before.

import { Coverage } from './coverage.js';
import { bytesOf, type Input } from './input.js';
import { type Ground, groundOf } from './mutate.js';
import { seedOf } from './seeds.js';
import type { Target } from './targets/index.js';

const poolMax = 4000;

export interface Pooled {
  readonly input: Input;
  readonly features: ReadonlySet<number>;
}

export class Runner {
  readonly pool: Pooled[] = [];
  current: Input = { seed: '', edits: [] };
  readonly #target: Target;
  readonly #coverage = new Coverage();
  readonly #known = new Set<number>();
  readonly #grounds = new Map<string, Ground>();
  readonly #counter: Int32Array;
  readonly #note: Buffer;
  #inputs = 0;

  constructor(target: Target, shared: SharedArrayBuffer) {
    this.#target = target;
    this.#counter = new Int32Array(shared, 0, 4);
    this.#note = Buffer.from(shared, 16);
  }

  get counts(): { readonly inputs: number; readonly features: number } {
    return { inputs: this.#inputs, features: this.#known.size };
  }

  groundOf(seed: string): Ground {
    const { words = [], isText } = this.#target;
    const ground = this.#grounds.get(seed) ?? groundOf(seedOf(seed), words, isText);
    this.#grounds.set(seed, ground);
    return ground;
  }

  /** Tries inputs together, and those alone that have reached a new place. */
  async explore(inputs: readonly Input[]): Promise<void> {
    const [first] = inputs;
    if (first === undefined) return;
    if (inputs.length === 1) return await this.alone(first);
    this.#coverage.takePlaces();
    for (const input of inputs) await this.#try(input);
    if (![...this.#coverage.takePlaces()].some((place) => !this.#known.has(place))) return;
    const half = inputs.length >> 1;
    await this.explore(inputs.slice(0, half));
    await this.explore(inputs.slice(half));
  }

  /** Tries one input, and keeps it when it has reached anything new. */
  async alone(input: Input): Promise<void> {
    const features = await this.featuresOf(input);
    const isNew = [...features].some((feature) => !this.#known.has(feature));
    for (const feature of features) this.#known.add(feature);
    if (isNew && this.pool.length < poolMax) this.pool.push({ input, features });
  }

  async featuresOf(input: Input): Promise<Set<number>> {
    this.#coverage.take();
    await this.#try(input);
    return this.#coverage.take();
  }

  async #try(input: Input): Promise<void> {
    this.current = input;
    const length = this.#note.write(JSON.stringify(input));
    this.#counter[1] = length;
    Atomics.add(this.#counter, 0, 1);
    this.#inputs += 1;
    await this.#target.run(bytesOf(seedOf(input.seed), input));
  }
}
