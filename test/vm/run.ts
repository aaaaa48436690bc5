// `npm run test:vm [-- hub queue power mapper]`: cards are burned in readers that QEMU emulates, and that fail as real ones
// do. As root on Debian what is missing is installed; where that cannot be, the tests are skipped with the reason, and in
// CI that is a failure.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRoot } from '../native/scratch.js';
import { missingPrograms, neededPrograms, whyNoVm } from './needed.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const suffix = '.vm.js';

async function main(words: readonly string[]): Promise<number> {
  const known = readdirSync(here).flatMap((name) => (name.endsWith(suffix) ? [name.slice(0, -suffix.length)] : []));
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) {
    console.error(`There is nothing called '${unknown}' to try; there are: ${known.join(', ')}`);
    return 2;
  }
  installMissing();
  const reason = whyNoVm();
  if (reason !== undefined && process.env['CI']) {
    console.error(`There is no virtual machine, and CI skips nothing: ${reason}`);
    return 1;
  }
  return await runTests((words.length === 0 ? known : words).map((word) => join(here, `${word}${suffix}`)));
}

function installMissing(): void {
  const packages = [...new Set(missingPrograms().flatMap((program) => neededPrograms[program] ?? []))];
  if (packages.length === 0 || !isRoot) return;
  console.log(`Installing what the virtual machine needs: ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
  const args = ['install', '-y', '--no-install-recommends', ...packages];
  const installed = spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (installed.status !== 0) console.log(`That failed: apt-get ${args.join(' ')}`);
}

/** One machine at a time, in a folder that goes away however they end: the cards are large. */
async function runTests(files: readonly string[]): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'piburn-vm-'));
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

process.exitCode = await main(process.argv.slice(2));
