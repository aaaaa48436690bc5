// Addresses, name servers and Wi-Fi, for each of the programs that set up the network of an image.

import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'yaml';
import type { Node } from '../../../src/protocol.js';
import { type Changes, debianTree, edited, edits, psk } from './debian-root.js';

const addressed: Partial<Node> = {
  ipv4: { address: '10.1.1.2', prefixLength: 24 },
  gateway: '10.1.1.1',
  ipv6: { address: 'fd00::2', prefixLength: 64 },
  gateway6: 'fd00::1',
  dns: ['10.1.1.1', 'fd00::1'],
  search: ['lab.example', 'example.org'],
};
const wifi: Partial<Node> = { wifi: { ssid: 'My "Net"', psk, hidden: false }, country: 'GB' };

const unit = '[Install]\nWantedBy=multi-user.target\n';
const noManager = {
  '/usr/lib/systemd/system/NetworkManager.service': undefined,
  '/etc/systemd/system/multi-user.target.wants/NetworkManager.service': undefined,
};
const wpa = { '/usr/sbin/wpa_supplicant': 'an elf', '/usr/lib/systemd/system/wpa_supplicant@.service': unit };
const dhcpcd = {
  ...noManager,
  ...wpa,
  '/usr/lib/systemd/system/dhcpcd.service': unit,
  '/etc/dhcpcd.conf': 'hostname\n',
};
const networkd = {
  ...noManager,
  ...wpa,
  '/etc/systemd/system/multi-user.target.wants/systemd-networkd.service':
    '-> /lib/systemd/system/systemd-networkd.service',
};
const ifupdown = {
  ...noManager,
  ...wpa,
  '/usr/sbin/ifup': 'an elf',
  '/etc/network/interfaces': 'auto lo\niface lo inet loopback\n',
};

test('NetworkManager gets profiles that only root may read', () => {
  const root = edited({ ...addressed, ...wifi });
  const folder = '/etc/NetworkManager/system-connections';
  for (const name of ['piburn-eth0', 'piburn-wifi']) {
    assert.deepEqual(root.access(`${folder}/${name}.nmconnection`), { mode: 0o600, uid: 0, gid: 0 });
  }
  const wired = root.text(`${folder}/piburn-eth0.nmconnection`) ?? '';
  assert.match(wired, /^address1=10\.1\.1\.2\/24,10\.1\.1\.1$/m);
  assert.match(wired, /^address1=fd00::2\/64,fd00::1$/m);
  assert.match(root.text(`${folder}/piburn-wifi.nmconnection`) ?? '', new RegExp(`^psk=${psk}$`, 'm'));
});

const netplan = {
  '/usr/lib/systemd/system-generators/netplan': 'an elf',
  '/etc/netplan/50-cloud-init.yaml': 'network: {}\n',
};

test('netplan gets a file that comes last and that only root may read', () => {
  const path = '/etc/netplan/99-piburn.yaml';
  const root = edited({ ...addressed, ...wifi }, debianTree(netplan));
  assert.deepEqual(root.access(path), { mode: 0o600, uid: 0, gid: 0 });
  const { network } = parse(Buffer.from(root.text(path) ?? '', 'latin1').toString());
  assert.deepEqual(network.ethernets.eth0.addresses, ['10.1.1.2/24', 'fd00::2/64']);
  assert.equal(network.ethernets.eth0.dhcp4, false);
  assert.equal(network.wifis.wlan0['access-points']['My "Net"'].auth.password, psk);
  assert.equal(root.has('/etc/NetworkManager/system-connections/piburn-eth0.nmconnection'), false);
  assert.match(root.text('/etc/resolv.conf') ?? '', /^nameserver 10\.1\.1\.1$/m);
  const umlauts = edited({ wifi: { ssid: 'Grüße', hidden: false } }, debianTree(netplan)).text(path) ?? '';
  assert.ok(Buffer.from(umlauts, 'latin1').toString().includes('Grüße'));
});

test('what netplan would read otherwise, or nobody could join, is refused', () => {
  const named =
    (ssid: string, changes: Changes = {}) =>
    () =>
      edits({ wifi: { ssid, hidden: false } }, debianTree({ ...netplan, ...changes }));
  assert.throws(named('back\\slash'), { name: 'PiburnError', message: /would take 'back\\slash' for another name/ });
  assert.throws(named('12;34;'), { name: 'PiburnError', message: /for another name/ });
  assert.throws(named('Net', noManager), { name: 'PiburnError', message: /no wpa_supplicant/ });
});

test('cloud-init leaves alone what has been set, and nothing else', () => {
  const path = '/etc/cloud/cloud.cfg.d/zz-piburn.cfg';
  const config = (fields: Partial<Node>, changes: Changes = {}) => {
    const text = edited(fields, debianTree({ '/etc/cloud/cloud.cfg': 'users: [default]\n', ...changes })).text(path);
    return text && parse(text);
  };
  assert.deepEqual(config({ hostname: 'red001' }), { preserve_hostname: true, manage_etc_hosts: false });
  assert.deepEqual(config({ user: { name: 'alice', authorizedKeys: ['ssh-rsa x'] } }), {
    users: [],
    ssh_pwauth: false,
  });
  assert.deepEqual(config(addressed), { network: { config: 'disabled' } });
  assert.equal(config({ timezone: 'Europe/London' }), undefined);
  assert.equal(config({ hostname: 'red001' }, { '/etc/cloud/cloud-init.disabled': '' }), undefined);
});

test('dhcpcd gets a block at the end of its file, once', () => {
  const block = [
    'interface eth0\nstatic ip_address=10.1.1.2/24\nstatic routers=10.1.1.1\nstatic ip6_address=fd00::2/64',
    'static domain_name_servers=10.1.1.1 fd00::1\nstatic domain_search=lab.example example.org\n',
  ].join('\n');
  const conf = `hostname\n# piburn begins\n${block}# piburn ends\n`;
  const root = edited({ ...addressed, ...wifi }, debianTree(dhcpcd));
  assert.equal(root.text('/etc/dhcpcd.conf'), conf);
  assert.match(root.text('/etc/dhcpcd.exit-hook') ?? '', /default via 'fd00::1'/);
  assert.equal(edited(addressed, debianTree({ ...dhcpcd, '/etc/dhcpcd.conf': conf })).text('/etc/dhcpcd.conf'), conf);
  assert.match(root.text('/etc/wpa_supplicant/wpa_supplicant.conf') ?? '', /ssid=4d7920224e657422\n/);
  assert.deepEqual(root.access('/etc/wpa_supplicant/wpa_supplicant.conf'), { mode: 0o600, uid: 0, gid: 0 });
});

test('systemd-networkd gets a file of its own for each interface, and wpa_supplicant a service', () => {
  const root = edited({ ...addressed, ...wifi }, debianTree(networkd));
  const lines = (name: string) => root.text(`/etc/systemd/network/05-piburn-${name}.network`);
  assert.equal(
    lines('eth0'),
    '[Match]\nName=eth0\n\n[Network]\nDHCP=no\nAddress=10.1.1.2/24\nAddress=fd00::2/64\nGateway=10.1.1.1\nGateway=fd00::1\nDNS=10.1.1.1\nDNS=fd00::1\nDomains=lab.example example.org\n',
  );
  assert.equal(lines('wlan0'), '[Match]\nName=wlan0\n\n[Network]\nDHCP=yes\n');
  assert.ok(root.isFile('/etc/wpa_supplicant/wpa_supplicant-wlan0.conf'));
  assert.equal(
    root.linkTarget('/etc/systemd/system/multi-user.target.wants/wpa_supplicant@wlan0.service'),
    '/usr/lib/systemd/system/wpa_supplicant@.service',
  );
  assert.equal(
    root.text('/etc/resolv.conf'),
    'search lab.example example.org\nnameserver 10.1.1.1\nnameserver fd00::1\n',
  );
});

test('name servers stay out of resolv.conf where systemd-resolved keeps them', () => {
  const resolved = { '/etc/systemd/system/sysinit.target.wants/systemd-resolved.service': '-> x' };
  const root = edited(addressed, debianTree({ ...networkd, ...resolved }));
  assert.equal(root.linkTarget('/etc/resolv.conf'), '/run/systemd/resolve/stub-resolv.conf');
});

test('ifupdown gets stanzas of its own, and none of the old ones for the same interface', () => {
  const old =
    'auto lo eth0\niface lo inet loopback\n# wired\nallow-hotplug eth0\niface eth0 inet dhcp\n    hwaddress 02:00\n\niface eth1 inet dhcp\n';
  const root = edited(addressed, debianTree({ ...ifupdown, '/etc/network/interfaces': old }));
  assert.equal(
    root.text('/etc/network/interfaces'),
    'auto lo\niface lo inet loopback\n# wired\n# before piburn: allow-hotplug eth0\n# before piburn: iface eth0 inet dhcp\n# before piburn:     hwaddress 02:00\n\niface eth1 inet dhcp\nsource /etc/network/interfaces.d/*\n',
  );
  assert.equal(
    root.text('/etc/network/interfaces.d/piburn'),
    [
      'allow-hotplug eth0\niface eth0 inet static\n    address 10.1.1.2/24\n    gateway 10.1.1.1',
      '    dns-nameservers 10.1.1.1 fd00::1\n    dns-search lab.example example.org',
      'iface eth0 inet6 static\n    address fd00::2/64\n    gateway fd00::1\n',
    ].join('\n'),
  );
});

test('ifupdown keeps an interface that it has, also beside NetworkManager, which would not touch it', () => {
  const files = {
    '/usr/sbin/ifup': 'an elf',
    '/etc/network/interfaces.d/eth0': 'iface eth0 inet dhcp\n',
    '/etc/network/interfaces': 'source /etc/network/interfaces.d/*\n',
  };
  const root = edited(addressed, debianTree(files));
  assert.ok(root.isFile('/etc/network/interfaces.d/piburn'));
  assert.equal(root.text('/etc/network/interfaces'), 'source /etc/network/interfaces.d/*\n');
  assert.equal(root.has('/etc/NetworkManager/system-connections/piburn-eth0.nmconnection'), false);
});

test('a wireless interface gets the address and the Wi-Fi network together', () => {
  const root = edited({ ...addressed, ...wifi, interface: 'wlan1' }, debianTree(ifupdown));
  assert.match(
    root.text('/etc/network/interfaces.d/piburn') ?? '',
    /^iface wlan1 inet static\n(?: {4}.*\n)* {4}wpa-conf \/etc\/wpa_supplicant\/wpa_supplicant.conf\n/m,
  );
  const manager = edited({ ...addressed, ...wifi, interface: 'wlan1' });
  assert.match(manager.text('/etc/NetworkManager/system-connections/piburn-wifi.nmconnection') ?? '', /^address1=10/m);
});

test('an image with no program for the network or for Wi-Fi is refused', () => {
  assert.throws(() => edits(addressed, debianTree(noManager)), {
    name: 'PiburnError',
    message: /none of netplan, NetworkManager/,
  });
  const noWpa = { ...ifupdown, '/usr/sbin/wpa_supplicant': undefined };
  assert.throws(() => edits(wifi, debianTree(noWpa)), { name: 'PiburnError', message: /no wpa_supplicant/ });
});

test('Wi-Fi is let on, and the country stands wherever the image has a place for it', () => {
  const root = edited(
    wifi,
    debianTree({
      '/var/lib/systemd/rfkill/platform-fe300000.mmcnr:wlan': '1\n',
      '/var/lib/systemd/rfkill/platform-fe300000.mmcnr:bluetooth': '1\n',
      '/var/lib/NetworkManager/NetworkManager.state': '[main]\nNetworkingEnabled=true\nWirelessEnabled=false\n',
      '/etc/default/crda': '# x\nREGDOMAIN=\n',
      '/etc/wpa_supplicant/wpa_supplicant.conf': 'update_config=1\n',
    }),
  );
  assert.equal(root.text('/var/lib/systemd/rfkill/platform-fe300000.mmcnr:wlan'), '0\n');
  assert.equal(root.text('/var/lib/systemd/rfkill/platform-fe300000.mmcnr:bluetooth'), '1\n');
  assert.equal(
    root.text('/var/lib/NetworkManager/NetworkManager.state'),
    '[main]\nNetworkingEnabled=true\nWirelessEnabled=true\n',
  );
  assert.equal(root.text('/etc/default/crda'), '# x\nREGDOMAIN=GB\n');
  assert.equal(root.text('/etc/wpa_supplicant/wpa_supplicant.conf'), 'country=GB\nupdate_config=1\n');
  assert.equal(root.text('/etc/modprobe.d/piburn-wifi-country.conf'), 'options cfg80211 ieee80211_regdom=GB\n');
});
