// The files of cloud-init, letter for letter, and read again by the YAML reader that cloud-init has.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { flavours } from '../../src/customise/flavours/index.js';
import { toYaml } from '../../src/customise/flavours/yaml.js';
import type { Node } from '../../src/protocol.js';
import { scratchFolder } from '../native/scratch.js';
import { makePi, sharedHosts, whySkipped } from './fake-pi.js';
import { dig, hasPyYaml, pyYaml, wordsAt } from './second-eyes.js';

const psk = 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e';
const cmdline = 'console=tty1 root=PARTUUID=5e3da3da-02 rootwait resize\n';

function filesOf(node: Node): Record<string, string> {
  const input = { node, boot: { cmdline }, burnId: '20260915T1200-ab12', bootMount: '/boot/firmware' } as const;
  return Object.fromEntries(flavours.cloudinit.files(input).map(({ path, text }) => [path, text]));
}

test('a node with a key, an address, a gateway and name servers', () => {
  const node: Node = {
    hostname: 'red001',
    ipv4: { address: '10.1.1.2', prefixLength: 24 },
    gateway: '10.1.1.1',
    dns: ['10.1.1.1', '9.9.9.9'],
    user: { name: 'alice', authorizedKeys: ['ssh-ed25519 AAAA alice@laptop', 'ssh-rsa BBBB'] },
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
    - "ssh-rsa BBBB"
ssh_pwauth: false
runcmd:
  - - "systemctl"
    - "enable"
    - "--now"
    - "ssh"
`,
    'meta-data': `dsmode: "local"
instance-id: "piburn-red001-20260915T1200-ab12"
`,
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
          - "10.1.1.1"
          - "9.9.9.9"
      optional: true
`,
    ssh: '',
    'cmdline.txt': `${cmdline.trim()} ds=nocloud;i=piburn-red001-20260915T1200-ab12\n`,
  });
});

test('a user with a password has to type it for sudo, and may use it for ssh', () => {
  const node: Node = {
    hostname: '',
    dns: [],
    user: { name: 'bob', passwordHash: '$6$salt$digest01', authorizedKeys: [] },
  };
  assert.equal(
    filesOf(node)['user-data'],
    `#cloud-config
user:
  name: "bob"
  shell: "/bin/bash"
  lock_passwd: false
  passwd: "$6$salt$digest01"
  sudo: null
ssh_pwauth: true
runcmd:
  - - "systemctl"
    - "enable"
    - "--now"
    - "ssh"
`,
  );
});

test('without a user or an address those of the image stay', () => {
  const files = filesOf({ hostname: 'red001', dns: [] });
  assert.deepEqual(Object.keys(files), ['user-data', 'meta-data', 'ssh', 'cmdline.txt']);
  assert.doesNotMatch(files['user-data'] ?? '', /user:|ssh_pwauth/);
});

test('name servers alone leave the address to DHCP', () => {
  assert.match(filesOf({ hostname: '', dns: ['9.9.9.9'] })['network-config'] ?? '', /dhcp4: true/);
});

const everything: Node = {
  hostname: 'red001',
  interface: 'wlan0',
  ipv4: { address: '10.1.1.2', prefixLength: 24 },
  ipv6: { address: 'fd00::2', prefixLength: 64 },
  gateway: '10.1.1.1',
  gateway6: 'fd00::1',
  dns: ['9.9.9.9', 'fd00::53'],
  search: ['lab.example.org'],
  user: { name: 'alice', authorizedKeys: ['ssh-ed25519 AAAA alice@laptop'] },
  wifi: { ssid: 'My Net', psk, hidden: true },
  country: 'GB',
  locale: 'en_GB.UTF-8',
  timezone: 'Europe/London',
  keymap: 'de(nodeadkeys)',
  hosts: [
    { address: '10.1.1.2', names: ['red001'] },
    { address: '10.1.1.3', names: ['red002'] },
  ],
  firstboot: '#!/bin/sh\necho hi\n',
};

test('everything else that a node can ask for', () => {
  const files = filesOf(everything);
  assert.equal(
    files['network-config'],
    `network:
  version: 2
  ethernets:
    eth0:
      dhcp4: true
      optional: true
  wifis:
    wlan0:
      dhcp4: false
      dhcp6: false
      addresses:
        - "10.1.1.2/24"
        - "fd00::2/64"
      routes:
        - to: "default"
          via: "10.1.1.1"
        - to: "default"
          via: "fd00::1"
      nameservers:
        addresses:
          - "9.9.9.9"
          - "fd00::53"
        search:
          - "lab.example.org"
      optional: true
      regulatory-domain: "GB"
      access-points:
        "My Net":
          password: "${psk}"
          hidden: true
`,
  );
  const begin = `#cloud-config
hostname: "red001"
manage_etc_hosts: "localhost"
locale: "en_GB.UTF-8"
timezone: "Europe/London"
keyboard:
  model: "pc105"
  layout: "de"
  variant: "nodeadkeys"
user:
`;
  assert.equal(files['user-data']?.slice(0, begin.length), begin);
  assert.match(files['cmdline.txt'] ?? '', / resize cfg80211\.ieee80211_regdom=GB ds=nocloud;i=/);
});

test('a Wi-Fi network without a password is an open one, and the cable keeps working beside it', () => {
  const files = filesOf({ hostname: '', dns: [], wifi: { ssid: 'Guests', hidden: false } });
  assert.equal(
    files['network-config'],
    `network:
  version: 2
  ethernets:
    eth0:
      dhcp4: true
      optional: true
  wifis:
    wlan0:
      dhcp4: true
      optional: true
      access-points:
        "Guests":
          auth:
            key-management: "none"
`,
  );
});

test('a static IPv6 address without a gateway leaves the route to router advertisements', () => {
  const node: Node = { hostname: '', ipv6: { address: 'fd00::2', prefixLength: 64 }, dns: [] };
  assert.match(filesOf(node)['network-config'] ?? '', /dhcp4: true\n {6}dhcp6: true\n {6}addresses:/);
});

test('how one logs in to the image as it is stays, unless the node has a user', () => {
  const userData =
    '#cloud-config\nchpasswd:\n  expire: true\n  list:\n  - ubuntu:ubuntu\nssh_pwauth: true\npackages: [vim]\n';
  const input = { boot: { cmdline, userData }, burnId: 'a', bootMount: '/boot/firmware' } as const;
  const userDataOf = (node: Node) =>
    flavours.ubuntu.files({ ...input, node }).find(({ path }) => path === 'user-data')?.text;
  const login = 'chpasswd:\n  expire: true\n  list:\n    - "ubuntu:ubuntu"\nssh_pwauth: true\n';
  assert.equal(userDataOf({ hostname: '', dns: [], timezone: 'UTC' }), `#cloud-config\ntimezone: "UTC"\n${login}`);
  assert.doesNotMatch(userDataOf(everything) ?? '', /chpasswd|ubuntu/);
});

test('a password hash that the image brings along is not shown either', () => {
  const hash = '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1';
  const userData = `#cloud-config\nuser: {name: bob, passwd: "${hash}"}\n`;
  const input = { boot: { cmdline, userData }, burnId: 'a', bootMount: '/boot/firmware' } as const;
  const [file] = flavours.cloudinit.files({ ...input, node: { hostname: 'red001', dns: [] } });
  assert.ok(file?.text.includes(hash));
  assert.deepEqual(file?.secrets, [hash]);
});

test('a user-data that is no mapping, or a bomb of aliases, counts as none', () => {
  const bomb = `#cloud-config\na: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join()}]`)
    .join('\n')}\nusers: *i\n`;
  for (const userData of ['#cloud-config\n- a\n', '#cloud-config\n{', '', '#!/bin/sh\nusers: 1\n', bomb]) {
    const input = { boot: { cmdline, userData }, burnId: 'a', bootMount: '/boot/firmware' } as const;
    const [file] = flavours.ubuntu.files({ ...input, node: { hostname: 'red001', dns: [] } });
    assert.equal(file?.text, '#cloud-config\nhostname: "red001"\nmanage_etc_hosts: "localhost"\n');
  }
});

test('digits stay a string, and a long line stays one line', () => {
  const comment = 'word '.repeat(100);
  assert.equal(toYaml({ hostname: '0123', key: comment }), `hostname: "0123"\nkey: "${comment}"\n`);
});

test('a text of several lines is shown as it is, unless something in it could be misread', () => {
  assert.equal(
    toYaml({ script: 'if true; then\n  echo "#"\nfi\n' }),
    'script: |\n  if true; then\n    echo "#"\n  fi\n',
  );
  for (const odd of ['a\n', 'a\nb', ' a\n', 'a\n\n', 'a\t\n', 'é\n']) {
    assert.equal(pyYamlOr(toYaml({ odd }), odd), odd);
  }
});

const pyYamlOr = (text: string, otherwise: string) => (hasPyYaml ? dig(pyYaml([text])[0], 'odd') : otherwise);

test('names and comments that look like something else are still strings to PyYAML', (t) => {
  if (!hasPyYaml) return t.skip('needs python3 with PyYAML');
  const hostnames = ['on', 'no', '1e3', 'null', 'y', '12-30', '0x1f'];
  const keys = hostnames.map(
    (_, index) => `ssh-rsa AAAA it's "$HOME" \`id\` \\n #x: {${index}} ${'long '.repeat(40)}é🍓`,
  );
  const documents = hostnames.map(
    (hostname) => filesOf({ hostname, dns: [], user: { name: 'null', authorizedKeys: keys } })['user-data'] ?? '',
  );
  assert.deepEqual(
    pyYaml(documents).map((read) => [
      dig(read, 'hostname'),
      dig(read, 'user', 'name'),
      dig(read, 'user', 'ssh_authorized_keys'),
    ]),
    hostnames.map((hostname) => [hostname, 'null', keys]),
  );
});

test('any name of a network is the same name to PyYAML', (t) => {
  if (!hasPyYaml) return t.skip('needs python3 with PyYAML');
  const odd = [
    'on',
    'null',
    '1e3',
    '0123',
    '12:30',
    '~',
    ' lead',
    'trail ',
    '#x',
    ': ',
    '- a',
    '"q"',
    "it's",
    '🍓',
    '$HOME',
  ];
  const ssids = [...odd, ...fc.sample(ssidText, 300)];
  const documents = ssids.map((ssid) => toYaml({ [ssid]: ssid }));
  for (const [index, value] of pyYaml(documents).entries()) {
    assert.deepEqual(Object.entries(value ?? {}), [[ssids[index], ssids[index]]]);
  }
});

const ssidText = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 32 })
  .filter((text) => Buffer.byteLength(text) <= 32 && !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text) && !/^\d+$/.test(text));

test("cloud-init's own schema takes user-data with everything in it", (t) => {
  const version = spawnSync('cloud-init', ['--version']);
  if (version.error) return t.skip('needs cloud-init');
  const folder = scratchFolder(t);
  const withPassword = { name: 'bob', passwordHash: '$6$salt$digest01', authorizedKeys: [] };
  for (const [index, node] of [everything, { ...everything, user: withPassword }].entries()) {
    const path = join(folder, `user-data-${index}`);
    writeFileSync(path, filesOf(node)['user-data'] ?? '');
    const { status, stdout, stderr } = spawnSync('cloud-init', ['schema', '-c', path], { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.match(stdout, /^Valid (schema|cloud-config)/);
  }
});

test('the hosts of the cluster are written once, however often the command runs', (t) => {
  const pi = makePi(t, '/boot/firmware');
  if (!pi) return t.skip(whySkipped);
  if (!hasPyYaml) return t.skip('needs python3 with PyYAML');
  const run = (node: Node) => {
    pi.exec(...wordsAt(pyYaml([filesOf(node)['user-data'] ?? ''])[0], 'runcmd', -1));
  };
  run(everything);
  run(everything);
  const own = `${sharedHosts}127.0.1.1\traspberrypi\n`;
  assert.equal(pi.read('/etc/hosts'), `${own}# piburn begins\n10.1.1.3 red002\n# piburn ends\n`);
  pi.write('/etc/hosts', `${pi.read('/etc/hosts')}10.9.9.9 mine`);
  run({ ...everything, hosts: [{ address: '10.1.1.4', names: ['red003'] }] });
  assert.equal(pi.read('/etc/hosts'), `${own}10.9.9.9 mine\n# piburn begins\n10.1.1.4 red003\n# piburn ends\n`);
});

test('the radio is turned on where a network or a country is given, and left alone elsewhere', (t) => {
  const pi = makePi(t, '/boot/firmware');
  if (!pi) return t.skip(whySkipped);
  if (!hasPyYaml) return t.skip('needs python3 with PyYAML');
  const base: Node = { hostname: 'red001', dns: [] };
  const [plain, country, wifi] = pyYaml(
    [base, { ...base, country: 'GB' }, { ...base, wifi: { ssid: 'x', hidden: false } }].map(
      (node) => filesOf(node)['user-data'] ?? '',
    ),
  );
  assert.equal(dig(plain, 'runcmd', 1), undefined);
  assert.deepEqual(dig(wifi, 'runcmd'), dig(country, 'runcmd'));
  pi.exec(...wordsAt(country, 'runcmd', 1));
  assert.equal(pi.read('/var/lib/systemd/rfkill/platform-fe300000.mmcnr:wlan'), '0\n');
  assert.equal(pi.read('/var/lib/NetworkManager/NetworkManager.state'), '[main]\nWirelessEnabled=true\n');
  assert.deepEqual(pi.calls(), ['rfkill unblock wifi', 'systemctl -q is-active NetworkManager']);
});
