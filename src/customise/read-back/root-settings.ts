// What the root file system of a card says of its settings: the ones that the Pi has taken when it booted, or that
// `--rootfs` has put there. Formats: hostname(5), passwd(5), shadow(5), hosts(5), locale(7), keyboard(5).

import { given } from '../../given.js';
import type { Node, NodeUser, NodeWifi } from '../../protocol.js';
import { blockBegin, blockEnd } from '../flavours/cluster-hosts.js';
import { readWpaSupplicant } from '../flavours/wpa-supplicant.js';
import { readYamlMapping } from '../flavours/yaml.js';
import { readHostLines } from './cloud-node.js';
import { type NetworkSettings, readNetplan } from './netplan.js';
import { readDhcpcd, readProfile } from './network-files.js';
import { type AddressParts, addressing } from './network-parts.js';
import { textIn, type VolumeView } from './view.js';

export interface RootSettings {
  readonly node: Node;
  /** piburn has written into this root, or had its script do so. */
  readonly hasTraces: boolean;
  /** A first boot has made what every Pi makes for itself. */
  readonly hasBooted: boolean;
  /** Instances that cloud-init has set up. */
  readonly instances: readonly string[];
}

const profileFolder = '/etc/NetworkManager/system-connections';
const maxProfiles = 256;
const firstUid = '1000';

export function readRootSettings(root: VolumeView): RootSettings {
  const lines = (path: string) => textIn(root, path)?.split(/\r?\n/) ?? [];
  const field = (path: string, pattern: RegExp) => pattern.exec(textIn(root, path) ?? '')?.[1];
  const hosts = lines('/etc/hosts');
  const [begin, end] = [hosts.indexOf(blockBegin), hosts.indexOf(blockEnd)];
  const node: Node = {
    hostname: field('/etc/hostname', /^\s*([^\s#]+)/) ?? '',
    ...networkOf(root, lines),
    ...given({
      user: userOf(lines),
      locale:
        field('/etc/default/locale', /^LANG="?([^"\s]+)"?\s*$/m) ??
        field('/etc/locale.conf', /^LANG="?([^"\s]+)"?\s*$/m),
      timezone: timezoneOf(root),
      keymap: keymapOf(field),
      hosts: begin < 0 || end < begin ? undefined : readHostLines(hosts.slice(begin + 1, end)),
      firstboot: (root.list('/var/lib/piburn') ?? []).some((name) => /^firstboot-[^.]+$/.test(name)) ? '' : undefined,
    }),
  };
  return {
    node,
    hasTraces: hasTraces(root),
    hasBooted: hasBooted(root),
    instances: root.list('/var/lib/cloud/instances') ?? [],
  };
}

function hasTraces(root: VolumeView): boolean {
  const block = (path: string) => textIn(root, path)?.includes(blockBegin) === true;
  return (
    root.exists('/etc/sudoers.d/010_piburn') ||
    root.exists('/etc/ssh/sshd_config.d/10-piburn.conf') ||
    root.exists('/etc/network/interfaces.d/piburn') ||
    (root.list(profileFolder) ?? []).some((name) => name.startsWith('piburn-')) ||
    block('/etc/hosts') ||
    block('/etc/dhcpcd.conf')
  );
}

const hasBooted = (root: VolumeView): boolean =>
  /^[0-9a-f]{32}\s*$/.test(textIn(root, '/etc/machine-id') ?? '') && root.exists('/etc/ssh/ssh_host_ed25519_key.pub');

/** Undefined where nobody has the first user's number. Hashes and shadow's marks: see shadow(5). */
function userOf(lines: (path: string) => string[]): NodeUser | undefined {
  const entries = lines('/etc/passwd').map((line) => line.split(':'));
  const [name, , , , , home = ''] = entries.find(([, , uid]) => uid === firstUid) ?? [];
  if (name === undefined) return undefined;
  const shadow = lines('/etc/shadow').map((line) => line.split(':'));
  const hash = shadow.find(([owner]) => owner === name)?.[1];
  const keys = home === '' ? [] : lines(`${home}/.ssh/authorized_keys`).map((line) => line.trim());
  return {
    name,
    authorizedKeys: keys.filter((line) => line !== '' && !line.startsWith('#')),
    ...given({ passwordHash: hash?.startsWith('$') ? hash : undefined }),
  };
}

function timezoneOf(root: VolumeView): string | undefined {
  const linked = root.stat('/etc/localtime')?.target?.split('zoneinfo/')[1];
  return linked ?? /^\s*(\S+)/.exec(textIn(root, '/etc/timezone') ?? '')?.[1];
}

function keymapOf(field: (path: string, pattern: RegExp) => string | undefined): string | undefined {
  const layout = field('/etc/default/keyboard', /^XKBLAYOUT="?([^"\s]+)"?\s*$/m);
  const variant = field('/etc/default/keyboard', /^XKBVARIANT="?([^"\s]+)"?\s*$/m);
  return layout === undefined || variant === undefined ? layout : `${layout}(${variant})`;
}

/** Of several programs' files the first that sets anything counts: NetworkManager's, netplan's, dhcpcd's, ifupdown's. */
function networkOf(root: VolumeView, lines: (path: string) => string[]): NetworkSettings {
  const profiles = profileNames(root).flatMap((name) => readProfile(lines(`${profileFolder}/${name}`)) ?? []);
  const plans = (root.list('/etc/netplan') ?? []).flatMap((name) => {
    const plan = name.endsWith('.yaml') ? readYamlMapping(textIn(root, `/etc/netplan/${name}`) ?? '') : undefined;
    return plan === undefined ? [] : [readNetplan(plan)];
  });
  const supplicant = readWpaSupplicant(
    lines('/etc/wpa_supplicant/wpa_supplicant.conf').filter((line) => line.trim() !== ''),
  );
  const found = [
    ...profiles.map(({ parts }) => parts && addressing(parts)),
    ...plans.map((plan) => (plan.ipv4 || plan.ipv6 || plan.dns.length > 0 ? withoutWifi(plan) : undefined)),
    partsOf(readDhcpcd(lines('/etc/dhcpcd.conf'))),
    partsOf(readInterfaces(lines('/etc/network/interfaces.d/piburn'))),
  ].find((each) => each !== undefined);
  const radios: (NodeWifi | undefined)[] = [
    ...profiles.map(({ wifi }) => wifi),
    ...plans.map(({ wifi }) => wifi),
    supplicant && { ssid: supplicant.ssid, hidden: supplicant.hidden, ...given({ psk: supplicant.psk }) },
  ];
  const country = supplicant?.country ?? plans.find((plan) => plan.country !== undefined)?.country;
  return { ...(found ?? { dns: [] }), ...given({ wifi: radios.find((each) => each !== undefined), country }) };
}

const partsOf = (parts: AddressParts | undefined) => parts && addressing(parts);

const withoutWifi = ({ wifi: _, country: __, ...rest }: NetworkSettings): NetworkSettings => rest;

/** piburn's own first: others may be left over. */
function profileNames(root: VolumeView): string[] {
  const names = (root.list(profileFolder) ?? []).filter((name) => name.endsWith('.nmconnection'));
  const isOwn = (name: string) => name.startsWith('piburn-');
  return [...names.filter(isOwn), ...names.filter((name) => !isOwn(name))].slice(0, maxProfiles);
}

/** The stanzas that piburn writes for ifupdown: interfaces(5). */
function readInterfaces(lines: readonly string[]): AddressParts | undefined {
  const options = (key: string) =>
    lines.flatMap((line) => new RegExp(String.raw`^\s+${key}\s+(.*)$`).exec(line)?.[1]?.split(/\s+/) ?? []);
  const [, name] = lines.map((line) => /^iface\s+(\S+)\s/.exec(line)).find((match) => match !== null) ?? [];
  const addresses = options('address');
  const dns = options('dns-nameservers');
  if (name === undefined || addresses.length + dns.length === 0) return undefined;
  return { name, addresses, gateways: options('gateway'), dns, search: options('dns-search') };
}
