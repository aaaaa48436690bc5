// Which addresses are asked, and whose addresses count as this machine's: pure decisions over what a system says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PiburnError } from '../../src/errors.js';
import { defaultInterface, ownInterfaces, type SystemFacts } from '../../src/network/interfaces.js';
import type { Link } from '../../src/network/ip-json.js';
import { planScan } from '../../src/network/plan-scan.js';

const link = (name: string, rest: Partial<Link> = {}): Link => ({
  name,
  isLoopback: false,
  isOn: true,
  isRunning: true,
  addresses: [],
  ...rest,
});
const ipv4 = (address: string, prefixLength: number, scope = 'global') =>
  ({ family: 'ipv4', address, prefixLength, scope }) as const;

/** A Pi with wifi, a cable, Docker, a VPN and a bridge of its own over a USB socket. */
const pi: SystemFacts = {
  links: [
    link('lo', { isLoopback: true, addresses: [ipv4('127.0.0.1', 8, 'host')] }),
    link('eth0', { addresses: [ipv4('10.1.1.1', 24)] }),
    link('wlan0', {
      addresses: [
        { family: 'ipv6', address: 'fe80::1', prefixLength: 64, scope: 'link' },
        { family: 'ipv6', address: '2001:db8::12', prefixLength: 64, scope: 'global' },
        ipv4('192.168.1.12', 23),
      ],
    }),
    link('usb0', { master: 'lan', isRunning: false }),
    link('lan', { kind: 'bridge', addresses: [ipv4('10.9.0.1', 30)] }),
    link('docker0', { kind: 'bridge', addresses: [ipv4('172.17.0.1', 16)] }),
    link('veth12', { kind: 'veth', master: 'docker0' }),
    link('wg0', { kind: 'wireguard', addresses: [ipv4('10.8.0.2', 24)] }),
    link('tun0', { kind: 'tun', addresses: [ipv4('10.99.0.2', 32)] }),
    link('eth0.5', { kind: 'vlan', addresses: [ipv4('10.5.0.1', 24)] }),
  ],
  routes: [{ family: 'ipv4', interfaceName: 'wlan0', gateway: '192.168.1.1', metric: 600 }],
  media: new Map([['eth0', { speedMbps: 1000 }]]),
};

const namesOf = (facts: SystemFacts, all = false) => ownInterfaces(facts, all).map(({ name }) => name);

test('containers, tunnels and loopback are left out by their kind, and the default route comes first', () => {
  assert.deepEqual(namesOf(pi), ['wlan0', 'eth0', 'usb0', 'lan', 'eth0.5']);
  assert.equal(namesOf(pi, true).length, pi.links.length);
});

test('a tunnel that carries the default route counts', () => {
  const routes = [{ family: 'ipv4', interfaceName: 'wg0', metric: 0 }] as const;
  assert.deepEqual(namesOf({ ...pi, routes })[0], 'wg0');
});

test('in a container what has an address is the network, whatever its kind', () => {
  const links = [
    link('lo', { isLoopback: true }),
    link('eth0', { kind: 'veth', addresses: [ipv4('172.17.0.2', 16)] }),
    link('p', { kind: 'veth' }),
  ];
  assert.deepEqual(namesOf({ links, routes: [], media: new Map() }), ['eth0']);
});

test('addresses come with their gateway, IPv4 first, without those that every interface has', () => {
  const [wlan0, eth0, usb0] = ownInterfaces(pi, false);
  assert.deepEqual(wlan0?.addresses, [
    { family: 'ipv4', address: '192.168.1.12', prefixLength: 23, gateway: '192.168.1.1' },
    { family: 'ipv6', address: '2001:db8::12', prefixLength: 64 },
  ]);
  assert.equal(wlan0?.isDefault, true);
  assert.deepEqual([eth0?.speedMbps, eth0?.kind, usb0?.link], [1000, 'hardware', 'no-carrier']);
  assert.equal(defaultInterface(pi)?.name, 'wlan0');
});

const planned = (ip?: string, interfaceName?: string, max = 4096) =>
  planScan({ max, ...(ip === undefined ? {} : { ip }), ...(interfaceName === undefined ? {} : { interfaceName }) }, pi);
const inShort = (...args: Parameters<typeof planned>) => {
  const { addresses, what, by } = planned(...args);
  return `${addresses.length} of ${what}: ${addresses[0]} to ${addresses.at(-1)} by ${by?.name}`;
};

test('the network is as large as its prefix says, and not always a /24', () => {
  assert.equal(inShort(), '510 of 192.168.0.0/23: 192.168.0.1 to 192.168.1.254 by wlan0');
  assert.equal(inShort(undefined, 'lan'), '2 of 10.9.0.0/30: 10.9.0.1 to 10.9.0.2 by lan');
  assert.equal(inShort(undefined, 'tun0'), '1 of 10.99.0.2/32: 10.99.0.2 to 10.99.0.2 by tun0');
});

test('--ip takes a network, a list, or an address for its network', () => {
  assert.equal(inShort('10.1.1.0/24'), '254 of 10.1.1.0/24: 10.1.1.1 to 10.1.1.254 by eth0');
  assert.equal(inShort('10.1.1.77/25'), '126 of 10.1.1.0/25: 10.1.1.1 to 10.1.1.126 by eth0');
  assert.equal(inShort('10.1.1.[9,2-4]'), '4 of 10.1.1.[9,2-4]: 10.1.1.2 to 10.1.1.9 by eth0');
  assert.equal(inShort('192.168.1.9'), '510 of 192.168.0.0/23: 192.168.0.1 to 192.168.1.254 by wlan0');
  assert.equal(inShort('10.44.1.9'), '254 of 10.44.1.0/24: 10.44.1.1 to 10.44.1.254 by undefined');
  assert.equal(inShort('10.44.1.0/31'), '2 of 10.44.1.0/31: 10.44.1.0 to 10.44.1.1 by undefined');
});

/** What is refused, and the words that its error must have. */
const refused: readonly (readonly [args: Parameters<typeof planned>, code: string, words: RegExp])[] = [
  [['10.0.0.0/8'], 'TOO_MANY_ADDRESSES', /16777214 addresses.*4096.*--ip=10\.0\.0\.0\/20.*--max/s],
  [[undefined, 'docker0'], 'TOO_MANY_ADDRESSES', /172\.17\.0\.0\/16.*--ip=172\.17\.0\.0\/20/s],
  [['10.1.[1-200].[1-200]'], 'TOO_MANY_ADDRESSES', /40000 addresses/],
  [['10.1.1.0/24', undefined, 100], 'TOO_MANY_ADDRESSES', /--ip=10\.1\.1\.0\/26/],
  [['10.1.1.0/33'], 'ADDRESS', /no IPv4 network/],
  [['10.1.1/24'], 'ADDRESS', /no IPv4 network/],
  [['10.1.1.0/24/2'], 'ADDRESS', /no IPv4 network/],
  [['127.0.0.0/24'], 'ADDRESS', /other hosts/],
  [['224.0.0.0/24'], 'ADDRESS', /other hosts/],
  [['0.0.0.0/0'], 'ADDRESS', /other hosts/],
  [['red[1-3]'], 'ADDRESS', /no IPv4 address/],
  [['10.1.1.[1-'], 'HOSTLIST', /never closed/],
  [[undefined, 'eth7'], 'NO_INTERFACE', /eth7.*wlan0, lo, eth0/s],
  [[undefined, 'usb0'], 'NO_NETWORK', /usb0 has no IPv4 address/],
];

test('what cannot be asked is refused, with what to say instead', () => {
  for (const [args, code, words] of refused) {
    assert.throws(
      () => planned(...args),
      (error) => {
        assert.ok(error instanceof PiburnError, String(error));
        assert.equal(error.failure.code, code);
        assert.equal(error.exitCode, 2);
        assert.match(`${error.message} ${error.failure.hint}`, words);
        return true;
      },
    );
  }
  const nothing = { links: [], routes: [], media: new Map() };
  assert.throws(() => planScan({ max: 10 }, nothing), /in no IPv4 network/);
});
