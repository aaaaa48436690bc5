// Reads what `ip -json` (iproute2) prints: interfaces with their addresses, routes, neighbours. Field names as in
// iproute2's own ipaddress.c, iproute.c and ipneigh.c. Never throws: what is not as expected is left out.

import { given } from '../given.js';

/** An interface as the kernel has it. */
export interface Link {
  readonly name: string;
  /** The kind of a virtual interface (`bridge`, `veth`, `tun`, …); undefined for hardware. */
  readonly kind?: string;
  readonly isLoopback: boolean;
  /** The bridge or bond that it is a port of. */
  readonly master?: string;
  readonly mac?: string;
  /** Whether somebody switched it on. */
  readonly isOn: boolean;
  /** Whether it has a carrier. */
  readonly isRunning: boolean;
  readonly addresses: readonly LinkAddress[];
}

export interface LinkAddress {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly prefixLength: number;
  readonly broadcast?: string;
  /** `global`, `link`, `host`, `site`. */
  readonly scope: string;
}

export interface DefaultRoute {
  readonly family: 'ipv4' | 'ipv6';
  readonly interfaceName: string;
  readonly gateway?: string;
  /** The lower, the sooner it is taken. */
  readonly metric: number;
}

export interface NeighbourEntry {
  readonly address: string;
  readonly interfaceName: string;
  readonly mac?: string;
  /** In capitals: `REACHABLE`, `STALE`, `DELAY`, `PROBE`, `FAILED`, `INCOMPLETE`, `PERMANENT`, `NOARP`. */
  readonly state: string;
}

/** `ip -json -details address`. */
export const parseLinks = (text: string): Link[] => records(text).flatMap(linkOf);

function linkOf(record: JsonRecord): Link[] {
  const name = textOf(record['ifname']);
  if (name === undefined) return [];
  const flags = arrayOf(record['flags']);
  const operstate = textOf(record['operstate']);
  return [
    {
      name,
      ...given({
        kind: textOf(recordOf(record['linkinfo'])['info_kind']),
        master: textOf(record['master']),
        mac: macOf(record['address']),
      }),
      isLoopback: flags.includes('LOOPBACK') || record['link_type'] === 'loopback',
      isOn: flags.includes('UP'),
      isRunning: flags.includes('LOWER_UP') && operstate !== 'DOWN' && operstate !== 'LOWERLAYERDOWN',
      addresses: arrayOf(record['addr_info']).flatMap((each) => addressOf(recordOf(each))),
    },
  ];
}

const families: Readonly<Record<string, 'ipv4' | 'ipv6'>> = { inet: 'ipv4', inet6: 'ipv6' };

function addressOf(record: JsonRecord): LinkAddress[] {
  const family = families[textOf(record['family']) ?? ''];
  const address = textOf(record['local']);
  const prefixLength = record['prefixlen'];
  if (family === undefined || address === undefined || !isPrefixLength(prefixLength)) return [];
  const broadcast = textOf(record['broadcast']);
  return [{ family, address, prefixLength, scope: textOf(record['scope']) ?? 'global', ...given({ broadcast }) }];
}

const isPrefixLength = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 128;

/** `ip -json route` and `ip -json -6 route`: the default routes, the one that is taken first. */
export function parseDefaultRoutes(text: string, family: 'ipv4' | 'ipv6'): DefaultRoute[] {
  const routes = records(text).flatMap((record): DefaultRoute[] => {
    if (record['dst'] !== 'default') return [];
    // Several gateways for one route stand below it, each with its interface.
    const hops = arrayOf(record['nexthops']).map(recordOf);
    const hop = textOf(record['dev']) === undefined ? (hops[0] ?? {}) : record;
    const interfaceName = textOf(hop['dev']);
    if (interfaceName === undefined) return [];
    const { metric } = record;
    const gateway = textOf(hop['gateway']) ?? textOf(recordOf(hop['via'])['host']);
    return [{ family, interfaceName, metric: typeof metric === 'number' ? metric : 0, ...given({ gateway }) }];
  });
  return routes.toSorted((a, b) => a.metric - b.metric);
}

/** `ip -json neigh`. */
export const parseNeighbours = (text: string): NeighbourEntry[] =>
  records(text).flatMap((record): NeighbourEntry[] => {
    const address = textOf(record['dst']);
    const interfaceName = textOf(record['dev']);
    if (address === undefined || interfaceName === undefined) return [];
    const state = textOf(arrayOf(record['state'])[0])?.toUpperCase() ?? '';
    return [{ address, interfaceName, state, ...given({ mac: macOf(record['lladdr']) }) }];
  });

type JsonRecord = Readonly<Record<string, unknown>>;

const maxTextLength = 64 * 1024 * 1024;

function records(text: string): JsonRecord[] {
  if (text.length > maxTextLength) return [];
  try {
    return arrayOf(JSON.parse(text)).map(recordOf);
  } catch {
    // Old versions print nothing at all where there is nothing to list.
    return [];
  }
}

const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const recordOf = (value: unknown): JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : {};
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** An Ethernet address in lower case; none for all zeros and for what is longer, such as InfiniBand's. */
export function macOf(value: unknown): string | undefined {
  const mac = textOf(value)?.toLowerCase();
  return mac !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) && mac !== '00:00:00:00:00:00'
    ? mac
    : undefined;
}
