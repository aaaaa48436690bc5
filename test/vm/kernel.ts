// The kernel of the virtual machine: Debian's own, unpacked and not installed, since this machine boots from another one.
// It is kept in build/vm.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Ignored by git, kept between runs. */
const kept = fileURLToPath(new URL('../../../build/vm', import.meta.url));
const metaPackage = 'linux-image-amd64';

export interface Kernel {
  readonly path: string;
  /** Its modules, with `modules.dep`. */
  readonly modules: string;
}

/** The kernel, fetched when it is not there. */
export function debianKernel(): Kernel {
  const root = unpacked() ?? fetch();
  const release = readdirSync(join(root, 'lib/modules'))[0] ?? '';
  return { path: join(root, `boot/vmlinuz-${release}`), modules: join(root, 'lib/modules', release) };
}

function unpacked(): string | undefined {
  if (!existsSync(kept)) return undefined;
  const name = readdirSync(kept).find((each) => each.startsWith('linux-image-') && !each.endsWith('.partial'));
  return name === undefined ? undefined : join(kept, name);
}

function fetch(): string {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
  const depends = execFileSync('apt-cache', ['depends', metaPackage], { encoding: 'utf8', env });
  const name = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (name === undefined) throw new Error(`apt-cache does not say which package ${metaPackage} stands for: ${depends}`);
  const root = join(kept, name);
  const partial = `${root}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  // _apt, which apt-get would fetch as, may not write here.
  const asRoot = ['-o', 'APT::Sandbox::User=root'];
  execFileSync('apt-get', ['download', '-qq', ...asRoot, name], {
    cwd: partial,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const archive = readdirSync(partial).find((each) => each.endsWith('.deb')) ?? '';
  execFileSync('dpkg-deb', ['-x', archive, '.'], { cwd: partial });
  rmSync(join(partial, archive));
  const release = readdirSync(join(partial, 'lib/modules'))[0] ?? '';
  execFileSync('depmod', ['--basedir', partial, release]);
  renameSync(partial, root);
  return root;
}
