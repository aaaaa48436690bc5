// `piburn bench`: which cards are meant, one question, each card on a thread of its own, the steps one after another. A card
// that fails is left out from then on; however it ends, cards that were written have no partition table.

import { performance } from 'node:perf_hooks';
import { claimDisks } from '../../devices/claims.js';
import { unmountAll } from '../../devices/unmount.js';
import { given } from '../../given.js';
import type { BenchReader, BenchResult, BenchSample } from '../../protocol/bench.js';
import type { TargetDescription } from '../../protocol.js';
import { notConfirmed } from '../probe.js';
import { coreCount } from './cpu.js';
import { makeRoom } from './fresh-files.js';
import { type BenchTarget, inspectTargets, type Wanted } from './inspect.js';
import { judge } from './judge.js';
import { Runner } from './runner.js';
import { planSteps } from './steps.js';

export interface BenchOptions extends Wanted {
  /** A step takes no longer. */
  readonly limitMs: number;
  /** Asked before anything is written, unless there is nothing to be lost. */
  confirm(targets: readonly TargetDescription[]): Promise<boolean>;
  onSample(sample: BenchSample): void;
  /** Calls the action when the person wants to stop; returns what forgets it. */
  onCancel(action: () => void): () => void;
}

export interface Benched {
  readonly result: BenchResult;
  /** Threads are left that hang in the kernel. */
  readonly stuck: boolean;
}

/** What reaches outside; tests put their own here. */
export interface BenchDoors {
  inspect(paths: readonly string[], wanted: Wanted): Promise<BenchTarget[]>;
}

/**
 * What fails with one card is in the result.
 * @throws PiburnError: reasons not to begin (as `inspectTargets`), `TARGET_CLAIMED`, `NOT_CONFIRMED`, `UNMOUNT_FAILED`,
 * `NO_ROOM`, `NO_DIRECTORY`.
 */
export async function bench(
  paths: readonly string[],
  options: BenchOptions,
  doors: BenchDoors = { inspect: inspectTargets },
): Promise<Benched> {
  const startedMs = performance.now();
  const targets = await doors.inspect(paths, options);
  const giveBack = claimDisks(targets.map(({ identity }) => identity));
  try {
    if (!(await isAgreed(targets, options))) throw notConfirmed();
    if (!options.readOnly) for (const { description } of targets) await unmountAll(description.mountpoints);
    const runner = await runOn(targets, options);
    return { result: resultOf(runner, targets, options, performance.now() - startedMs), stuck: runner.isStuck };
  } finally {
    giveBack();
  }
}

async function isAgreed(targets: readonly BenchTarget[], { readOnly, confirm }: BenchOptions): Promise<boolean> {
  const nothingIsLost = targets.every(({ description }) => description.fresh);
  return readOnly || nothingIsLost || (await confirm(targets.map(({ description }) => description)));
}

/** The files that have to be made are there as long as the threads. */
async function runOn(targets: readonly BenchTarget[], options: BenchOptions): Promise<Runner> {
  const removeMade = makeRoom(
    targets.flatMap(({ identity, freshBytes }) =>
      freshBytes === undefined ? [] : [{ path: identity.path, sizeBytes: freshBytes }],
    ),
  );
  const runner = new Runner(targets, planSteps(targets.length, options.readOnly), options);
  const forget = options.onCancel(() => runner.cancel());
  try {
    await runner.run();
  } finally {
    try {
      // Whoever stops it now waits for this: cards are wiped and files removed in any case.
      await runner.close();
      removeMade(runner.made);
    } finally {
      forget();
    }
  }
  return runner;
}

function resultOf(
  runner: Runner,
  targets: readonly BenchTarget[],
  { readOnly }: BenchOptions,
  elapsedMs: number,
): BenchResult {
  const readers = targets.map((target, index): BenchReader => readerOf(target, runner.states[index]));
  const cores = coreCount();
  return {
    readOnly,
    rangeBytes: Math.max(...targets.map(({ rangeBytes }) => rangeBytes)),
    cores,
    readers,
    measures: runner.measures,
    ...given({ verdict: judge(runner.measures, readers, cores, runner.broken) }),
    interrupted: runner.isCancelled,
    elapsedMs,
  };
}

function readerOf(
  { description, freshBytes, hub, linkMbps }: BenchTarget,
  state: Runner['states'][number] | undefined,
) {
  const { path, model, kind } = description;
  return {
    ...{ path, model, kind },
    fresh: freshBytes !== undefined,
    direct: state?.opened?.direct ?? false,
    touched: state?.session.progress.touched ?? false,
    ...given({ sizeBytes: state?.opened?.sizeBytes, hub, linkMbps, failure: state?.failure, wrong: state?.wrong }),
  };
}
