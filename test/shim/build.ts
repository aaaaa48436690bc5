// Compiles the fault shim (fault.c, which says what it can do) for the tests that need cards which break.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = ['fault.c', 'fault-calls.c', 'fault-cache.c'].map((name) =>
  fileURLToPath(new URL(`../../../test/shim/${name}`, import.meta.url)),
);
const flags = ['-std=c11', '-D_GNU_SOURCE', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-pthread'];

/** The path of the library, made in `directory`; undefined when there is no compiler on this machine. */
export function buildShim(directory: string): string | undefined {
  const library = join(directory, 'fault.so');
  const cc = spawnSync('cc', [...flags, '-o', library, ...sources, '-ldl'], { encoding: 'utf8' });
  if (cc.error !== undefined && 'code' in cc.error && cc.error.code === 'ENOENT') return undefined;
  if (cc.status !== 0) throw new Error(`fault.c does not compile: ${cc.stderr}`);
  return library;
}
