// What the tests of root's rights share: a person who has called sudo, and their directory.

import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { isRoot, scratchFolder, undo } from '../native/scratch.js';

export const needsRoot = !isRoot && 'needs root';
export const person = { uid: 4242, gid: 4243 };
export const sudo = { SUDO_UID: '4242', SUDO_GID: '4243', SUDO_USER: 'somebody' };

/** From here to the end of the test this process was started by sudo. */
export function pretendSudo(t: TestContext): void {
  const before = Object.keys(sudo).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, sudo);
  undo(t, () => {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
}

/** A directory of the person's, and one beside it that is root's alone. */
export function places(t: TestContext): { readonly theirs: string; readonly roots: string } {
  const outer = scratchFolder(t);
  chmodSync(outer, 0o755);
  const [theirs, roots] = [join(outer, 'theirs'), join(outer, 'roots')];
  mkdirSync(roots, { mode: 0o700 });
  mkdirSync(theirs, { mode: 0o700 });
  chownSync(theirs, person.uid, person.gid);
  return { theirs, roots };
}

/** Everything in a directory, with its owner: `4242:4243 0600 NAME`. */
export const owners = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => {
      const { uid, gid, mode } = statSync(join(directory, name));
      return `${uid}:${gid} ${(mode & 0o7777).toString(8).padStart(4, '0')} ${name}`;
    })
    .toSorted();
