// Holds the clock to every piece that is written or read: for the summary at the end, for the size of the requests to
// come and, live, for the main thread.

import { performance } from 'node:perf_hooks';
import type { CardCounters } from './counters.js';
import { Latency } from './latency.js';
import type { RequestSize } from './request-size.js';

export class PieceTimes {
  readonly writing = new Latency();
  readonly reading = new Latency();
  /** Is told of every piece, once the card is open. */
  requests: RequestSize | undefined;
  readonly #counters: CardCounters;

  constructor(counters: CardCounters) {
    this.#counters = counters;
  }

  /** Does it and notes how long it took, also when it fails: a defect may take its time. */
  time<T>(latency: Latency, lengthBytes: number, work: () => T): T {
    const startedMs = performance.now();
    try {
      return work();
    } finally {
      const elapsedMs = performance.now() - startedMs;
      this.requests?.note(lengthBytes, elapsedMs);
      this.#counters.notePiece(elapsedMs, latency.note(lengthBytes, elapsedMs));
    }
  }

  /** A step that moves no bytes forward, but shows that the card still answers. */
  beat(): void {
    this.#counters.beat();
  }
}
