// Raspberry Pi OS up to buster: the script, and the two files that these releases look for themselves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flavours } from '../../src/customise/flavours/index.js';
import type { Node } from '../../src/protocol.js';
import { makePi, sshdConfig, whySkipped } from './fake-pi.js';
import { textOf } from './second-eyes.js';

const psk = 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e';
const node: Node = {
  hostname: 'red001',
  ipv4: { address: '10.1.1.2', prefixLength: 24 },
  gateway: '10.1.1.1',
  dns: ['9.9.9.9'],
  user: { name: 'alice', authorizedKeys: ['ssh-ed25519 AAAA alice@laptop'] },
  wifi: { ssid: 'Café', psk, hidden: true },
  country: 'GB',
};
const filesOf = (wanted: Node) =>
  flavours.legacy.files({ node: wanted, boot: { cmdline: 'rootwait\n' }, burnId: 'a', bootMount: '/boot' });

test('the files, and the part of the script that is made for a node, letter for letter', () => {
  const files = filesOf(node);
  assert.deepEqual(
    files.map(({ path }) => path),
    ['firstrun.sh', 'cmdline.txt', 'ssh', 'wpa_supplicant.conf'],
  );
  assert.equal(textOf(files, 'ssh'), '');
  assert.equal(
    textOf(files, 'wpa_supplicant.conf'),
    `country=GB
ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev
update_config=1
network={
  ssid=436166c3a9
  scan_ssid=1
  psk=${psk}
}
`,
  );
  const script = textOf(files, 'firstrun.sh');
  assert.equal(
    script.slice(script.indexOf('\nset_hostname ') + 1),
    `set_hostname 'red001'
authorize_keys 'ssh-ed25519 AAAA alice@laptop'
rename_user 'alice' '*'
allow_sudo 'alice'
allow_ssh_passwords 'no'
enable_ssh
add_to_dhcpcd <<'PIBURN'
interface eth0
static ip_address=10.1.1.2/24
static routers=10.1.1.1
static domain_name_servers=9.9.9.9
PIBURN
unblock_wifi
take_itself_off
exit 0
`,
  );
});

test('the user pi loses the password that everybody knows as soon as a user is given, also under the same name', (t) => {
  for (const name of ['alice', 'pi']) {
    const pi = makePi(t, '/boot');
    if (!pi) return t.skip(whySkipped);
    pi.boot(filesOf({ ...node, user: { name, authorizedKeys: ['ssh-ed25519 AAAA'] } }));
    const calls = pi.calls();
    assert.ok(calls.includes(`chpasswd -e < ${name}:*`), calls.join('\n'));
    assert.equal(calls.includes('usermod -l alice pi'), name === 'alice');
    assert.equal(pi.read('/etc/ssh/sshd_config'), sshdConfig('PasswordAuthentication no'));
    assert.match(pi.read('/etc/dhcpcd.conf'), /^static ip_address=10\.1\.1\.2\/24$/m);
  }
});

test('an open network says so, and without a country none is named', () => {
  const text = textOf(
    filesOf({ hostname: '', dns: [], wifi: { ssid: 'Guests', hidden: false } }),
    'wpa_supplicant.conf',
  );
  assert.equal(
    text,
    'ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev\nupdate_config=1\nnetwork={\n  ssid="Guests"\n  key_mgmt=NONE\n}\n',
  );
});
