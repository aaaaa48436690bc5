// A node's network as netplan has it: what cloud-init's network-config holds in version 2. Formats: netplan.readthedocs.io
// "YAML configuration"; cloudinit.readthedocs.io "Networking config version 2".

import type { Node, NodeWifi } from '../../protocol.js';
import { hasAddressing, interfaceOf, isWireless, searchOf, serversOf, wifiInterfaceOf } from './node-network.js';
import type { YamlValue } from './yaml.js';

export interface NetplanStyle {
  /** Write the country into it: netplan before 0.105 takes no network-config that has it. */
  readonly regulatoryDomain: boolean;
  /**
   * `password`: the short form, from which netplan allows WPA3 too. `psk`: WPA2 only, because systemd-networkd's
   * wpa_supplicant would try WPA3 with a key that is for WPA2.
   */
  readonly keyAs: 'password' | 'psk';
}

/** What the image's own network-config says of an interface: booting does not wait for a cable. */
const stockDhcp = { dhcp4: true, optional: true };

/** Undefined when nothing is asked for: then the image's own DHCP stays. */
export function netplanConfig(node: Node, style: NetplanStyle): YamlValue | undefined {
  if (!hasAddressing(node) && !node.wifi) return undefined;
  const name = interfaceOf(node);
  const wired = isWireless(name) || !hasAddressing(node) ? {} : { [name]: addressing(node) };
  return {
    network: {
      version: 2,
      ethernets: 'eth0' in wired ? wired : { eth0: stockDhcp, ...wired },
      ...(node.wifi ? { wifis: { [wifiInterfaceOf(node)]: wireless(node, node.wifi, style) } } : {}),
    },
  };
}

/**
 * With a gateway for IPv6 the interface is set by hand alone. Without one its default route comes from router
 * advertisements, and `dhcp6` is what makes both renderers of netplan listen to them.
 */
function addressing(node: Node): { readonly [key: string]: YamlValue } {
  const { ipv4, ipv6, gateway, gateway6, dns } = node;
  const addresses = [ipv4, ipv6].flatMap((own) => (own ? [`${own.address}/${own.prefixLength}`] : []));
  const routes = [gateway, gateway6].flatMap((via) => (via === undefined ? [] : [{ to: 'default', via }]));
  const search = searchOf(node);
  const listens = ipv6 !== undefined ? gateway6 === undefined : serversOf(node, 6).length > 0;
  return {
    dhcp4: ipv4 === undefined,
    ...(ipv6 || listens ? { dhcp6: listens } : {}),
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(routes.length === 0 ? {} : { routes }),
    ...(dns.length === 0 && search.length === 0 ? {} : { nameservers: nameServers(dns, search) }),
    optional: true,
  };
}

const nameServers = (addresses: readonly string[], search: readonly string[]): YamlValue => ({
  ...(addresses.length === 0 ? {} : { addresses }),
  ...(search.length === 0 ? {} : { search }),
});

function wireless(node: Node, { ssid, psk, hidden }: NodeWifi, { regulatoryDomain, keyAs }: NetplanStyle): YamlValue {
  const withKey =
    keyAs === 'password' ? { password: psk ?? '' } : { auth: { 'key-management': 'psk', password: psk ?? '' } };
  const accessPoint = {
    ...(psk === undefined ? { auth: { 'key-management': 'none' } } : withKey),
    ...(hidden ? { hidden } : {}),
  };
  return {
    ...(isWireless(interfaceOf(node)) ? addressing(node) : stockDhcp),
    ...(regulatoryDomain && node.country !== undefined ? { 'regulatory-domain': node.country } : {}),
    'access-points': { [ssid]: accessPoint },
  };
}

/**
 * Whether NetworkManager gets another name from netplan than was meant: it takes `65;66;` for bytes, and `\;` for `;`.
 * Measured with netplan 0.106 and 1.1.2 and NetworkManager 1.42.
 */
export const isLostInKeyfile = (ssid: string): boolean =>
  /^\s*\d+\s*(?:;\s*\d+\s*)*;\s*$/.test(ssid) || ssid.includes('\\;');
