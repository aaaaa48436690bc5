// What a node wants of its network, in the words that every way of configuring one needs.

import type { Node } from '../../protocol.js';

/** The interface that gets the addresses and name servers. */
export const interfaceOf = (node: Node): string => node.interface ?? 'eth0';

/** The kernel and systemd call wireless interfaces wlan0, wlp1s0, wlxaabb… (systemd.net-naming-scheme(7)). */
export const isWireless = (name: string): boolean => name.startsWith('wl');

/** The interface that joins the Wi-Fi network. */
export const wifiInterfaceOf = (node: Node): string => (isWireless(interfaceOf(node)) ? interfaceOf(node) : 'wlan0');

/** Whether anything is to be set on the interface beyond what DHCP and router advertisements give. */
export const hasAddressing = (node: Node): boolean =>
  node.ipv4 !== undefined || node.ipv6 !== undefined || node.dns.length > 0 || searchOf(node).length > 0;

export const searchOf = (node: Node): readonly string[] => node.search ?? [];

/** The name servers of one family, in their order. */
export const serversOf = (node: Node, family: 4 | 6): string[] =>
  node.dns.filter((server) => server.includes(':') === (family === 6));
