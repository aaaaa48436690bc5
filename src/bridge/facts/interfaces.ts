// Interfaces, addresses and routes, as `ip -json` of iproute2 4.20 and newer says them.

import { given } from '../../given.js';
import type { BridgeFacts, InterfaceAddress, InterfaceFacts } from '../plan/types.js';
import type { BridgeSource } from '../source.js';

type Links = Pick<BridgeFacts, 'interfaces' | 'defaultRoute' | 'hasIpv6DefaultRoute' | 'routes'>;

export async function readInterfaces(source: BridgeSource): Promise<Links> {
  const [links, routes, routes6] = await Promise.all([
    source.output('ip', ['-json', 'address']),
    source.output('ip', ['-json', '-4', 'route']),
    source.output('ip', ['-json', '-6', 'route', 'show', 'default']),
  ]);
  const parsed = rows(routes).flatMap((row): Route[] => {
    const [destination, name, metric] = [row['dst'], row['dev'], row['metric']];
    if (typeof destination !== 'string' || typeof name !== 'string') return [];
    return [{ destination, interface: name, metric: typeof metric === 'number' ? metric : 0 }];
  });
  const defaults = parsed.filter(({ destination }) => destination === 'default');
  const [best] = defaults.toSorted((a, b) => a.metric - b.metric);
  return {
    interfaces: rows(links).flatMap((row) => toInterface(row, source)),
    routes: parsed.flatMap(({ destination, interface: name }) =>
      destination === 'default' ? [] : [{ destination, interface: name }],
    ),
    hasIpv6DefaultRoute: rows(routes6).length > 0,
    ...given({ defaultRoute: best?.interface }),
  };
}

interface Route {
  readonly destination: string;
  readonly interface: string;
  readonly metric: number;
}

type Row = Readonly<Record<string, unknown>>;

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The objects of a list in JSON; none for anything else. */
function rows(text: string | undefined): Row[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter(isRow) : [];
  } catch {
    return [];
  }
}

/** Names that could not stand in a configuration file as they are do not occur in practice, and are left out. */
function toInterface(row: Row, source: BridgeSource): InterfaceFacts[] {
  const name = row['ifname'];
  if (typeof name !== 'string' || !/^[A-Za-z0-9_.:-]{1,15}$/.test(name)) return [];
  const flags = Array.isArray(row['flags']) ? row['flags'] : [];
  const addresses = Array.isArray(row['addr_info']) ? row['addr_info'].filter(isRow).flatMap(toAddress) : [];
  return [
    {
      name,
      addresses,
      isUp: flags.includes('UP'),
      isLoopback: flags.includes('LOOPBACK'),
      isWireless: source.exists(`/sys/class/net/${name}/wireless`) || source.exists(`/sys/class/net/${name}/phy80211`),
    },
  ];
}

function toAddress(row: Row): InterfaceAddress[] {
  const { family, local, prefixlen } = row;
  if (typeof local !== 'string' || typeof prefixlen !== 'number') return [];
  if (family !== 'inet' && family !== 'inet6') return [];
  return [{ family: family === 'inet' ? 4 : 6, address: local, prefixLength: prefixlen }];
}
