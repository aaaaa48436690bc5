// A node's network read back from netplan's words: cloud-init's network-config, and what netplan has on a running Pi.
// The reverse of ../flavours/netplan.ts; what piburn does not write is passed over.

import { given } from '../../given.js';
import type { Node, NodeWifi } from '../../protocol.js';
import type { YamlValue } from '../flavours/yaml.js';
import { type AddressParts, addressing } from './network-parts.js';
import { entriesOf, mappingAt, stringsIn, textAt, type YamlMapping } from './yaml-reading.js';

/** The part of a node that network files tell. */
export type NetworkSettings = Pick<
  Node,
  'interface' | 'ipv4' | 'gateway' | 'ipv6' | 'gateway6' | 'dns' | 'search' | 'wifi' | 'country'
>;

/** Reads version 2, with `network:` around it or without. */
export function readNetplan(file: YamlMapping): NetworkSettings {
  const network = mappingAt(file, 'network') ?? file;
  const wired = entriesOf(mappingAt(network, 'ethernets'));
  const wireless = entriesOf(mappingAt(network, 'wifis'));
  const parts = [...wired, ...wireless].map(([name, one]) => partsOf(name, one));
  const [, radio] = wireless[0] ?? [];
  return {
    ...addressing(parts.find(isSet)),
    ...given({ wifi: radio && wifiIn(radio), country: radio && textAt(radio, 'regulatory-domain') }),
  };
}

/** Whether a network-config asks for no more than an image's own: DHCP on every wired interface. */
export function isStockNetwork(file: YamlMapping | undefined): boolean {
  if (file === undefined) return true;
  const network = mappingAt(file, 'network') ?? file;
  if (Object.keys(network).some((key) => !['version', 'renderer', 'ethernets'].includes(key))) return false;
  const stock = ['match', 'dhcp4', 'dhcp6', 'optional', 'renderer'];
  return entriesOf(mappingAt(network, 'ethernets')).every(
    ([, one]) => Object.keys(one).every((key) => stock.includes(key)) && one['dhcp4'] !== false,
  );
}

const isSet = ({ addresses, dns, search }: AddressParts): boolean =>
  addresses.length > 0 || dns.length > 0 || search.length > 0;

function partsOf(name: string, one: YamlMapping): AddressParts {
  const routes = Array.isArray(one['routes']) ? one['routes'] : [];
  const names = mappingAt(one, 'nameservers') ?? {};
  return {
    name,
    addresses: stringsIn(one['addresses']),
    gateways: [...routes.flatMap(defaultRoute), ...stringsIn([one['gateway4'] ?? null, one['gateway6'] ?? null])],
    dns: stringsIn(names['addresses']),
    search: stringsIn(names['search']),
  };
}

function defaultRoute(route: YamlValue): string[] {
  const at = (key: string) => textAt(route, key);
  return ['default', '0.0.0.0/0', '::/0'].includes(at('to') ?? '') ? [at('via') ?? []].flat() : [];
}

function wifiIn(radio: YamlMapping): NodeWifi | undefined {
  const [ssid, point] = entriesOf(mappingAt(radio, 'access-points'))[0] ?? [];
  if (ssid === undefined || point === undefined) return undefined;
  const psk = textAt(point, 'password') ?? textAt(mappingAt(point, 'auth'), 'password');
  return { ssid, hidden: point['hidden'] === true, ...given({ psk }) };
}
