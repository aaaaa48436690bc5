// What `delete` undoes: what the state remembers, and what is ours without the state remembering it.

import { removeTable } from './nft-rules.js';
import { headLine, ownFiles, paths, sharedFiles, stateDirectory, withoutBlock } from './paths.js';
import type { BridgeFacts, BridgeState, CommandStep, DeletePlan, Entry, FileStep, Step } from './types.js';

/** Empty entries: there is nothing of ours. */
export function planDelete(state: BridgeState | undefined, facts: BridgeFacts): DeletePlan {
  const entries = state?.entries ?? [];
  const known = new Set(entries.map(({ step }) => step.id));
  const leftovers = leftoverSteps(facts).filter(({ id }) => !known.has(id));
  const warnings =
    leftovers.length > 0 && facts.state === undefined
      ? [
          `${stateDirectory} remembers no bridge; what carries piburn's mark is removed, addresses and sysctls stay as they are`,
        ]
      : [];
  return { entries: [...leftovers.map(leftover), ...entries], warnings };
}

const leftover = (step: Step): Entry =>
  step.id === `file:${paths.nft}`
    ? { step, isDone: false, directories: [paths.nftDirectory] }
    : { step, isDone: false };

function leftoverSteps(facts: BridgeFacts): readonly Step[] {
  const files = [...ownFiles, ...sharedFiles].flatMap((path): FileStep[] => {
    const now = facts.files[path];
    if (now === undefined) return [];
    const base = { kind: 'file', id: `file:${path}`, path, mode: now.mode } as const;
    if (now.text.startsWith(headLine)) return [{ ...base, sentence: `remove ${path}`, text: now.text, part: 'whole' }];
    if (!sharedFiles.includes(path) || withoutBlock(now.text) === now.text) return [];
    return [{ ...base, sentence: `take our lines out of ${path}`, text: now.text, part: 'block' }];
  });
  const table: CommandStep = {
    kind: 'command',
    id: 'nft',
    sentence: 'remove the nftables table inet piburn',
    do: [],
    undo: [{ argv: ['nft', '-f', '-'], input: removeTable }],
  };
  const daemon: Step = { kind: 'daemon', id: 'daemon', sentence: 'stop dnsmasq', argv: [], after: [] };
  return [...files, ...(facts.hasTable ? [table] : []), ...(facts.daemonPid === undefined ? [] : [daemon])];
}
