// A static address or name servers for eth0, in the words of the two programs that Raspberry Pi OS has had.

import type { Node } from '../../protocol.js';

/** Sources: NetworkManager's nm-settings-keyfile(5). Given name servers come before those of DHCP. */
export function networkManagerProfile(node: Node): string[] {
  const gateway = node.gateway === undefined ? '' : `,${node.gateway}`;
  return [
    '[connection]',
    'id=piburn-eth0',
    'type=ethernet',
    'interface-name=eth0',
    'autoconnect-priority=100',
    '[ipv4]',
    ...(node.ipv4
      ? ['method=manual', `address1=${node.ipv4.address}/${node.ipv4.prefixLength}${gateway}`]
      : ['method=auto']),
    ...(node.dns.length === 0 ? [] : [`dns=${node.dns.map((server) => `${server};`).join('')}`]),
    '[ipv6]',
    'method=auto',
  ];
}

/** Source: dhcpcd.conf(5). */
export function dhcpcdLines(node: Node): string[] {
  return [
    'interface eth0',
    ...(node.ipv4 ? [`static ip_address=${node.ipv4.address}/${node.ipv4.prefixLength}`] : []),
    ...(node.gateway === undefined ? [] : [`static routers=${node.gateway}`]),
    ...(node.dns.length === 0 ? [] : [`static domain_name_servers=${node.dns.join(' ')}`]),
  ];
}
