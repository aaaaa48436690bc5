// Ubuntu for the Raspberry Pi: cloud-init without anything that only Raspberry Pi OS knows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flavours } from '../../src/customise/flavours/index.js';
import type { Node } from '../../src/protocol.js';
import { withCode } from './fat/fat-images.js';

const psk = 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e';
const cmdline = 'console=serial0,115200 dwc_otg.lpm_enable=0 root=LABEL=writable rootwait\n';

function filesOf(node: Node, boot: { readonly cmdline: string } = { cmdline }): Record<string, string> {
  const input = { node, boot, burnId: '20260915T1200-ab12', bootMount: '/boot/firmware' } as const;
  return Object.fromEntries(flavours.ubuntu.files(input).map(({ path, text }) => [path, text]));
}

test('a node with a key, an address and a Wi-Fi network, letter for letter', () => {
  const node: Node = {
    hostname: 'red001',
    ipv4: { address: '10.1.1.2', prefixLength: 24 },
    gateway: '10.1.1.1',
    dns: ['9.9.9.9'],
    user: { name: 'alice', authorizedKeys: ['ssh-ed25519 AAAA alice@laptop'] },
    wifi: { ssid: 'MyNet', psk, hidden: false },
    country: 'GB',
  };
  assert.deepEqual(filesOf(node), {
    'user-data': `#cloud-config
hostname: "red001"
manage_etc_hosts: "localhost"
user:
  name: "alice"
  shell: "/bin/bash"
  lock_passwd: true
  sudo: "ALL=(ALL) NOPASSWD:ALL"
  ssh_authorized_keys:
    - "ssh-ed25519 AAAA alice@laptop"
ssh_pwauth: false
`,
    'meta-data': 'dsmode: "local"\ninstance-id: "piburn-red001-20260915T1200-ab12"\n',
    'network-config': `network:
  version: 2
  ethernets:
    eth0:
      dhcp4: false
      addresses:
        - "10.1.1.2/24"
      routes:
        - to: "default"
          via: "10.1.1.1"
      nameservers:
        addresses:
          - "9.9.9.9"
      optional: true
  wifis:
    wlan0:
      dhcp4: true
      optional: true
      access-points:
        "MyNet":
          auth:
            key-management: "psk"
            password: "${psk}"
`,
    'cmdline.txt': `${cmdline.trim()} cfg80211.ieee80211_regdom=GB\n`,
  });
});

test('the kernel line is needed for a country only, and its absence is an error then', () => {
  const node: Node = { hostname: 'red001', dns: [] };
  assert.deepEqual(Object.keys(filesOf(node, { cmdline: '' })), ['user-data', 'meta-data']);
  assert.throws(
    () => filesOf({ ...node, country: 'GB' }, { cmdline: '' }),
    withCode('FLAVOUR_CANNOT', /^--country cannot be applied .*'ubuntu': the image has no cmdline\.txt\.$/),
  );
});

test('another wired interface does not take the place of the one that the image sets up', () => {
  const node: Node = {
    hostname: '',
    interface: 'enxb827eb000001',
    ipv4: { address: '10.1.1.2', prefixLength: 24 },
    dns: [],
  };
  assert.match(
    filesOf(node)['network-config'] ?? '',
    /ethernets:\n {4}eth0:\n {6}dhcp4: true\n {6}optional: true\n {4}enxb827eb000001:\n {6}dhcp4: false/,
  );
});

test('a network whose name netplan would change is an error, with what would take it', () => {
  for (const ssid of ['back\\slash', '65;66;', 'a\\;b']) {
    assert.throws(
      () => filesOf({ hostname: '', dns: [], wifi: { ssid, hidden: false } }),
      (error) =>
        withCode('FLAVOUR_CANNOT', /^--ssid cannot be applied to an image of flavour 'ubuntu': netplan/)(error),
    );
  }
});
