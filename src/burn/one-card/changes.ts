// The changes that the small commands make to a node, each from what was typed. Pure, apart from the key files.

import {
  checkHostname,
  parseAnyHostAddress,
  parseHostAddress,
  parseHostAddress6,
  parseIpv4,
  parseIpv6,
} from '../../address.js';
import type { RootSettings } from '../../customise/read-back/root-settings.js';
import { checkCountry, checkInterface, checkSsid, checkUserName } from '../../customise/settings-check.js';
import { parsePublicKeys, readPublicKeys } from '../../customise/ssh-key.js';
import { wifiPsk } from '../../customise/wifi-psk.js';
import { usageError } from '../../errors.js';
import { given } from '../../given.js';
import type { Flavour, Node, NodeUser } from '../../protocol.js';
import { defaults } from '../options.js';

/** A card before its change. */
export interface Editable {
  readonly node: Node;
  /** What its root says, where that can be read. */
  readonly root?: RootSettings;
  readonly flavour: Flavour;
}

export interface Changed {
  readonly node: Node;
  /** What is different, a line each. */
  readonly summary: readonly string[];
}

/** Throws usage errors for what does not fit the card; nothing has been written then. */
export type Change = (before: Editable) => Changed;

export function setHost(name: string): Change {
  checkHostname(name, 'set host');
  return ({ node, root }) => ({
    node: { ...node, hostname: name },
    summary: [`host name: ${node.hostname || root?.node.hostname || 'none'} -> ${name}`],
  });
}

export interface IpWords {
  readonly gateway?: string;
  readonly dns?: readonly string[];
  readonly interface?: string;
}

/** One address of either family; the gateway belongs to the same one. */
export function setIp(text: string, words: IpWords): Change {
  const isIpv6 = text.includes(':');
  const own = isIpv6 ? parseIpv6(text, 'set ip') : parseIpv4(text, 'set ip');
  const parseGateway = isIpv6 ? parseHostAddress6 : parseHostAddress;
  const gateway = words.gateway === undefined ? undefined : parseGateway(words.gateway, '--gateway');
  const dns = words.dns?.map((server) => parseAnyHostAddress(server, '--dns'));
  if (words.interface !== undefined) checkInterface(words.interface, '--interface');
  const fields = isIpv6 ? { ipv6: own, ...given({ gateway6: gateway }) } : { ipv4: own, ...given({ gateway }) };
  return ({ node }) => {
    const before = isIpv6 ? node.ipv6 : node.ipv4;
    const shown = (address: typeof before) => (address ? `${address.address}/${address.prefixLength}` : 'by DHCP');
    return {
      node: { ...node, ...fields, ...given({ dns, interface: words.interface }) },
      summary: [
        `address: ${shown(before)} -> ${shown(own)}`,
        ...(gateway === undefined ? [] : [`gateway: ${gateway}`]),
        ...(dns === undefined ? [] : [`name servers: ${dns.join(', ')}`]),
      ],
    };
  };
}

/** `value`: a public key itself, or what `--sshkey` takes. The keys that the card has stay. */
export function setKey(value: string, home: string, user?: string): Change {
  const isKey = /^(?:ssh|ecdsa|sk)-\S+\s+\S/.test(value.trim());
  const keys = isKey ? parsePublicKeys(value, 'set key') : readPublicKeys(value, home);
  if (user !== undefined) checkUserName(user, '--user');
  return ({ node, root }) => {
    // Setting up a user overwrites what a Pi that has booted has of it, so that comes along.
    const before: NodeUser | undefined = node.user ?? root?.node.user;
    if (before !== undefined && user !== undefined && before.name !== user) throw otherUser(user, before.name);
    const known = before?.authorizedKeys ?? [];
    const added = keys.filter((key) => !known.includes(key));
    const name = before?.name ?? user ?? defaults.userName;
    return {
      node: {
        ...node,
        user: { name, authorizedKeys: [...known, ...added], ...given({ passwordHash: before?.passwordHash }) },
      },
      summary: keys.map((key) => `key of ${name}: ${keyName(key)}${added.includes(key) ? '' : ' (it was there)'}`),
    };
  };
}

const keyName = (key: string): string => {
  const [type = '', , ...comment] = key.split(' ');
  return [type, ...comment].join(' ');
};

const otherUser = (wanted: string, there: string) =>
  usageError('USER_NAME', `the user of the card is ${there}, not ${wanted}`, {
    hint: 'leave --user out; to give the card another user, burn it anew',
  });

export interface WifiWords {
  readonly ssid: string;
  /** Undefined for an open network. */
  readonly password?: string;
  readonly hidden: boolean;
  readonly country?: string;
}

export function setWifi({ ssid, password, hidden, country }: WifiWords): Change {
  checkSsid(ssid, 'wifi');
  if (country !== undefined) checkCountry(country, '--country');
  const psk = password === undefined ? undefined : wifiPsk(ssid, password, 'wifi');
  return ({ node }) => ({
    node: { ...node, wifi: { ssid, hidden, ...given({ psk }) }, ...given({ country }) },
    summary: [
      `Wi-Fi: ${node.wifi === undefined ? 'none' : `'${node.wifi.ssid}'`} -> '${ssid}'${psk === undefined ? ' (open)' : ''}`,
      ...(country === undefined ? [] : [`country: ${node.country ?? 'none'} -> ${country}`]),
    ],
  });
}
