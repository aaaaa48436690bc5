// `npm test`: makes sure that the programs the tests need are there, then runs every test. As root on Debian what is
// missing is installed; as a plain user tests that need it are skipped, each with its reason.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  netplan: 'netplan.io',
  pwck: 'passwd',
  tune2fs: 'e2fsprogs',
  python3: 'python3',
  busybox: 'busybox-static',
  'ssh-keygen': 'openssh-client',
  openssl: 'openssl',
  strace: 'strace',
  ip: 'iproute2',
  ping: 'iputils-ping',
  nmap: 'nmap',
  sysctl: 'procps',
  nft: 'nftables',
  dnsmasq: 'dnsmasq-base',
  'mkfs.exfat': 'exfatprogs',
  'pkg-config': 'pkg-config',
};

const searched = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
const isThere = (program: string): boolean => searched.some((directory) => existsSync(join(directory, program)));

/** A second program's eyes on the YAML that is made: a Python module, so found by asking Python. */
const pythonModules: Readonly<Record<string, string>> = {
  yaml: 'python3-yaml',
};
const hasModule = (name: string): boolean => spawnSync('python3', ['-c', `import ${name}`]).status === 0;

function missingPackages(): string[] {
  const packages = Object.keys(needed).flatMap((program) => (isThere(program) ? [] : [needed[program] ?? program]));
  for (const [name, module] of Object.entries(pythonModules)) if (!hasModule(name)) packages.push(module);
  if (!existsSync('/usr/include/fuse3/fuse.h')) packages.push('libfuse3-dev');
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

/** Programs that are only asked for their opinion; installed, they would run, and take this machine for their own. */
const unpacked: Readonly<Record<string, string>> = {
  'cloud-init': 'cloud-init',
  nmcli: 'network-manager',
  wpa_supplicant: 'wpasupplicant',
  wpa_passphrase: 'wpasupplicant',
};

/** Unpacks them, with what they need, into a directory; returns one with commands that run them from there. */
function unpack(scratch: string): string | undefined {
  const programs = Object.keys(unpacked).filter((program) => !isThere(program));
  if (programs.length === 0 || process.getuid?.() !== 0 || !isThere('apt-get')) return undefined;
  const archives = join(scratch, 'archives');
  const root = join(scratch, 'root');
  const commands = join(scratch, 'commands');
  for (const directory of [join(archives, 'partial'), root, commands]) mkdirSync(directory, { recursive: true });
  const packages = [...new Set(programs.map((program) => unpacked[program] ?? program))];
  console.log(`Unpacking, not installing, for the tests: ${packages.join(' ')}`);
  const options = ['--yes', '--download-only', '--no-install-recommends', '-o', `Dir::Cache::archives=${archives}`];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
  spawnSync('apt-get', ['install', ...options, ...packages], { stdio: ['ignore', 'ignore', 'inherit'], env });
  for (const name of readdirSync(archives).filter((each) => each.endsWith('.deb')))
    spawnSync('dpkg-deb', ['-x', join(archives, name), root], { stdio: 'inherit' });
  for (const program of programs) writeCommand(commands, root, program);
  return commands;
}

function writeCommand(commands: string, root: string, program: string): void {
  const path = ['usr/bin', 'usr/sbin', 'sbin', 'bin'].map((place) => join(root, place, program)).find(existsSync);
  if (path === undefined) return;
  const libraries = readdirSync(join(root, 'usr/lib'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.endsWith('-linux-gnu'))
    .flatMap(({ name }) => [join(root, 'usr/lib', name), join(root, 'lib', name)]);
  const modules = join(root, 'usr/lib/python3/dist-packages');
  const text = `#!/bin/sh\nLD_LIBRARY_PATH='${libraries.join(':')}' PYTHONPATH='${modules}' exec '${path}' "$@"\n`;
  writeFileSync(join(commands, program), text, { mode: 0o755 });
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
  const commands = unpack(scratch);
  const path = [...searched, ...(commands === undefined ? [] : [commands])].join(':');
  const env = { ...process.env, PATH: path, PIBURN_STORE: join(scratch, 'store') };
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
