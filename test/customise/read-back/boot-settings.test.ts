// Settings that a flavour writes are read back as they were asked for, for every flavour and setting; and whatever
// others have written or changed is told apart.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { DetectedFlavour } from '../../../src/customise/detect.js';
import { flavours } from '../../../src/customise/flavours/index.js';
import { bootFilesOf, readBootSettings } from '../../../src/customise/read-back/boot-settings.js';
import { readCardFacts } from '../../../src/customise/read-back/card-facts.js';
import { describeKey } from '../../../src/customise/read-back/key-fingerprint.js';
import type { VolumeView } from '../../../src/customise/read-back/view.js';
import type { Flavour, Node } from '../../../src/protocol.js';
import { scratchFolder } from '../../native/scratch.js';
import { fullNode, hash, key, psk } from '../root/debian-root.js';
import { viewOf } from './tree-view.js';

const cmdline = 'console=tty1 root=PARTUUID=5e3da3da-02 rootwait resize\n';
const stock: Readonly<Record<string, string>> = {
  'cmdline.txt': cmdline,
  'user-data': '#cloud-config\n# nothing yet\n',
  'meta-data': 'dsmode: local\ninstance_id: rpios-image\n',
  'network-config': '# nothing yet\n',
};
const scripted: Readonly<Record<string, string>> = { 'cmdline.txt': cmdline };
const burnId = '20260915T120000-ab12cd';

const howOf = (flavour: Flavour): DetectedFlavour => ({
  flavour,
  bootMount: flavour === 'legacy' ? '/boot' : '/boot/firmware',
  reason: 'a test says so',
  facts: {},
});

const imageOf = (flavour: Flavour) => (flavour === 'cloudinit' || flavour === 'ubuntu' ? stock : scripted);

/** The files of a boot partition with a node's settings. */
function burned(flavour: Flavour, node: Node): Record<string, string> {
  const image = imageOf(flavour);
  const { bootMount } = howOf(flavour);
  const made = flavours[flavour].files({ node, boot: bootFilesOf(viewOf(image)), burnId, bootMount });
  return { ...image, ...Object.fromEntries(made.map(({ path, text }) => [path, text])) };
}

const nodes: Readonly<Record<string, Node>> = {
  'with everything': { ...fullNode, hosts: [{ address: '10.1.1.3', names: ['red002', 'r2'] }] },
  'with a name only': { hostname: 'red001', dns: [] },
  'with names that YAML would retype': { hostname: 'on', dns: [], user: { name: 'no', authorizedKeys: [key] } },
  'with a password only': { hostname: 'a1', dns: [], user: { name: 'pi', authorizedKeys: [], passwordHash: hash } },
  'with Wi-Fi alone': { hostname: '', dns: [], wifi: { ssid: `it's "Café" 1:2 $x`, psk, hidden: false } },
  'with an open network and a country': { hostname: '', dns: [], wifi: { ssid: 'Café', hidden: true }, country: 'DE' },
  'with a country only': { hostname: '', dns: [], country: 'DE' },
  'with an address on Wi-Fi': {
    hostname: 'w1',
    interface: 'wlan0',
    ipv4: { address: '10.0.0.2', prefixLength: 16 },
    dns: [],
    wifi: { ssid: 'net', psk, hidden: false },
  },
  'with an IPv6 address on another interface': {
    hostname: 'w1',
    interface: 'eth1',
    ipv6: { address: 'fd00::2', prefixLength: 64 },
    dns: ['fd00::1'],
  },
  'with name servers only': { hostname: '', dns: ['9.9.9.9'], search: ['lan.example'] },
};

for (const flavour of ['cloudinit', 'ubuntu', 'firstrun', 'legacy'] as const) {
  for (const [what, node] of Object.entries(nodes)) {
    test(`${flavour}: a node ${what} reads back as it was`, () => {
      const read = readBootSettings(viewOf(burned(flavour, node)), howOf(flavour));
      assert.deepEqual(read.foreign, []);
      assert.equal(read.origin, 'piburn');
      assert.deepEqual(read.node, node);
    });
  }

  test(`${flavour}: an image as it was published has no settings`, () => {
    const read = readBootSettings(viewOf(imageOf(flavour)), howOf(flavour));
    assert.equal(read.origin, 'image');
    assert.deepEqual(read.node, { hostname: '', dns: [] });
  });

  test(`${flavour}: a file that was changed by hand is named`, () => {
    const files = burned(flavour, fullNode);
    const path = flavour === 'cloudinit' || flavour === 'ubuntu' ? 'user-data' : 'firstrun.sh';
    for (const change of [(text: string) => `${text}# mine\n`, (text: string) => text.replace('red001', 'red002')]) {
      const read = readBootSettings(viewOf({ ...files, [path]: change(files[path] ?? '') }), howOf(flavour));
      assert.equal(read.origin, 'others');
      assert.ok(read.foreign.includes(path));
    }
  });
}

test('settings of others are told from an image that has none', () => {
  const others: Readonly<Record<string, string>>[] = [
    { 'user-data': '#cloud-config\nhostname: mine\n' },
    { 'user-data': '#cloud-config\npackages: [vim]\n' },
    { 'meta-data': 'instance-id: a\nlocal-hostname: b\n' },
    { 'network-config': 'network:\n  version: 2\n  ethernets:\n    eth0:\n      addresses: [10.0.0.9/24]\n' },
    { 'network-config': 'network:\n  version: 2\n  wifis:\n    wlan0: {}\n' },
  ];
  for (const files of others) {
    const read = readBootSettings(viewOf({ ...stock, ...files }), howOf('cloudinit'));
    assert.deepEqual([read.origin, read.foreign], ['others', Object.keys(files)]);
  }
  const script = readBootSettings(viewOf({ ...scripted, 'firstrun.sh': '#!/bin/bash\nexit 0\n' }), howOf('firstrun'));
  assert.deepEqual([script.origin, script.foreign], ['others', ['firstrun.sh']]);
  const wpa = readBootSettings(viewOf({ ...scripted, 'wpa_supplicant.conf': 'country=DE\n' }), howOf('legacy'));
  assert.deepEqual([wpa.origin, wpa.foreign], ['others', ['wpa_supplicant.conf']]);
});

test('Ubuntu with its own first login and DHCP has no settings yet', () => {
  const files = {
    ...stock,
    'user-data': '#cloud-config\nchpasswd:\n  expire: true\n  users: []\nssh_pwauth: false\n',
    'meta-data': 'instance-id: cloud-image\n',
    'network-config': 'network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n      optional: true\n',
  };
  assert.equal(readBootSettings(viewOf(files), howOf('ubuntu')).origin, 'image');
  assert.equal(readBootSettings(viewOf(files), howOf('cloudinit')).origin, 'others');
});

test('a script of --firstboot that has left the card counts as run, and the rest as unchanged', () => {
  const { 'piburn-firstboot': _, ...files } = burned('cloudinit', fullNode);
  const read = readBootSettings(viewOf(files), howOf('cloudinit'));
  assert.deepEqual([read.origin, read.node.firstboot], ['piburn', '']);
});

test('the facts of a card tell when it was burned, and hold no secret', () => {
  const boot: VolumeView = viewOf(burned('cloudinit', fullNode));
  const facts = readCardFacts({ boot, how: howOf('cloudinit') });
  assert.deepEqual(facts.burned, {
    instanceId: `piburn-red001-${burnId}`,
    burnId,
    at: '2026-09-15T12:00:00Z',
  });
  assert.deepEqual([facts.user, facts.password, facts.firstboot, facts.waiting], ['alice', 'set', true, true]);
  assert.deepEqual(facts.wifi, { ssid: 'My Net', hidden: true, secured: true });
  const text = JSON.stringify(facts);
  for (const secret of [hash, psk, 'echo hello', key]) assert.ok(!text.includes(secret), secret);
});

test('fingerprints are those of ssh-keygen', (t) => {
  const folder = scratchFolder(t);
  for (const type of ['ed25519', 'ecdsa']) {
    const file = join(folder, type);
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'ann at home', '-f', file]);
    const line = readFileSync(`${file}.pub`, 'utf8');
    const [, fingerprint] = execFileSync('ssh-keygen', ['-lf', `${file}.pub`], { encoding: 'utf8' }).split(' ');
    const described = describeKey(line);
    assert.deepEqual([described?.fingerprint, described?.comment], [fingerprint, 'ann at home']);
    assert.equal(describeKey(`from="10.0.0.0/8",command="x y" ${line}`)?.fingerprint, fingerprint);
  }
  assert.equal(describeKey('# ssh-ed25519 AAAA'), undefined);
});
