// `create --reserve`: the addresses of burned nodes become reservations at the bridge of this machine.

import { type NodeAddress, reserveNodes } from '../bridge/use/for-burn.js';
import { usageError } from '../errors.js';
import type { Node } from '../protocol.js';
import type { Terminal } from './terminal.js';

const addressesOf = (nodes: readonly Node[]): NodeAddress[] =>
  nodes.flatMap(({ hostname, ipv4 }) => (ipv4 === undefined ? [] : [{ hostname, address: ipv4.address }]));

/**
 * What can be refused before anything is burned.
 * @throws PiburnError (usage) `NO_BRIDGE`, `OPTION_WITHOUT_EFFECT`, and conflicts with other reservations.
 */
export async function checkReserve(nodes: readonly Node[], terminal: Terminal): Promise<void> {
  const wanted = addressesOf(nodes);
  if (wanted.length > 0) {
    const { outside, reserved } = await reserveNodes(wanted, { isTrial: true });
    if (reserved.length > 0) {
      if (outside.length > 0) terminal.say(`not in the net of the bridge, and not reserved: ${namesOf(outside)}`);
      return;
    }
  }
  throw usageError(
    'OPTION_WITHOUT_EFFECT',
    '--reserve has no effect: no node has an address in the net of the bridge',
    {
      hint: 'give addresses with --ipaddr; `piburn bridge info` shows the range',
    },
  );
}

export async function reserveBurned(nodes: readonly Node[], terminal: Terminal): Promise<void> {
  const { reserved } = await reserveNodes(addressesOf(nodes));
  if (reserved.length > 0) terminal.say(`Reserved at the bridge: ${reserved.map(({ name }) => name).join(', ')}`);
}

const namesOf = (nodes: readonly NodeAddress[]): string => nodes.map(({ hostname }) => hostname).join(', ');
