// `npm test`: makes sure that the programs the tests need are there, then runs every test. As root on Debian what is
// missing is installed; as a plain user tests that need it are skipped, each with its reason.

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Program → Debian package. */
const needed: Readonly<Record<string, string>> = {
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  sfdisk: 'fdisk',
  mke2fs: 'e2fsprogs',
  debugfs: 'e2fsprogs',
  dumpe2fs: 'e2fsprogs',
  losetup: 'mount',
  mount: 'mount',
  lsblk: 'util-linux',
  unshare: 'util-linux',
  script: 'bsdutils',
  xz: 'xz-utils',
  gzip: 'gzip',
  bzip2: 'bzip2',
  lbzip2: 'lbzip2',
  zstd: 'zstd',
  zip: 'zip',
  '7zz': '7zip',
  simg2img: 'android-sdk-libsparse-utils',
  bmaptool: 'bmap-tools',
  'systemd-analyze': 'systemd',
  busybox: 'busybox-static',
  'ssh-keygen': 'openssh-client',
  openssl: 'openssl',
  strace: 'strace',
};

const searched = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
const isThere = (program: string): boolean => searched.some((directory) => existsSync(join(directory, program)));

/** A second program's eyes on the YAML that is made: a Python module, so found by asking Python. */
const pythonModules: Readonly<Record<string, string>> = {
  yaml: 'python3-yaml',
  // These are what cloud-init's schema needs.
  jsonschema: 'python3-jsonschema',
  jinja2: 'python3-jinja2',
  configobj: 'python3-configobj',
  requests: 'python3-requests',
  jsonpatch: 'python3-jsonpatch',
  oauthlib: 'python3-oauthlib',
};
const hasModule = (name: string): boolean => spawnSync('python3', ['-c', `import ${name}`]).status === 0;

function missingPackages(): string[] {
  const packages = Object.keys(needed).flatMap((program) => (isThere(program) ? [] : [needed[program] ?? program]));
  for (const [name, module] of Object.entries(pythonModules)) if (!hasModule(name)) packages.push(module);
  return [...new Set(packages)];
}

function prepare(): void {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !isThere('apt-get')) {
    console.log(`Some tests will be skipped. To run all of them: sudo ${command}`);
    return;
  }
  console.log(`Installing what the tests need: ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
  const installed = spawnSync('apt-get', command.split(' ').slice(1), { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (installed.status !== 0) console.log(`That failed; tests that need these packages will be skipped: ${command}`);
}

/**
 * cloud-init is unpacked for its schema, never installed: it would take this machine for its own at the next boot.
 * Returns what the tests find it by.
 */
function unpackCloudInit(scratch: string): Readonly<Record<string, string>> {
  if (isThere('cloud-init') || !isThere('apt-get')) return {};
  const packages = join(scratch, 'packages');
  const root = join(scratch, 'cloud-init');
  mkdirSync(packages, { mode: 0o755 });
  chmodSync(scratch, 0o755);
  // Downloading needs no root; apt's own user may not be able to write here, which is only a warning.
  spawnSync('apt-get', ['download', 'cloud-init'], { cwd: packages, stdio: 'ignore' });
  const [archive] = readdirSync(packages);
  if (archive === undefined || spawnSync('dpkg-deb', ['-x', join(packages, archive), root]).status !== 0) return {};
  searched.push(join(root, 'usr/bin'));
  return { PYTHONPATH: join(root, 'usr/lib/python3/dist-packages') };
}

function testFiles(directory: string, wanted: readonly string[]): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
    .sort()
    .map((name) => join(directory, name));
}

/** Runs the tests and returns the exit code; where nothing may be skipped, a skipped test is a failed one. */
async function runTests(files: readonly string[]): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'piburn-tests-'));
  const tapPath = join(scratch, 'tap');
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  const counting = ['--test-reporter=tap', `--test-reporter-destination=${tapPath}`];
  const cloudInit = unpackCloudInit(scratch);
  const env = { ...process.env, ...cloudInit, PATH: searched.join(':'), PIBURN_STORE: join(scratch, 'store') };
  try {
    const seed = ['--import', new URL('./seed.js', import.meta.url).href];
    const node = spawn(
      process.execPath,
      [...seed, '--test', '--test-concurrency=2', ...reporters, ...counting, ...files],
      {
        stdio: 'inherit',
        env,
      },
    );
    const code = await new Promise<number>((resolve) => node.on('exit', (exitCode) => resolve(exitCode ?? 1)));
    const skipped = Number(/^# skipped (\d+)/m.exec(readFileSync(tapPath, 'utf8'))?.[1] ?? 0);
    if (skipped === 0 || !process.env['CI']) return code;
    console.error(`${skipped} tests were skipped, and CI skips none`);
    return 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

prepare();
const files = testFiles(fileURLToPath(new URL('.', import.meta.url)), process.argv.slice(2));
process.exitCode = await runTests(files);
