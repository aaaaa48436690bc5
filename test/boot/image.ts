// The images that boot: made once and kept in build/boot, by the recipe in make-image.sh. Also why they cannot be had.

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRoot } from '../native/scratch.js';

export type ImageKind = 'cloudinit' | 'firstrun' | 'legacy';

/** Program → Debian package: what the images and the booting need. */
export const neededPrograms: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  mmdebstrap: 'mmdebstrap',
  setpriv: 'util-linux',
  sfdisk: 'fdisk',
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  mke2fs: 'e2fsprogs',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
};

const searched = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];

export const missingPrograms = (): string[] =>
  Object.keys(neededPrograms).filter((program) => !searched.some((folder) => existsSync(join(folder, program))));

/** Why nothing can be booted here; undefined when it can. */
export function whyNoBoot(): string | undefined {
  if (!isRoot) return 'making a bootable image needs root';
  if (process.arch !== 'x64') return `the images are for x64, and this machine is ${process.arch}`;
  const missing = missingPrograms();
  return missing.length === 0 ? undefined : `these programs are missing: ${missing.join(', ')}`;
}

const recipe = fileURLToPath(new URL('../../../test/boot/make-image.sh', import.meta.url));
/** Ignored by git, kept between runs. */
const kept = fileURLToPath(new URL('../../../build/boot', import.meta.url));

/** The path of the image, made when it is not there: that takes some minutes. */
export async function bootableImage(kind: ImageKind): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(recipe)).digest('hex').slice(0, 12);
  const name = `${kind}-${digest}.img`;
  const path = join(kept, name);
  if (existsSync(path)) return path;
  mkdirSync(kept, { recursive: true });
  for (const old of readdirSync(kept).filter((each) => each.startsWith(`${kind}-`))) {
    rmSync(join(kept, old), { recursive: true });
  }
  await make(kind, path);
  return path;
}

async function make(kind: ImageKind, path: string): Promise<void> {
  const logPath = join(kept, `make-${kind}.log`);
  const log = openSync(logPath, 'w');
  try {
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'sh', recipe, kind, path, kept], {
      stdio: ['ignore', log, log],
      env: { ...process.env, MIRROR: mirror(), DEBIAN_FRONTEND: 'noninteractive' },
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === 0) return;
  } finally {
    closeSync(log);
  }
  const end = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
  throw new Error(`The image could not be made; ${logPath} ends:\n${end}`);
}

/** The archive that this machine's own packages come from. */
function mirror(): string {
  const standard = 'http://deb.debian.org/debian';
  if (!existsSync('/usr/bin/apt-get')) return standard;
  const list = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)'], { encoding: 'utf8' });
  return list.split('\n').find((address) => /\/debian\/?$/.test(address)) ?? standard;
}
