// The nodes that wait for a card. Every slot takes the next one when it is ready for it; what failed comes back to the
// end; and what another slot holds without a card for it can be taken over.

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
  /** How many works slots have taken that may still come back. */
  #inHand = 0;
  /** Works in hand whose slots wait for a card, the longest first, and how to tell such a slot that its work is gone. */
  readonly #idle = new Map<Work, () => void>();
  #wake: (() => void)[] = [];

  constructor(works: readonly Work[]) {
    this.#waiting = [...works];
  }

  /** What no slot has taken, or what was given back after the last slot had left. */
  get left(): readonly Work[] {
    return this.#waiting;
  }

  /** Nothing waits, and nothing can come back. */
  get isOver(): boolean {
    return this.#waiting.length === 0 && this.#inHand === 0;
  }

  /** The next work, if one waits. */
  take(): Work | undefined {
    const work = this.#waiting.shift();
    if (work !== undefined) this.#inHand++;
    return work;
  }

  /** The next work, or one that a slot without a card holds. */
  takeOver(): Work | undefined {
    const work = this.take();
    if (work !== undefined) return work;
    const [held] = this.#idle;
    if (held === undefined) return undefined;
    const [taken, tell] = held;
    this.#idle.delete(taken);
    tell();
    return taken;
  }

  /** The work in hand has no card yet: it may be taken over. Returns a function that takes the offer back. */
  offer(work: Work, onTaken: () => void): () => void {
    this.#idle.set(work, onTaken);
    this.#wakeAll();
    return () => this.#idle.delete(work);
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

  /** Resolves when something has been given back, offered or settled. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
