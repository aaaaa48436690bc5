// The workers that burn cards, one at a time each.

import { Piscina } from 'piscina';
import { moduleUrl } from '../code-root.js';
import type { CardJob, CardResult } from '../protocol.js';

/** More workers than this at a time would only crowd memory; further slots wait for one. */
const workersMax = 32;

export class CardPool {
  /** How many cards it can burn at once. */
  readonly size: number;
  readonly #pool: Piscina<CardJob, CardResult>;
  #isStuck = false;

  constructor(slots: number) {
    this.size = Math.min(slots, workersMax);
    this.#pool = new Piscina({
      filename: moduleUrl('card/worker.js').href,
      minThreads: this.size,
      maxThreads: this.size,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    });
  }

  burn(job: CardJob): Promise<CardResult> {
    return this.#pool.run(job);
  }

  /** A worker hangs in a system call, so this pool would never close; it ends with the process. */
  abandon(): void {
    this.#isStuck = true;
  }

  async close(): Promise<void> {
    if (!this.#isStuck) await this.#pool.close();
  }
}
