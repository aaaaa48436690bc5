// Names for addresses: /etc/hosts, then the name server (reverse lookups), then the hosts themselves (multicast DNS).
// What is not known in time has no name.

import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { contains, type Ipv4Net, ipv4Number } from '../ipv4-net.js';
import { askMulticast } from './multicast-names.js';

const lookupMs = 1000;
const allLookupsMs = 5000;
const multicastMs = 1000;
const lookupsAtOnce = 32;
/** More names than these are not asked for: nobody reads them. */
const maxNames = 1024;
const maxHostsLength = 4 * 1024 * 1024;
const maxNameLength = 255;

/** A name server that knows the hosts of one network, and is asked for them alone. */
export interface NetNames {
  readonly net: Ipv4Net;
  readonly server: string;
  /** Left out of the names. */
  readonly domain: string;
}

export interface NameWays {
  /** The own address by whose interface multicast questions leave. */
  readonly from?: string | undefined;
  readonly nets?: readonly NetNames[];
  readonly signal: AbortSignal;
}

/** Never rejects; ends early with the signal. */
export async function namesOf(
  addresses: readonly string[],
  { from, nets = [], signal }: NameWays,
): Promise<Map<string, string>> {
  const names = parseHosts(await readFile('/etc/hosts', 'utf8').catch(() => ''));
  const nameless = addresses.filter((address) => !names.has(address)).slice(0, maxNames);
  if (nameless.length === 0 || signal.aborted) return names;
  const [known, told] = await Promise.all([
    askNameServers(nameless, nets, signal),
    askMulticast(nameless, { timeoutMs: multicastMs, ...(from === undefined ? {} : { from }) }),
  ]);
  return new Map([...told, ...known, ...names].map(([address, name]) => [address, name.slice(0, maxNameLength)]));
}

/** /etc/hosts (hosts(5)): the first name of every IPv4 address. */
export function parseHosts(text: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const line of text.slice(0, maxHostsLength).split('\n')) {
    const [address = '', name = ''] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (name !== '' && ipv4Number(address) !== undefined && !names.has(address)) names.set(address, name);
  }
  return names;
}

async function askNameServers(
  addresses: readonly string[],
  nets: readonly NetNames[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const usual = new Resolver({ timeout: lookupMs, tries: 1 });
  const servers = nets.map((each) => ({ ...each, resolver: resolverAt(each.server) }));
  const names = new Map<string, string>();
  const rest = addresses.values();
  let isOver = false;
  const stop = () => {
    isOver = true;
    for (const resolver of [usual, ...servers.map((each) => each.resolver)]) resolver.cancel();
  };
  const timer = setTimeout(stop, allLookupsMs);
  signal.addEventListener('abort', stop, { once: true });
  const worker = async () => {
    for (const address of rest) {
      if (isOver) return;
      const own = servers.find(({ net }) => contains(net, address));
      // No name, no name server, or no time: all the same here.
      const [name] = await (own?.resolver ?? usual).reverse(address).catch(() => []);
      if (name !== undefined && name !== '') names.set(address, own === undefined ? name : without(own.domain, name));
    }
  };
  await Promise.all(Array.from({ length: lookupsAtOnce }, worker));
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  return names;
}

function resolverAt(server: string): Resolver {
  const resolver = new Resolver({ timeout: lookupMs, tries: 1 });
  resolver.setServers([server]);
  return resolver;
}

const without = (domain: string, name: string): string =>
  name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1) : name;
