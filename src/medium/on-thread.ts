// Runs one piece of work on a worker thread and watches it: tells how far it is, and gives it up when it stands still for
// too long. A thread inside a system call cannot be stopped; it is left behind and ends with the process.

import { Piscina } from 'piscina';
import { failure, type PiburnError } from '../errors.js';
import type { ProbeStep } from '../protocol/probe.js';
import type { Progress } from './progress.js';

export interface Sample {
  readonly step: ProbeStep;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface Watching {
  readonly path: string;
  readonly progress: Progress;
  onSample(sample: Sample): void;
  /** How long a card may stand still (default two minutes). */
  readonly stallMs?: number;
}

const sampleMs = 100;
const usualStallMs = 120_000;

/** `worker`: URL of the module whose default export does the work. @throws PiburnError `STALLED`. */
export async function onThread<Outcome>(worker: URL, job: object, watching: Watching): Promise<Outcome> {
  const pool = new Piscina({
    filename: worker.href,
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    atomics: 'disabled',
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 },
  });
  const watch = watchOver(watching);
  try {
    return await Promise.race([pool.run(job) as Promise<Outcome>, watch.stuck]);
  } finally {
    watch.stop();
    // A worker that hangs in a system call would never let the pool close.
    if (!watch.isStuck()) await pool.close();
  }
}

function watchOver({ path, progress, onSample, stallMs = usualStallMs }: Watching) {
  let beats = -1;
  let movedMs = performance.now();
  let giveUp: (problem: PiburnError) => void = () => undefined;
  const stuck = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  let isStuck = false;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (progress.beats !== beats) movedMs = nowMs;
    beats = progress.beats;
    onSample({ step: progress.step, doneBytes: progress.doneBytes, totalBytes: progress.totalBytes });
    if (nowMs - movedMs < stallMs) return;
    isStuck = true;
    progress.cancel();
    giveUp(stalled(path, progress, stallMs));
  }, sampleMs);
  return { stuck, isStuck: () => isStuck, stop: () => clearInterval(timer) };
}

const stalled = (path: string, { step, touched }: Progress, stallMs: number): PiburnError =>
  failure(
    'STALLED',
    `${path} has not moved for ${Math.round(stallMs / 1000)} s (${step})${touched ? '; its content is gone' : ''}`,
    {
      device: path,
      hint: 'pull the card out and plug the reader in again; try the card in another reader',
    },
  );
