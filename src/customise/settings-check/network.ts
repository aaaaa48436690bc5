// The settings of a node's network, apart from Wi-Fi: interface, addresses, gateways, name servers, search domains, and
// the hosts of its cluster.

import {
  checkHostname,
  parseAnyHostAddress,
  parseHostAddress,
  parseHostAddress6,
  parseIpv4,
  parseIpv6,
  sameNet,
  sameNet6,
} from '../../address.js';
import { type PiburnError, usageError } from '../../errors.js';
import type { HostEntry, Node } from '../../protocol.js';
import { printable } from './one-line.js';

/** IFNAMSIZ of the kernel, less its NUL (include/uapi/linux/if.h). */
const maxInterfaceLength = 15;
/** Far above any cluster; a larger list is a mistake. */
const maxHosts = 4096;

/** Checks all of them. Throws a usage error that names the option. */
export function checkNetwork(node: Node): void {
  if (node.ipv4) parseIpv4(`${node.ipv4.address}/${node.ipv4.prefixLength}`, '--ipaddr');
  if (node.ipv6) parseIpv6(`${node.ipv6.address}/${node.ipv6.prefixLength}`, '--ip6addr');
  if (node.gateway !== undefined) checkGateway(node.gateway, node);
  if (node.gateway6 !== undefined) checkGateway6(node.gateway6, node);
  for (const server of node.dns) parseAnyHostAddress(server, '--dns');
  for (const domain of node.search ?? []) checkDomain(domain, '--search');
  if (node.interface !== undefined) checkInterfaceOf(node, node.interface);
  checkHosts(node.hosts ?? [], '--cluster-hosts');
}

/** With an address from DHCP the gateway comes from there as well, and a second one would fight with it. */
function checkGateway(gateway: string, node: Node): void {
  parseHostAddress(gateway, '--gateway');
  if (!node.ipv4) throw gatewayAlone('--gateway', gateway, '--ipaddr');
  if (!sameNet(node.ipv4, gateway)) throw gatewayOutside('--gateway', gateway, node.ipv4);
}

function checkGateway6(gateway: string, node: Node): void {
  parseHostAddress6(gateway, '--gateway6');
  if (!node.ipv6) throw gatewayAlone('--gateway6', gateway, '--ip6addr');
  if (!sameNet6(node.ipv6, gateway)) throw gatewayOutside('--gateway6', gateway, node.ipv6);
}

const gatewayAlone = (option: string, gateway: string, addressOption: string): PiburnError =>
  usageError('GATEWAY_ALONE', `${option} ${gateway} has no effect on a node that gets its address by itself.`, {
    hint: `Give the node an address with ${addressOption}, or leave ${option} out.`,
  });

const gatewayOutside = (option: string, gateway: string, net: { address: string; prefixLength: number }): PiburnError =>
  usageError('GATEWAY_OUTSIDE_NET', `${option} ${gateway} is not in the net of ${net.address}/${net.prefixLength}.`, {
    hint: `Check ${option}, or give the prefix length with the address.`,
  });

function checkInterfaceOf(node: Node, name: string): void {
  checkInterface(name, '--interface');
  const { ipv4, ipv6, dns, search = [] } = node;
  if (!ipv4 && !ipv6 && dns.length === 0 && search.length === 0) {
    throw usageError('OPTION_WITHOUT_EFFECT', `--interface ${name} has no effect: there is nothing to set on it.`, {
      hint: 'Add --ipaddr, --ip6addr, --dns or --search, or leave --interface out.',
    });
  }
  if (name.startsWith('wl') && !node.wifi) {
    throw usageError('OPTION_WITHOUT_EFFECT', `--interface ${name} is wireless, but no Wi-Fi network is given.`, {
      hint: 'Add --ssid and --wifipassword, or take a wired interface such as --interface=eth0.',
    });
  }
}

/** Checks the name of a network interface. Throws a usage error `INTERFACE`. */
export function checkInterface(name: string, option: string): void {
  if (name.length <= maxInterfaceLength && /^[A-Za-z][A-Za-z0-9._-]*$/.test(name) && name !== 'lo') return;
  throw usageError('INTERFACE', `${option}: '${printable(name)}' is no name of a network interface.`, {
    hint: `Use 1 to ${maxInterfaceLength} letters, digits, dots and hyphens, such as eth0 or wlan0.`,
  });
}

/** Checks a domain or host name of one or more labels. Throws a usage error `DOMAIN`. */
export function checkDomain(domain: string, option: string): void {
  const labels = domain.split('.');
  const isLabel = (label: string) => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label);
  if (domain.length <= 253 && labels.every(isLabel) && !/^[0-9.]+$/.test(domain)) return;
  throw usageError('DOMAIN', `${option}: '${printable(domain)}' is no domain name.`, {
    hint: 'Write labels of letters, digits and hyphens with dots between them, such as lab.example.org.',
  });
}

/** Checks lines for /etc/hosts. Throws a usage error `HOSTS`, or that of the address or name that is wrong. */
export function checkHosts(hosts: readonly HostEntry[], option: string): void {
  if (hosts.length > maxHosts) {
    throw usageError('HOSTS', `${option}: there are ${hosts.length} hosts, and ${maxHosts} are allowed.`, {
      hint: 'Use a name server for a cluster of this size.',
    });
  }
  for (const { address, names } of hosts) {
    parseAnyHostAddress(address, option);
    if (names.length === 0) {
      throw usageError('HOSTS', `${option}: the address ${address} has no name.`, {
        hint: 'Give every address at least one name, such as 10.1.1.2 red001.',
      });
    }
    for (const name of names) {
      if (name.includes('.')) checkDomain(name, option);
      else checkHostname(name, option);
    }
  }
}
