// What a burn wants of the bridge of this machine: its facts, as gateway and name server of worker cards, and reservations
// for the cards' addresses.

import { given } from '../../given.js';
import { contains, netOfChecked } from '../../ipv4-net.js';
import type { Reservation, ReservationChange } from '../../protocol.js';
import { type BridgeAccess, liveAccess } from '../bridge.js';
import { type BridgeSource, liveBridgeSource } from '../source.js';
import { needBridge, readHere } from './here.js';
import { setReservations } from './set.js';

/** The bridge as a worker card sees it. */
export interface BurnBridge {
  /** The manager's: the cards' gateway, where there is an uplink, and their name server. */
  readonly address: string;
  readonly prefixLength: number;
  /** `10.1.1.0/24` */
  readonly ipv4Net: string;
  /** Undefined: the bridge leads nowhere. */
  readonly gateway?: string;
  readonly dns: readonly string[];
  readonly domain: string;
  /** The interface of this machine on the side of the cluster. */
  readonly private: string;
}

/**
 * The bridge set up on this machine; undefined when there is none, or when it is half made. No right of root's is needed.
 * @throws PiburnError `BRIDGE_STATE` for a state file that is damaged.
 */
export async function bridgeHere(source: BridgeSource = liveBridgeSource): Promise<BurnBridge | undefined> {
  const here = await readHere(source);
  if (here === undefined || (here.state !== undefined && here.state.phase !== 'made')) return undefined;
  const { address, prefixLength, ipv4Net, domain, private: side, uplink } = here;
  const gateway = uplink === undefined ? undefined : address;
  return { address, prefixLength, ipv4Net, dns: [address], domain, private: side, ...given({ gateway }) };
}

/** A node of a burn. */
export interface NodeAddress {
  readonly hostname: string;
  /** With or without prefix length. */
  readonly address: string;
  readonly mac?: string;
}

export interface NodeReservations extends ReservationChange {
  /** Those that now have a reservation, whether new or not. */
  readonly reserved: readonly Reservation[];
  /** Their addresses are not in the bridge's network: nothing was reserved for them. */
  readonly outside: readonly NodeAddress[];
}

/**
 * Reserves the addresses of the nodes that lie in the bridge's network, all or none. `isTrial`: only says what would be
 * done, or throws.
 * @throws PiburnError as `setReservations`; `NO_BRIDGE`.
 */
export async function reserveNodes(
  nodes: readonly NodeAddress[],
  { isTrial = false, access = liveAccess(undefined) }: { isTrial?: boolean; access?: BridgeAccess } = {},
): Promise<NodeReservations> {
  const { ip, prefixLength } = await needBridge(access.source);
  const net = netOfChecked(ip, prefixLength);
  const isInside = ({ address }: NodeAddress) => contains(net, plain(address));
  const reserved = nodes
    .filter(isInside)
    .map(({ hostname, address, mac }) => ({ name: hostname, address: plain(address), ...given({ mac }) }));
  const outside = nodes.filter((node) => !isInside(node));
  const nothing = { changed: [], removed: [], moving: [], isInEffect: true };
  const result = reserved.length === 0 ? nothing : await setReservations(reserved, access, isTrial);
  return { ...result, reserved, outside };
}

const plain = (address: string): string => address.split('/')[0] ?? address;
