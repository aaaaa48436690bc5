// Why a part is down, on recorded machines.

import assert from 'node:assert/strict';
import test from 'node:test';
import { ownText, paths, withBlock } from '../../../src/bridge/plan/paths.js';
import type { BridgeState, Step } from '../../../src/bridge/plan/types.js';
import { liveSystem } from '../../../src/bridge/system.js';
import { checkBridge } from '../../../src/bridge/use/check.js';
import { stepsOf } from '../../../src/bridge/use/restart.js';
import { bridgeStatus } from '../../../src/bridge/use/status.js';
import type { BridgePart } from '../../../src/protocol.js';
import { change, listening, type Machine, machines, recorded, settings, withAddress } from '../recorded.js';

const uplinked = { ...settings, uplink: 'wlan0' };
const conf = ownText(['interface=eth0']);
const file = (path: string, text: string, part: 'whole' | 'block' | 'seed' = 'whole'): Step => ({
  kind: 'file',
  id: `file:${path}`,
  sentence: path,
  path,
  text,
  mode: 0o644,
  part,
});
const stateOf = (steps: readonly Step[], phase: BridgeState['phase'] = 'made'): string =>
  JSON.stringify({ version: 1, phase, settings: uplinked, entries: steps.map((step) => ({ step, isDone: true })) });

const listeners = [
  'udp UNCONN 0 0 0.0.0.0:67 0.0.0.0:* users:(("dnsmasq",pid=42,fd=4))',
  'udp UNCONN 0 0 10.1.1.1:53 0.0.0.0:* users:(("dnsmasq",pid=42,fd=6))',
];
const served = change(withAddress(machines.container, '10.1.1.1'), {
  files: {
    [paths.state]: stateOf([file(paths.dnsmasq, conf)]),
    [paths.dnsmasq]: conf,
    [paths.pid]: '42\n',
    [paths.dhcpHosts]: 'red001,10.1.1.2\n',
    [paths.hosts]: '10.1.1.2\tred001\n',
    '/proc/sys/net/ipv4/ip_forward': '1\n',
  },
  outputs: { 'nft list tables inet': 'table inet piburn\n' },
  processes: { 42: ['dnsmasq', `--conf-file=${paths.dnsmasq}`] },
});
const good = listening(served, ...listeners);

const status = (machine: Machine, isRoot = true): Promise<BridgePart[]> =>
  bridgeStatus({ source: recorded(machine), isRoot });
const downs = async (machine: Machine): Promise<string[]> =>
  (await status(machine)).filter(({ state }) => state === 'down').map(({ part, detail }) => `${part}: ${detail}`);

test('a bridge without a fault has no part that is down', async () => {
  assert.deepEqual(await downs(good), []);
  assert.deepEqual(
    (await status(good)).map(({ part }) => part),
    ['address', 'dnsmasq', 'DHCP', 'DNS', 'forwarding', 'NAT', 'uplink', 'route'],
  );
});

const links = (text: string): Partial<Machine> => ({ outputs: { 'ip -json address': text } });
const wlan0 = { ifname: 'wlan0', flags: ['UP'], addr_info: [{ family: 'inet', local: '192.168.1.23', prefixlen: 24 }] };
const eth0 = { ifname: 'eth0', flags: ['UP'], addr_info: [{ family: 'inet', local: '10.1.1.1', prefixlen: 8 }] };

const faults: readonly (readonly [string, Machine, readonly string[]])[] = [
  [
    'another prefix length is another network',
    change(good, links(JSON.stringify([eth0, wlan0]))),
    ['address: eth0 has 10.1.1.1/8 instead of 10.1.1.1/24'],
  ],
  ['an adapter was pulled', change(good, links(JSON.stringify([wlan0]))), ['address: there is no interface eth0']],
  [
    'dnsmasq has died, and its log says of what',
    change(served, { processes: {}, files: { [paths.log]: 'started\nFAILED to start up\n' } }),
    [
      'dnsmasq: the process that piburn started (pid 42) has ended; its log ends with "FAILED to start up"',
      'DHCP: nobody listens on 10.1.1.1, port 67',
      'DNS: nobody listens on 10.1.1.1, port 53',
    ],
  ],
  [
    'the process with its number is another one',
    change(good, { processes: { 42: ['sleep', '9'] } }),
    ['dnsmasq: the process that piburn started (pid 42) has ended'],
  ],
  [
    'another program has the port',
    listening(served, listeners[0] ?? '', 'udp UNCONN 0 0 10.1.1.1:53 0.0.0.0:* users:(("named",pid=7,fd=6))'),
    ['DNS: nobody listens on 10.1.1.1, port 53; named (pid 7) listens on 10.1.1.1'],
  ],
  [
    'forwarding was switched off and the rules flushed',
    change(good, { files: { '/proc/sys/net/ipv4/ip_forward': '0\n' }, outputs: { 'nft list tables inet': '' } }),
    ['forwarding: net.ipv4.ip_forward is 0', 'NAT: nftables has no table inet piburn: something flushed the rules'],
  ],
  [
    'the internet is elsewhere now',
    change(good, { outputs: { 'ip -json -4 route': JSON.stringify([{ dst: 'default', dev: 'usb0' }]) } }),
    ['route: the default route leads through usb0, and the bridge lets the cluster out of wlan0 only'],
  ],
  [
    'the wifi is gone',
    change(good, { files: { '/sys/class/net/wlan0/carrier': '0\n' }, outputs: { 'ip -json -4 route': '[]' } }),
    ['uplink: wlan0 has no link', 'route: this machine has no default route'],
  ],
  [
    'a power cut came between',
    change(good, { files: { [paths.state]: stateOf([], 'making') } }),
    ['bridge: it is half made: something stopped in between'],
  ],
];
for (const [name, machine, expected] of faults) {
  test(`status: ${name}`, async () => assert.deepEqual(await downs(machine), expected));
}

test("status: a unit's own words", async () => {
  const show = 'systemctl show --property';
  const unit = (name: string, active: string, enabled = 'enabled') => ({
    [`${show} LoadState,ActiveState,UnitFileState,MainPID ${name}.service`]: `LoadState=loaded\nActiveState=${active}\nUnitFileState=${enabled}\nMainPID=0\n`,
  });
  const machine = change(good, {
    directories: ['/run/systemd/system'],
    files: { [paths.unit]: 'x' },
    outputs: {
      ...unit('dnsmasq', 'failed'),
      ...unit('piburn-bridge', 'active', 'disabled'),
      [`${show} ActiveState,Result,ExecMainStatus dnsmasq.service`]:
        'ActiveState=failed\nResult=exit-code\nExecMainStatus=2\n',
      'journalctl --unit dnsmasq.service --lines 1 --output cat --no-pager': 'failed to create listening socket\n',
    },
  });
  assert.deepEqual(await downs(machine), [
    'dnsmasq: dnsmasq.service is failed (exit-code, exit status 2); it said "failed to create listening socket"',
    'unit: piburn-bridge.service is not enabled: after a boot it would be gone',
  ]);
});

test('what a plain user cannot see counts neither way', async () => {
  const blind = change(good, { outputs: { 'nft list tables inet': '' } });
  const nat = (await status(blind, false)).find(({ part }) => part === 'NAT');
  assert.equal(nat?.state, 'unknown');
});

test('check --configuration names what is not as it was written', async () => {
  const block = withBlock('before\n', ['interface eth0']);
  const machine = change(good, {
    files: {
      [paths.state]: stateOf([
        file(paths.dnsmasq, conf),
        file(paths.dhcpcd, block, 'block'),
        file(paths.nft, 'x'),
        file(paths.dhcpHosts, '', 'seed'),
      ]),
      [paths.dnsmasq]: conf.replace('eth0', 'eth9'),
      [paths.dhcpcd]: `more\n${block}after\n`,
      [paths.dhcpHosts]: 'red001,10.1.1.2\nred002,10.2.1.2\n',
    },
  });
  const access = { source: recorded(machine), system: liveSystem, isRoot: true };
  const parts = await checkBridge({ names: ['red001', 'red003'], configuration: true, connection: false }, access);
  assert.deepEqual(
    parts.map(({ part, state, detail }) => `${state} ${part}: ${detail}`),
    [
      `down ${paths.dnsmasq}: line 2 is "interface=eth9" instead of "interface=eth0"`,
      `up ${paths.dhcpcd}: our lines are as they were written`,
      `down ${paths.nft}: it is gone`,
      `up ${paths.dhcpHosts}: it is there`,
      'down reservations: red002 has 10.2.1.2 reserved, which no host of 10.1.1.0/24 can have',
      'up red001: 10.1.1.2 is reserved',
      'unknown red003: nothing is reserved: it gets any address of the range',
    ],
  );
});

test('a restart starts, and neither writes nor installs; --nohup leaves the network alone', () => {
  const command = (id: string, words: readonly string[]): Step => ({
    kind: 'command',
    id,
    sentence: id,
    do: words.length === 0 ? [] : [{ argv: words }],
    undo: [],
  });
  const steps: readonly Step[] = [
    command('purge', ['apt-get']),
    command('install:nftables', ['apt-get']),
    command('nm-back:eth0', []),
    command('nm-up:eth0', ['nmcli']),
    file(paths.nft, 'x'),
    command('nft', ['nft']),
    { kind: 'sysctl', id: 'sysctl:x', sentence: 'x', key: 'x', value: '1' },
    command('install-service:dnsmasq', ['apt-get']),
    command('dnsmasq', ['systemctl']),
  ];
  const state: BridgeState = {
    version: 1,
    phase: 'made',
    settings: uplinked,
    entries: steps.map((step) => ({ step, isDone: true })),
  };
  const ids = (only: boolean) => stepsOf(state, only).map(({ id }) => id);
  assert.deepEqual(ids(false), ['nm-up:eth0', 'nft', 'sysctl:x', 'dnsmasq']);
  assert.deepEqual(ids(true), ['dnsmasq']);
});
