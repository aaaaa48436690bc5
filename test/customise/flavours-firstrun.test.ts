// The first-boot script is run here, in a small root of its own: busybox for the tools, and stand-ins that write
// down their arguments for what only a Raspberry Pi has.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { flavours } from '../../src/customise/flavours/index.js';
import type { Node } from '../../src/protocol.js';

const hash = '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl';
const nasty = 'ssh-ed25519 AAAA corp\\carol@pc it\'s "$HOME" $(reboot) `id` \\n';
const node: Node = {
  hostname: 'red001',
  ipv4: { address: '10.1.1.2', prefixLength: 24 },
  gateway: '10.1.1.1',
  dns: ['10.1.1.1', '9.9.9.9'],
  user: { name: 'alice', authorizedKeys: [nasty, 'ssh-rsa BBBB'] },
};
const withPassword: Node = { ...node, user: { name: 'alice', passwordHash: hash, authorizedKeys: [] } };

type BootMount = '/boot' | '/boot/firmware';

const stock = 'console=tty1 root=PARTUUID=5e3da3da-02 rootwait init=/usr/lib/raspberrypi-sys-mods/firstboot';

const filesOf = (wanted: Node, bootMount: BootMount) =>
  flavours.firstrun.files({ node: wanted, boot: { cmdline: `${stock}\n` }, burnId: 'a', bootMount });

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
allow_ssh_passwords no
systemctl enable ssh
if uses_network_manager; then
  write_profile <<'PIBURN'
[connection]
id=piburn-eth0
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
else
  add_to_dhcpcd <<'PIBURN'
interface eth0
static ip_address=10.1.1.2/24
static routers=10.1.1.1
static domain_name_servers=10.1.1.1 9.9.9.9
PIBURN
fi
take_itself_off
exit 0
`,
  );
});

test('the script of every node is valid for sh', () => {
  for (const wanted of [node, withPassword, { hostname: 'on', dns: [] }, { hostname: '', dns: ['9.9.9.9'] }]) {
    const input = filesOf(wanted, '/boot')[0]?.text ?? '';
    const { status, stderr } = spawnSync('sh', ['-n'], { input, encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
  }
});

test('on bookworm it names the Pi, renames the user, writes a profile, and takes itself off', (t) => {
  const pi = makePi(t, '/boot/firmware', { userconf: true, networkManager: true });
  if (!pi) return t.skip('needs busybox (static), unshare and chroot');
  pi.run(node);
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
  assert.deepEqual(pi.calls(), ['userconf alice *', 'systemctl enable ssh', 'systemctl -q is-enabled NetworkManager']);
});

test('on an early bullseye it renames the user itself and tells dhcpcd', (t) => {
  const pi = makePi(t, '/boot', { userconf: false, networkManager: false });
  if (!pi) return t.skip('needs busybox (static), unshare and chroot');
  pi.run(withPassword);
  assert.equal(pi.read('/etc/sudoers.d/010_pi-nopasswd'), 'alice ALL=(ALL) NOPASSWD: ALL\n');
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
  ]);
});

test('a second run, after the power failed in the first, leaves the same files', (t) => {
  const pi = makePi(t, '/boot', { userconf: false, networkManager: false });
  if (!pi) return t.skip('needs busybox (static), unshare and chroot');
  const paths = ['/etc/hosts', '/etc/dhcpcd.conf', '/home/pi/.ssh/authorized_keys', '/etc/ssh/sshd_config'];
  pi.run(node);
  const first = paths.map(pi.read);
  pi.run(node);
  assert.deepEqual(paths.map(pi.read), first);
});

test('it takes itself off even where every other step fails', (t) => {
  const pi = makePi(t, '/boot', { userconf: false, networkManager: true });
  if (!pi) return t.skip('needs busybox (static), unshare and chroot');
  rmSync(join(pi.root, 'etc'), { recursive: true });
  pi.run(node);
  assert.equal(pi.read('/boot/cmdline.txt'), `${stock}\n`);
  assert.ok(!pi.has('/boot/firstrun.sh'));
});

const sharedHosts = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\nff02::1\tip6-allnodes\n';

const isRoot = process.getuid?.() === 0;

const sshdConfig = (line: string): string =>
  `Port 22\n# PasswordAuthentication.  Depending on your PAM configuration,\n${line}\nUsePAM yes\n`;

/** A root with as much of a Raspberry Pi OS as the script looks at; undefined where this machine cannot enter it. */
function makePi(t: TestContext, bootMount: BootMount, has: { userconf: boolean; networkManager: boolean }) {
  const root = mkdtempSync(join(tmpdir(), 'piburn-firstrun-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  };
  const standIn = (path: string, lines: string) =>
    write(path, `#!/bin/busybox sh\necho "$(basename "$0") $*" >>/calls\n${lines}\n`, 0o755);
  const enter = (...command: string[]) =>
    spawnSync('env', [...(isRoot ? [] : ['unshare', '--map-root-user']), 'chroot', root, ...command], {
      encoding: 'utf8',
      env: { PATH: '/sbin:/bin:/usr/sbin:/usr/bin' },
    });

  mkdirSync(join(root, 'bin'));
  const busybox = spawnSync('sh', ['-c', 'cp "$(command -v busybox)" "$1/bin/busybox"', 'sh', root]);
  if (busybox.status !== 0 || enter('/bin/busybox', '--install', '-s', '/bin').status !== 0) return undefined;

  write('/etc/hostname', 'raspberrypi\n');
  write('/etc/hosts', `${sharedHosts}127.0.1.1\traspberrypi\n`);
  write('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/sh\n');
  write('/etc/ssh/sshd_config', sshdConfig('#PasswordAuthentication yes'));
  write('/etc/sudoers.d/010_pi-nopasswd', 'pi ALL=(ALL) NOPASSWD: ALL\n');
  write('/etc/dhcpcd.conf', 'hostname\n');
  mkdirSync(join(root, 'etc/NetworkManager/system-connections'), { recursive: true });
  mkdirSync(join(root, 'home/pi'), { recursive: true });
  write('/sbin/getent', '#!/bin/busybox sh\ngrep "^[^:]*:[^:]*:$2:" "/etc/$1"\n', 0o755);
  standIn('/sbin/systemctl', `[ "$2" != is-enabled ] || exit ${has.networkManager ? 0 : 1}`);
  for (const name of ['usermod', 'groupmod']) standIn(`/sbin/${name}`, 'exit 0');
  write('/sbin/chpasswd', '#!/bin/busybox sh\necho "chpasswd $* < $(cat)" >>/calls\n', 0o755);
  if (has.userconf) standIn('/usr/lib/userconf-pi/userconf', 'exit 1');

  return {
    root,
    run(wanted: Node) {
      for (const { path, text } of filesOf(wanted, bootMount)) write(join(bootMount, path), text, 0o755);
      assert.equal(enter(join(bootMount, 'firstrun.sh')).status, 0);
    },
    read: (path: string) => readFileSync(join(root, path), 'utf8'),
    mode: (path: string) => statSync(join(root, path)).mode & 0o7777,
    owner: (path: string) => statSync(join(root, path)).uid,
    has: (path: string) => existsSync(join(root, path)),
    calls: () => readFileSync(join(root, 'calls'), 'utf8').trimEnd().split('\n'),
  };
}
