// `piburn bridge …` run in a namespace.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { Place, RunResult } from '../namespaces.js';

/** A program of this folder. */
export const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const cli = fileOf('../bridge-cli.js');
export const state = '/var/lib/piburn/bridge';

export const bridge = (mgr: Place, ...words: string[]): Promise<RunResult> =>
  mgr.run([process.execPath, cli, 'bridge', ...words]);

/** It ends with 0; returns its text. */
export async function works(mgr: Place, ...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await bridge(mgr, ...words);
  assert.equal(exitCode, 0, `bridge ${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

export const reserved = (mgr: Place): Promise<string> => mgr.output(['cat', `${state}/dhcp-hosts`]);
