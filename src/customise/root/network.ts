// A node's network, in the files of whichever program sets up the network of the image.

import { failure, type PiburnError } from '../../errors.js';
import type { Node } from '../../protocol.js';
import { dhcpcdHookLines, dhcpcdLines } from '../flavours/dhcpcd.js';
import { isLostInKeyfile, netplanConfig } from '../flavours/netplan.js';
import { networkProfiles } from '../flavours/network-manager.js';
import { hasAddressing, interfaceOf, wifiInterfaceOf } from '../flavours/node-network.js';
import { toYaml } from '../flavours/yaml.js';
import { ifupdownLines, networkdLines, resolverLines } from './network-texts.js';
import type { RootDraft } from './root-draft.js';
import { byteString } from './root-edit.js';
import { findUnit, isEnabled } from './services.js';
import { mapLines, withBlock, withLines } from './text-lines.js';
import { hasWpaSupplicant, noWifi, placeWpaNetwork } from './wifi.js';

type Program = 'netplan' | 'NetworkManager' | 'dhcpcd' | 'systemd-networkd' | 'ifupdown';

const interfacesFile = '/etc/network/interfaces';
const interfacesFolder = '/etc/network/interfaces.d';

/** @throws PiburnError `ROOT_NO_NETWORK`, `ROOT_NO_WIFI`. */
export function placeNetwork(draft: RootDraft, node: Node, burnId: string): void {
  const interfaces = [
    ...(hasAddressing(node) ? [interfaceOf(node)] : []),
    ...(node.wifi === undefined ? [] : [wifiInterfaceOf(node)]),
  ];
  if (interfaces.length === 0) return;
  const program = programOf(draft, interfaces);
  const place: Readonly<Record<Program, () => void>> = {
    netplan: () => placeNetplan(draft, node),
    NetworkManager: () => placeProfiles(draft, node, burnId),
    dhcpcd: () => placeDhcpcd(draft, node),
    'systemd-networkd': () => placeNetworkd(draft, node, new Set(interfaces)),
    ifupdown: () => placeIfupdown(draft, node, new Set(interfaces)),
  };
  place[program]();
}

/** NetworkManager leaves alone what ifupdown has a stanza for, and netplan tells all but ifupdown what to do. */
function programOf(draft: RootDraft, interfaces: readonly string[]): Program {
  const hasIfupdown = draft.isFile('/sbin/ifup') || draft.isFile('/usr/sbin/ifup');
  if (hasIfupdown && interfaces.some((name) => hasStanza(draft, name))) return 'ifupdown';
  if (netplanGenerators.some((path) => draft.isFile(path))) return 'netplan';
  if (hasNetworkManager(draft)) return 'NetworkManager';
  const services = ['dhcpcd.service', 'dhcpcd5.service'];
  const hasDhcpcd = services.some((unit) => findUnit(draft, unit) !== undefined) || draft.isFile('/etc/init.d/dhcpcd');
  if (hasDhcpcd && draft.isFile('/etc/dhcpcd.conf')) return 'dhcpcd';
  if (isEnabled(draft, 'systemd-networkd.service')) return 'systemd-networkd';
  if (hasIfupdown) return 'ifupdown';
  throw noProgram();
}

const netplanGenerators = ['/usr/lib/systemd/system-generators/netplan', '/lib/systemd/system-generators/netplan'];

const hasNetworkManager = (draft: RootDraft): boolean => findUnit(draft, 'NetworkManager.service') !== undefined;

/** The last file counts; which program does what it says is the image's to say. */
function placeNetplan(draft: RootDraft, node: Node): void {
  const { wifi } = node;
  if (wifi && !hasNetworkManager(draft) && !hasWpaSupplicant(draft)) throw noWifi();
  if (wifi && (wifi.ssid.includes('\\') || isLostInKeyfile(wifi.ssid))) throw unspeakable(wifi.ssid);
  const config = netplanConfig(node, { regulatoryDomain: false, keyAs: 'psk' });
  if (config === undefined) return;
  draft.write('/etc/netplan/99-piburn.yaml', byteString(toYaml(config)), {
    ...{ mode: 0o600, uid: 0, gid: 0 },
    secrets: secretsOf(node),
  });
  // NetworkManager, if it is the one, writes that file itself.
  if (!isEnabled(draft, 'systemd-resolved.service')) placeResolver(draft, node);
}

const secretsOf = ({ wifi }: Node): string[] => (wifi?.psk === undefined ? [] : [wifi.psk]);

function placeProfiles(draft: RootDraft, node: Node, burnId: string): void {
  for (const { name, lines } of networkProfiles(node, burnId)) {
    // It ignores profiles that others than root may read.
    draft.write(`/etc/NetworkManager/system-connections/${name}.nmconnection`, utf8(lines), {
      ...{ mode: 0o600, uid: 0, gid: 0 },
      secrets: secretsOf(node),
    });
  }
}

const utf8 = (lines: readonly string[]): Uint8Array => Buffer.from(`${lines.join('\n')}\n`);

function placeDhcpcd(draft: RootDraft, node: Node): void {
  for (const [path, lines] of [
    ['/etc/dhcpcd.conf', dhcpcdLines(node)],
    ['/etc/dhcpcd.exit-hook', dhcpcdHookLines(node)],
  ] as const) {
    if (lines.length > 0) draft.write(path, withBlock(draft.text(path) ?? '', lines));
  }
  // Its hook starts wpa_supplicant with this file.
  if (node.wifi !== undefined) placeWpaNetwork(draft, node, '/etc/wpa_supplicant/wpa_supplicant.conf');
}

function placeNetworkd(draft: RootDraft, node: Node, interfaces: ReadonlySet<string>): void {
  for (const name of interfaces) {
    // The first file that matches counts, in the order of names; those of netplan begin with 10.
    const lines = networkdLines(name, settingsFor(name, node));
    draft.write(`/etc/systemd/network/05-piburn-${name}.network`, utf8(lines), { mode: 0o644, uid: 0, gid: 0 });
  }
  if (!isEnabled(draft, 'systemd-resolved.service')) placeResolver(draft, node);
  if (node.wifi === undefined) return;
  const name = wifiInterfaceOf(node);
  placeWpaNetwork(draft, node, `/etc/wpa_supplicant/wpa_supplicant-${name}.conf`, `wpa_supplicant@${name}.service`);
}

function placeIfupdown(draft: RootDraft, node: Node, interfaces: ReadonlySet<string>): void {
  for (const path of stanzaFiles(draft)) {
    draft.write(
      path,
      withoutStanzas(draft.text(path) ?? '', (name) => interfaces.has(name)),
    );
  }
  const wpaFile = '/etc/wpa_supplicant/wpa_supplicant.conf';
  const wireless = node.wifi === undefined ? undefined : wifiInterfaceOf(node);
  const stanzas = [...interfaces].flatMap((name) =>
    ifupdownLines(name, settingsFor(name, node), name === wireless ? [`wpa-conf ${wpaFile}`] : []),
  );
  draft.write(`${interfacesFolder}/piburn`, utf8(stanzas), { mode: 0o644, uid: 0, gid: 0 });
  const main = draft.text(interfacesFile) ?? 'auto lo\niface lo inet loopback\n';
  const isSourced = /^\s*source(?:-directory)?\s+\/etc\/network\/interfaces\.d(?:\/?\*)?\/?\s*$/m.test(main);
  draft.write(interfacesFile, isSourced ? main : withLines(main, [`source ${interfacesFolder}/*`]));
  if (!draft.isFile('/sbin/resolvconf') && !draft.isFile('/usr/sbin/resolvconf')) placeResolver(draft, node);
  if (node.wifi !== undefined) placeWpaNetwork(draft, node, wpaFile);
}

/** Addresses and name servers belong to one interface; a wireless one beside it gets its own by DHCP. */
const settingsFor = (name: string, node: Node): Node =>
  name === interfaceOf(node) ? node : { hostname: node.hostname, dns: [] };

/** Where nothing else writes the list of name servers. */
function placeResolver(draft: RootDraft, node: Node): void {
  const lines = resolverLines(node);
  if (lines.length === 0) return;
  draft.remove('/etc/resolv.conf');
  draft.write('/etc/resolv.conf', utf8(lines), { mode: 0o644, uid: 0, gid: 0 });
}

const stanzaFiles = (draft: RootDraft): string[] =>
  [interfacesFile, ...draft.names(interfacesFolder).map((name) => `${interfacesFolder}/${name}`)].filter((path) =>
    draft.isFile(path),
  );

const hasStanza = (draft: RootDraft, name: string): boolean =>
  stanzaFiles(draft).some((path) => {
    const text = draft.text(path) ?? '';
    return withoutStanzas(text, (each) => each === name) !== text;
  });

/** Makes comments of the stanzas of some interfaces: two for one interface would both be applied. */
function withoutStanzas(text: string, isOurs: (name: string) => boolean): string {
  let inOurs = false;
  return mapLines(text, (line) => {
    const [, keyword, rest = ''] =
      /^\s*(iface|mapping|auto|allow-\S+|source\S*|no-\S+|rename)\s+(.*)$/.exec(line) ?? [];
    const names = rest.split(/\s+/);
    if (keyword === 'iface' || keyword === 'mapping') inOurs = keyword === 'iface' && isOurs(names[0] ?? '');
    else if (keyword !== undefined) inOurs = false;
    if (keyword === 'auto' || keyword?.startsWith('allow-')) {
      const others = names.filter((name) => name !== '' && !isOurs(name));
      if (others.length === names.filter((name) => name !== '').length) return line;
      return others.length === 0 ? comment(line) : `${keyword} ${others.join(' ')}`;
    }
    return inOurs && !/^\s*(?:#|$)/.test(line) ? comment(line) : line;
  });
}

const comment = (line: string): string => `# before piburn: ${line}`;

const unspeakable = (ssid: string): PiburnError =>
  failure(
    'ROOT_NO_WIFI',
    `--ssid: netplan, which sets up the network of this image, would take '${ssid}' for another name`,
    {
      hint: 'rename the network, or use an image without netplan',
    },
  );

const noProgram = (): PiburnError =>
  failure(
    'ROOT_NO_NETWORK',
    'the image has none of netplan, NetworkManager, dhcpcd, systemd-networkd and ifupdown, so that no address can be set in it',
    { hint: 'leave the options for the network out, and give the addresses by DHCP' },
  );
