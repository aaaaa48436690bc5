// The address of the cluster side, by whatever is in charge of the interface there: NetworkManager (nm-settings-keyfile(5)),
// systemd-networkd (systemd.network(5)), dhcpcd (dhcpcd.conf(5)), ifupdown (interfaces(5)), or nobody.

import { refusal } from '../../errors.js';
import type { BridgeSettings } from '../../protocol.js';
import { ownText, paths, withBlock } from './paths.js';
import type { BridgeFacts, Command, CommandStep, FileStep, Step } from './types.js';

export type Manager = 'NetworkManager' | 'systemd-networkd' | 'dhcpcd' | 'ifupdown' | 'none';

/** Who gives the interface its addresses. What is in the state stays in charge: that it does not answer may pass. */
export function managerOf(name: string, facts: BridgeFacts): Manager {
  const found = managerNow(name, facts);
  const before = managerInState(name, facts);
  return before !== undefined && staysInCharge(before, name, facts) ? before : found;
}

function managerNow(name: string, facts: BridgeFacts): Manager {
  if (facts.networkManager?.[name] !== undefined) return 'NetworkManager';
  if (facts.isNetworkdActive) return 'systemd-networkd';
  if (facts.isDhcpcdActive) return 'dhcpcd';
  const stanzas = facts.ifupdown?.stanzas.filter((stanza) => stanza.file !== paths.ifupdown) ?? [];
  if (stanzas.some((stanza) => stanza.interface === name)) return 'ifupdown';
  return facts.ifupdown !== undefined && facts.hasSystemd ? 'ifupdown' : 'none';
}

const traces: readonly (readonly [Manager, program: string, path: string])[] = [
  ['NetworkManager', 'nmcli', paths.networkManager],
  ['systemd-networkd', 'networkctl', paths.networkd],
  ['dhcpcd', 'dhcpcd', paths.dhcpcd],
  ['ifupdown', 'ifup', paths.ifupdown],
  ['ifupdown', 'ifup', paths.interfaces],
];

function managerInState(name: string, { state }: BridgeFacts): Manager | undefined {
  if (state?.settings.private !== name) return undefined;
  const ids = new Set(state.entries.map(({ step }) => step.id));
  return traces.find(([, , path]) => ids.has(`file:${path}`))?.[0];
}

/** As long as its program is installed, and no other one that does answer has taken over. */
function staysInCharge(before: Manager, name: string, facts: BridgeFacts): boolean {
  const program = traces.find(([manager]) => manager === before)?.[1] ?? '';
  if (facts.programs[program] === undefined) return false;
  const isNetworkManagers = facts.networkManager?.[name] !== undefined;
  if (before === 'NetworkManager') return facts.networkManager === undefined || isNetworkManagers;
  const others = [
    isNetworkManagers,
    before !== 'systemd-networkd' && facts.isNetworkdActive,
    before !== 'dhcpcd' && facts.isDhcpcdActive,
  ];
  return !others.includes(true);
}

/** Steps in order. `none`: the address itself; a unit of ours does it again at boot where there is systemd. */
export function addressSteps(settings: BridgeSettings, facts: BridgeFacts): readonly Step[] {
  const manager = managerOf(settings.private, facts);
  if (manager === 'NetworkManager') return networkManagerSteps(settings, facts);
  if (manager === 'systemd-networkd') return networkdSteps(settings);
  if (manager === 'dhcpcd') return dhcpcdSteps(settings, facts);
  if (manager === 'ifupdown') return ifupdownSteps(settings, facts);
  return plainSteps(settings);
}

export const addressesOf = ({ ip, prefixLength, ipv6 }: BridgeSettings): readonly string[] => [
  `${ip}/${prefixLength}`,
  ...(ipv6 === undefined ? [] : [`${ipv6.address}/64`]),
];

const sentenceOf = (settings: BridgeSettings, who: string): string =>
  `give ${settings.private} the address ${addressesOf(settings).join(' and ')} (${who})`;

/** Other steps end with a command; this one's undo comes after the file is gone again. */
const afterwards = (id: string, sentence: string, undo: readonly Command[]): CommandStep => ({
  kind: 'command',
  id,
  sentence,
  do: [],
  undo,
  lenientUndo: true,
});

function networkManagerSteps(settings: BridgeSettings, facts: BridgeFacts): readonly Step[] {
  const { private: side, ip, prefixLength, ipv6 } = settings;
  const before = facts.networkManager?.[side]?.connection;
  const lines = [
    '',
    '[connection]',
    'id=piburn-bridge',
    'uuid=5e0d3c1a-9b54-4f6b-8d0e-7069627572e1',
    'type=ethernet',
    `interface-name=${side}`,
    'autoconnect=true',
    'autoconnect-priority=100',
    '',
    '[ipv4]',
    'method=manual',
    `address1=${ip}/${prefixLength}`,
    'never-default=true',
    '',
    '[ipv6]',
    ...(ipv6 === undefined
      ? ['method=link-local']
      : ['method=manual', `address1=${ipv6.address}/64`, 'never-default=true']),
  ];
  const back =
    before === undefined || before === 'piburn-bridge' ? [] : [{ argv: ['nmcli', 'connection', 'up', 'id', before] }];
  return [
    afterwards(`nm-back:${side}`, `hand ${side} back to NetworkManager`, [
      { argv: ['nmcli', 'connection', 'reload'] },
      ...back,
    ]),
    ownFile(paths.networkManager, ownText(lines), 0o600, sentenceOf(settings, 'NetworkManager')),
    {
      kind: 'command',
      id: `nm-up:${side}`,
      sentence: 'have NetworkManager take it',
      do: [
        { argv: ['nmcli', 'connection', 'load', paths.networkManager] },
        // Without a cable in it the interface has to wait; NetworkManager connects it then.
        { argv: ['nmcli', '--wait', '0', 'connection', 'up', 'id', 'piburn-bridge', 'ifname', side], mayFail: true },
      ],
      undo: [{ argv: ['nmcli', 'connection', 'down', 'id', 'piburn-bridge'] }],
      after: [paths.networkManager],
      lenientUndo: true,
    },
  ];
}

function networkdSteps(settings: BridgeSettings): readonly Step[] {
  const { private: side } = settings;
  const lines = [
    '[Match]',
    `Name=${side}`,
    '',
    '[Link]',
    'RequiredForOnline=no',
    '',
    '[Network]',
    ...addressesOf(settings).map((address) => `Address=${address}`),
    'DHCP=no',
    'IPv6AcceptRA=no',
    'LinkLocalAddressing=ipv6',
    'ConfigureWithoutCarrier=yes',
  ];
  const take = [{ argv: ['networkctl', 'reload'] }, { argv: ['networkctl', 'reconfigure', side] }];
  return [
    afterwards(`networkd-back:${side}`, `hand ${side} back to systemd-networkd`, take),
    ownFile(paths.networkd, ownText(lines), 0o644, sentenceOf(settings, 'systemd-networkd')),
    {
      kind: 'command',
      id: `networkd-up:${side}`,
      sentence: 'have systemd-networkd take it',
      do: take,
      undo: [],
      after: [paths.networkd],
    },
  ];
}

function dhcpcdSteps(settings: BridgeSettings, facts: BridgeFacts): readonly Step[] {
  const { private: side, ip, prefixLength, ipv6 } = settings;
  const lines = [
    `interface ${side}`,
    `static ip_address=${ip}/${prefixLength}`,
    ...(ipv6 === undefined ? [] : [`static ip6_address=${ipv6.address}/64`]),
    'nogateway',
  ];
  const take = [{ argv: ['dhcpcd', '--rebind', side] }];
  return [
    afterwards(`dhcpcd-back:${side}`, `hand ${side} back to dhcpcd`, take),
    blockFile(paths.dhcpcd, lines, sentenceOf(settings, 'dhcpcd'), facts),
    {
      kind: 'command',
      id: `dhcpcd-up:${side}`,
      sentence: 'have dhcpcd take it',
      do: take,
      undo: [],
      after: [paths.dhcpcd],
    },
  ];
}

function ifupdownSteps(settings: BridgeSettings, facts: BridgeFacts): readonly Step[] {
  const { private: side, ip, prefixLength, ipv6 } = settings;
  const stanza = facts.ifupdown?.stanzas.find((each) => each.interface === side && each.file !== paths.ifupdown);
  const isOurBlock =
    stanza?.file === paths.interfaces &&
    facts.state?.entries.some(({ step }) => step.id === `file:${paths.interfaces}`);
  if (stanza !== undefined && isOurBlock !== true) {
    throw refusal('INTERFACE_CONFIGURED', `${side} is set up in ${stanza.file} already, by ifupdown`, {
      hint: `take its lines (auto, allow-hotplug, iface ${side}) out there, run \`ifdown ${side}\`, and try again`,
    });
  }
  const lines = [
    `auto ${side}`,
    `iface ${side} inet static`,
    `    address ${ip}/${prefixLength}`,
    ...(ipv6 === undefined ? [] : [`iface ${side} inet6 static`, `    address ${ipv6.address}/64`]),
  ];
  const sentence = sentenceOf(settings, 'ifupdown');
  return [
    facts.ifupdown?.readsFolder === true
      ? ownFile(paths.ifupdown, ownText(lines), 0o644, sentence)
      : blockFile(paths.interfaces, lines, sentence, facts),
    {
      kind: 'command',
      id: `ifupdown-up:${side}`,
      sentence: 'have ifupdown take it',
      do: [{ argv: ['ifdown', '--force', side], mayFail: true }, { argv: ['ifup', side] }],
      undo: [{ argv: ['ifdown', '--force', side] }],
      after: [paths.ifupdown, paths.interfaces],
      lenientUndo: true,
    },
  ];
}

function plainSteps(settings: BridgeSettings): readonly Step[] {
  const { private: side } = settings;
  return [
    {
      kind: 'command',
      id: `link:${side}`,
      sentence: `turn ${side} on`,
      do: [{ argv: ['ip', 'link', 'set', 'dev', side, 'up'] }],
      undo: [{ argv: ['ip', 'link', 'set', 'dev', side, 'down'] }],
    },
    ...addressesOf(settings).map(
      (address): Step => ({
        kind: 'address',
        id: `address:${side}:${address}`,
        sentence: `give ${side} the address ${address}`,
        interface: side,
        address,
      }),
    ),
  ];
}

export const ownFile = (
  path: string,
  text: string,
  mode: number,
  sentence: string,
  check?: readonly string[],
): FileStep => ({
  kind: 'file',
  id: `file:${path}`,
  sentence,
  path,
  text,
  mode,
  part: 'whole',
  ...(check === undefined ? {} : { check }),
});

const blockFile = (path: string, lines: readonly string[], sentence: string, facts: BridgeFacts): FileStep => {
  const now = facts.files[path];
  return {
    kind: 'file',
    id: `file:${path}`,
    sentence,
    path,
    text: withBlock(now?.text ?? '', lines),
    mode: now?.mode ?? 0o644,
    part: 'block',
  };
};
