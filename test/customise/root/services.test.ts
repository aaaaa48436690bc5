// ssh, the units of systemd and what runs once on the first boot.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { withKeyword } from '../../../src/customise/root/sshd-config.js';
import type { NodeUser } from '../../../src/protocol.js';
import { run, without } from '../../image/allocation/disk.js';
import { scratchFolder } from '../../native/scratch.js';
import { debianTree, edited, edits, fullNode, hash, key } from './debian-root.js';

const withKey: NodeUser = { name: 'alice', authorizedKeys: [key] };
const withPassword: NodeUser = { name: 'alice', passwordHash: hash, authorizedKeys: [] };
const dropIn = '/etc/ssh/sshd_config.d/10-piburn.conf';
const main = '/etc/ssh/sshd_config';
const wants = '/etc/systemd/system/multi-user.target.wants';
const sysv = { '/usr/lib/systemd/systemd': undefined, '/etc/init.d/ssh': '#!/bin/sh\nssh-keygen -A\n' };

const failing = (fields: Parameters<typeof edits>[0], changes: Parameters<typeof debianTree>[0]) => () =>
  edits(fields, debianTree(changes));

test('a drop-in of sshd says whether passwords are taken', () => {
  assert.equal(
    edited({ user: withKey }).text(dropIn),
    '# Made by piburn.\nPasswordAuthentication no\nPubkeyAuthentication yes\n',
  );
  assert.equal(edited({ user: withPassword }).text(dropIn), '# Made by piburn.\nPasswordAuthentication yes\n');
  assert.equal(edited({ user: withKey }).text(main), debianTree().get(main)?.content.toString());
});

test('drop-ins are found however they are included', () => {
  for (const line of [
    'Include sshd_config.d/*.conf',
    'include=/etc/ssh/sshd_config.d/*.conf',
    'Include a.conf "/etc/ssh/sshd_config.d/*.conf"',
  ]) {
    assert.ok(
      edited({ user: withKey }, debianTree({ [main]: `${line}\nPasswordAuthentication yes\n` })).isFile(dropIn),
      line,
    );
  }
});

test('a file that comes before the drop-in does not win over it', () => {
  const tree = debianTree({ '/etc/ssh/sshd_config.d/01-first.conf': 'X11Forwarding no\npasswordauthentication yes\n' });
  assert.equal(
    edited({ user: withKey }, tree).text('/etc/ssh/sshd_config.d/01-first.conf'),
    'X11Forwarding no\nPasswordAuthentication no\n',
  );
});

test('sshd_config itself is changed where it reads no drop-ins, reads them too late or for some only', () => {
  for (const [config, wanted] of [
    ['#PasswordAuthentication yes\nUsePAM yes\n', 'PasswordAuthentication yes\nUsePAM yes\n'],
    ['UsePAM yes', 'UsePAM yes\nPasswordAuthentication yes\n'],
    [
      'PasswordAuthentication no\nInclude /etc/ssh/sshd_config.d/*.conf\n',
      'PasswordAuthentication yes\nInclude /etc/ssh/sshd_config.d/*.conf\n',
    ],
    [
      'Match all\nInclude /etc/ssh/sshd_config.d/*.conf\n',
      'PasswordAuthentication yes\nMatch all\nInclude /etc/ssh/sshd_config.d/*.conf\n',
    ],
  ] as const) {
    const root = edited({ user: withPassword }, debianTree({ [main]: config }));
    assert.equal(root.text(main), wanted);
    assert.equal(root.has(dropIn), false);
  }
});

test('a keyword replaces the line that counts and leaves all others as they are', () => {
  for (const [text, wanted] of [
    ['', 'K v\n'],
    ['a\r\n#K x\r\nb\r\n', 'a\r\nK v\nb\r\n'],
    ['#K x\nk=1\nK 2\n', '#K x\nK v\nK 2\n'],
    ['# K is a good thing\nKey 1\n', '# K is a good thing\nKey 1\nK v\n'],
    ['a\nMatch user x\n  K 1\n', 'a\nK v\nMatch user x\n  K 1\n'],
    ['Match all\n', 'K v\nMatch all\n'],
  ] as const) {
    assert.equal(withKeyword(text, 'K', 'v'), wanted, JSON.stringify(text));
  }
});

test('ssh is enabled as its unit says, from where the unit really is', () => {
  const root = edited({ hostname: 'red001' });
  assert.equal(root.linkTarget(`${wants}/ssh.service`), '/usr/lib/systemd/system/ssh.service');
  assert.equal(root.linkTarget('/etc/systemd/system/sshd.service'), '/usr/lib/systemd/system/ssh.service');
});

test('ssh that is enabled stays as it is, and ssh that is masked is not any more', () => {
  const enabled = {
    [`${wants}/ssh.service`]: '-> /lib/systemd/system/ssh.service',
    '/etc/systemd/system/sshd.service': '-> ../../../lib/systemd/system/ssh.service',
  };
  const list = edits({ hostname: 'red001' }, debianTree({ ...enabled, '/etc/ssh/ssh_host_rsa_key': 'key' }));
  assert.deepEqual(
    list.map(({ path }) => path),
    ['/etc/hostname', '/etc/hosts'],
  );
  const masked = debianTree({ '/etc/systemd/system/ssh.service': '-> /dev/null', '/etc/ssh/sshd_not_to_be_run': '' });
  const root = edited({ hostname: 'red001' }, masked);
  assert.equal(root.has('/etc/systemd/system/ssh.service'), false);
  assert.equal(root.has('/etc/ssh/sshd_not_to_be_run'), false);
  assert.ok(root.has(`${wants}/ssh.service`));
});

test('ssh starts without systemd too, by the runlevels of sysvinit or OpenRC', () => {
  const levels = { '/etc/rc2.d/K01ssh': '-> ../init.d/ssh', '/etc/rc3.d/S17ssh': '-> ../init.d/ssh' };
  const root = edited({ hostname: 'red001' }, debianTree({ ...sysv, ...levels }));
  assert.equal(root.linkTarget('/etc/rc2.d/S01ssh'), '../init.d/ssh');
  assert.equal(root.has('/etc/rc2.d/K01ssh'), false);
  assert.deepEqual(root.names('/etc/rc3.d'), ['S17ssh']);
  const openrc = debianTree({
    ...sysv,
    '/etc/init.d/ssh': undefined,
    '/etc/init.d/sshd': 'ssh-keygen',
    '/etc/runlevels/default': '/',
  });
  assert.equal(edited({ hostname: 'red001' }, openrc).linkTarget('/etc/runlevels/default/sshd'), '/etc/init.d/sshd');
});

test('keys without an ssh server are refused, and a name alone is not', () => {
  const none = { [main]: undefined, '/usr/lib/systemd/system/ssh.service': undefined };
  assert.throws(failing({ user: withKey }, none), { name: 'PiburnError', message: /no ssh server/ });
  assert.equal(edited({ hostname: 'red001' }, debianTree(none)).has(`${wants}/ssh.service`), false);
});

test('host keys are made on the first boot where there are none and nobody else makes them', () => {
  const unit = '/etc/systemd/system/piburn-host-keys.service';
  const root = edited({ hostname: 'red001' });
  assert.match(root.text(unit) ?? '', /^Before=ssh.service sshd.service$/m);
  assert.match(root.text(unit) ?? '', /^ExecStart=\/usr\/bin\/ssh-keygen -A$/m);
  assert.equal(root.linkTarget(`${wants}/piburn-host-keys.service`), unit);
  const regenerate = {
    [`${wants}/regenerate_ssh_host_keys.service`]: '-> /lib/systemd/system/regenerate_ssh_host_keys.service',
  };
  for (const there of [regenerate, { '/etc/ssh/ssh_host_ed25519_key': 'key' }]) {
    assert.equal(edited({ hostname: 'red001' }, debianTree(there)).has(unit), false);
  }
  assert.throws(failing({ hostname: 'red001' }, { ...sysv, '/etc/init.d/ssh': 'exec sshd\n' }), /needs systemd/);
});

test('the script of the first boot runs once: its stamp is set before it starts', () => {
  const root = edited({ firstboot: 'echo ü\n' });
  const script = '/usr/local/lib/piburn/firstboot';
  assert.equal(Buffer.from(root.text(script) ?? '', 'latin1').toString(), '#!/bin/sh\necho ü\n');
  assert.deepEqual(root.access(script), { mode: 0o700, uid: 0, gid: 0 });
  const unit = root.text('/etc/systemd/system/piburn-firstboot.service') ?? '';
  const stamp = '/var/lib/piburn/piburn-firstboot.burn-1';
  const at = (line: string) => unit.split('\n').indexOf(line);
  assert.ok(at(`ConditionPathExists=!${stamp}`) > 0);
  assert.ok(at(`ExecStartPre=/bin/touch ${stamp}`) > 0);
  assert.ok(at('ExecStopPost=/bin/rm -f /usr/local/lib/piburn/firstboot') > 0);
  assert.deepEqual(root.access('/var/log/piburn-firstboot.log'), { mode: 0o600, uid: 0, gid: 0 });
});

test('the script of the first boot is never shown, and needs systemd', () => {
  const edit = edits({ firstboot: '#!/bin/sh\nsecret\n' }).find(
    ({ path }) => path === '/usr/local/lib/piburn/firstboot',
  );
  assert.ok(edit?.kind === 'file' && edit.secrets[0] === '#!/bin/sh\nsecret\n');
  assert.throws(failing({ firstboot: 'echo\n' }, sysv), { name: 'PiburnError', message: /--firstboot/ });
});

test('systemd itself finds nothing wrong with the units', { skip: without('systemd-analyze') }, (t) => {
  const folder = scratchFolder(t);
  const root = edited(fullNode);
  for (const name of ['piburn-host-keys', 'piburn-locales', 'piburn-firstboot']) {
    const file = join(folder, `${name}.service`);
    // Programs are looked for on this machine.
    const text = root.text(`/etc/systemd/system/${name}.service`)?.replaceAll(/=(-?)\/\S+/g, '=$1/bin/true') ?? '';
    writeFileSync(file, text);
    assert.equal(run('systemd-analyze', ['verify', '--recursive-errors=no', '--man=no', file]), '', name);
  }
});
