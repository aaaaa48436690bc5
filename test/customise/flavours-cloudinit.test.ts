// The files of cloud-init, letter for letter, and read again by the YAML reader that cloud-init has.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { flavours } from '../../src/customise/flavours/index.js';
import { toYaml } from '../../src/customise/flavours/yaml.js';
import type { Node } from '../../src/protocol.js';

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

test('digits stay a string, and a long line stays one line', () => {
  const comment = 'word '.repeat(100);
  assert.equal(toYaml({ hostname: '0123', key: comment }), `hostname: "0123"\nkey: "${comment}"\n`);
});

test('names and comments that look like something else are still strings to PyYAML', (t) => {
  if (spawnSync('python3', ['-c', 'import yaml']).status !== 0) return t.skip('needs python3 with PyYAML');
  const hostnames = ['on', 'no', '1e3', 'null', 'y', '12-30', '0x1f'];
  const keys = hostnames.map(
    (_, index) => `ssh-rsa AAAA it's "$HOME" \`id\` \\n #x: {${index}} ${'long '.repeat(40)}é🍓`,
  );
  const documents = hostnames.map(
    (hostname) => filesOf({ hostname, dns: [], user: { name: 'null', authorizedKeys: keys } })['user-data'] ?? '',
  );
  const reader = 'import json, sys, yaml; print(json.dumps([yaml.safe_load(text) for text in json.load(sys.stdin)]))';
  const { stdout, stderr } = spawnSync('python3', ['-c', reader], {
    input: JSON.stringify(documents),
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  const read: { hostname: unknown; user: { name: unknown; ssh_authorized_keys: unknown } }[] = JSON.parse(stdout);
  assert.deepEqual(
    read.map(({ hostname, user }) => [hostname, user.name, user.ssh_authorized_keys]),
    hostnames.map((hostname) => [hostname, 'null', keys]),
  );
});
