// A node's addresses in the words of systemd-networkd and of ifupdown, which Raspberry Pi OS does not use: those of
// netplan, NetworkManager and dhcpcd are in ../flavours. Pure. Sources of the formats: systemd.network(5), interfaces(5).

import type { Ipv4Address, Ipv6Address, Node } from '../../protocol.js';
import { searchOf } from '../flavours/node-network.js';

const withPrefix = ({ address, prefixLength }: Ipv4Address | Ipv6Address): string => `${address}/${prefixLength}`;

/** A `.network` file for an interface; what is not given comes from DHCP and router advertisements. */
export function networkdLines(name: string, node: Node): string[] {
  const { ipv4, ipv6, gateway, gateway6, dns } = node;
  const search = searchOf(node);
  const dhcp = ipv4 === undefined ? (ipv6 === undefined ? 'yes' : 'ipv4') : ipv6 === undefined ? 'ipv6' : 'no';
  return [
    '[Match]',
    `Name=${name}`,
    '',
    '[Network]',
    `DHCP=${dhcp}`,
    ...[ipv4, ipv6].flatMap((address) => (address === undefined ? [] : [`Address=${withPrefix(address)}`])),
    ...[gateway, gateway6].flatMap((address) => (address === undefined ? [] : [`Gateway=${address}`])),
    ...dns.map((server) => `DNS=${server}`),
    ...(search.length === 0 ? [] : [`Domains=${search.join(' ')}`]),
  ];
}

/** Stanzas for an interface; `extra` are options of the first one. */
export function ifupdownLines(name: string, node: Node, extra: readonly string[] = []): string[] {
  const { ipv4, ipv6, gateway, gateway6, dns } = node;
  const search = searchOf(node);
  return [
    `allow-hotplug ${name}`,
    `iface ${name} inet ${ipv4 === undefined ? 'dhcp' : 'static'}`,
    ...option('address', ipv4 && withPrefix(ipv4)),
    ...option('gateway', gateway),
    ...option('dns-nameservers', dns.join(' ')),
    ...option('dns-search', search.join(' ')),
    ...extra.map((line) => `    ${line}`),
    ...(ipv6 === undefined ? [] : [`iface ${name} inet6 static`]),
    ...option('address', ipv6 && withPrefix(ipv6)),
    ...option('gateway', gateway6),
  ];
}

const option = (keyword: string, value: string | undefined): string[] =>
  value === undefined || value === '' ? [] : [`    ${keyword} ${value}`];

/** resolv.conf(5). */
export const resolverLines = (node: Node): string[] => [
  ...(searchOf(node).length === 0 ? [] : [`search ${searchOf(node).join(' ')}`]),
  ...node.dns.map((server) => `nameserver ${server}`),
];
