// What `npm run test:boot` and `npm run test:vm` have in common: some words that name tests, packages that are installed as
// root on Debian, and tests that run one at a time because their cards are large.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot } from './native/scratch.js';

export interface HeavyTests {
  readonly directory: string;
  /** Of the files with tests: `.boot.js`. */
  readonly suffix: string;
  /** What they try, as in `nothing to boot`. */
  readonly doing: string;
  /** Program → Debian package, and those programs that are not there. */
  readonly needed: Readonly<Record<string, string>>;
  readonly missing: () => readonly string[];
  /** Why nothing can be tried here; undefined when it can. In CI that is a failure. */
  readonly whyNot: () => string | undefined;
}

/** Runs the tests that the words name, or all. Returns the exit code. */
export async function runHeavyTests(tests: HeavyTests, words: readonly string[]): Promise<number> {
  const { directory, suffix, doing, whyNot } = tests;
  const names = readdirSync(directory).filter((name) => name.endsWith(suffix));
  const known = names.map((name) => name.slice(0, -suffix.length));
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    console.error(`There is no '${unknown}' to ${doing}; there are: ${known.join(', ')}`);
    return 2;
  }
  installMissing(tests);
  const reason = whyNot();
  if (reason !== undefined && process.env['CI']) {
    console.error(`There is nothing to ${doing} here, and CI skips nothing: ${reason}`);
    return 1;
  }
  return await runTests((words.length === 0 ? known : words).map((word) => join(directory, `${word}${suffix}`)));
}

function installMissing({ missing, needed, doing }: HeavyTests): void {
  const packages = [...new Set(missing().flatMap((program) => needed[program] ?? []))];
  if (packages.length === 0 || !isRoot) return;
  console.log(`Installing what it takes to ${doing}: ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
  const args = ['install', '-y', '--no-install-recommends', ...packages];
  const installed = spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (installed.status !== 0) console.log(`That failed: apt-get ${args.join(' ')}`);
}

/** One file at a time, in a folder that goes away however they end. */
async function runTests(files: readonly string[]): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'piburn-heavy-'));
  const pass = (signal: NodeJS.Signals): void => void tests.kill(signal);
  const tests = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], {
    stdio: 'inherit',
    env: { ...process.env, TMPDIR: scratch, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  process.on('SIGINT', pass).on('SIGTERM', pass);
  try {
    return await new Promise((resolve) => tests.on('close', (code) => resolve(code ?? 130)));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
