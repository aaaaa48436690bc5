// The hosts of the bridge: those with a reservation, those with a lease, and the manager; and who of them is there.

import { given } from '../../given.js';
import { HostAsker } from '../../network/ask-host.js';
import { type NeighbourEntry, parseNeighbours } from '../../network/ip-json.js';
import type { BridgeSource } from '../source.js';
import type { DhcpLease } from './leases.js';
import type { Records } from './records.js';
import { byAddress, isSameName, type Reservation } from './reservations.js';
import { isOf } from './reserve.js';

export interface BridgeHost {
  readonly role: 'manager' | 'worker';
  /** Undefined: a client that told no name. */
  readonly name?: string;
  /** The one that it has now; the reserved one as long as it has none. */
  readonly address: string;
  readonly mac?: string;
  /** The reserved address. */
  readonly reserved?: string;
  /** Undefined: it has no lease. */
  readonly lease?: { readonly address: string; readonly untilMs?: number };
}

/** A host, and whether it is there; undefined: it was not asked. */
export interface SeenHost extends BridgeHost {
  readonly isUp?: boolean;
}

/** All hosts, ascending by address, the manager first. Pure. */
export function hostsOf({ here, file, leases }: Records, hostname: string): BridgeHost[] {
  const manager: BridgeHost = { role: 'manager', name: hostname.split('.')[0] ?? hostname, address: here.ip };
  const reserved = file.reservations.map((reservation) => withLease(reservation, leases));
  const others = leases.filter((lease) => !file.reservations.some((reservation) => isOf(reservation, lease)));
  return [manager, ...byAddress([...reserved, ...others.map(ofLease)])];
}

function withLease({ name, address, mac }: Reservation, leases: readonly DhcpLease[]): BridgeHost {
  const own = leases.filter((lease) => isOf({ name, address, ...given({ mac }) }, lease));
  const lease = own.find((each) => each.address === address) ?? own[0];
  return {
    role: 'worker',
    name,
    address: lease?.address ?? address,
    reserved: address,
    ...given({ mac: mac ?? lease?.mac, lease: lease === undefined ? undefined : shown(lease) }),
  };
}

const ofLease = (lease: DhcpLease): BridgeHost => ({
  role: 'worker',
  address: lease.address,
  mac: lease.mac,
  lease: shown(lease),
  ...given({ name: lease.name }),
});

const shown = ({ address, untilMs }: DhcpLease) => ({ address, ...given({ untilMs }) });

/** The hosts of these names, in the order of the names; `unknown`: names that no host has. Pure. */
export function selectHosts<T extends BridgeHost>(
  names: readonly string[],
  hosts: readonly T[],
): { readonly hosts: T[]; readonly unknown: string[] } {
  const named = (name: string) => hosts.filter((host) => host.name !== undefined && isSameName(host.name, name));
  return { hosts: names.flatMap(named), unknown: names.filter((name) => named(name).length === 0) };
}

const pingMs = 1000;
const atOnce = 32;
/** More than these are not asked: nobody reads them. */
const maxAsked = 1024;

/**
 * Asks the hosts whether they are there: by ping, and whoever does not answer that by the kernel's table of neighbours, in
 * which the ping has left its trace.
 */
export async function lookAt(
  hosts: readonly BridgeHost[],
  side: string,
  source: Pick<BridgeSource, 'output'>,
): Promise<SeenHost[]> {
  const asker = new HostAsker(pingMs);
  const up = new Set<string>();
  const workers = hosts.filter(({ role }) => role === 'worker').slice(0, maxAsked);
  const asked = new Set(workers.map(({ address }) => address));
  const rest = asked.values();
  const work = async () => {
    for (const address of rest) if ((await asker.ask(address)).answered) up.add(address);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const neighbours = await readNeighbours(side, source);
  for (const { address, state } of neighbours) if (state === 'REACHABLE') up.add(address);
  return hosts.map((host) => {
    if (host.role === 'manager') return host;
    const mac = host.mac ?? neighbours.find(({ address }) => address === host.address)?.mac;
    return { ...host, ...given({ mac, isUp: asked.has(host.address) ? up.has(host.address) : undefined }) };
  });
}

async function readNeighbours(side: string, source: Pick<BridgeSource, 'output'>): Promise<NeighbourEntry[]> {
  return parseNeighbours((await source.output('ip', ['-json', '-4', 'neigh', 'show', 'dev', side])) ?? '');
}
