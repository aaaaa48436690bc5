// A small root in which the scripts of a card run as they would on a Pi: busybox for the tools, and stand-ins that write
// down their arguments for what only a Raspberry Pi has.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { BootFile } from '../../src/customise/flavours/index.js';

export type BootMount = '/boot' | '/boot/firmware';

export interface PiParts {
  readonly userconf?: boolean;
  readonly networkManager?: boolean;
  /** What raspi-config answers; undefined: there is none. */
  readonly raspiConfig?: 0 | 1;
}

export const isRoot = process.getuid?.() === 0;

export const sharedHosts = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\nff02::1\tip6-allnodes\n';

export const sshdConfig = (line: string): string =>
  `Port 22\n# PasswordAuthentication.  Depending on your PAM configuration,\n${line}\nUsePAM yes\n`;

export const whySkipped = 'needs busybox (static), unshare and chroot';

export type FakePi = ReturnType<typeof buildPi>;

/** Undefined where this machine cannot enter such a root. */
export function makePi(t: TestContext, bootMount: BootMount, has: PiParts = {}): FakePi | undefined {
  const root = mkdtempSync(join(tmpdir(), 'piburn-pi-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'bin'));
  const busybox = spawnSync('sh', ['-c', 'cp "$(command -v busybox)" "$1/bin/busybox"', 'sh', root]);
  if (busybox.status !== 0 || enter(root, '/bin/busybox', '--install', '-s', '/bin').status !== 0) return undefined;
  return buildPi(root, bootMount, has);
}

const enter = (root: string, ...command: string[]) =>
  spawnSync('env', [...(isRoot ? [] : ['unshare', '--map-root-user']), 'chroot', root, ...command], {
    encoding: 'utf8',
    env: { PATH: '/sbin:/bin:/usr/sbin:/usr/bin' },
  });

function buildPi(root: string, bootMount: BootMount, has: PiParts) {
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  };
  const standIn = (path: string, lines: string) =>
    write(path, `#!/bin/busybox sh\necho "$(basename "$0") $*" >>/calls\n${lines}\n`, 0o755);

  write('/etc/hostname', 'raspberrypi\n');
  write('/etc/hosts', `${sharedHosts}127.0.1.1\traspberrypi\n`);
  write('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/sh\n');
  write('/etc/group', 'root:x:0:\npi:x:1000:\n');
  write('/etc/ssh/sshd_config', sshdConfig('#PasswordAuthentication yes'));
  write('/etc/sudoers.d/010_pi-nopasswd', 'pi ALL=(ALL) NOPASSWD: ALL\n');
  write('/etc/dhcpcd.conf', 'hostname\n');
  write('/etc/locale.gen', '# en_US.UTF-8 UTF-8\nen_GB.UTF-8 UTF-8\n');
  write('/etc/timezone', 'Etc/UTC\n');
  write('/etc/default/keyboard', 'XKBLAYOUT="gb"\n');
  write('/usr/share/zoneinfo/Europe/Berlin', 'TZif\n');
  write('/etc/wpa_supplicant/wpa_supplicant.conf', 'country=US\nupdate_config=1\n', 0o600);
  write('/var/lib/systemd/rfkill/platform-fe300000.mmcnr:wlan', '1\n');
  write('/var/lib/NetworkManager/NetworkManager.state', '[main]\nWirelessEnabled=false\n');
  for (const path of ['etc/NetworkManager/system-connections', 'etc/systemd/system', 'home/pi', 'var/log', 'dev']) {
    mkdirSync(join(root, path), { recursive: true });
  }
  write('/dev/null', '');
  write('/sbin/getent', '#!/bin/busybox sh\ngrep "^[^:]*:[^:]*:$2:" "/etc/$1"\n', 0o755);
  const manager = has.networkManager ? 0 : 1;
  standIn('/sbin/systemctl', `case "$2" in is-enabled) exit ${manager} ;; is-active) exit 1 ;; esac`);
  for (const name of ['usermod', 'groupmod', 'rfkill', 'locale-gen', 'update-locale', 'dpkg-reconfigure', 'nmcli']) {
    standIn(`/sbin/${name}`, 'exit 0');
  }
  write('/sbin/chpasswd', '#!/bin/busybox sh\necho "chpasswd $* < $(cat)" >>/calls\n', 0o755);
  if (has.userconf) standIn('/usr/lib/userconf-pi/userconf', 'exit 1');
  if (has.raspiConfig !== undefined) standIn('/sbin/raspi-config', `exit ${has.raspiConfig}`);

  return {
    root,
    write,
    standIn,
    /** Puts files onto the boot partition. */
    put: (files: readonly BootFile[]) => {
      for (const { path, text } of files) write(join(bootMount, path), text, 0o755);
    },
    /** Runs a command; fails unless it ends well. */
    exec: (...command: string[]) => {
      const { status, stdout, stderr } = enter(root, ...command);
      assert.equal(status, 0, `${command[0]}: ${stderr}`);
      return stdout;
    },
    /** Puts the files there and boots, as far as firstrun.sh is a boot. */
    boot(files: readonly BootFile[]) {
      this.put(files);
      this.exec(join(bootMount, 'firstrun.sh'));
    },
    enter: (...command: string[]) => enter(root, ...command),
    read: (path: string) => readFileSync(join(root, path), 'utf8'),
    mode: (path: string) => statSync(join(root, path)).mode & 0o7777,
    owner: (path: string) => statSync(join(root, path)).uid,
    has: (path: string) => existsSync(join(root, path)),
    calls: () => readFileSync(join(root, 'calls'), 'utf8').trimEnd().split('\n'),
  };
}
