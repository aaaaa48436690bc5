// A node's network read back from dhcpcd.conf and from NetworkManager's keyfiles: the reverse of ../flavours/dhcpcd.ts
// and ../flavours/network-manager.ts.

import { given } from '../../given.js';
import type { NodeWifi } from '../../protocol.js';
import { blockBegin } from '../flavours/cluster-hosts.js';
import { type KeyfileSection, parseKeyfile } from '../flavours/keyfile.js';
import type { AddressParts } from './network-parts.js';

/** The interface that dhcpcd.conf(5) sets by hand: that of piburn's own lines, else the last; undefined for none. */
export function readDhcpcd(lines: readonly string[]): AddressParts | undefined {
  const own = lines.indexOf(blockBegin);
  const seen = own < 0 ? lines : lines.slice(own);
  const blocks: { name: string; values: Map<string, string[]> }[] = [];
  for (const line of seen) {
    const [, name] = /^\s*interface\s+(\S+)\s*$/.exec(line) ?? [];
    const [, key = '', value = ''] = /^\s*static\s+([a-z0-9_]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) blocks.push({ name, values: new Map() });
    else if (key !== '') blocks.at(-1)?.values.set(key, value.split(/\s+/).filter(Boolean));
  }
  const block = blocks.findLast(({ values }) => values.size > 0);
  if (block === undefined) return undefined;
  const words = (key: string) => block.values.get(key) ?? [];
  return {
    name: block.name,
    addresses: [...words('ip_address'), ...words('ip6_address')],
    gateways: words('routers'),
    dns: words('domain_name_servers'),
    search: words('domain_search'),
  };
}

/** The IPv6 router in the lines that piburn gives to dhcpcd's hook. */
export const readHookGateway = (lines: readonly string[]): string | undefined =>
  /^\s*ip -6 route replace default via '([0-9A-Fa-f:]+)'/m.exec(lines.join('\n'))?.[1];

export interface ProfileSettings {
  readonly parts?: AddressParts;
  readonly wifi?: NodeWifi;
}

/** What a profile says; undefined when it is no keyfile. */
export function readProfile(lines: readonly string[]): ProfileSettings | undefined {
  const sections = parseKeyfile(lines);
  if (sections === undefined) return undefined;
  const at = (section: string, key: string) => valueIn(sections, section, key);
  const families = ['ipv4', 'ipv6'] as const;
  const manual = families.flatMap((family) =>
    sections.flatMap(([name, entries]) =>
      name === family ? entries.flatMap(([key, value]) => (/^address(es)?\d*$/.test(key) ? [value] : [])) : [],
    ),
  );
  const listOf = (key: string) => families.flatMap((family) => items(at(family, key)));
  const parts: AddressParts = {
    ...given({ name: at('connection', 'interface-name') }),
    addresses: manual.map((value) => value.split(',')[0] ?? ''),
    gateways: [
      ...manual.map((value) => value.split(',')[1] ?? ''),
      ...families.map((one) => at(one, 'gateway') ?? ''),
    ].filter(Boolean),
    dns: listOf('dns'),
    search: [...new Set(listOf('dns-search'))],
  };
  const isSet = parts.addresses.length > 0 || parts.dns.length > 0 || parts.search.length > 0;
  return given({ parts: isSet ? parts : undefined, wifi: wifiIn(at) });
}

const valueIn = (sections: readonly KeyfileSection[], section: string, key: string): string | undefined =>
  sections.findLast(([name]) => name === section)?.[1].findLast(([name]) => name === key)?.[1];

const items = (value: string | undefined): string[] => value?.split(/[;,]/).filter(Boolean) ?? [];

function wifiIn(at: (section: string, key: string) => string | undefined): NodeWifi | undefined {
  const section = at('wifi', 'ssid') === undefined ? '802-11-wireless' : 'wifi';
  const ssid = at(section, 'ssid');
  if (ssid === undefined || at(section, 'mode') === 'ap') return undefined;
  const isBytes = /^(?:\d+;)+$/.test(ssid);
  const psk = at(`${section}-security`, 'psk');
  return {
    ssid: isBytes ? Buffer.from(ssid.split(';').slice(0, -1).map(Number)).toString() : ssid,
    hidden: at(section, 'hidden') === 'true',
    ...given({ psk }),
  };
}
