// Notices that this process stood still (Ctrl-Z, a machine that slept): what a card did meanwhile says nothing of the card.

import { uptime } from 'node:os';

/** A look that comes so much later than it should was kept from coming. */
const lateMs = 500;

/** CLOCK_BOOTTIME, in steps of 10 ms: unlike `performance.now()` it goes on while the machine sleeps. */
export const bootTimeMs = (): number => uptime() * 1000;

export class WakingClock {
  readonly #nowMs: () => number;
  readonly #longestTickMs: number;
  #lastMs: number;
  #wakingMs = 0;
  #hasSlept = false;

  /** `everyMs`: so often `tick` will be called. */
  constructor(everyMs: number, nowMs: () => number = bootTimeMs) {
    this.#nowMs = nowMs;
    this.#longestTickMs = everyMs + lateMs;
    this.#lastMs = nowMs();
  }

  /** Milliseconds since the clock was made, without those in which the process stood still. */
  tick(): number {
    const nowMs = this.#nowMs();
    const passedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    this.#wakingMs += Math.min(passedMs, this.#longestTickMs);
    if (passedMs > this.#longestTickMs) this.#hasSlept = true;
    return this.#wakingMs;
  }

  /** As of the last tick. */
  get hasSlept(): boolean {
    return this.#hasSlept;
  }
}
