// Whether a rule of nftables is about the cluster's packets: about all of them, none, or some. What is not understood is
// about some: an accept then lets in less than all, and a drop is somebody's wish for a part of them.

import { sameNet6 } from '../../address.js';
import { type Ipv4Net, ipv4Number, netOf } from '../../ipv4-net.js';
import { type Item, type Rule, type Ruleset, recordOf } from './nft-ruleset.js';

export type Fit = 'all' | 'none' | 'some';

/** Packets of a kind, on their way through this machine. */
export interface Packets {
  readonly family: 4 | 6;
  readonly from: string;
  readonly to: string;
  readonly state: 'new' | 'established';
  /** Into the internet, or the answers. */
  readonly direction: 'original' | 'reply';
  readonly net: Ipv4Net;
  /** A /64 without its length. */
  readonly prefix?: string | undefined;
}

/** One condition or statement of a rule. `line`: the rule as nft prints it, which tells more of iptables' conditions. */
export function fitOf(expression: Item, packets: Packets, { table }: Rule, ruleset: Ruleset, line: string): Fit {
  const [kind = ''] = Object.keys(expression);
  if (kind === 'match') {
    const { op, left, right } = recordOf(expression['match']);
    const elements = elementsOf(right, table, ruleset);
    if (elements === undefined || !['==', 'in', '!='].includes(String(op))) return 'some';
    const fit = anyOf(elements.map((element) => fitOfValue(left, element, packets)));
    return op === '!=' ? opposite(fit) : fit;
  }
  if (kind === 'xt') return fitOfIptables(recordOf(expression['xt']), packets, line);
  return withoutCondition.has(kind) ? 'all' : 'some';
}

/** Statements that any packet gets past. */
const withoutCondition: ReadonlySet<string> = new Set(['counter', 'log', 'mangle', 'flow', 'set', 'notrack']);

/** A value, a list, a set in place or one with a name; undefined for one that is not known. */
export function elementsOf(value: unknown, table: string, { elements }: Ruleset): readonly unknown[] | undefined {
  const set = recordOf(value)['set'];
  const list = typeof value === 'string' && value.startsWith('@') ? elements.get(`${table} ${value.slice(1)}`) : set;
  if (list === undefined && typeof value === 'string' && value.startsWith('@')) return undefined;
  return list === undefined || Array.isArray(list) ? (list ?? [value].flat()) : [list];
}

/** `left`: what of a packet is looked at; `value`: what it is compared with. */
export function fitOfValue(left: unknown, value: unknown, packets: Packets): Fit {
  const { meta, ct, payload, concat } = recordOf(left);
  const plain = recordOf(recordOf(value)['elem'])['val'] ?? value;
  if (meta !== undefined) return fitOfMeta(String(recordOf(meta)['key']), plain, packets);
  if (ct !== undefined) return fitOfTracking(String(recordOf(ct)['key']), plain, packets);
  if (payload !== undefined) return fitOfHeader(recordOf(payload), plain, packets);
  const parts = recordOf(plain)['concat'];
  if (!Array.isArray(concat) || !Array.isArray(parts)) return 'some';
  return allOf(concat.map((each, index) => fitOfValue(each, parts[index], packets)));
}

function fitOfMeta(key: string, value: unknown, { family, from, to }: Packets): Fit {
  if (key === 'iifname' || key === 'iif') return fitOfName(value, from);
  if (key === 'oifname' || key === 'oif') return fitOfName(value, to);
  if (key === 'nfproto') return is(value === `ipv${family}`);
  return key === 'protocol' ? is(value === (family === 4 ? 'ip' : 'ip6')) : 'some';
}

const is = (yes: boolean): Fit => (yes ? 'all' : 'none');

/** A star at the end stands for anything. */
function fitOfName(value: unknown, name: string): Fit {
  if (typeof value !== 'string') return typeof value === 'number' ? 'none' : 'some';
  return is(value.endsWith('*') ? name.startsWith(value.slice(0, -1)) : value === name);
}

function fitOfTracking(key: string, value: unknown, { state, direction }: Packets): Fit {
  if (key === 'state') return is(value === state);
  return key === 'direction' ? is(value === direction) : 'some';
}

function fitOfHeader({ protocol, field }: Item, value: unknown, packets: Packets): Fit {
  const { family, direction } = packets;
  if (protocol === 'ether' && field === 'type') return is(value === (family === 4 ? 'ip' : 'ip6'));
  if (protocol !== 'ip' && protocol !== 'ip6') return 'some';
  if ((protocol === 'ip') !== (family === 4)) return 'none';
  if (field !== 'saddr' && field !== 'daddr') return 'some';
  const isOurs = (field === 'saddr') === (direction === 'original');
  return family === 4 ? fitOfIpv4(value, isOurs ? packets.net : everything) : fitOfIpv6(value, packets, isOurs);
}

const everything: Ipv4Net = { first: 0, last: 2 ** 32 - 1, prefixLength: 0 };

function fitOfIpv4(value: unknown, { first, last }: Ipv4Net): Fit {
  const bounds = boundsOf(value);
  if (bounds === undefined) return 'some';
  const [low, high] = bounds;
  if (low <= first && high >= last) return 'all';
  return high < first || low > last ? 'none' : 'some';
}

function boundsOf(value: unknown): readonly [number, number] | undefined {
  const { prefix, range } = recordOf(value);
  if (Array.isArray(range)) return pairOf(ipv4Number(String(range[0])), ipv4Number(String(range[1])));
  const { addr, len } = prefix === undefined ? { addr: value, len: 32 } : recordOf(prefix);
  const net = netOf(String(addr), Number(len));
  return pairOf(net?.first, net?.last);
}

const pairOf = (low: number | undefined, high: number | undefined): readonly [number, number] | undefined =>
  low === undefined || high === undefined ? undefined : [low, high];

function fitOfIpv6(value: unknown, { prefix: own }: Packets, isOurs: boolean): Fit {
  const { addr, len } = recordOf(recordOf(value)['prefix']);
  if (len === 0) return 'all';
  if (!isOurs || own === undefined || typeof addr !== 'string' || typeof len !== 'number' || len > 64) return 'some';
  return is(sameNet6({ address: addr, prefixLength: len }, own));
}

/** Conditions that nft does not take apart in its JSON (`xt`): in its text it prints those on connections as its own. */
function fitOfIptables({ type, name }: Item, { state }: Packets, line: string): Fit {
  if (name === 'comment' || type === 'target') return 'all';
  const states = /^[^#]*?\bct state ([a-z,]+) (?!.*\bct )/.exec(line)?.[1];
  if ((name !== 'conntrack' && name !== 'state') || states === undefined) return 'some';
  return is(states.split(',').includes(state));
}

export const allOf = (fits: readonly Fit[]): Fit => {
  if (fits.includes('none')) return 'none';
  return fits.includes('some') ? 'some' : 'all';
};

const anyOf = (fits: readonly Fit[]): Fit => opposite(allOf(fits.map(opposite)));

const opposite = (fit: Fit): Fit => (fit === 'all' ? 'none' : fit === 'none' ? 'all' : 'some');
