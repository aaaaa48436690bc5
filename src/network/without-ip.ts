// What is known of the network without iproute2: Node's list of addresses, the kernel's tables in /proc/net (proc(5)),
// and what `iw dev NAME link` prints. Never throws: what is not as expected is left out.

import type { NetworkInterfaceInfo } from 'node:os';
import { given } from '../given.js';
import { ipv4Text, netOf } from '../ipv4-net.js';
import { type DefaultRoute, type Link, type LinkAddress, macOf, type NeighbourEntry } from './ip-json.js';

/** `os.networkInterfaces()`, which lists running interfaces that have addresses. */
export function linksOfNode(interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>): Link[] {
  return Object.entries(interfaces).map(([name, infos = []]) => ({
    name,
    ...given({ mac: macOf(infos[0]?.mac) }),
    isLoopback: infos.some(({ internal }) => internal),
    isOn: true,
    isRunning: true,
    addresses: infos.flatMap(linkAddress),
  }));
}

function linkAddress({ address, cidr, family, internal }: NetworkInterfaceInfo): LinkAddress[] {
  const prefixLength = Number(cidr?.split('/')[1] ?? Number.NaN);
  if (!Number.isInteger(prefixLength)) return [];
  if (family === 'IPv6') {
    const scope = /^fe[89ab]/i.test(address) ? 'link' : 'global';
    return [{ family: 'ipv6', address, prefixLength, scope: internal ? 'host' : scope }];
  }
  const net = prefixLength < 31 && !internal ? netOf(address, prefixLength) : undefined;
  const broadcast = net === undefined ? undefined : ipv4Text(net.last);
  return [{ family: 'ipv4', address, prefixLength, scope: internal ? 'host' : 'global', ...given({ broadcast }) }];
}

/** `/proc/net/route`: addresses are 32-bit numbers in hexadecimal, in the byte order of the machine (little-endian). */
export function parseProcRoutes(text: string): DefaultRoute[] {
  const routes = text.split('\n').flatMap((line): DefaultRoute[] => {
    const [interfaceName = '', destination, gateway = '', flags = '', , , metric = '', mask] = line.split(/\s+/);
    const isUp = (Number.parseInt(flags, 16) & 1) === 1;
    if (destination !== '00000000' || mask !== '00000000' || !isUp || !/^[0-9A-F]{8}$/i.test(gateway)) return [];
    const address = [6, 4, 2, 0].map((at) => Number.parseInt(gateway.slice(at, at + 2), 16)).join('.');
    const known = address === '0.0.0.0' ? undefined : address;
    return [{ family: 'ipv4', interfaceName, metric: Number(metric) || 0, ...given({ gateway: known }) }];
  });
  return routes.toSorted((a, b) => a.metric - b.metric);
}

/** `/proc/net/arp`: an entry is complete (flag 2) or permanent (flag 4); its age is not told, so complete counts as heard. */
export function parseArpTable(text: string): NeighbourEntry[] {
  return text.split('\n').flatMap((line): NeighbourEntry[] => {
    const [address = '', , flagsText = '', lladdr, , interfaceName] = line.split(/\s+/);
    if (interfaceName === undefined || !/^0x[0-9a-f]+$/i.test(flagsText) || netOf(address, 32) === undefined) return [];
    const flags = Number.parseInt(flagsText, 16);
    const state = flags & 4 ? 'PERMANENT' : flags & 2 ? 'REACHABLE' : 'INCOMPLETE';
    return [{ address, interfaceName, state, ...given({ mac: macOf(lladdr) }) }];
  });
}

/** The name of the wifi and the speed, from `iw dev NAME link`. */
export function parseIwLink(text: string): { readonly ssid?: string; readonly speedMbps?: number } {
  const ssid = /^\s*SSID: (.{1,255})$/m.exec(text)?.[1];
  const speed = Number(/^\s*tx bitrate: (\d{1,6}(?:\.\d)?) MBit\/s/m.exec(text)?.[1] ?? Number.NaN);
  return given({ ssid, speedMbps: speed > 0 ? speed : undefined });
}
