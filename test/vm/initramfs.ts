// What the kernel starts with: busybox, the modules of the machine's parts, and init.sh.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kernel } from './kernel.js';

const init = fileURLToPath(new URL('../../../test/vm/init.sh', import.meta.url));

const modules = [
  ...['virtio_pci', '9pnet_virtio', '9p', 'virtio_blk', 'virtio_console', 'crc32c_generic', 'ext4'],
  ...['xhci_pci', 'usb_storage', 'uas', 'sd_mod'],
  // Disks inside the machine: a device-mapper node behind a SCSI disk that the kernel makes of it.
  ...['dm_mod', 'dm_flakey', 'target_core_mod', 'target_core_iblock', 'tcm_loop'],
];

const applets = ['sh', 'mount', 'mkdir', 'insmod', 'sleep', 'switch_root', 'echo', 'reboot'];

/** Makes it in a folder that is the caller's; returns its path. Uncompressed, since emulation unpacks slowly. */
export function makeInitramfs({ modules: folder }: Kernel, scratch: string): string {
  const tree = join(scratch, 'initramfs');
  for (const name of ['bin', 'modules', 'proc', 'sys', 'dev', 'run', 'root'])
    mkdirSync(join(tree, name), { recursive: true });
  copyFileSync(
    execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim(),
    join(tree, 'bin/busybox'),
  );
  for (const applet of applets) symlinkSync('busybox', join(tree, 'bin', applet));
  const files = inOrder(folder);
  for (const file of files) copyFileSync(join(folder, file), join(tree, 'modules', basename(file)));
  writeFileSync(join(tree, 'modules/order'), files.map((file) => `${basename(file)}\n`).join(''));
  copyFileSync(init, join(tree, 'init'));
  chmodSync(join(tree, 'init'), 0o755);
  const path = join(scratch, 'initramfs.cpio');
  execFileSync('sh', ['-c', 'find . | cpio --quiet -o -H newc -R 0:0 >"$1"', 'sh', path], { cwd: tree });
  return path;
}

/** The files of the modules below `folder`, each behind those that it needs (modules.dep(5)). */
function inOrder(folder: string): string[] {
  const needs = new Map<string, readonly string[]>();
  for (const line of readFileSync(join(folder, 'modules.dep'), 'utf8').trimEnd().split('\n')) {
    const [file = '', rest = ''] = line.split(':');
    // The list begins with what is loaded last.
    needs.set(
      file,
      rest
        .split(' ')
        .filter((each) => each !== '')
        .reverse(),
    );
  }
  const nameOf = (file: string): string =>
    basename(file)
      .replace(/\.ko.*$/, '')
      .replaceAll('-', '_');
  const files = new Set<string>();
  for (const name of modules) {
    const file = [...needs.keys()].find((each) => nameOf(each) === name);
    if (file === undefined) throw new Error(`the kernel in ${folder} has no module ${name}`);
    for (const each of [...(needs.get(file) ?? []), file]) files.add(each);
  }
  return [...files];
}
