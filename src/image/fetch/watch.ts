// Watches over one request: ends it when the person cancels, or when nothing has come for too long.

import { setTimeout as sleep } from 'node:timers/promises';
import { interruption } from '../../errors.js';
import { Trouble } from './trouble.js';

/** How often is looked whether the person has cancelled. */
const lookMs = 50;

const interrupted = () => interruption('the download was interrupted');

/** Times in milliseconds; what is left out has no limit. */
export interface Limits {
  /** How long nothing may come. */
  readonly stallMs?: number;
  /** How long it may take altogether. */
  readonly wholeMs?: number;
}

export class Watch {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #limits: Limits;
  readonly #beganMs = performance.now();
  /** Undefined while it is not the network that is waited for. */
  #waitingSinceMs: number | undefined = this.#beganMs;

  constructor(cancelled: () => boolean, limits: Limits) {
    this.#limits = limits;
    this.#timer = setInterval(() => {
      const reason = cancelled() ? interrupted() : this.#lateness();
      if (reason !== undefined) this.#controller.abort(reason);
    }, lookMs);
  }

  #lateness(): Trouble | undefined {
    const { stallMs = Infinity, wholeMs = Infinity } = this.#limits;
    const nowMs = performance.now();
    if (nowMs - (this.#waitingSinceMs ?? nowMs) > stallMs)
      return new Trouble('broken', `nothing came for ${stallMs / 1000} s`);
    if (nowMs - this.#beganMs > wholeMs) return new Trouble('broken', `it took longer than ${wholeMs / 1000} s`);
    return undefined;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on the network is waited for. */
  waiting(): void {
    this.#waitingSinceMs = performance.now();
  }

  /** From now on it is something else that takes its time. */
  busy(): void {
    this.#waitingSinceMs = undefined;
  }

  /** Ends whatever is still under way: an answer that nobody read to its end. */
  close(): void {
    clearInterval(this.#timer);
    this.#controller.abort(new Trouble('broken', 'not wanted any more'));
  }
}

/** @throws PiburnError `INTERRUPTED` soon after `cancelled` says so. */
export async function pause(waitMs: number, cancelled: () => boolean): Promise<void> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    if (cancelled()) throw interrupted();
    const leftMs = endMs - performance.now();
    if (leftMs <= 0) return;
    await sleep(Math.min(leftMs, lookMs));
  }
}
