// Rules and forwarding, and with systemd a unit that brings both back after the next boot.

import type { BridgeSettings } from '../../protocol.js';
import { addressesOf, managerOf, ownFile } from './address-steps.js';
import { reloadUnits } from './dnsmasq-steps.js';
import { nftRules, removeTable } from './nft-rules.js';
import { ownText, paths, units } from './paths.js';
import type { BridgeFacts, Step } from './types.js';

/** Files for reservations: made once, kept by every later `create`. */
export const seedSteps: readonly Step[] = [paths.dhcpHosts, paths.hosts].map((path) => ({
  kind: 'file',
  id: `file:${path}`,
  sentence: `make room for reservations in ${path}`,
  path,
  text: '',
  mode: 0o644,
  part: 'seed',
}));

/**
 * NAT before forwarding: nothing is forwarded without rules, not even for a moment. At a boot the file of /etc/sysctl.d is
 * read first, but no interface is up before our unit has loaded the rules (network-pre.target).
 */
export function forwardingSteps(settings: BridgeSettings, facts: BridgeFacts): readonly Step[] {
  const rules = nftRules(settings, facts);
  const isPlain = managerOf(settings.private, facts) === 'none';
  const sysctls = rules === undefined ? [] : sysctlsOf(settings, facts);
  const unit = facts.hasSystemd && (rules !== undefined || isPlain) ? unitSteps(settings, sysctls, facts, isPlain) : [];
  if (rules === undefined) return unit;
  return [
    ownFile(paths.nft, rules, 0o644, `write NAT and forwarding rules to ${paths.nft}`, ['nft', '-c', '-f', '{}']),
    {
      kind: 'command',
      id: 'nft',
      sentence: 'load the rules: nftables table inet piburn, no other is touched',
      do: [{ argv: ['nft', '-f', paths.nft] }],
      after: [paths.nft],
      undo: [{ argv: ['nft', '-f', '-'], input: removeTable }],
    },
    ownFile(paths.sysctl, sysctlText(sysctls), 0o644, 'have the kernel forward packets after each boot'),
    ...sysctls.map(sysctlStep),
    ...unit,
  ];
}

const sysctlText = (sysctls: readonly Sysctl[]): string =>
  ownText(sysctls.map(({ key, value }) => `${key} = ${value}`));

interface Sysctl {
  /** Below /proc/sys, with slashes. */
  readonly key: string;
  readonly value: string;
}

function sysctlsOf({ uplink, ipv6 }: BridgeSettings, facts: BridgeFacts): readonly Sysctl[] {
  const acceptRa = `net/ipv6/conf/${uplink}/accept_ra`;
  const known = facts.state?.entries.some(({ step }) => step.id === `sysctl:${acceptRa}`) ?? false;
  return [
    // A machine that forwards IPv6 ignores router advertisements unless this is 2 (ip-sysctl.rst of the kernel). First.
    ...(ipv6 !== undefined && (known || facts.sysctl[acceptRa] === '1') ? [{ key: acceptRa, value: '2' }] : []),
    { key: 'net/ipv4/ip_forward', value: '1' },
    ...(ipv6 === undefined ? [] : [{ key: 'net/ipv6/conf/all/forwarding', value: '1' }]),
  ];
}

const sysctlStep = ({ key, value }: Sysctl): Step => ({
  kind: 'sysctl',
  id: `sysctl:${key}`,
  sentence: `set ${key.replaceAll('/', '.')} to ${value}`,
  key,
  value,
});

/**
 * Started after nftables.service, whose file usually begins with `flush ruleset`, and again whenever that is started or reloaded.
 * Stopping it does nothing: the rules keep the cluster closed until `delete` has switched forwarding off.
 */
function unitSteps(
  settings: BridgeSettings,
  sysctls: readonly Sysctl[],
  facts: BridgeFacts,
  isPlain: boolean,
): readonly Step[] {
  const program = (name: string) => facts.programs[name] ?? `/usr/sbin/${name}`;
  const { private: side, uplink } = settings;
  const load = `${program('nft')} -f ${paths.nft}`;
  const text = ownText([
    '[Unit]',
    `Description=piburn bridge: ${side} for the cluster`,
    // A plain address needs its interface; everything else is better there before any interface is up.
    ...(isPlain
      ? ['After=nftables.service network-pre.target']
      : ['After=nftables.service', 'Before=network-pre.target', 'Wants=network-pre.target']),
    ...(uplink === undefined ? [] : ['PartOf=nftables.service', 'ReloadPropagatedFrom=nftables.service']),
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    // Without rules there is no forwarding: what fails here ends it.
    ...(uplink === undefined ? [] : [`ExecStart=${load}`, `ExecReload=${load}`]),
    // The uplink may not be there yet, and is the only one whose setting may fail.
    ...sysctls.map(({ key, value }) => {
      const tolerated = key.endsWith('/accept_ra') ? '-' : '';
      return `ExecStart=${tolerated}${program('sysctl')} -w ${key}=${value}`;
    }),
    // An adapter may be unplugged.
    ...(isPlain
      ? [
          `ExecStart=-${program('ip')} link set dev ${side} up`,
          ...addressesOf(settings).map((each) => `ExecStart=-${program('ip')} address replace ${each} dev ${side}`),
        ]
      : []),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ]);
  return [
    reloadUnits('unit-gone'),
    ownFile(paths.unit, text, 0o644, `have systemd do it after each boot: ${units.bridge}`),
    {
      kind: 'command',
      id: 'unit',
      sentence: `enable and start ${units.bridge}`,
      do: [
        { argv: ['systemctl', 'daemon-reload'] },
        { argv: ['systemctl', 'enable', units.bridge] },
        { argv: ['systemctl', 'restart', units.bridge] },
      ],
      undo: [{ argv: ['systemctl', 'disable', '--now', units.bridge] }],
      after: [paths.unit],
    },
  ];
}
