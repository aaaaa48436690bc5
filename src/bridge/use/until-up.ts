// Looks at the parts of the bridge until they are up: a service takes its time, and not for ever.

import { setTimeout as wait } from 'node:timers/promises';
import type { BridgePart } from '../../protocol.js';
import type { BridgeAccess } from '../bridge.js';
import { bridgeStatus } from './status.js';

const waitMs = 15_000;
const lookMs = 250;

/** The parts that `isWanted` takes, as they are when all those are up that take their time, or after 15 s. */
export async function untilUp(
  access: Pick<BridgeAccess, 'source' | 'isRoot'>,
  isWanted: (part: BridgePart) => boolean,
): Promise<readonly BridgePart[]> {
  const started = performance.now();
  for (;;) {
    const parts = (await bridgeStatus(access)).filter(isWanted);
    const isComing = parts.some((each) => each.state === 'down' && slow.has(each.part));
    if (!isComing || performance.now() - started > waitMs) return parts;
    await wait(lookMs);
  }
}

/** Others are so at once, or somebody has taken them away again. */
const slow: ReadonlySet<string> = new Set(['address', 'dnsmasq', 'DHCP', 'DNS', 'unit']);

/** Not the way to the internet: that is not of our making, and may come later. */
export const isOwnPart = ({ part }: BridgePart): boolean => !['uplink', 'route'].includes(part);
