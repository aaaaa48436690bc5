// From what a person asked for to the addresses that are asked: a network, a hostlist, an interface, or the network that
// this machine is in. Pure; decides everything before the first packet.

import { parseHostAddress } from '../address.js';
import { type PiburnError, usageError } from '../errors.js';
import { given } from '../given.js';
import { expandHostlist } from '../hostlist.js';
import {
  compareAddresses,
  contains,
  hostCount,
  hostsOf,
  type Ipv4Net,
  ipv4Number,
  ipv4Text,
  netOf,
  netText,
  prefixLengthFor,
} from '../ipv4-net.js';
import type { OwnInterface } from '../protocol.js';
import { defaultInterface, firstIpv4, ownInterfaces, type SystemFacts } from './interfaces.js';

export interface ScanWish {
  /** A network (`10.1.1.0/24`), a hostlist (`10.1.1.[1-50]`), or one address, which stands for its network. */
  readonly ip?: string;
  readonly interfaceName?: string;
  /** More addresses than these are not asked. */
  readonly max: number;
}

export interface ScanPlan {
  /** Ascending, each once. */
  readonly addresses: readonly string[];
  /** What is asked, for people: `10.1.1.0/24`, or the hostlist. */
  readonly what: string;
  /** The interface that leads there, when its own network does. */
  readonly by?: OwnInterface;
}

/**
 * The addresses to ask.
 * @throws PiburnError (usage) `ADDRESS`, `HOSTLIST`, `TOO_MANY_ADDRESSES`, `NO_INTERFACE`, `NO_NETWORK`.
 */
export function planScan(wish: ScanWish, facts: SystemFacts): ScanPlan {
  if (wish.ip === undefined) return ofInterface(pickInterface(wish.interfaceName, facts), wish.max);
  if (wish.ip.includes('/')) return ofNet(parseNet(wish.ip), wish.max, facts);
  const addresses = expandHostlist(wish.ip, '--ip').map((address) => parseHostAddress(address, '--ip'));
  const [only] = addresses;
  if (only !== undefined && addresses.length === 1) return ofNet(netAround(only, facts), wish.max, facts);
  if (addresses.length > wish.max) throw tooMany(wish.ip, addresses.length, wish.max, 'name fewer addresses');
  const what = wish.ip.length <= maxShownLength ? wish.ip : `${wish.ip.slice(0, maxShownLength)}…`;
  return { addresses: addresses.toSorted(compareAddresses), what, ...given({ by: interfaceTo(addresses[0], facts) }) };
}

const maxShownLength = 100;

function pickInterface(name: string | undefined, facts: SystemFacts): OwnInterface {
  const all = ownInterfaces(facts, true);
  if (name !== undefined) {
    const named = all.find((each) => each.name === name);
    if (named === undefined) {
      throw usageError('NO_INTERFACE', `--interface: this machine has no interface '${name.slice(0, 50)}'`, {
        hint: `it has ${all.map((each) => each.name).join(', ') || 'none at all'}`,
      });
    }
    return named;
  }
  const found = defaultInterface(facts);
  if (found !== undefined) return found;
  throw usageError('NO_NETWORK', 'this machine is in no IPv4 network', {
    hint: 'see `piburn network --all`, or name a network with --ip=10.1.1.0/24',
  });
}

function ofInterface(by: OwnInterface, max: number): ScanPlan {
  const own = firstIpv4(by);
  const net = own === undefined ? undefined : netOf(own.address, own.prefixLength);
  if (own === undefined || net === undefined) {
    throw usageError('NO_NETWORK', `${by.name} has no IPv4 address, so its neighbours cannot be counted up`, {
      hint: 'see `piburn network --all` for the interfaces that have one',
    });
  }
  checkCount(net, max, own.address);
  return { addresses: hostsOf(net), what: netText(net), by };
}

function ofNet(net: Ipv4Net, max: number, facts: SystemFacts): ScanPlan {
  checkCount(net, max, ipv4Text(net.first));
  const addresses = hostsOf(net);
  return { addresses, what: netText(net), ...given({ by: interfaceTo(addresses[0], facts) }) };
}

/** `10.1.1.0/24`, or a host in it. */
function parseNet(text: string): Ipv4Net {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const isPrefix = rest.length === 0 && /^(0|[1-9]|[12][0-9]|3[0-2])$/.test(prefix);
  const net = isPrefix ? netOf(address, Number(prefix)) : undefined;
  if (net === undefined) throw wrongNet(text, 'is no IPv4 network');
  const first = Math.floor((ipv4Number(address) ?? 0) / 2 ** 24);
  if (first === 0 || first === 127 || first >= 224) throw wrongNet(text, 'holds no addresses of other hosts');
  return net;
}

const wrongNet = (text: string, problem: string): PiburnError =>
  usageError('ADDRESS', `--ip: '${text.slice(0, 50)}' ${problem}`, {
    hint: 'write a network such as 10.1.1.0/24, or a list such as 10.1.1.[1-50]',
  });

/** The network of an address as this machine's own interfaces have it; where none does, its /24. */
function netAround(address: string, facts: SystemFacts): Ipv4Net {
  const nets = interfaceNets(facts).flatMap(({ net }) => (contains(net, address) ? [net] : []));
  return nets[0] ?? parseNet(`${address}/24`);
}

const interfaceTo = (address: string | undefined, facts: SystemFacts): OwnInterface | undefined =>
  interfaceNets(facts).find(({ net }) => contains(net, address ?? ''))?.by;

function interfaceNets(facts: SystemFacts): { readonly by: OwnInterface; readonly net: Ipv4Net }[] {
  return ownInterfaces(facts, true).flatMap((by) =>
    by.addresses.flatMap(({ address, prefixLength }) => {
      const net = netOf(address, prefixLength);
      return net === undefined ? [] : [{ by, net }];
    }),
  );
}

function checkCount(net: Ipv4Net, max: number, around: string): void {
  if (hostCount(net) <= max) return;
  const smaller = netOf(around, prefixLengthFor(max));
  const hint = smaller === undefined ? 'name fewer addresses' : `name a part of it, such as --ip=${netText(smaller)}`;
  throw tooMany(netText(net), hostCount(net), max, hint);
}

const tooMany = (what: string, count: number, max: number, hint: string): PiburnError =>
  usageError(
    'TOO_MANY_ADDRESSES',
    `${what.slice(0, maxShownLength)} has ${count} addresses, and at most ${max} are asked`,
    {
      hint: `${hint}, or raise the limit with --max`,
    },
  );
