// What is ours by its mark, where no state tells of it: files, units, the nftables table, dnsmasq, and addresses that a file or
// a unit of ours set. In the order in which `create` would have made it, since `delete` goes backwards.

import { removeTable } from './nft-rules.js';
import { headLine, ownFiles, paths, sharedFiles, units, withoutBlock } from './paths.js';
import { privateSide } from './session.js';
import type { AddressStep, BridgeFacts, Command, CommandStep, Entry, FileStep, Step } from './types.js';

/** `hasProcesses`: a dnsmasq that piburn itself started runs. */
export function leftovers(facts: BridgeFacts, hasProcesses: boolean): readonly Entry[] {
  const files = [...ownFiles, ...sharedFiles].flatMap((path) => ourFile(path, facts));
  const daemon: Step = { kind: 'daemon', id: 'daemon', sentence: 'start dnsmasq', argv: [], after: [] };
  const steps = [
    ...files.flatMap((file) => around(file, facts)),
    ...(facts.hasTable ? [undoing('nft', 'remove the nftables table inet piburn', tableCommands)] : []),
    ...(hasProcesses ? [daemon] : []),
  ];
  return steps.map((step) => ({
    step,
    // What does not go is no remark: it would be left running.
    isDone: true,
    ...(step.kind === 'file' && step.path.startsWith(`${paths.nftDirectory}/`)
      ? { directories: [paths.nftDirectory] }
      : {}),
  }));
}

const tableCommands: readonly Command[] = [{ argv: ['nft', '-f', '-'], input: removeTable }];

function ourFile(path: string, facts: BridgeFacts): FileStep[] {
  const now = facts.files[path];
  if (now === undefined) return [];
  const base = { kind: 'file', id: `file:${path}`, path, mode: now.mode, text: now.text } as const;
  if (now.text.startsWith(headLine)) return [{ ...base, sentence: `write ${path}`, part: 'whole' }];
  if (!sharedFiles.includes(path) || withoutBlock(now.text) === now.text) return [];
  return [{ ...base, sentence: `write our lines into ${path}`, part: 'block' }];
}

const undoing = (id: string, sentence: string, undo: readonly Command[], lenientUndo = false): CommandStep => ({
  kind: 'command',
  id,
  sentence,
  do: [],
  undo,
  ...(lenientUndo ? { lenientUndo } : {}),
});

const systemctl = (...words: readonly string[]): Command => ({ argv: ['systemctl', ...words] });

/** A file with what is to be done before it goes (behind it in the list) and after (in front). */
function around(file: FileStep, facts: BridgeFacts): readonly Step[] {
  const side = privateSide(facts) ?? sideIn(file.text);
  switch (file.path) {
    case paths.unit:
      return [...(facts.hasSystemd ? unitSteps('unit', units.bridge, file) : [file]), ...addressesIn(file.text)];
    case paths.dnsmasqUnit:
      return facts.hasSystemd ? unitSteps('dnsmasq-unit', units.dnsmasq, file) : [file];
    case paths.dnsmasq:
      return [...serviceAgain(facts), file];
    case paths.networkManager:
      return [
        undoing(
          `nm-back:${side}`,
          'have NetworkManager forget it',
          [{ argv: ['nmcli', 'connection', 'reload'] }],
          true,
        ),
        file,
        undoing(
          `nm-up:${side}`,
          "end NetworkManager's connection piburn-bridge",
          [{ argv: ['nmcli', 'connection', 'down', 'id', 'piburn-bridge'] }],
          true,
        ),
      ];
    default:
      return side === undefined ? [file] : aroundOthers(file, side);
  }
}

function aroundOthers(file: FileStep, side: string): readonly Step[] {
  switch (file.path) {
    case paths.networkd: {
      const again = [{ argv: ['networkctl', 'reload'] }, { argv: ['networkctl', 'reconfigure', side] }];
      return [undoing(`networkd-back:${side}`, `hand ${side} back to systemd-networkd`, again, true), file];
    }
    case paths.dhcpcd: {
      const again = [{ argv: ['dhcpcd', '--rebind', side] }];
      return [undoing(`dhcpcd-back:${side}`, `hand ${side} back to dhcpcd`, again, true), file];
    }
    case paths.ifupdown:
    case paths.interfaces: {
      const off = [{ argv: ['ifdown', '--force', side] }];
      return [file, undoing(`ifupdown-up:${side}`, `have ifupdown take ${side} down`, off, true)];
    }
    default:
      return [file];
  }
}

const unitSteps = (id: string, unit: string, file: FileStep): readonly Step[] => [
  undoing(id === 'unit' ? 'unit-gone' : 'dnsmasq-unit-gone', 'have systemd forget the unit', [
    systemctl('daemon-reload'),
  ]),
  file,
  undoing(id, `stop ${unit} and disable it`, [systemctl('disable', '--now', unit)]),
];

/** It has our file in its folder, and drops it by starting again. */
const serviceAgain = ({ hasSystemd, services }: BridgeFacts): readonly Step[] =>
  hasSystemd && services['dnsmasq']?.isActive === true
    ? [undoing('dnsmasq', 'restart dnsmasq.service without our settings', [systemctl('restart', 'dnsmasq.service')])]
    : [];

/** The interface of a file for systemd-networkd or ifupdown. */
const sideIn = (text: string): string | undefined => /^(?:Name=|auto |interface )(\S+)$/m.exec(text)?.[1];

/** Where nobody else manages addresses our unit sets them. */
const addressesIn = (unit: string): readonly AddressStep[] =>
  [...unit.matchAll(/^ExecStart=-?\S+ address replace (\S+) dev (\S+)$/gm)].map(([, address = '', name = '']) => ({
    kind: 'address',
    id: `address:${name}:${address}`,
    sentence: `give ${name} the address ${address}`,
    interface: name,
    address,
  }));

const addressFiles: readonly string[] = [
  paths.networkManager,
  paths.networkd,
  paths.ifupdown,
  paths.dhcpcd,
  paths.interfaces,
];

/** What cannot be told from others' any more, and how to end it. */
export function whatStays(left: readonly Entry[], facts: BridgeFacts): string[] {
  const isSet = left.some(
    ({ step }) => step.kind === 'address' || addressFiles.some((path) => step.id === `file:${path}`),
  );
  const side = privateSide(facts);
  const ip = [paths.dnsmasq, paths.ownDnsmasq]
    .map((path) => /^dhcp-option=tag:piburn,option:dns-server,(\S+)$/m.exec(facts.files[path]?.text ?? '')?.[1])
    .find((each) => each !== undefined);
  const found = facts.interfaces.find(({ name }) => name === side)?.addresses.find(({ address }) => address === ip);
  const hasForwarded = left.some(({ step }) => step.id === 'nft' || step.id === `file:${paths.nft}`);
  return [
    ...(isSet || found === undefined
      ? []
      : [
          `${found.address}/${found.prefixLength} stays on ${side}: \`ip address del ${found.address}/${found.prefixLength} dev ${side}\` takes it off`,
        ]),
    ...(hasForwarded && facts.sysctl['net/ipv4/ip_forward'] === '1'
      ? ['net.ipv4.ip_forward stays 1: `sysctl -w net.ipv4.ip_forward=0` switches it off if nobody else needs it']
      : []),
    ...(left.some(({ step }) => step.id === 'dnsmasq')
      ? ['dnsmasq.service goes on without our settings: `systemctl disable --now dnsmasq` if nobody else needs it']
      : []),
  ];
}
