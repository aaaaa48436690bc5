// Rules, forwarding and dnsmasq: with systemd as units, so that they are there after the next boot; without it directly,
// with a dnsmasq that piburn itself starts.

import { addressesOf, managerOf, ownFile } from './address-steps.js';
import { dnsmasqConf } from './dnsmasq-conf.js';
import { nftRules, removeTable } from './nft-rules.js';
import { install } from './package-steps.js';
import { ownText, paths, units } from './paths.js';
import type { BridgeFacts, BridgeSettings, CommandStep, Step } from './types.js';

/** Where Debian's service looks for files, as its /etc/default/dnsmasq has it. */
const debianFolder = '/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new';

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

/** NAT before forwarding: nothing is forwarded without rules, not even for a moment. */
export function forwardingSteps(settings: BridgeSettings, facts: BridgeFacts): readonly Step[] {
  const rules = nftRules(settings);
  const isPlain = managerOf(settings.private, facts) === 'none';
  const unit = facts.hasSystemd && (rules !== undefined || isPlain) ? unitSteps(settings, facts, isPlain) : [];
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
    ...sysctlSteps(settings, facts),
    ...unit,
  ];
}

function sysctlSteps({ uplink, ipv6 }: BridgeSettings, facts: BridgeFacts): readonly Step[] {
  const acceptRa = `net/ipv6/conf/${uplink}/accept_ra`;
  const known = facts.state?.entries.some(({ step }) => step.id === `sysctl:${acceptRa}`) ?? false;
  const values: readonly (readonly [key: string, value: string])[] = [
    // A machine that forwards IPv6 ignores router advertisements unless this is 2 (ip-sysctl.rst of the kernel). First.
    ...(ipv6 !== undefined && (known || facts.sysctl[acceptRa] === '1') ? [[acceptRa, '2'] as const] : []),
    ['net/ipv4/ip_forward', '1'],
    ...(ipv6 === undefined ? [] : [['net/ipv6/conf/all/forwarding', '1'] as const]),
  ];
  const text = ownText(values.map(([key, value]) => `${key} = ${value}`));
  return [
    ownFile(paths.sysctl, text, 0o644, 'have the kernel forward packets after each boot'),
    ...values.map(
      ([key, value]): Step => ({
        kind: 'sysctl',
        id: `sysctl:${key}`,
        sentence: `set ${key.replaceAll('/', '.')} to ${value}`,
        key,
        value,
      }),
    ),
  ];
}

/** Started after nftables.service, whose file usually begins with `flush ruleset`, and again whenever that is. */
function unitSteps(settings: BridgeSettings, facts: BridgeFacts, isPlain: boolean): readonly Step[] {
  const program = (name: string, usual: string) => facts.programs[name] ?? usual;
  const [ip, nft] = [program('ip', '/usr/sbin/ip'), program('nft', '/usr/sbin/nft')];
  const { private: side, uplink } = settings;
  const text = ownText([
    '[Unit]',
    `Description=piburn bridge: ${side} for the cluster`,
    'After=nftables.service network-pre.target',
    'PartOf=nftables.service',
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    ...(isPlain
      ? [
          `ExecStart=${ip} link set dev ${side} up`,
          ...addressesOf(settings).map((address) => `ExecStart=${ip} address replace ${address} dev ${side}`),
        ]
      : []),
    ...(uplink === undefined ? [] : [`ExecStart=${nft} -f ${paths.nft}`, `ExecStop=-${nft} delete table inet piburn`]),
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

const reloadUnits = (id: string): CommandStep => ({
  kind: 'command',
  id,
  sentence: 'have systemd forget the unit',
  do: [],
  undo: [{ argv: ['systemctl', 'daemon-reload'] }],
});

/** `purge`: the distribution's service was removed before. */
export function dnsmasqSteps(settings: BridgeSettings, facts: BridgeFacts, purge: boolean): readonly Step[] {
  const conf = ownFile(
    paths.dnsmasq,
    dnsmasqConf(settings, facts),
    0o644,
    `write DHCP and DNS settings to ${paths.dnsmasq}`,
    ['dnsmasq', '--test', '--conf-file={}'],
  );
  if (!facts.hasSystemd) return [conf, daemonStep];
  return isServed(facts) ? distributionSteps(conf, facts, purge) : ownUnitSteps(conf, facts);
}

/** The distribution's service reads our file; where it is not installed yet it will be Debian's. */
export const isServed = (facts: BridgeFacts): boolean =>
  facts.dnsmasq.readsFolder || facts.services['dnsmasq']?.exists !== true;

const daemonStep: Step = {
  kind: 'daemon',
  id: 'daemon',
  sentence: 'start dnsmasq',
  argv: [
    'dnsmasq',
    `--conf-file=${paths.dnsmasq}`,
    `--pid-file=${paths.pid}`,
    `--log-facility=${paths.log}`,
    // The log grows by starts and errors only.
    '--quiet-dhcp',
    '--quiet-dhcp6',
    '--quiet-ra',
  ],
  after: [paths.dnsmasq],
};

function distributionSteps(conf: Step, facts: BridgeFacts, purge: boolean): readonly Step[] {
  const service = facts.services['dnsmasq'];
  const isThere = service?.exists === true && !purge;
  return [
    {
      kind: 'command',
      id: 'dnsmasq-back',
      sentence: 'leave dnsmasq as it was',
      do: [],
      undo: service?.isActive === true ? [{ argv: ['systemctl', 'restart', 'dnsmasq.service'] }] : [],
    },
    conf,
    ...(isThere ? [] : [install('install-service', ['dnsmasq'])]),
    {
      kind: 'command',
      id: 'dnsmasq-test',
      sentence: 'have dnsmasq judge its settings as a whole',
      do: [{ argv: ['dnsmasq', '--test', `--conf-dir=${debianFolder}`] }],
      undo: [],
      after: [paths.dnsmasq],
    },
    {
      kind: 'command',
      id: 'dnsmasq',
      sentence: 'enable and restart dnsmasq.service',
      do: [{ argv: ['systemctl', 'enable', 'dnsmasq.service'] }, { argv: ['systemctl', 'restart', 'dnsmasq.service'] }],
      undo: [
        ...(service?.isEnabled === true ? [] : [{ argv: ['systemctl', 'disable', 'dnsmasq.service'] }]),
        { argv: ['systemctl', 'stop', 'dnsmasq.service'] },
      ],
      after: [paths.dnsmasq],
    },
  ];
}

/** The distribution's dnsmasq reads other files: ours gets a unit of its own, beside that one. */
function ownUnitSteps(conf: Step, facts: BridgeFacts): readonly Step[] {
  const dnsmasq = facts.programs['dnsmasq'] ?? '/usr/sbin/dnsmasq';
  const text = ownText([
    '[Unit]',
    'Description=piburn bridge: DHCP and DNS for the cluster',
    `After=network.target ${units.bridge}`,
    '',
    '[Service]',
    `ExecStart=${dnsmasq} --keep-in-foreground --conf-file=${paths.dnsmasq}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    'Restart=on-failure',
    'RestartSec=2',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ]);
  return [
    conf,
    reloadUnits('dnsmasq-unit-gone'),
    ownFile(paths.dnsmasqUnit, text, 0o644, `have systemd run dnsmasq with it: ${units.dnsmasq}`),
    {
      kind: 'command',
      id: 'dnsmasq-unit',
      sentence: `enable and start ${units.dnsmasq}`,
      do: [
        { argv: ['systemctl', 'daemon-reload'] },
        { argv: ['systemctl', 'enable', units.dnsmasq] },
        { argv: ['systemctl', 'restart', units.dnsmasq] },
      ],
      undo: [{ argv: ['systemctl', 'disable', '--now', units.dnsmasq] }],
      after: [paths.dnsmasqUnit, paths.dnsmasq],
    },
  ];
}
