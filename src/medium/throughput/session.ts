// The thread of one reader, as the main thread sees it: jobs one after another, an end for those that hang. A thread inside
// a system call cannot be stopped; it is left behind and ends with the process.

import { Piscina } from 'piscina';
import { moduleUrl } from '../../code-root.js';
import { failure, PiburnError } from '../../errors.js';
import type { TargetIdentity } from '../../protocol.js';
import { Progress } from '../progress.js';
import type { CardOrder, StepOrder, Transferred } from './bench-card.js';
import type { StepGate } from './gate.js';
import { bootTimeMs, WakingClock } from './waking-clock.js';
import type { Answer, Opened, WorkerJob } from './worker.js';

const usualStallMs = 120_000;
const usualLookMs = 500;

export class Session {
  readonly progress = new Progress();
  readonly #target: TargetIdentity;
  readonly #stallMs: number;
  readonly #lookMs: number;
  readonly #nowMs: () => number;
  readonly #pool: Piscina;
  #isStuck = false;

  constructor(
    target: TargetIdentity,
    {
      worker = moduleUrl('medium/throughput/worker.js'),
      stallMs = usualStallMs,
      lookMs = usualLookMs,
      nowMs = bootTimeMs,
    } = {},
  ) {
    this.#target = target;
    this.#stallMs = stallMs;
    this.#lookMs = lookMs;
    this.#nowMs = nowMs;
    this.#pool = new Piscina({
      filename: worker.href,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 },
    });
  }

  /** It hangs in a call of the kernel. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** @throws PiburnError: what keeps it from being opened; `STALLED`. */
  open(order: CardOrder): Promise<Opened> {
    return this.#run({ task: 'open', target: this.#target, order, progress: this.progress.shared });
  }

  /** @throws PiburnError: what the kernel refused; `INTERRUPTED`, `STALLED`. */
  measure(step: StepOrder, gate: StepGate): Promise<Transferred> {
    return this.#run({ task: 'measure', target: this.#target, step, gate: gate.shared });
  }

  /** Wipes and closes the card, and ends the thread. @throws PiburnError: what kept it from being wiped. */
  async close(): Promise<void> {
    if (this.#isStuck) return;
    try {
      await this.#run({ task: 'close', target: this.#target });
    } finally {
      if (!this.#isStuck) await this.#pool.close();
    }
  }

  async #run<Value>(job: WorkerJob): Promise<Value> {
    const watch = this.#watch();
    try {
      const answer = await Promise.race([this.#pool.run(job) as Promise<Answer<Value>>, watch.stuck]);
      if (answer.failure !== undefined) throw new PiburnError(answer.failure);
      return answer.value;
    } finally {
      watch.stop();
    }
  }

  /** Time in which this process stood still itself does not count. */
  #watch() {
    const clock = new WakingClock(this.#lookMs, this.#nowMs);
    let beats = this.progress.beats;
    let movedMs = 0;
    let giveUp: (problem: PiburnError) => void = () => undefined;
    const stuck = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    const timer = setInterval(() => {
      const wakingMs = clock.tick();
      if (this.progress.beats !== beats) movedMs = wakingMs;
      beats = this.progress.beats;
      if (wakingMs - movedMs < this.#stallMs) return;
      this.#isStuck = true;
      this.progress.cancel();
      giveUp(stalled(this.#target.path, this.#stallMs));
    }, this.#lookMs);
    return { stuck, stop: () => clearInterval(timer) };
  }
}

const stalled = (path: string, stallMs: number): PiburnError =>
  failure('STALLED', `${path} has not moved for ${Math.round(stallMs / 1000)} s`, {
    device: path,
    hint: 'pull the card out and plug the reader in again; try the card in another reader',
  });
