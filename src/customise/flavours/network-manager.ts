// A node's network as profiles of NetworkManager: Raspberry Pi OS from bookworm on, where cloud-init does not make them.
// Sources: nm-settings-keyfile(5), nm-settings-nmcli(5).

import { createHash } from 'node:crypto';
import type { Node, NodeWifi } from '../../protocol.js';
import { type KeyfileSection, keyfileLines, ssidValue } from './keyfile.js';
import { hasAddressing, interfaceOf, isWireless, searchOf, serversOf, wifiInterfaceOf } from './node-network.js';

export interface NetworkProfile {
  /** The name of its file, without the suffix. */
  readonly name: string;
  readonly lines: readonly string[];
}

/** One for the wired interface and one for Wi-Fi, as far as anything is asked of them. `burnId` makes their ids unique. */
export function networkProfiles(node: Node, burnId: string): NetworkProfile[] {
  const name = interfaceOf(node);
  const seed = `${burnId}/${node.hostname}`;
  const profiles: NetworkProfile[] = [];
  if (hasAddressing(node) && !isWireless(name)) {
    const connection = connectionSection(seed, `piburn-${name}`, 'ethernet', name);
    profiles.push({ name: `piburn-${name}`, lines: keyfileLines([connection, ...addressing(node)]) });
  }
  if (node.wifi) {
    const connection = connectionSection(seed, 'piburn-wifi', 'wifi', wifiInterfaceOf(node));
    const addresses = isWireless(name) ? addressing(node) : automatic;
    profiles.push({ name: 'piburn-wifi', lines: keyfileLines([connection, ...wireless(node.wifi), ...addresses]) });
  }
  return profiles;
}

const connectionSection = (
  seed: string,
  id: string,
  type: 'ethernet' | 'wifi',
  interfaceName: string,
): KeyfileSection => [
  'connection',
  [
    ['id', id],
    ['uuid', uuidOf(`${seed}/${id}`)],
    ['type', type],
    ['interface-name', interfaceName],
    ['autoconnect-priority', '100'],
  ],
];

const automatic: readonly KeyfileSection[] = [
  ['ipv4', [['method', 'auto']]],
  ['ipv6', [['method', 'auto']]],
];

/**
 * Given name servers come before those of DHCP. A static IPv6 address without a gateway stays beside those of router
 * advertisements, which then bring the default route.
 */
function addressing(node: Node): KeyfileSection[] {
  const { ipv4, ipv6, gateway, gateway6 } = node;
  return [
    ['ipv4', [...addressEntries(ipv4, gateway, ipv4 ? 'manual' : 'auto'), ...nameEntries(node, 4)]],
    ['ipv6', [...addressEntries(ipv6, gateway6, gateway6 === undefined ? 'auto' : 'manual'), ...nameEntries(node, 6)]],
  ];
}

function addressEntries(
  net: { readonly address: string; readonly prefixLength: number } | undefined,
  gateway: string | undefined,
  method: 'manual' | 'auto',
): [string, string][] {
  if (!net) return [['method', method]];
  const address = `${net.address}/${net.prefixLength}${gateway === undefined ? '' : `,${gateway}`}`;
  return [
    ['method', method],
    ['address1', address],
  ];
}

function nameEntries(node: Node, family: 4 | 6): [string, string][] {
  const list = (values: readonly string[]) => values.map((value) => `${value};`).join('');
  const entries: [string, string][] = [
    ['dns', list(serversOf(node, family))],
    ['dns-search', list(searchOf(node))],
  ];
  return entries.filter(([, value]) => value !== '');
}

function wireless({ ssid, psk, hidden }: NodeWifi): KeyfileSection[] {
  const wifi: KeyfileSection = [
    'wifi',
    [['mode', 'infrastructure'], ['ssid', ssidValue(ssid)], ...(hidden ? ([['hidden', 'true']] as const) : [])],
  ];
  if (psk === undefined) return [wifi];
  const security: KeyfileSection = [
    'wifi-security',
    [
      ['key-mgmt', 'wpa-psk'],
      ['psk', psk],
    ],
  ];
  return [wifi, security];
}

/** piburn's own namespace, a random UUID. */
const namespace = Buffer.from('9a3cfe2b7c3f4f0e8d5d2f4a61b0c7e9', 'hex');

/** RFC 9562 section 5.5, version 5: the same name gives the same UUID. */
function uuidOf(name: string): string {
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
