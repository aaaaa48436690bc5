// `bridge restart`: does again what starts something, in the order of `create`, and waits until it is up. Files, leases and
// reservations are not touched.

import type { BridgePart } from '../../protocol.js';
import { type BridgeAccess, locked } from '../bridge.js';
import type { BridgeState, Step } from '../plan/types.js';
import { perform } from '../step.js';
import { keepHistoryLocked } from './keep-history.js';
import { isAllUp } from './part.js';
import { readRecords, refuseHalfMade } from './records.js';
import { mendNames } from './set.js';
import { isDnsmasqPart } from './status.js';
import { untilUp } from './until-up.js';

export interface RestartWishes {
  /** Leave the network alone: SSH sessions through it go on. */
  readonly onlyDnsmasq: boolean;
}

export interface RestartResult {
  readonly steps: number;
  /** What was restarted, as it is now. */
  readonly parts: readonly BridgePart[];
  readonly isUp: boolean;
}

/** @throws PiburnError `NOT_ROOT`, `NO_BRIDGE`, `BRIDGE_HALF_MADE`, `BRIDGE_BUSY`; `STEP_FAILED` with the program's words. */
export async function restartBridge(
  { onlyDnsmasq }: RestartWishes,
  access: BridgeAccess,
  onStep: (step: Step) => void = () => undefined,
): Promise<RestartResult> {
  return locked(access, async () => {
    const records = await readRecords(access.source);
    refuseHalfMade(records.here);
    keepHistoryLocked(records, access);
    mendNames(records, access);
    const steps = stepsOf(records.here.state, onlyDnsmasq);
    for (const step of steps) {
      onStep(step);
      await perform(step, access.system);
    }
    const parts = await untilUp(access, (part) => !onlyDnsmasq || isDnsmasqPart(part));
    return { steps: steps.length, parts, isUp: isAllUp(parts) };
  });
}

const dnsmasqSteps: ReadonlySet<string> = new Set(['daemon', 'dnsmasq-test', 'dnsmasq', 'dnsmasq-unit']);

/** Pure. */
export const stepsOf = (state: BridgeState | undefined, onlyDnsmasq: boolean): Step[] =>
  (state?.entries ?? [])
    .map(({ step }) => step)
    .filter((step) => startsSomething(step) && (!onlyDnsmasq || dnsmasqSteps.has(step.id)));

/** Files are there, and packages are installed once. */
function startsSomething(step: Step): boolean {
  if (step.kind === 'file') return false;
  if (step.kind !== 'command') return true;
  return step.do.length > 0 && step.id !== 'purge' && !step.id.startsWith('install');
}
