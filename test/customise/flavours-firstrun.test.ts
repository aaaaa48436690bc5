// The first-boot script of Raspberry Pi OS: letter for letter, and run in a small root of its own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { flavours } from '../../src/customise/flavours/index.js';
import type { Node } from '../../src/protocol.js';
import { type BootMount, isRoot, makePi, sharedHosts, sshdConfig, whySkipped } from './fake-pi.js';

const hash = '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl';
const psk = 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e';
const nasty = 'ssh-ed25519 AAAA corp\\carol@pc it\'s "$HOME" $(reboot) `id` \\n';
const node: Node = {
  hostname: 'red001',
  ipv4: { address: '10.1.1.2', prefixLength: 24 },
  gateway: '10.1.1.1',
  dns: ['10.1.1.1', '9.9.9.9'],
  user: { name: 'alice', authorizedKeys: [nasty, 'ssh-rsa BBBB'] },
};
const withPassword: Node = { ...node, user: { name: 'alice', passwordHash: hash, authorizedKeys: [] } };
const everything: Node = {
  ...node,
  interface: 'wlan0',
  ipv6: { address: 'fd00::2', prefixLength: 64 },
  gateway6: 'fd00::1',
  dns: ['10.1.1.1', 'fd00::53'],
  search: ['lab.example.org', 'example.org'],
  wifi: { ssid: 'Café \\;🍓', psk, hidden: true },
  country: 'GB',
  locale: 'de_DE.UTF-8',
  timezone: 'Europe/Berlin',
  keymap: 'de(nodeadkeys)',
  hosts: [
    { address: '10.1.1.2', names: ['red001', 'red001.lab'] },
    { address: '10.1.1.3', names: ['red002', 'worker'] },
  ],
};

const stock = 'console=tty1 root=PARTUUID=5e3da3da-02 rootwait init=/usr/lib/raspberrypi-sys-mods/firstboot';

const filesOf = (wanted: Node, bootMount: BootMount, cmdline = `${stock}\n`) =>
  flavours.firstrun.files({ node: wanted, boot: { cmdline }, burnId: 'a', bootMount });

test('two files, and the words that start the script are the last ones of the kernel line', () => {
  const files = filesOf(node, '/boot');
  assert.deepEqual(
    files.map(({ path }) => path),
    ['firstrun.sh', 'cmdline.txt'],
  );
  const words =
    'systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target';
  assert.equal(files[1]?.text, `${stock} ${words}\n`);
});

test('the part of the script that is made for a node, letter for letter', () => {
  const script = filesOf(node, '/boot/firmware')[0]?.text ?? '';
  assert.ok(script.startsWith('#!/bin/sh\n'));
  assert.equal(
    script.slice(script.indexOf('\nset_hostname ') + 1),
    String.raw`set_hostname 'red001'
authorize_keys 'ssh-ed25519 AAAA corp\carol@pc it'\''s "$HOME" $(reboot) ${'`id`'} \n' 'ssh-rsa BBBB'
rename_user 'alice' '*'
allow_sudo 'alice'
allow_ssh_passwords 'no'
enable_ssh
write_profile 'piburn-eth0' <<'PIBURN'
[connection]
id=piburn-eth0
uuid=6c93437b-d2c9-549f-b7de-f57d760a8705
type=ethernet
interface-name=eth0
autoconnect-priority=100
[ipv4]
method=manual
address1=10.1.1.2/24,10.1.1.1
dns=10.1.1.1;9.9.9.9;
[ipv6]
method=auto
PIBURN
add_to_dhcpcd <<'PIBURN'
interface eth0
static ip_address=10.1.1.2/24
static routers=10.1.1.1
static domain_name_servers=10.1.1.1 9.9.9.9
PIBURN
take_itself_off
exit 0
`,
  );
});

test('everything else that a node can ask for, letter for letter', () => {
  const script = filesOf(everything, '/boot/firmware')[0]?.text ?? '';
  assert.equal(
    script.slice(script.indexOf('\nenable_ssh\n') + 1),
    `enable_ssh
write_profile 'piburn-wifi' <<'PIBURN'
[connection]
id=piburn-wifi
uuid=c55a9edb-0a1e-5a0b-910d-2b2bcf54fe20
type=wifi
interface-name=wlan0
autoconnect-priority=100
[wifi]
mode=infrastructure
ssid=67;97;102;195;169;32;92;59;240;159;141;147;
hidden=true
[wifi-security]
key-mgmt=wpa-psk
psk=${psk}
[ipv4]
method=manual
address1=10.1.1.2/24,10.1.1.1
dns=10.1.1.1;
dns-search=lab.example.org;example.org;
[ipv6]
method=manual
address1=fd00::2/64,fd00::1
dns=fd00::53;
dns-search=lab.example.org;example.org;
PIBURN
add_to_dhcpcd <<'PIBURN'
interface wlan0
static ip_address=10.1.1.2/24
static routers=10.1.1.1
static ip6_address=fd00::2/64
static domain_name_servers=10.1.1.1 fd00::53
static domain_search=lab.example.org example.org
PIBURN
add_dhcpcd_hook <<'PIBURN'
if [ "$interface" = 'wlan0' ] && [ "$if_up" = true ]; then
  ip -6 route replace default via 'fd00::1' dev 'wlan0'
fi
PIBURN
write_wpa_supplicant <<'PIBURN'
country=GB
ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev
update_config=1
network={
  ssid=436166c3a9205c3bf09f8d93
  scan_ssid=1
  psk=${psk}
}
PIBURN
unblock_wifi
set_locale 'de_DE.UTF-8'
set_timezone 'Europe/Berlin'
set_keymap 'de' 'nodeadkeys'
take_itself_off
exit 0
`,
  );
});

test('the country of the kernel line is replaced by the one that is given, and kept when none is', () => {
  const cmdline = 'rootwait cfg80211.ieee80211_regdom=US quiet\n';
  const words = (wanted: Node) => filesOf(wanted, '/boot', cmdline).at(-1)?.text.split(' systemd.run=')[0];
  assert.equal(words({ ...node, country: 'GB' }), 'rootwait quiet cfg80211.ieee80211_regdom=GB');
  assert.equal(words(node), 'rootwait cfg80211.ieee80211_regdom=US quiet');
});

test('the script of every node is valid for sh', () => {
  const firstboot = { ...node, firstboot: '#!/bin/sh\necho hello\n' };
  for (const wanted of [node, withPassword, everything, firstboot, { hostname: '', dns: ['9.9.9.9'] }]) {
    const input = filesOf(wanted, '/boot')[0]?.text ?? '';
    for (const shell of ['sh', 'dash', 'bash']) {
      const { status, stderr, error } = spawnSync(shell, ['-n'], { input, encoding: 'utf8' });
      if (error === undefined) assert.deepEqual([status, stderr], [0, '']);
    }
  }
});

test('on bookworm it names the Pi, renames the user, writes a profile, and takes itself off', (t) => {
  const pi = makePi(t, '/boot/firmware', { userconf: true, networkManager: true });
  if (!pi) return t.skip(whySkipped);
  pi.boot(filesOf(node, '/boot/firmware'));
  assert.equal(pi.read('/etc/hostname'), 'red001\n');
  assert.equal(pi.read('/etc/hosts'), `${sharedHosts}127.0.1.1\tred001\n`);
  assert.equal(pi.read('/home/pi/.ssh/authorized_keys'), `${nasty}\nssh-rsa BBBB\n`);
  assert.equal(pi.mode('/home/pi/.ssh/authorized_keys'), 0o600);
  assert.equal(pi.mode('/home/pi/.ssh'), 0o700);
  if (isRoot) assert.equal(pi.owner('/home/pi/.ssh/authorized_keys'), 1000);
  assert.equal(pi.read('/etc/sudoers.d/010_piburn'), 'alice ALL=(ALL) NOPASSWD: ALL\n');
  assert.equal(pi.mode('/etc/sudoers.d/010_piburn'), 0o440);
  assert.equal(pi.read('/etc/ssh/sshd_config'), sshdConfig('PasswordAuthentication no'));
  const profile = '/etc/NetworkManager/system-connections/piburn-eth0.nmconnection';
  assert.match(pi.read(profile), /^address1=10\.1\.1\.2\/24,10\.1\.1\.1$/m);
  assert.equal(pi.mode(profile), 0o600);
  assert.equal(pi.read('/etc/dhcpcd.conf'), 'hostname\n');
  assert.equal(pi.read('/boot/firmware/cmdline.txt'), `${stock}\n`);
  assert.ok(!pi.has('/boot/firmware/firstrun.sh'));
  assert.deepEqual(pi.calls(), [
    'userconf alice *',
    'systemctl enable ssh',
    'systemctl -q is-enabled NetworkManager',
    'systemctl -q is-enabled NetworkManager',
  ]);
});

test('on an early bullseye it renames the user itself and tells dhcpcd', (t) => {
  const pi = makePi(t, '/boot', { userconf: false, networkManager: false });
  if (!pi) return t.skip(whySkipped);
  pi.write('/etc/lightdm/lightdm.conf', '[Seat:*]\nautologin-user=pi\n#autologin-user=pi2\n');
  pi.boot(filesOf(withPassword, '/boot'));
  assert.equal(pi.read('/etc/sudoers.d/010_pi-nopasswd'), 'alice ALL=(ALL) NOPASSWD: ALL\n');
  assert.equal(pi.read('/etc/lightdm/lightdm.conf'), '[Seat:*]\nautologin-user=alice\n#autologin-user=pi2\n');
  assert.ok(!pi.has('/etc/sudoers.d/010_piburn'));
  assert.equal(pi.read('/etc/ssh/sshd_config'), sshdConfig('PasswordAuthentication yes'));
  const lines = [
    'interface eth0',
    'static ip_address=10.1.1.2/24',
    'static routers=10.1.1.1',
    'static domain_name_servers=10.1.1.1 9.9.9.9',
  ];
  assert.equal(pi.read('/etc/dhcpcd.conf'), ['hostname', '# piburn begins', ...lines, '# piburn ends', ''].join('\n'));
  assert.equal(pi.read('/boot/cmdline.txt'), `${stock}\n`);
  assert.ok(!pi.has('/boot/firstrun.sh'));
  assert.deepEqual(pi.calls(), [
    'usermod -l alice pi',
    'usermod -m -d /home/alice alice',
    'groupmod -n alice pi',
    `chpasswd -e < alice:${hash}`,
    'systemctl enable ssh',
    'systemctl -q is-enabled NetworkManager',
    'systemctl -q is-enabled NetworkManager',
  ]);
});

test('a renaming that the power cut in two is brought to its end', (t) => {
  const pi = makePi(t, '/boot');
  if (!pi) return t.skip(whySkipped);
  pi.write('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/pi:/bin/sh\n');
  pi.boot(filesOf(withPassword, '/boot'));
  assert.deepEqual(pi.calls().slice(0, 2), ['usermod -m -d /home/alice alice', 'groupmod -n alice pi']);
});

test('a Wi-Fi network, its country and the place, for NetworkManager', (t) => {
  const pi = makePi(t, '/boot/firmware', { userconf: true, networkManager: true, raspiConfig: 0 });
  if (!pi) return t.skip(whySkipped);
  pi.boot(filesOf(everything, '/boot/firmware'));
  const profile = '/etc/NetworkManager/system-connections/piburn-wifi.nmconnection';
  assert.match(pi.read(profile), new RegExp(`^psk=${psk}$`, 'm'));
  assert.equal(pi.mode(profile), 0o600);
  assert.match(pi.read('/etc/wpa_supplicant/wpa_supplicant.conf'), /country=US/);
  assert.equal(pi.read('/var/lib/systemd/rfkill/platform-fe300000.mmcnr:wlan'), '0\n');
  assert.equal(pi.read('/var/lib/NetworkManager/NetworkManager.state'), '[main]\nWirelessEnabled=true\n');
  assert.match(pi.read('/boot/firmware/cmdline.txt'), / cfg80211\.ieee80211_regdom=GB\n$/);
  assert.match(pi.read('/etc/default/keyboard'), /^XKBLAYOUT="de"\nXKBVARIANT="nodeadkeys"$/m);
  assert.equal(pi.read('/etc/hosts'), `${sharedHosts}127.0.1.1\tred001\n${block('10.1.1.3 red002 worker')}`);
  const calls = pi.calls().filter((line) => /^(raspi-config|rfkill)/.test(line));
  assert.deepEqual(calls, [
    'rfkill unblock wifi',
    'raspi-config nonint do_change_locale de_DE.UTF-8',
    'raspi-config nonint do_change_timezone Europe/Berlin',
    'raspi-config nonint do_configure_keyboard de',
  ]);
});

const block = (...lines: string[]): string => ['# piburn begins', ...lines, '# piburn ends', ''].join('\n');

test('the same for dhcpcd and wpa_supplicant, without raspi-config', (t) => {
  const pi = makePi(t, '/boot');
  if (!pi) return t.skip(whySkipped);
  pi.boot(filesOf(everything, '/boot'));
  const wpa = '/etc/wpa_supplicant/wpa_supplicant.conf';
  assert.match(pi.read(wpa), new RegExp(`^country=GB\n(?:.*\n)+  psk=${psk}\n}\n$`));
  assert.equal(pi.mode(wpa), 0o600);
  assert.ok(!pi.has('/etc/NetworkManager/system-connections/piburn-wifi.nmconnection'));
  assert.match(pi.read('/etc/dhcpcd.conf'), /^static ip6_address=fd00::2\/64$/m);
  assert.equal(pi.read('/etc/locale.gen'), '# en_US.UTF-8 UTF-8\nen_GB.UTF-8 UTF-8\nde_DE.UTF-8 UTF-8\n');
  assert.equal(pi.read('/etc/timezone'), 'Europe/Berlin\n');
  assert.equal(readlinkSync(join(pi.root, 'etc/localtime')), '/usr/share/zoneinfo/Europe/Berlin');
  const calls = pi.calls().filter((line) => /^(locale|update|dpkg)/.test(line));
  const keyboard = 'dpkg-reconfigure -f noninteractive keyboard-configuration';
  assert.deepEqual(calls, ['locale-gen ', 'update-locale LANG=de_DE.UTF-8', keyboard]);
  // The hook is what dhcpcd runs, with a stand-in for `ip`.
  const asDhcpcd = 'ip() { echo "ip $*"; }; if_up=true; for interface in wlan0 eth0; do . /etc/dhcpcd.exit-hook; done';
  assert.equal(pi.exec('/bin/sh', '-c', asDhcpcd), 'ip -6 route replace default via fd00::1 dev wlan0\n');
});

test('a locale that raspi-config refuses is made without it', (t) => {
  const pi = makePi(t, '/boot', { raspiConfig: 1 });
  if (!pi) return t.skip(whySkipped);
  pi.boot(filesOf({ ...node, locale: 'en_GB.UTF-8' }, '/boot'));
  assert.equal(pi.read('/etc/locale.gen'), '# en_US.UTF-8 UTF-8\nen_GB.UTF-8 UTF-8\n');
  assert.deepEqual(pi.calls().slice(-3), [
    'raspi-config nonint do_change_locale en_GB.UTF-8',
    'locale-gen ',
    'update-locale LANG=en_GB.UTF-8',
  ]);
});

test('a country without a network goes to wpa_supplicant where there is one', (t) => {
  const pi = makePi(t, '/boot');
  if (!pi) return t.skip(whySkipped);
  pi.boot(filesOf({ ...node, country: 'GB' }, '/boot'));
  assert.equal(pi.read('/etc/wpa_supplicant/wpa_supplicant.conf'), 'country=GB\nupdate_config=1\n');
  assert.equal(pi.mode('/etc/wpa_supplicant/wpa_supplicant.conf'), 0o600);
});

test('password logins are turned off also where sshd_config does not mention them', (t) => {
  const pi = makePi(t, '/boot');
  if (!pi) return t.skip(whySkipped);
  pi.write('/etc/ssh/sshd_config', 'Match User x\n  X11Forwarding no\n');
  pi.boot(filesOf(node, '/boot'));
  assert.equal(pi.read('/etc/ssh/sshd_config'), 'PasswordAuthentication no\nMatch User x\n  X11Forwarding no\n');
});

test('a second run, after the power failed in the first, leaves the same files', (t) => {
  const pi = makePi(t, '/boot');
  if (!pi) return t.skip(whySkipped);
  const paths = [
    '/etc/hosts',
    '/etc/dhcpcd.conf',
    '/etc/dhcpcd.exit-hook',
    '/etc/locale.gen',
    '/etc/wpa_supplicant/wpa_supplicant.conf',
    '/home/pi/.ssh/authorized_keys',
    '/etc/ssh/sshd_config',
  ];
  pi.boot(filesOf(everything, '/boot'));
  const first = paths.map(pi.read);
  pi.boot(filesOf(everything, '/boot'));
  assert.deepEqual(paths.map(pi.read), first);
});

test('lines that people added around those of the cluster stay, also to a file without a last line end', (t) => {
  const pi = makePi(t, '/boot');
  if (!pi) return t.skip(whySkipped);
  pi.boot(filesOf(everything, '/boot'));
  pi.write('/etc/hosts', `${pi.read('/etc/hosts')}10.9.9.9 mine`);
  pi.boot(filesOf({ ...everything, hosts: [{ address: 'fd00::9', names: ['blue'] }] }, '/boot'));
  const kept = `${sharedHosts}10.9.9.9 mine\n127.0.1.1\tred001\n`;
  assert.equal(pi.read('/etc/hosts'), `${kept}${block('fd00::9 blue')}`);
});

test('it takes itself off even where every other step fails', (t) => {
  const pi = makePi(t, '/boot', { userconf: false, networkManager: true });
  if (!pi) return t.skip(whySkipped);
  rmSync(join(pi.root, 'etc'), { recursive: true });
  pi.boot(filesOf(everything, '/boot'));
  assert.equal(pi.read('/boot/cmdline.txt'), `${stock} cfg80211.ieee80211_regdom=GB\n`);
  assert.ok(!pi.has('/boot/firstrun.sh'));
});

test('it takes itself off also where the kernel line stands elsewhere', (t) => {
  const pi = makePi(t, '/boot/firmware');
  if (!pi) return t.skip(whySkipped);
  const boot = { cmdline: 'rootwait\n', cmdlinePath: 'current/cmdline.txt' };
  pi.boot(flavours.firstrun.files({ node, boot, burnId: 'a', bootMount: '/boot/firmware' }));
  assert.equal(pi.read('/boot/firmware/current/cmdline.txt'), 'rootwait\n');
  assert.ok(!pi.has('/boot/firmware/firstrun.sh'));
});
