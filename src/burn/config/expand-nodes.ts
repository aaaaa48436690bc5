// From blocks that may describe many nodes by hostlists to nodes, one by one, none of them there twice.

import { isIPv6 } from 'node:net';
import { usageError } from '../../errors.js';
import { expandHostlist } from '../../hostlist.js';
import type { Entry } from './entry.js';
import type { Labels, NodeSettingName, NodeSettings } from './settings.js';
import { isNodeSetting } from './settings.js';

/** More nodes than anybody burns, and few enough to be held with all their settings. */
const maxNodes = 10_000;

/** The settings of a block that go one by one to its nodes. */
const paired = ['ipaddr', 'ip6addr'] as const;

/**
 * The nodes of all blocks, none of them twice.
 * @throws PiburnError (usage) `TOO_MANY_NODES`, `DUPLICATE`, and whatever `expand` throws.
 */
export function expandAll<T>(blocks: readonly T[], expand: (block: T) => readonly NodeSettings[]): NodeSettings[] {
  const nodes: NodeSettings[] = [];
  for (const block of blocks) {
    for (const node of expand(block)) nodes.push(node);
    // Looked at on the way: a small file can describe more nodes than fit into memory.
    if (nodes.length > maxNodes)
      throw usageError('TOO_MANY_NODES', `there are more than ${maxNodes} nodes`, {
        hint: 'burn them in several runs',
      });
  }
  checkNodes(nodes);
  return nodes;
}

/**
 * The nodes of a block that has at least a host name.
 * @throws PiburnError (usage) `HOSTLIST`, `COUNT_MISMATCH`.
 */
export function expandEntry(entry: Entry & { readonly settings: { readonly hostname: string } }): NodeSettings[] {
  const { settings, labels, line } = entry;
  const hostnames = expandHostlist(settings.hostname, labels.hostname ?? 'hostname');
  const ipaddr = pairs('ipaddr', settings.ipaddr, hostnames, labels);
  const ip6addr = pairs('ip6addr', settings.ip6addr, hostnames, labels);
  const cleared = entry.cleared.map(({ name }) => name).filter(isNodeSetting);
  return hostnames.map((hostname, index) => {
    const own = { ...settings, hostname, ...ipaddr(index), ...ip6addr(index) };
    return { settings: own, labels, cleared, line };
  });
}

type Paired = (typeof paired)[number];

/** The n-th of the addresses for the n-th node, as a setting; nothing where there are no addresses. */
export function pairs<N extends Paired>(
  name: N,
  text: string | undefined,
  hostnames: readonly string[],
  labels: Labels,
): (index: number) => { readonly [K in N]?: string } {
  if (text === undefined) return () => ({});
  const label = labels[name] ?? name;
  const addresses = expandHostlist(text, label);
  if (addresses.length === hostnames.length)
    return (index) => ({ [name]: addresses[index] }) as { readonly [K in N]?: string };
  throw usageError(
    'COUNT_MISMATCH',
    `${label}: ${count(addresses.length, 'address', 'es')} for ${count(hostnames.length, 'host name')}`,
    { hint: 'give one address for each name, such as red[001-003] with 10.1.1.[2-4]' },
  );
}

const count = (n: number, word: string, plural = 's'): string => `${n} ${word}${n === 1 ? '' : plural}`;

/**
 * Checks that no two nodes have the same name or address, however it is written.
 * @throws PiburnError (usage) `DUPLICATE`, which names both places.
 */
export function checkNodes(nodes: readonly NodeSettings[]): void {
  checkDistinct(nodes, 'hostname', (name) => name.toLowerCase(), 'the host name');
  checkDistinct(nodes, 'ipaddr', bareAddress, 'the address');
  checkDistinct(nodes, 'ip6addr', (text) => canonicalIpv6(bareAddress(text)), 'the address');
}

function checkDistinct(
  nodes: readonly NodeSettings[],
  name: NodeSettingName & ('hostname' | Paired),
  keyOf: (text: string) => string,
  what: string,
): void {
  const seen = new Map<string, NodeSettings>();
  for (const node of nodes) {
    const value = node.settings[name];
    if (value === undefined) continue;
    const before = seen.get(keyOf(value));
    if (before !== undefined) {
      const of = (each: NodeSettings) => (name === 'hostname' ? '' : ` of ${each.settings.hostname}`);
      throw usageError(
        'DUPLICATE',
        name === 'hostname' && labelOf(node, name) === labelOf(before, name)
          ? `${labelOf(node, name)}: ${what} '${value}'${of(node)} is there twice`
          : `${labelOf(node, name)}: ${what} '${value}'${of(node)} is that${of(before)} in ${labelOf(before, name)} too`,
        { hint: 'give every node its own' },
      );
    }
    seen.set(keyOf(value), node);
  }
}

const labelOf = ({ labels }: NodeSettings, name: NodeSettingName): string => labels[name] ?? name;

const bareAddress = (text: string): string => text.replace(/\/.*$/, '');

/** RFC 5952 has one form for each address, and so has the WHATWG's URL; what is none stays, and is refused later. */
function canonicalIpv6(address: string): string {
  if (!isIPv6(address) || address.includes('%')) return address.toLowerCase();
  return new URL(`http://[${address}]/`).hostname;
}
