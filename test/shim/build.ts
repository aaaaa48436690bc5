// Compiles the fault shim (fault.c, which says what it can do) for the tests that need cards which break.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../../test/shim/fault.c', import.meta.url));
const flags = ['-std=c11', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC'];

/** The path of the library, made in `directory`; undefined when there is no compiler on this machine. */
export function buildShim(directory: string): string | undefined {
  const library = join(directory, 'fault.so');
  const cc = spawnSync('cc', [...flags, '-o', library, source, '-ldl'], { encoding: 'utf8' });
  if (cc.error !== undefined && 'code' in cc.error && cc.error.code === 'ENOENT') return undefined;
  if (cc.status !== 0) throw new Error(`fault.c does not compile: ${cc.stderr}`);
  return library;
}
