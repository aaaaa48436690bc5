// The state file of the bridge: what was done, and how things were before. It is written before each step, so that
// after a power cut `create` or `delete` finds a way from wherever things stopped.

import { dirname } from 'node:path';
import { failure } from '../errors.js';
import { paths, stateDirectory } from './plan/paths.js';
import type { BridgeState, Entry } from './plan/types.js';
import type { BridgeSystem } from './system.js';

/** @throws PiburnError `BRIDGE_STATE` for a file that piburn did not write. */
export function readState(system: Pick<BridgeSystem, 'readFile'>): BridgeState | undefined {
  const bytes = system.readFile(paths.state)?.bytes;
  return bytes === undefined ? undefined : parseState(bytes.toString('utf8'));
}

export function parseState(text: string): BridgeState {
  try {
    const value: unknown = JSON.parse(text);
    if (isState(value)) return value;
  } catch {
    // told below
  }
  throw failure('BRIDGE_STATE', `${paths.state} is not readable as the state of a bridge`, {
    hint: "`piburn bridge delete` stops and removes what carries piburn's mark; then `create` again",
  });
}

function isState(value: unknown): value is BridgeState {
  if (typeof value !== 'object' || value === null) return false;
  const { version, settings, entries } = value as Partial<Record<keyof BridgeState, unknown>>;
  return version === 1 && typeof settings === 'object' && settings !== null && Array.isArray(entries);
}

/** 0600: what files held before may be secret. */
export function writeState(system: BridgeSystem, state: BridgeState): BridgeState {
  for (const each of system.missingDirectories(stateDirectory)) system.makeDirectory(each);
  system.writeFile(paths.state, Buffer.from(`${JSON.stringify(state, undefined, 1)}\n`), { mode: 0o600 });
  return state;
}

/** The bridge is gone: so is all that it kept. */
export function removeState(system: BridgeSystem): void {
  system.removeTree(stateDirectory);
  system.removeDirectory(dirname(stateDirectory));
  system.removeDirectory(paths.nftDirectory);
}

/** The entry in its place: where it was, or last. */
export const withEntry = (state: BridgeState, entry: Entry): BridgeState => {
  const index = state.entries.findIndex(({ step }) => step.id === entry.step.id);
  return { ...state, entries: index < 0 ? [...state.entries, entry] : state.entries.with(index, entry) };
};

export const withoutEntry = (state: BridgeState, id: string): BridgeState => ({
  ...state,
  entries: state.entries.filter(({ step }) => step.id !== id),
});
