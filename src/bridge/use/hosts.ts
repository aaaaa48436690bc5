// The hosts of the bridge: those with a reservation, those with a lease, and the manager; and who of them is there.

import { given } from '../../given.js';
import { HostAsker } from '../../network/ask-host.js';
import { type NeighbourEntry, parseNeighbours } from '../../network/ip-json.js';
import type { BridgeHost, DhcpLease, Reservation, SeenHost } from '../../protocol.js';
import type { BridgeSource } from '../source.js';
import type { Records } from './records.js';
import { byAddress, isSameName } from './reservations.js';
import { isOf } from './reserve.js';
import { someAtATime } from './some-at-a-time.js';

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
  const workers = hosts.filter(({ role }) => role === 'worker').slice(0, maxAsked);
  const asked = new Set(workers.map(({ address }) => address));
  const answers = await someAtATime([...asked], atOnce, async (address) => ({
    address,
    isUp: (await asker.ask(address)).answered,
  }));
  const up = new Set(answers.filter(({ isUp }) => isUp).map(({ address }) => address));
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
