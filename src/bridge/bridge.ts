// `create` and `delete` from end to end: look, plan, ask, do. One piburn at a time works on the bridge.

import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { failure, refusal } from '../errors.js';
import { given } from '../given.js';
import { type FileLock, lockFile } from '../native.js';
import { type ApplyWatch, applyPlan, undoAll } from './apply.js';
import { isDaemon, isKeeper } from './daemon.js';
import { readForwardNeeds } from './facts/forward-needs.js';
import { readFacts } from './facts.js';
import { isIdle, planCreate } from './plan/create.js';
import { planDelete } from './plan/delete.js';
import { paths } from './plan/paths.js';
import { privateSide, sessionOver } from './plan/session.js';
import { undoWords } from './plan/step-words.js';
import type { BridgePlan, BridgeState, DeletePlan, OnSession, Wishes } from './plan/types.js';
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
  planCreate(wishes, await readFacts(access.source, access.sshConnection, wishes.purge));

export const previewDelete = async (access: BridgeAccess, onSession?: OnSession): Promise<DeletePlan> =>
  (await lookAtBridge(access, onSession)).plan;

/** What `delete` would undo; a state that cannot be read counts as lost. */
async function lookAtBridge(
  { source, system, sshConnection }: BridgeAccess,
  onSession: OnSession | undefined,
): Promise<{ plan: DeletePlan; state: BridgeState | undefined; isThere: boolean }> {
  const isStateDamaged = hasDamagedState(system);
  const readable = isStateDamaged ? withoutState(source) : source;
  const [facts, forwardNeeds] = await Promise.all([readFacts(readable, sshConnection), readForwardNeeds(source)]);
  const hasProcesses = system.pids().some((pid) => {
    const words = system.commandLine(pid);
    return isKeeper(words) || isDaemon(words);
  });
  const state = facts.state;
  const look = { isStateDamaged, hasProcesses, forwardNeeds, ...given({ onSession }) };
  const plan = planDelete(state, facts, look);
  return { plan, state, isThere: plan.entries.length > 0 || state !== undefined || isStateDamaged };
}

function hasDamagedState(system: BridgeSystem): boolean {
  try {
    readState(system);
    return false;
  } catch {
    return true;
  }
}

const withoutState = (source: BridgeSource): BridgeSource => ({
  ...source,
  file: (path) => (path === paths.state ? undefined : source.file(path)),
});

/** A warning before something that sets the cluster's side up anew while an SSH session comes in over it. */
export async function sessionWarning(access: BridgeAccess): Promise<string | undefined> {
  const facts = await readFacts(access.source, access.sshConnection);
  const side = privateSide(facts);
  const session = side === undefined ? undefined : sessionOver(side, facts);
  if (session === undefined) return undefined;
  return `an SSH session comes in at ${session.address} on ${session.interface}, and may end in the midst of this; --background goes on without it, --nohup leaves the network alone`;
}

export interface Created {
  readonly plan: BridgePlan;
  /** The number of steps. */
  readonly done: number;
  readonly isRefused: boolean;
}

/** Makes the bridge, or changes it to what is wished. Whether it works is to be looked at afterwards (use/until-up.ts). */
export async function createBridge(wishes: Wishes, access: BridgeAccess, ask: Ask<BridgePlan>): Promise<Created> {
  return locked(access, async () => {
    const plan = await previewCreate(wishes, access);
    if (isIdle(plan)) return { plan, done: 0, isRefused: false };
    if (!(await ask.confirm(plan))) return { plan, done: 0, isRefused: true };
    return { plan, done: await applyPlan(plan, readState(access.system), access.system, ask), isRefused: false };
  });
}

export interface Deleted {
  readonly plan: DeletePlan;
  /** The number of steps that were taken back. */
  readonly done: number;
  readonly isRefused: boolean;
  /** False: there was nothing of ours. */
  readonly wasThere: boolean;
}

/** Undoes the bridge. */
export async function deleteBridge(
  access: BridgeAccess,
  ask: Ask<DeletePlan>,
  onSession?: OnSession,
): Promise<Deleted> {
  return locked(access, async () => {
    const { plan, state, isThere: wasThere } = await lookAtBridge(access, onSession);
    if (!wasThere) return { plan, done: 0, isRefused: false, wasThere };
    if (!(await ask.confirm(plan))) return { plan, done: 0, isRefused: true, wasThere };
    await undoAll(plan.entries, state, access.system, ask);
    const done = plan.entries.filter((entry) => undoWords(entry) !== undefined).length;
    return { plan, done, isRefused: false, wasThere };
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
