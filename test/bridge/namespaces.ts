// A small network of its own in namespaces: `inet` (a web and a name server) — eth0 `mgr` eth1 — a switch — `w1`, `w2`, …
// Each has its own /etc, /var/lib and /run; nothing of this machine's interfaces, rules or settings is touched. All
// processes in it end with the test, and with the test's process.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { isRoot, scratchFolder, undo } from '../native/scratch.js';

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  readonly name: string;
  /** Runs a program in there to its end. */
  run(argv: readonly string[], options?: { input?: string; timeoutMs?: number }): Promise<RunResult>;
  /** Runs it and returns what it printed; another exit code than 0 is an error with its words. */
  output(argv: readonly string[]): Promise<string>;
  /** Starts a program that runs until the test ends. */
  start(argv: readonly string[]): void;
}

export interface Lease {
  readonly ip: string;
  readonly router: string;
  readonly dns: string;
  readonly domain: string;
}

export interface Worker extends Place {
  /** Asks for an address as a DHCP client does and takes it; undefined when nobody answers. */
  lease(): Promise<Lease | undefined>;
}

export interface Cluster {
  readonly inet: Place;
  /** Its uplink is eth0 (203.0.113.2/24, default route), its cluster side eth1, off and without address. */
  readonly mgr: Place;
  readonly workers: readonly Worker[];
  /** Files for the test. */
  readonly folder: string;
}

export const webServer = {
  address: '198.51.100.10',
  name: 'www.example.lab',
  text: 'hello from the internet',
} as const;
export const uplinkAddress = '203.0.113.2';

const programs = ['unshare', 'nsenter', 'setpriv', 'ip', 'nft', 'dnsmasq', 'busybox', 'ss'];

/** Undefined, and the test skipped, where namespaces or programs are not to be had. */
export async function makeCluster(t: TestContext, options: { workers: number }): Promise<Cluster | undefined> {
  const reason = whyNot();
  if (reason !== undefined) {
    t.skip(reason);
    return undefined;
  }
  const folder = scratchFolder(t);
  const hold = (name: string) => holdNamespaces(t, folder, name);
  const names = Array.from({ length: options.workers }, (_, index) => `w${index + 1}`);
  const [inet, mgr, sw, ...held] = await Promise.all(['inet', 'mgr', 'switch', ...names].map(hold));
  if (inet === undefined || mgr === undefined || sw === undefined) throw new Error('a namespace is missing');
  cable(inet, 'eth0', mgr, 'eth0');
  await sw.output(['ip', 'link', 'add', 'br0', 'up', 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0']);
  cable(sw, 'p0', mgr, 'eth1');
  await plugIn(sw, 'p0');
  for (const [index, worker] of held.entries()) {
    cable(sw, `p${index + 1}`, worker, 'eth0');
    await plugIn(sw, `p${index + 1}`);
  }
  await setUpInternet(inet, folder);
  await setUpUplink(mgr);
  return { inet, mgr, workers: held.map((place) => asWorker(place, folder)), folder };
}

function whyNot(): string | undefined {
  if (!isRoot) return 'network namespaces need root';
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`], { env }).status !== 0);
  if (missing.length > 0) return `missing: ${missing.join(', ')}`;
  if (spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', 'true'], { env }).status !== 0)
    return 'no namespaces here';
  return undefined;
}

const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C.UTF-8' };

/** What the first process in there does; `$1`: a folder for the layers, `$2`: the name. */
const init = `
set -e
mount --make-rprivate /
mkdir -p "$1"
mount -t tmpfs layers "$1"
mkdir -p "$1/etc" "$1/lib" "$1/work-etc" "$1/work-lib"
mount -t overlay -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/work-etc" etc /etc
mount -t overlay -o "lowerdir=/var/lib,upperdir=$1/lib,workdir=$1/work-lib" lib /var/lib
mount -t tmpfs run /run
mount -t sysfs sys /sys 2> /dev/null || true
rm -f /etc/resolv.conf
echo "# none yet" > /etc/resolv.conf
echo "$2" > /etc/hostname
echo "$2" > /proc/sys/kernel/hostname
printf '127.0.0.1\\tlocalhost\\n127.0.1.1\\t%s\\n' "$2" > /etc/hosts
ip link set lo up
echo ready
while :; do sleep 1000; done
`;

interface HeldPlace extends Place {
  readonly pid: number;
}

async function holdNamespaces(t: TestContext, folder: string, name: string): Promise<HeldPlace> {
  const unshare = ['unshare', '--net', '--uts', '--ipc', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const args = ['--pdeathsig', 'KILL', ...unshare, 'sh', '-c', init, 'sh', join(folder, `layers-${name}`), name];
  const holder = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  undo(t, () => endHolder(holder));
  await new Promise<void>((resolve, reject) => {
    let words = '';
    holder.stderr.on('data', (data: Buffer) => {
      words += data.toString();
    });
    holder.stdout.once('data', () => resolve());
    holder.once('exit', () => reject(new Error(`namespace ${name}: ${words}`)));
  });
  holder.stdout.destroy();
  holder.stderr.destroy();
  holder.unref();
  const children = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8');
  return place(name, Number(children.trim()));
}

/** The first process ends with its holder, and with it all others in there; then the folder can be removed. */
function endHolder(holder: ChildProcess): void {
  const first = firstChild(holder.pid);
  holder.kill('SIGKILL');
  for (let tries = 0; tries < 500 && first !== undefined && isThere(first); tries += 1) spawnSync('sleep', ['0.01']);
}

function firstChild(pid: number | undefined): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()) || undefined;
  } catch {
    return undefined;
  }
}

function isThere(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}

function place(name: string, pid: number): HeldPlace {
  const inside = (argv: readonly string[]) => ['-t', String(pid), '-n', '-u', '-i', '-m', '-p', '--', ...argv];
  const run: Place['run'] = (argv, options = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn('nsenter', inside(argv), {
        env,
        timeout: options.timeoutMs ?? 30_000,
        killSignal: 'SIGKILL',
      });
      const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
      child.stdout.on('data', (data: Buffer) => stdout.push(data));
      child.stderr.on('data', (data: Buffer) => stderr.push(data));
      child.once('error', reject);
      child.once('close', (code) =>
        resolve({
          exitCode: code ?? 128,
          stdout: Buffer.concat(stdout).toString(),
          stderr: Buffer.concat(stderr).toString(),
        }),
      );
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input ?? '');
    });
  return {
    name,
    pid,
    run,
    async output(argv) {
      const { exitCode, stdout, stderr } = await run(argv);
      if (exitCode !== 0) throw new Error(`${name}: ${argv.join(' ')}: exit code ${exitCode}: ${stderr}${stdout}`);
      return stdout;
    },
    start(argv) {
      spawn('nsenter', inside(argv), { env, stdio: 'ignore', detached: true }).unref();
    },
  };
}

function cable(one: HeldPlace, name: string, other: HeldPlace, otherName: string): void {
  const ends = [
    'add',
    name,
    'netns',
    String(one.pid),
    'type',
    'veth',
    'peer',
    'name',
    otherName,
    'netns',
    String(other.pid),
  ];
  execFileSync('ip', ['link', ...ends], { env, stdio: 'pipe' });
}

async function plugIn(sw: Place, port: string): Promise<void> {
  await sw.output(['ip', 'link', 'set', port, 'master', 'br0', 'up']);
}

async function setUpInternet(inet: Place, folder: string): Promise<void> {
  const web = join(folder, 'web');
  mkdirSync(web);
  writeFileSync(join(web, 'index.html'), webServer.text);
  await inet.output(['ip', 'address', 'add', '203.0.113.1/24', 'dev', 'eth0']);
  await inet.output(['ip', 'address', 'add', `${webServer.address}/32`, 'dev', 'lo']);
  await inet.output(['ip', 'link', 'set', 'eth0', 'up']);
  inet.start(['busybox', 'httpd', '-f', '-p', `${webServer.address}:80`, '-h', web]);
  const names = [
    '--no-hosts',
    '--no-resolv',
    '--local=/example.lab/',
    `--address=/${webServer.name}/${webServer.address}`,
  ];
  const where = [
    '--listen-address=203.0.113.1',
    '--bind-interfaces',
    '--pid-file=',
    '--conf-file=/dev/null',
    '--user=root',
  ];
  await inet.output(['dnsmasq', ...where, ...names]);
}

async function setUpUplink(mgr: Place): Promise<void> {
  await mgr.output(['ip', 'address', 'add', `${uplinkAddress}/24`, 'dev', 'eth0']);
  await mgr.output(['ip', 'link', 'set', 'eth0', 'up']);
  await mgr.output(['ip', 'route', 'add', 'default', 'via', '203.0.113.1']);
  await mgr.output(['sh', '-c', 'echo nameserver 203.0.113.1 > /etc/resolv.conf']);
}

/** What udhcpc calls: takes the address, and leaves what it was told in /run/lease. */
const leaseScript = `#!/bin/sh
case $1 in
deconfig) ip link set "$interface" up; ip -4 address flush dev "$interface" ;;
bound|renew)
  ip -4 address flush dev "$interface"
  ip address add "$ip/$mask" dev "$interface"
  for r in $router; do ip route replace default via "$r" dev "$interface"; done
  { [ -z "$domain" ] || echo "search $domain"; for d in $dns; do echo "nameserver $d"; done; } > /etc/resolv.conf
  printf '{"ip":"%s","router":"%s","dns":"%s","domain":"%s"}' "$ip" "$router" "$dns" "$domain" > /run/lease ;;
esac
`;

function asWorker(worker: Place, folder: string): Worker {
  const script = join(folder, `lease-${worker.name}`);
  writeFileSync(script, leaseScript, { mode: 0o755 });
  // dnsmasq pings a new address for three seconds before it offers it.
  const asking = [
    '-i',
    'eth0',
    '-f',
    '-q',
    '-n',
    '-t',
    '15',
    '-T',
    '1',
    '-A',
    '1',
    '-S',
    '-x',
    `hostname:${worker.name}`,
  ];
  return {
    ...worker,
    async lease() {
      await worker.run(['rm', '-f', '/run/lease']);
      const { exitCode, stderr } = await worker.run(['busybox', 'udhcpc', ...asking, '-s', script]);
      if (exitCode !== 0 && !stderr.includes('no lease, failing')) throw new Error(`${worker.name}: udhcpc: ${stderr}`);
      return exitCode === 0 ? (JSON.parse(await worker.output(['cat', '/run/lease'])) as Lease) : undefined;
    },
  };
}
