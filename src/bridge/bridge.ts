// `create` and `delete` from end to end: look, plan, ask, do. One piburn at a time works on the bridge.

import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { failure, refusal } from '../errors.js';
import { type FileLock, lockFile } from '../native.js';
import { type ApplyWatch, applyPlan, undoAll } from './apply.js';
import { readFacts } from './facts.js';
import { isIdle, planCreate } from './plan/create.js';
import { planDelete } from './plan/delete.js';
import { paths } from './plan/paths.js';
import type { BridgePlan, DeletePlan, Wishes } from './plan/types.js';
import { type BridgeSource, liveBridgeSource } from './source.js';
import { readState } from './state.js';
import { type BridgeSystem, liveSystem } from './system.js';

export interface BridgeAccess {
  readonly source: BridgeSource;
  readonly system: BridgeSystem;
  /** SSH_CONNECTION of the environment. */
  readonly sshConnection?: string;
  readonly isRoot: boolean;
}

export const liveAccess = (sshConnection: string | undefined): BridgeAccess => ({
  source: liveBridgeSource,
  system: liveSystem,
  isRoot: process.getuid?.() === 0,
  ...(sshConnection === undefined ? {} : { sshConnection }),
});

export interface Ask<Plan> extends ApplyWatch {
  /** Shows the plan and asks; false: nothing is done. Not called when there is nothing to do. */
  readonly confirm: (plan: Plan) => Promise<boolean>;
}

/**
 * The plan alone: nothing is changed, and no right to is needed.
 * @throws PiburnError as `planCreate`.
 */
export const previewCreate = async (wishes: Wishes, access: BridgeAccess): Promise<BridgePlan> =>
  planCreate(wishes, await readFacts(access.source, access.sshConnection));

export async function previewDelete(access: BridgeAccess): Promise<DeletePlan> {
  const facts = await readFacts(access.source, access.sshConnection);
  return planDelete(facts.state, facts);
}

/** Makes the bridge, or changes it to what is wished. `done`: the number of steps. */
export async function createBridge(
  wishes: Wishes,
  access: BridgeAccess,
  ask: Ask<BridgePlan>,
): Promise<{ readonly plan: BridgePlan; readonly done: number; readonly isRefused: boolean }> {
  return locked(access, async () => {
    const plan = await previewCreate(wishes, access);
    if (isIdle(plan)) return { plan, done: 0, isRefused: false };
    if (!(await ask.confirm(plan))) return { plan, done: 0, isRefused: true };
    return { plan, done: await applyPlan(plan, readState(access.system), access.system, ask), isRefused: false };
  });
}

/** Undoes the bridge; `done` 0: there was none. */
export async function deleteBridge(
  access: BridgeAccess,
  ask: Ask<DeletePlan>,
): Promise<{ readonly plan: DeletePlan; readonly done: number; readonly isRefused: boolean }> {
  return locked(access, async () => {
    const plan = await previewDelete(access);
    const state = readState(access.system);
    if (plan.entries.length === 0 && state === undefined) return { plan, done: 0, isRefused: false };
    if (!(await ask.confirm(plan))) return { plan, done: 0, isRefused: true };
    await undoAll(plan.entries, state, access.system, ask);
    return { plan, done: plan.entries.length, isRefused: false };
  });
}

const lockWaitMs = 10_000;
const lockPollMs = 200;

/**
 * Runs `work` while no other piburn works on the bridge; waits ten seconds for one that does.
 * @throws PiburnError `NOT_ROOT`, `BRIDGE_BUSY`.
 */
export async function locked<T>(
  { isRoot, system }: Pick<BridgeAccess, 'isRoot' | 'system'>,
  work: () => Promise<T>,
): Promise<T> {
  if (!isRoot) throw refusal('NOT_ROOT', 'only root may change the network of this machine', { hint: 'use sudo' });
  const lock = await takeLock(system);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

async function takeLock(system: Pick<BridgeSystem, 'readFile'>): Promise<FileLock> {
  for (let waitedMs = 0; waitedMs <= lockWaitMs; waitedMs += lockPollMs) {
    const lock = lockFile(paths.lock, 'exclusive');
    if (lock !== undefined) {
      writeFileSync(paths.lock, `${process.pid}\n`);
      return lock;
    }
    await wait(lockPollMs);
  }
  const pid = system.readFile(paths.lock)?.bytes.toString('latin1').trim();
  const who = pid === undefined || pid === '' ? 'another piburn' : `another piburn (pid ${pid})`;
  throw failure('BRIDGE_BUSY', `${who} is working on the bridge`, { hint: 'wait until it has finished' });
}
