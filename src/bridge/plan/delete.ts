// What `delete` undoes: what the state remembers, and what is ours without the state remembering it.

import { leftovers, whatStays } from './leftovers.js';
import { paths, stateDirectory } from './paths.js';
import { guardSession, sessionLost } from './session.js';
import type { BridgeFacts, BridgeState, DeletePlan, Entry, ForwardNeeds, OnSession } from './types.js';

/** What only `delete` looks at. */
export interface DeleteLook {
  /** A dnsmasq of ours runs, or what starts it again, though no pid file may say so. */
  readonly hasProcesses?: boolean;
  /** There is a state file that cannot be read. */
  readonly isStateDamaged?: boolean;
  readonly forwardNeeds?: ForwardNeeds;
  readonly onSession?: OnSession;
}

/**
 * Empty entries: there is nothing of ours.
 * @throws PiburnError (refused) `SSH_SESSION`.
 */
export function planDelete(state: BridgeState | undefined, facts: BridgeFacts, look: DeleteLook = {}): DeletePlan {
  const known = new Set((state?.entries ?? []).map(({ step }) => step.id));
  const left = leftovers(facts, look.hasProcesses === true || facts.daemonPid !== undefined).filter(
    ({ step }) => !known.has(step.id),
  );
  const all = [...left, ...(state?.entries ?? [])];
  const needed = all.filter((entry) => reasonsToKeep(entry, look.forwardNeeds).length > 0);
  const entries = all.filter((entry) => !needed.includes(entry));
  return {
    entries,
    warnings: [
      ...guardSession(sessionLost(entries, facts), 'undoing the bridge', look.onSession),
      ...(state === undefined ? lostWarnings(left, facts, look) : []),
      ...needed.map((entry) => keptWords(entry, reasonsToKeep(entry, look.forwardNeeds))),
    ],
  };
}

/** Others need a kernel setting by now that was off before us. */
function reasonsToKeep({ step, value }: Entry, needs: ForwardNeeds = {}): readonly string[] {
  return step.kind === 'sysctl' && step.value === '1' && value !== '1' ? (needs[step.key] ?? []) : [];
}

const keptWords = ({ step }: Entry, reasons: readonly string[]): string =>
  `${step.id.replace('sysctl:', '').replaceAll('/', '.')} stays 1: ${reasons.join(' and ')} ${
    reasons.length === 1 ? 'needs' : 'need'
  } it`;

function lostWarnings(left: readonly Entry[], facts: BridgeFacts, { isStateDamaged }: DeleteLook): string[] {
  if (left.length === 0 && isStateDamaged !== true) return [];
  const why = isStateDamaged === true ? `${paths.state} is damaged` : `${stateDirectory} remembers no bridge`;
  return [
    `${why}: what carries piburn's mark is stopped and removed, and what was there before it does not come back`,
    ...whatStays(left, facts),
  ];
}
