// Events from many callbacks to one reader. A slow reader misses progress, never anything else.

import type { BurnEvent } from '../protocol.js';

const progressMax = 256;

export class EventQueue implements AsyncIterable<BurnEvent> {
  readonly #waiting: BurnEvent[] = [];
  readonly #sleepers: (() => void)[] = [];
  #ended = false;
  #problem: unknown;

  push(event: BurnEvent): void {
    if (this.#ended) return;
    if (event.type === 'progress' && this.#waiting.length > progressMax) return;
    this.#waiting.push(event);
    this.#wake();
  }

  /** No more events; with a problem, the reader's loop throws it after the last event. */
  end(problem?: unknown): void {
    this.#ended = true;
    this.#problem = problem;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BurnEvent> {
    for (;;) {
      for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) yield event;
      if (this.#ended) break;
      await new Promise<void>((wake) => this.#sleepers.push(wake));
    }
    if (this.#problem !== undefined) throw this.#problem;
  }

  #wake(): void {
    for (const wake of this.#sleepers.splice(0)) wake();
  }
}
