// What the root of a card says: settings that were written into it directly, and those of a Pi that has booted.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readRootSettings } from '../../../src/customise/read-back/root-settings.js';
import { debianTree, edits, fullNode, hash, key, psk, withEdits } from '../root/debian-root.js';
import { viewOfTree } from './tree-view.js';

test('a root that nobody has edited has the settings of its image and no trace of piburn', () => {
  const { node, hasTraces, hasBooted } = readRootSettings(viewOfTree(debianTree()));
  assert.deepEqual([hasTraces, hasBooted], [false, false]);
  assert.deepEqual([node.hostname, node.user?.name, node.ipv4, node.wifi], ['raspberrypi', 'pi', undefined, undefined]);
});

test('settings that --rootfs writes for NetworkManager read back as they were', () => {
  const tree = withEdits(debianTree(), edits(fullNode));
  const { node, hasTraces } = readRootSettings(viewOfTree(tree));
  const { hosts, firstboot, country, ...rest } = node;
  const { hosts: _, firstboot: __, country: ___, ...asked } = fullNode;
  assert.ok(hasTraces);
  assert.deepEqual(rest, asked);
  assert.deepEqual(hosts, [{ address: '10.1.1.3', names: ['red002', 'r2'] }]);
});

test('settings that --rootfs writes for dhcpcd read back as they were', () => {
  const base = debianTree({
    '/usr/lib/systemd/system/NetworkManager.service': undefined,
    '/usr/lib/systemd/system/dhcpcd.service': '[Install]\nWantedBy=multi-user.target\n',
    '/etc/systemd/system/multi-user.target.wants/NetworkManager.service': undefined,
    '/etc/systemd/system/multi-user.target.wants/dhcpcd.service': '-> /usr/lib/systemd/system/dhcpcd.service',
    '/etc/dhcpcd.conf': 'hostname\npersistent\n',
  });
  const { gateway6: _, wifi: __, firstboot: ___, ...wanted } = fullNode;
  const { node } = readRootSettings(viewOfTree(withEdits(base, edits(wanted, base))));
  assert.deepEqual(node.ipv4, fullNode.ipv4);
  assert.deepEqual([node.gateway, node.dns, node.search], [fullNode.gateway, fullNode.dns, fullNode.search]);
});

test('a Pi that has booted shows what cloud-init and netplan made, and whether its password is locked', () => {
  const tree = debianTree({
    '/etc/netplan/50-cloud-init.yaml': Buffer.from(`network:
  version: 2
  ethernets: {eth0: {dhcp4: false, addresses: [10.9.9.9/24], routes: [{to: default, via: 10.9.9.1}]}}
  wifis: {wlan0: {regulatory-domain: DE, access-points: {"Café": {password: "${psk}"}}}}
`),
    '/etc/shadow': `pi:!${hash}:19000:0:99999:7:::\n`,
    '/home/pi/.ssh/authorized_keys': `# mine\n${key}\n`,
    '/etc/machine-id': `${'ab'.repeat(16)}\n`,
    '/etc/ssh/ssh_host_ed25519_key.pub': key,
    '/var/lib/cloud/instances': '/',
    '/var/lib/cloud/instances/piburn-x': '/',
  });
  const { node, hasBooted, instances } = readRootSettings(viewOfTree(tree));
  assert.deepEqual([hasBooted, instances], [true, ['piburn-x']]);
  assert.deepEqual(node.ipv4, { address: '10.9.9.9', prefixLength: 24 });
  assert.deepEqual([node.gateway, node.country], ['10.9.9.1', 'DE']);
  assert.deepEqual(node.wifi, { ssid: 'Café', hidden: false, psk });
  assert.deepEqual(node.user, { name: 'pi', authorizedKeys: [key] });
});
