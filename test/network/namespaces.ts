// A small network for tests, in network namespaces with names of this process: a machine with a bridge in 10.77.1.0/25,
// and hosts behind it. Nothing of it is seen outside, and it goes away with the test.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { isRoot, undo } from '../native/scratch.js';

export interface TestNet {
  /** Runs a program on the machine to its end; its standard input is empty. */
  run(program: string, args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Starts a program on the machine. */
  start(program: string, args: readonly string[]): ReturnType<typeof spawn>;
  /** The name of a host's namespace. */
  readonly hosts: readonly string[];
}

export interface TestHost {
  readonly mac: string;
  /** Whether it answers pings. */
  readonly answers: boolean;
}

let nets = 0;

/** The machine is 10.77.1.1, the hosts 10.77.1.2 and so on; undefined, and the test skipped, where that cannot be made. */
export function testNet(t: TestContext, hosts: readonly TestHost[]): TestNet | undefined {
  if (!isRoot) {
    t.skip('network namespaces need root');
    return undefined;
  }
  const names = ['m', ...hosts.map((_, index) => `h${index}`)].map((part) => `pb${process.pid}-${nets}-${part}`);
  nets += 1;
  const [machine = '', ...others] = names;
  try {
    for (const name of names) {
      execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
      undo(t, () => spawnSync('ip', ['netns', 'delete', name]));
    }
    ip(machine, 'link add br0 type bridge', 'address add 10.77.1.1/25 broadcast + dev br0', 'link set br0 up');
    for (const [index, { mac, answers }] of hosts.entries()) {
      const host = others[index] ?? '';
      ip(machine, `link add v${index} type veth peer name eth0 netns ${host}`, `link set v${index} master br0 up`);
      ip(host, `link set eth0 address ${mac}`, `address add 10.77.1.${index + 2}/25 broadcast + dev eth0`);
      ip(host, 'link set eth0 up', 'link set lo up');
      if (!answers) sysctl(host, 'net.ipv4.icmp_echo_ignore_all=1');
    }
    ip(machine, 'link set lo up', 'route add default via 10.77.1.2');
    // So that the kernel finds out in two seconds that a host has gone, and not in eight.
    sysctl(machine, 'net.ipv4.neigh.br0.delay_first_probe_time=1');
    sysctl(machine, 'net.ipv4.neigh.br0.ucast_solicit=1');
    for (const host of others) waitFor(machine, host);
  } catch (error) {
    t.skip(`no network namespaces: ${String(error)}`);
    return undefined;
  }
  const start = (program: string, args: readonly string[]) =>
    spawn('ip', ['netns', 'exec', machine, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return { hosts: others, start, run: (program, args) => ended(start(program, args)) };
}

function ip(namespace: string, ...commands: readonly string[]): void {
  for (const command of commands) execFileSync('ip', ['-n', namespace, ...command.split(' ')], { stdio: 'pipe' });
}

const sysctl = (namespace: string, setting: string): void =>
  void execFileSync('ip', ['netns', 'exec', namespace, 'sysctl', '-q', '-w', setting], { stdio: 'pipe' });

/** Until the bridge lets a host through: a question for its Ethernet address is answered. */
function waitFor(machine: string, host: string): void {
  const told = execFileSync('ip', ['-n', host, '-4', '-o', 'address', 'show', 'eth0'], { encoding: 'utf8' });
  const address = / inet ([0-9.]+)\//.exec(told)?.[1] ?? '';
  for (let tries = 0; tries < 50; tries += 1) {
    spawnSync('ip', ['netns', 'exec', machine, 'ping', '-c1', '-W0.1', address]);
    const { stdout } = spawnSync('ip', ['-n', machine, 'neigh', 'show', address], { encoding: 'utf8' });
    if (stdout.includes('REACHABLE')) break;
  }
  spawnSync('ip', ['-n', machine, 'neigh', 'flush', 'all']);
}

export function ended(
  child: ReturnType<typeof spawn>,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
