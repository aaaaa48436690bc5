// `piburn eject`: takes media out of use, so that they may be pulled. What the system needs is refused as `create` refuses
// it; that a card is write-protected, large or built in is no reason here.

import { moduleUrl } from '../code-root.js';
import { readSystem, type SystemFacts } from '../devices/describe.js';
import { refusals } from '../devices/refuse.js';
import { describeTarget, identityOf } from '../devices/targets.js';
import { unmountAll } from '../devices/unmount.js';
import { PiburnError, refusal } from '../errors.js';
import type { EjectedMedium } from '../protocol/probe.js';
import type { EjectJob, EjectOutcome } from './eject-worker.js';
import { onThread } from './on-thread.js';
import { Progress } from './progress.js';

export interface EjectDoors {
  facts(): Promise<SystemFacts>;
  work(job: EjectJob, progress: Progress): Promise<EjectOutcome>;
}

/** @throws PiburnError (refused), `UNMOUNT_FAILED`, `STALLED`, what the device refuses. */
export async function eject(path: string, unmount: boolean, doors: EjectDoors = realDoors): Promise<EjectedMedium> {
  const facts = await doors.facts();
  const options = { protectedPaths: [], allowFixed: true, allowLarge: true, unmount };
  const problem = refusals([path], facts, options).find(({ failure }) => failure.code !== 'READ_ONLY');
  if (problem !== undefined) throw problem;
  const { kind, mountpoints, transport } = describeTarget(path, facts);
  if (kind === 'file') throw noDevice(path);
  await unmountAll(mountpoints);
  const progress = new Progress();
  const target = identityOf(path, facts);
  const { ejected = false, failure } = await doors.work({ target, progress: progress.shared }, progress);
  if (failure !== undefined) throw new PiburnError(failure);
  return { path, unmounted: mountpoints, ejected, transport };
}

const realDoors: EjectDoors = {
  facts: () => readSystem(),
  work: (job, progress) =>
    onThread<EjectOutcome>(moduleUrl('medium/eject-worker.js'), job, {
      path: job.target.path,
      progress,
      onSample: () => undefined,
    }),
};

const noDevice = (path: string): PiburnError =>
  refusal('NOT_A_DEVICE', `${path} is no device: there is nothing to eject`, {
    device: path,
    hint: 'name a card such as /dev/sda; card files need no ejecting',
  });
