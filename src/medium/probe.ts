// `piburn probe`: which card is meant, a question, and the probe itself on a thread of its own.

import { randomBytes } from 'node:crypto';
import { moduleUrl } from '../code-root.js';
import { unmountAll } from '../devices/unmount.js';
import { refusal } from '../errors.js';
import type { ProbeOutcome } from '../protocol/probe.js';
import type { TargetDescription } from '../protocol.js';
import { onThread, type Sample } from './on-thread.js';
import type { ProbeJob } from './probe-card.js';
import { Progress } from './progress.js';
import { type Allowances, inspectTarget, type Target } from './target.js';

export interface ProbeOptions extends Allowances {
  readonly full: boolean;
  /** Draws the same places again. */
  readonly seed?: number;
  /** Asked before anything is written. */
  confirm(target: TargetDescription): Promise<boolean>;
  onSample(sample: Sample): void;
  /** Calls the action when the person wants to stop; returns what forgets it. */
  onCancel(action: () => void): () => void;
}

/** What reaches outside; tests put their own here. */
export interface ProbeDoors {
  inspect(path: string, allowed: Allowances): Promise<Target>;
  work(job: ProbeJob, progress: Progress, options: ProbeOptions): Promise<ProbeOutcome>;
}

export interface Probed extends ProbeOutcome {
  readonly target: TargetDescription;
}

/** @throws PiburnError: reasons not to write, `NOT_CONFIRMED`, `UNMOUNT_FAILED`, `STALLED`. */
export async function probe(path: string, options: ProbeOptions, doors: ProbeDoors = realDoors): Promise<Probed> {
  const target = await doors.inspect(path, options);
  if (!(await options.confirm(target.description))) throw notConfirmed();
  await unmountAll(target.description.mountpoints);
  const progress = new Progress();
  const job: ProbeJob = {
    target: target.identity,
    full: options.full,
    seed: options.seed ?? randomBytes(4).readUInt32LE(),
    salt: randomBytes(32),
    progress: progress.shared,
  };
  const forget = options.onCancel(() => progress.cancel());
  try {
    return { ...(await doors.work(job, progress, options)), target: target.description };
  } finally {
    forget();
  }
}

const realDoors: ProbeDoors = {
  inspect: inspectTarget,
  work: (job, progress, { onSample }) =>
    onThread<ProbeOutcome>(moduleUrl('medium/probe-worker.js'), job, {
      path: job.target.path,
      progress,
      onSample,
    }),
};

export const notConfirmed = () =>
  refusal('NOT_CONFIRMED', 'nothing was written: the question was not answered with yes', {
    hint: 'say --yes when you are sure of the disk',
  });
