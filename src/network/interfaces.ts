// This machine's own interfaces for a person: which of them count, with what address, gateway and link. Pure; what the
// system says comes from read-system.ts.

import { given } from '../given.js';
import type { LinkMedium, OwnAddress, OwnInterface } from '../protocol.js';
import type { DefaultRoute, Link, LinkAddress } from './ip-json.js';

/** What the kernel and its tools say. */
export interface SystemFacts {
  readonly links: readonly Link[];
  /** The ones that are taken first come first. */
  readonly routes: readonly DefaultRoute[];
  readonly media: ReadonlyMap<string, LinkMedium>;
}

/** The interfaces as they are listed: that of the default route first. `all`: those of containers, tunnels and the like too. */
export function ownInterfaces(facts: SystemFacts, all: boolean): OwnInterface[] {
  const shown = facts.links.filter((link) => all || matters(link, facts));
  const interfaces = shown.map((link) => ownInterface(link, facts));
  const first = defaultName(facts);
  return interfaces.toSorted((a, b) => Number(b.name === first) - Number(a.name === first));
}

/** The interface whose neighbours are meant when nobody says which; undefined when it has no IPv4 address. */
export function defaultInterface(facts: SystemFacts): OwnInterface | undefined {
  const usable = ownInterfaces(facts, false).filter((each) => firstIpv4(each) !== undefined);
  return (
    usable.find(({ name }) => name === defaultName(facts)) ?? usable.find(({ link }) => link === 'up') ?? usable[0]
  );
}

export const firstIpv4 = ({ addresses }: OwnInterface): OwnAddress | undefined =>
  addresses.find(({ family }) => family === 'ipv4');

const defaultName = ({ routes }: SystemFacts): string | undefined =>
  routes.find(({ family }) => family === 'ipv4')?.interfaceName ?? routes[0]?.interfaceName;

/** Virtual interfaces that stand for real networks. */
const lasting: ReadonlySet<string> = new Set(['hardware', 'bond', 'team', 'vlan']);

function matters(link: Link, facts: SystemFacts): boolean {
  const { links, routes } = facts;
  if (routes.some(({ interfaceName }) => interfaceName === link.name)) return true;
  if (link.isLoopback) return false;
  // Without hardware this is a container or a network namespace: what has an address there is its network.
  if (!links.some(isHardware)) return globalAddresses(link).length > 0;
  // A bridge over a socket of this machine is its network; one over containers only, as Docker's, is theirs.
  if (kindOf(link) === 'bridge') return links.some((port) => port.master === link.name && lasting.has(kindOf(port)));
  return lasting.has(kindOf(link));
}

const isHardware = (link: Link): boolean => kindOf(link) === 'hardware';
const kindOf = ({ kind, isLoopback }: Link): string => (isLoopback ? 'loopback' : (kind ?? 'hardware'));

function ownInterface(link: Link, { routes, media }: SystemFacts): OwnInterface {
  const own = routes.filter(({ interfaceName }) => interfaceName === link.name);
  const gatewayOf = (family: string) => own.find((route) => route.family === family)?.gateway;
  const addresses = globalAddresses(link).map(({ family, address, prefixLength, broadcast }) => ({
    family,
    address,
    prefixLength,
    ...given({ broadcast, gateway: gatewayOf(family) }),
  }));
  return {
    name: link.name,
    kind: kindOf(link),
    ...given({ mac: link.mac }),
    link: link.isOn ? (link.isRunning ? 'up' : 'no-carrier') : 'off',
    isDefault: own.length > 0,
    ...media.get(link.name),
    addresses,
  };
}

/** IPv4 first. Link-local IPv6 addresses, which every interface has, are left out; loopback keeps its own. */
function globalAddresses({ addresses, isLoopback }: Link): LinkAddress[] {
  const kept = addresses.filter(({ family, scope }) => family === 'ipv4' || isLoopback || scope !== 'link');
  return kept.toSorted((a, b) => a.family.localeCompare(b.family));
}
