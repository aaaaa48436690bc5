// Where etcher-sdk is: a peer that is only measured when somebody has installed it, or asks for it.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { failure } from '../src/errors.js';
import { run } from './programs.js';
import { tell } from './rounds.js';

/** Below a directory that git does not see. */
const installed = join(process.cwd(), 'build/bench-etcher');

/** One of its dependencies comes from a fork on GitHub; the registry's own does as well. */
const manifest = {
  private: true,
  dependencies: { 'etcher-sdk': '10.2.15' },
  overrides: { 'unbzip2-stream': '1.4.3' },
};

/** The directory whose node_modules holds it; undefined when there is none. */
export async function etcherDirectory(install: boolean): Promise<string | undefined> {
  const named = process.env['PIBURN_BENCH_ETCHER'];
  if (named !== undefined && named !== '') {
    const directory = resolve(named);
    if (hasIt(directory)) return directory;
    throw failure('NO_ETCHER', `PIBURN_BENCH_ETCHER: ${directory} has no node_modules/etcher-sdk`);
  }
  if (hasIt(installed)) return installed;
  if (!install) return undefined;
  tell('installing etcher-sdk');
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, 'package.json'), JSON.stringify(manifest));
  await run(['npm', 'install', '--prefix', installed, '--no-audit', '--no-fund', '--silent']);
  return installed;
}

const hasIt = (directory: string): boolean => existsSync(join(directory, 'node_modules/etcher-sdk/package.json'));
