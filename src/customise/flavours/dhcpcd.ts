// A node's addresses as dhcpcd has them: Raspberry Pi OS up to bullseye. Sources: dhcpcd.conf(5), dhcpcd-run-hooks(8).

import type { Node } from '../../protocol.js';
import { hasAddressing, interfaceOf, searchOf } from './node-network.js';

/** Lines for dhcpcd.conf; none when nothing is asked for. */
export function dhcpcdLines(node: Node): string[] {
  if (!hasAddressing(node)) return [];
  const { ipv4, ipv6, gateway, dns } = node;
  const search = searchOf(node);
  return [
    `interface ${interfaceOf(node)}`,
    ...(ipv4 ? [`static ip_address=${ipv4.address}/${ipv4.prefixLength}`] : []),
    ...(gateway === undefined ? [] : [`static routers=${gateway}`]),
    ...(ipv6 ? [`static ip6_address=${ipv6.address}/${ipv6.prefixLength}`] : []),
    ...(dns.length === 0 ? [] : [`static domain_name_servers=${dns.join(' ')}`]),
    ...(search.length === 0 ? [] : [`static domain_search=${search.join(' ')}`]),
  ];
}

/** dhcpcd has no word for an IPv6 router, so its hook sets the route: shell lines for dhcpcd.exit-hook. */
export function dhcpcdHookLines(node: Node): string[] {
  const { gateway6 } = node;
  if (gateway6 === undefined) return [];
  const name = interfaceOf(node);
  return [
    `if [ "$interface" = '${name}' ] && [ "$if_up" = true ]; then`,
    `  ip -6 route replace default via '${gateway6}' dev '${name}'`,
    'fi',
  ];
}
