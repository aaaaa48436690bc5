// The nodes that wait for a card. Every slot takes the next one when it is ready for it; what failed comes back to the end.

import type { PatchBlock, PlannedCard } from '../protocol.js';

/** One card to be burned, and what makes it this node's. */
export interface Work {
  /** Its place in the order of the run. */
  readonly index: number;
  readonly card: PlannedCard;
  readonly patch: readonly PatchBlock[];
  /** How often it was begun on a card. */
  attempts: number;
}

export class WorkQueue {
  readonly #waiting: Work[];
  /** Works that slots have taken and that may still come back. */
  #inHand = 0;
  #wake: (() => void)[] = [];

  constructor(works: readonly Work[]) {
    this.#waiting = [...works];
  }

  /** What no slot has taken, or what was given back after the last slot had left. */
  get left(): readonly Work[] {
    return this.#waiting;
  }

  /** The next work that is there now. */
  take(): Work | undefined {
    const work = this.#waiting.shift();
    if (work !== undefined) this.#inHand++;
    return work;
  }

  /** The next work; waits while others may give one back, and is undefined when nothing can come any more. */
  async next(): Promise<Work | undefined> {
    for (;;) {
      const work = this.take();
      if (work !== undefined || this.#inHand === 0) return work;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** The work in hand is done with, well or badly. */
  settle(): void {
    this.#inHand--;
    this.#wakeAll();
  }

  /** The work in hand goes to the end. Whoever gives it back may take it again before a slot that waits does. */
  putBack(work: Work): void {
    this.#inHand--;
    this.#waiting.push(work);
    setImmediate(() => this.#wakeAll());
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
