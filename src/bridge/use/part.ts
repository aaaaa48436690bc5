// Parts of the bridge that were looked at: how it is said that one is up, down, or unknown.

import type { BridgePart } from '../../protocol.js';

export const up = (part: string, detail: string): BridgePart => ({ part, state: 'up', detail });

export const down = (part: string, detail: string, hint?: string): BridgePart => ({
  part,
  state: 'down',
  detail,
  ...(hint === undefined ? {} : { hint }),
});

export const unknown = (part: string, detail: string): BridgePart => ({ part, state: 'unknown', detail });

export const isAllUp = (parts: readonly BridgePart[]): boolean => parts.every(({ state }) => state !== 'down');
