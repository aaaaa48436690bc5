// Names of networks, and addresses, as the programs on a Pi get them: NetworkManager, wpa_supplicant, netplan.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { flavours } from '../../src/customise/flavours/index.js';
import { keyfileLines, parseKeyfile, ssidValue } from '../../src/customise/flavours/keyfile.js';
import { isLostInKeyfile, netplanConfig } from '../../src/customise/flavours/netplan.js';
import { readCalls, shellCall, shellCallWithInput, writeCalls } from '../../src/customise/flavours/shell-call.js';
import { readWpaSupplicant, wpaSupplicantLines } from '../../src/customise/flavours/wpa-supplicant.js';
import { toYaml, type YamlValue } from '../../src/customise/flavours/yaml.js';
import type { Node, NodeWifi } from '../../src/protocol.js';
import { scratchFolder } from '../native/scratch.js';
import { withCode } from './fat/fat-images.js';
import {
  callsOf,
  dig,
  hasNetplan,
  hasNmcli,
  hasWpaSupplicant,
  netplanMakes,
  nmcliReads,
  textOf,
  wpaSupplicantReads,
} from './second-eyes.js';

const psk = 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e';

const ssids = [
  ...[
    'MyNet',
    ' lead',
    'trail ',
    '  ',
    'a;b',
    'a\\;b',
    '65;66;',
    '12345',
    '65',
    'a\\b',
    '\\',
    'a\\nb',
    'q"uo"te',
    '"quoted"',
  ],
  ...[
    'a:b',
    '$HOME',
    '`id`',
    '#x',
    'a #b',
    "it's",
    '[x]',
    '=',
    'a=b',
    '🍓 net',
    'Café',
    '%20',
    'a/b',
    '..',
    '436166',
    'on',
  ],
  ...['x'.repeat(32), '€'.repeat(10), '}', 'network={', '<<PIBURN', '-', '~', 'null', '\u200f'],
];

/** One line of 1 to 32 bytes. */
const anySsid = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 32 })
  .filter((text) => Buffer.byteLength(text) <= 32 && !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text));

const networkOf = (ssid: string): NodeWifi => ({ ssid, psk, hidden: false });
const nodeOf = (ssid: string): Node => ({ hostname: '', dns: [], wifi: networkOf(ssid) });

const profileOf = (node: Node): string => {
  const input = { node, boot: { cmdline: 'rootwait\n' }, burnId: 'a', bootMount: '/boot/firmware' } as const;
  return callsOf(textOf(flavours.firstrun.files(input), 'firstrun.sh')).get('write_profile')?.input ?? '';
};

test('every name of a network survives quoting, for each program that reads it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...ssids), anySsid), fc.boolean(), (ssid, hidden) => {
      assert.deepEqual(readWpaSupplicant(wpaSupplicantLines({ ssid, psk, hidden }, 'GB')), {
        ssid,
        psk,
        hidden,
        country: 'GB',
      });
      const section = [['wifi', [['ssid', ssidValue(ssid)]]]] as const;
      assert.deepEqual(parseKeyfile(keyfileLines(section)), section);
      for (const flavour of ['firstrun', 'legacy'] as const) {
        flavours[flavour].files({ node: nodeOf(ssid), boot: { cmdline: 'x' }, burnId: 'a', bootMount: '/boot' });
      }
    }),
  );
});

test('every value of a call survives the shell', () => {
  const value = fc.string({ unit: 'binary' }).filter((text) => !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text));
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 4 }),
      fc.array(value.filter((line) => line !== 'PIBURN')),
      (values, input) => {
        const calls = [shellCall('one', ...values), shellCallWithInput('two', values, input), shellCall('three')];
        assert.deepEqual(readCalls(writeCalls(calls)), calls);
      },
    ),
  );
  const script = (...values: string[]) =>
    `take_itself_off() {\n}\n${writeCalls([shellCall('take_itself_off', ...values)])}`;
  const odd = ["'", "''", "a'b'c", '$(id)', '`id`', '\\', '"', '#', ' ', '', '*', '~', '!x', '🍓'];
  assert.deepEqual(callsOf(script(...odd)).get('take_itself_off')?.values, odd);
});

test('a script with anything but quoted calls in it does not read back', () => {
  for (const text of [
    'a b\n',
    'a "b"\n',
    "a 'b\n",
    "a 'b'; reboot\n",
    "a 'b' $(id)\n",
    "a 'b'",
    "a <<'PIBURN'\nx\n",
    'A\n',
  ]) {
    assert.equal(readCalls(text), undefined, text);
  }
});

test('NetworkManager reads from our profiles what was meant', (t) => {
  if (!hasNmcli) return t.skip('needs nmcli (Debian: network-manager)');
  for (const ssid of [...ssids, ...fc.sample(anySsid, 8)]) {
    const profile = profileOf(nodeOf(ssid));
    const read = nmcliReads(profile);
    assert.equal(read.ssid, ssid, profile);
    assert.equal(read.keys.get('wifi-security.psk'), psk);
  }
});

test('NetworkManager reads the addresses of both families, the routes, the name servers and the search domains', (t) => {
  if (!hasNmcli) return t.skip('needs nmcli (Debian: network-manager)');
  const node: Node = {
    hostname: 'red001',
    interface: 'eth1',
    ipv4: { address: '10.1.1.2', prefixLength: 16 },
    gateway: '10.1.0.1',
    ipv6: { address: 'fd00::2', prefixLength: 64 },
    gateway6: 'fe80::1',
    dns: ['9.9.9.9', '2620:fe::fe', '10.1.0.1'],
    search: ['lab.example.org', 'example.org'],
  };
  const { keys } = nmcliReads(profileOf(node));
  const expected = {
    'connection.id': 'piburn-eth1',
    'connection.type': 'ethernet',
    'connection.interface-name': 'eth1',
    'connection.autoconnect-priority': '100',
    'ipv4.method': 'manual',
    'ipv4.address1': '10.1.1.2/16,10.1.0.1',
    'ipv4.dns': '9.9.9.9;10.1.0.1;',
    'ipv4.dns-search': 'lab.example.org;example.org;',
    'ipv6.method': 'manual',
    'ipv6.address1': 'fd00::2/64,fe80::1',
    'ipv6.dns': '2620:fe::fe;',
    'ipv6.dns-search': 'lab.example.org;example.org;',
  };
  for (const [key, value] of Object.entries(expected)) assert.equal(keys.get(key), value, key);
  assert.match(
    keys.get('connection.uuid') ?? '',
    /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

test('an IPv6 address without a gateway stays beside what routers advertise', (t) => {
  if (!hasNmcli) return t.skip('needs nmcli (Debian: network-manager)');
  const { keys } = nmcliReads(profileOf({ hostname: '', dns: [], ipv6: { address: 'fd00::2', prefixLength: 64 } }));
  assert.deepEqual([keys.get('ipv4.method'), keys.get('ipv6.method')], ['auto', 'auto']);
  assert.equal(keys.get('ipv6.address1'), 'fd00::2/64');
});

test('wpa_supplicant reads from our files what was meant', (t) => {
  if (!hasWpaSupplicant) return t.skip('needs wpa_supplicant (Debian: wpasupplicant)');
  const wanted = [...ssids, ...fc.sample(anySsid, 100)];
  const networks = wanted.flatMap((ssid) => wpaSupplicantLines(networkOf(ssid), undefined).slice(2));
  const path = join(scratchFolder(t), 'wpa_supplicant.conf');
  writeFileSync(path, `${networks.join('\n')}\n`);
  assert.deepEqual(
    wpaSupplicantReads(path),
    wanted.map((ssid) => ({ ssid, psk })),
  );
});

/** Our network-config for many networks at once. */
function configOf(names: readonly string[], keyAs: 'password' | 'psk'): string {
  const points = names.map((ssid) => {
    const config = netplanConfig(nodeOf(ssid), { regulatoryDomain: false, keyAs });
    return dig(config, 'network', 'wifis', 'wlan0', 'access-points');
  });
  const wlan0: YamlValue = { dhcp4: true, 'access-points': Object.assign({}, ...points) };
  return toYaml({ network: { version: 2, wifis: { wlan0 } } });
}

test('netplan gives NetworkManager the names that were meant, but for those that the flavour refuses', (t) => {
  if (!hasNetplan || !hasNmcli) return t.skip('needs netplan and nmcli (Debian: netplan.io, network-manager)');
  const wanted = [...new Set([...ssids, ...fc.sample(anySsid, 8)])].filter((ssid) => !isLostInKeyfile(ssid));
  const files = netplanMakes(scratchFolder(t), configOf(wanted, 'password'), 'NetworkManager');
  const profiles = [...files].filter(([name]) => name.endsWith('.nmconnection')).map(([, text]) => nmcliReads(text));
  assert.deepEqual(new Set(profiles.map(({ ssid }) => ssid)), new Set(wanted));
  for (const { keys } of profiles) assert.equal(keys.get('wifi-security.psk'), psk);
});

test('netplan gives systemd-networkd the names that were meant', (t) => {
  if (!hasNetplan || !hasWpaSupplicant) return t.skip('needs netplan and wpa_supplicant');
  const wanted = ssids.filter((ssid) => !ssid.includes('\\'));
  const folder = scratchFolder(t);
  const text = netplanMakes(folder, configOf(wanted, 'psk'), 'networkd').get('wpa-wlan0.conf') ?? '';
  // WPA3 would need the password itself.
  assert.doesNotMatch(text, /SAE/);
  const path = join(folder, 'wpa.conf');
  writeFileSync(path, text);
  const read = wpaSupplicantReads(path);
  assert.deepEqual(new Set(read.map(({ ssid }) => ssid)), new Set(wanted));
  for (const network of read) assert.equal(network.psk, psk);
});

test('netplan takes a whole network-config of each flavour', (t) => {
  if (!hasNetplan) return t.skip('needs netplan (Debian: netplan.io)');
  const node: Node = {
    hostname: '',
    interface: 'wlan0',
    ipv4: { address: '10.1.1.2', prefixLength: 24 },
    gateway: '10.1.1.1',
    ipv6: { address: 'fd00::2', prefixLength: 64 },
    gateway6: 'fd00::1',
    dns: ['9.9.9.9', 'fd00::53'],
    search: ['lab.example.org'],
    wifi: { ssid: 'x', psk, hidden: true },
    country: 'GB',
  };
  for (const [flavour, renderer] of [
    ['cloudinit', 'NetworkManager'],
    ['ubuntu', 'networkd'],
  ] as const) {
    const input = { node, boot: { cmdline: 'x' }, burnId: 'a', bootMount: '/boot/firmware' } as const;
    const config = textOf(flavours[flavour].files(input), 'network-config');
    const made = [...netplanMakes(scratchFolder(t), config, renderer).values()].join('\n');
    const lines = {
      NetworkManager: [
        'address1=10.1.1.2/24',
        'route1=0.0.0.0/0,10.1.1.1',
        'address1=fd00::2/64',
        'route1=::/0,fd00::1',
        'method=manual',
        'hidden=true',
      ],
      networkd: ['Address=10.1.1.2/24', 'Address=fd00::2/64', 'Gateway=fd00::1', 'DNS=fd00::53', '  scan_ssid=1'],
    };
    for (const line of lines[renderer]) assert.ok(made.split('\n').includes(line), `${line} is not in\n${made}`);
  }
});

test('on Raspberry Pi OS with cloud-init a name that NetworkManager would change is an error, with what would take it', () => {
  const input = { boot: { cmdline: 'x' }, burnId: 'a', bootMount: '/boot/firmware' } as const;
  for (const ssid of ['65;66;', 'a\\;b', ' 1; 2 ;']) {
    assert.ok(isLostInKeyfile(ssid));
    assert.throws(
      () => flavours.cloudinit.files({ ...input, node: nodeOf(ssid) }),
      (error) => withCode('FLAVOUR_CANNOT', /^--ssid cannot be applied .*'cloudinit': NetworkManager/)(error),
    );
  }
  for (const ssid of ['a;b', '12;34', '65', '1;2;x', '\\']) {
    assert.ok(!isLostInKeyfile(ssid));
    flavours.cloudinit.files({ ...input, node: nodeOf(ssid) });
  }
});
