// The worker's door: what Piscina calls on the thread of one card, which stays open from call to call. Errors go back as
// data.

import type { Failure } from '../../errors.js';
import { PiburnError } from '../../errors.js';
import type { TargetIdentity } from '../../protocol.js';
import { deviceFailure } from '../open-device.js';
import { Progress } from '../progress.js';
import { BenchCard, type CardOrder, type StepOrder, type Transferred } from './bench-card.js';
import { StepGate } from './gate.js';

export type WorkerJob = { readonly target: TargetIdentity } & (
  | { readonly task: 'open'; readonly order: CardOrder; readonly progress: SharedArrayBuffer }
  | { readonly task: 'measure'; readonly step: StepOrder; readonly gate: SharedArrayBuffer }
  | { readonly task: 'close' }
);

export interface Opened {
  readonly sizeBytes: number;
  readonly direct: boolean;
}

export type Answer<Value> =
  | { readonly value: Value; readonly failure?: undefined }
  | { readonly failure: Failure; readonly value?: undefined };

let card: BenchCard | undefined;

export default function work(job: WorkerJob): Answer<Opened | Transferred | undefined> {
  try {
    return { value: workOn(job) };
  } catch (error) {
    return { failure: error instanceof PiburnError ? error.failure : deviceFailure(error, job.target) };
  }
}

function workOn(job: WorkerJob): Opened | Transferred | undefined {
  switch (job.task) {
    case 'open':
      card = new BenchCard(job.order, new Progress(job.progress));
      return card.facts;
    case 'measure':
      return card?.measure(job.step, new StepGate(job.gate));
    case 'close':
      card?.close();
      card = undefined;
      return undefined;
  }
}
