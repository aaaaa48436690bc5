// What the virtual machine needs of this one, and why it cannot be had.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot } from '../native/scratch.js';

/** Program → Debian package; the last ones are run in the machine, whose root is this one's. */
export const neededPrograms: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  setpriv: 'util-linux',
  busybox: 'busybox-static',
  cpio: 'cpio',
  depmod: 'kmod',
  sfdisk: 'fdisk',
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  mke2fs: 'e2fsprogs',
  xz: 'xz-utils',
  udevadm: 'udev',
  dmsetup: 'dmsetup',
  perl: 'perl-base',
};

const searched = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];

export const missingPrograms = (): string[] =>
  Object.keys(neededPrograms).filter((program) => !searched.some((folder) => existsSync(join(folder, program))));

/** Why there can be no machine here; undefined when there can. */
export function whyNoVm(): string | undefined {
  if (!isRoot) return 'a machine that shares the root of this one needs root';
  if (process.arch !== 'x64') return `the machine is for x64, and this one is ${process.arch}`;
  if (!existsSync('/usr/bin/apt-get')) return 'its kernel is fetched by apt-get, which is not here';
  const missing = missingPrograms();
  return missing.length === 0 ? undefined : `these programs are missing: ${missing.join(', ')}`;
}
