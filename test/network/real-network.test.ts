// The commands as they are typed, on a real network: a bridge, three hosts in namespaces of their own, a /25.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { undo } from '../native/scratch.js';
import { ended, type TestNet, testNet } from './namespaces.js';

const command = fileURLToPath(new URL('./run-command.js', import.meta.url));
const pi = { mac: 'dc:a6:32:01:02:03', answers: true };
const silentPi = { mac: '88:a2:9e:0a:0b:0c', answers: false };
const other = { mac: '02:00:00:00:00:07', answers: true };

const piburn = (net: TestNet, ...args: readonly string[]) => net.run(process.execPath, [command, 'network', ...args]);
const has = (program: string) => ['/bin', '/usr/bin', '/sbin'].some((folder) => existsSync(`${folder}/${program}`));

interface Listed {
  readonly net: string;
  readonly interface: string;
  readonly way: string;
  readonly addresses: number;
  readonly asked: number;
  readonly isComplete: boolean;
  readonly neighbours: readonly Record<string, unknown>[];
}

// They wait for time-outs more than they compute.
describe('a real network', { concurrency: 4 }, () => {
  test('the neighbours of a /25 are found, those that drop pings too', async (t) => {
    if (!has('ping')) return t.skip('ping is not installed');
    const net = testNet(t, [pi, silentPi, other]);
    if (net === undefined) return;
    const { code, stdout, stderr } = await piburn(net, 'list', '--json', '--timeout=1.5');
    assert.equal(code, 0, stderr);
    const { neighbours, ...rest } = JSON.parse(stdout) as Listed;
    const facts = { net: '10.77.1.0/25', interface: 'br0', way: 'ping', addresses: 126, asked: 126, isComplete: true };
    assert.deepEqual(rest, { version: 1, type: 'network-neighbours', ...facts });
    assert.deepEqual(
      neighbours.map(({ address, status, mac, isRaspberryPi, isSelf }) => ({
        address,
        status,
        mac,
        isRaspberryPi,
        isSelf,
      })),
      [
        { address: '10.77.1.1', status: 'up', mac: neighbours[0]?.['mac'], isRaspberryPi: false, isSelf: true },
        { address: '10.77.1.2', status: 'up', mac: pi.mac, isRaspberryPi: true, isSelf: false },
        { address: '10.77.1.3', status: 'silent', mac: silentPi.mac, isRaspberryPi: true, isSelf: false },
        { address: '10.77.1.4', status: 'up', mac: other.mac, isRaspberryPi: false, isSelf: false },
      ],
    );
    assert.ok(Number(neighbours[1]?.['latencyMs']) > 0);
    assert.equal(neighbours[2]?.['latencyMs'], undefined);
  });

  test('what is in use is printed as a list, compact when asked for', async (t) => {
    const net = testNet(t, [pi, silentPi, other]);
    if (net === undefined) return;
    const small = ['list', '--ip=10.77.1.[1-3,9]', '--timeout=1', '--used'];
    assert.equal((await piburn(net, ...small)).stdout, '10.77.1.1,10.77.1.2,10.77.1.3\n');
    assert.equal((await piburn(net, ...small, '--compact')).stdout, '10.77.1.[1-3]\n');
  });

  test('a host that has gone is not listed, though the kernel still knows its Ethernet address', async (t) => {
    const net = testNet(t, [pi, other]);
    if (net === undefined) return;
    await net.run('ip', ['neigh', 'replace', '10.77.1.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'br0', 'nud', 'stale']);
    const { stdout } = await piburn(net, 'list', '--ip=10.77.1.[2-9]', '--timeout=1', '--used');
    assert.equal(stdout, '10.77.1.2,10.77.1.3\n');
  });

  test('without ping hosts are found by TCP and by their Ethernet addresses', async (t) => {
    const net = testNet(t, [pi, silentPi]);
    if (net === undefined) return;
    // `env -i` leaves a PATH in which there is an `ip`, and no ping.
    const args = ['-i', 'PATH=/usr/sbin', process.execPath, command, 'network', 'list', '--json', '--ip=10.77.1.[2-5]'];
    if (existsSync('/usr/sbin/ping') || !existsSync('/usr/sbin/ip'))
      return t.skip('ping and ip are in other folders here');
    const { stdout, stderr } = await net.run('env', [...args, '--timeout=0.5']);
    const { way, neighbours } = JSON.parse(stdout) as Listed;
    assert.equal(way, 'knock');
    assert.match(stderr, /note: ping is missing/);
    assert.deepEqual(
      neighbours.map(({ address, mac }) => [address, mac]),
      [
        ['10.77.1.2', pi.mac],
        ['10.77.1.3', silentPi.mac],
      ],
    );
  });

  test('nmap finds the same, by its own questions', async (t) => {
    if (!has('nmap')) return t.skip('nmap is not installed');
    const net = testNet(t, [pi, silentPi]);
    if (net === undefined) return;
    const { code, stdout, stderr } = await piburn(net, 'list', '--nmap', '--json', '--ip=10.77.1.[1-6]');
    assert.equal(code, 0, stderr);
    const { way, neighbours } = JSON.parse(stdout) as Listed;
    assert.equal(way, 'nmap');
    assert.deepEqual(
      neighbours.map(({ address, isRaspberryPi, isSelf }) => [address, isRaspberryPi, isSelf]),
      [
        ['10.77.1.1', false, true],
        ['10.77.1.2', true, false],
        ['10.77.1.3', true, false],
      ],
    );
  });

  test('Ctrl-C ends the scan with what was found', { timeout: 30_000 }, async (t) => {
    const net = testNet(t, [pi]);
    if (net === undefined) return;
    const args = ['network', 'list', '--ip=10.77.0.0/20', '--used', '--timeout=5'];
    const child = net.start(process.execPath, [command, ...args]);
    undo(t, () => child.kill('SIGKILL'));
    const over = ended(child);
    // `ip netns exec` becomes the program; a ping of the first is on its way once the Pi is in the table.
    const isKnown = async () => (await net.run('ip', ['neigh'])).stdout.includes('10.77.1.');
    while (!(await isKnown()) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGINT');
    const { code, stdout, stderr } = await over;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /stopped: \d+ of 4094 addresses were asked/);
    assert.match(stdout, /^(10\.77\.1\.\d+,?)+\n$/);
  });

  test('the own addresses are listed with net, broadcast and gateway', async (t) => {
    const net = testNet(t, [pi]);
    if (net === undefined) return;
    for (const args of [[], ['address']]) {
      const { code, stdout } = await piburn(net, ...args);
      assert.equal(code, 0);
      assert.match(
        stdout,
        /^Label +Local +Broadcast +Gateway +MAC +Link\nbr0 +10\.77\.1\.1\/25 +10\.77\.1\.127 +10\.77\.1\.2 /,
      );
      assert.equal(stdout.trim().split('\n').length, 2, 'neither loopback nor the ports of the bridge');
    }
    const all = (await piburn(net, 'address', '--all')).stdout;
    assert.match(all, /^lo +127\.0\.0\.1\/8/m);
    assert.match(all, /^v0 /m);
  });

  test('without iproute2 the own addresses come from Node and /proc', async (t) => {
    const net = testNet(t, [pi]);
    if (net === undefined) return;
    const { stdout } = await net.run('env', ['-i', 'PATH=/nowhere', process.execPath, command, 'network', '--json']);
    const { interfaces } = JSON.parse(stdout) as { interfaces: readonly Record<string, unknown>[] };
    const [first] = interfaces;
    const address = {
      family: 'ipv4',
      address: '10.77.1.1',
      prefixLength: 25,
      broadcast: '10.77.1.127',
      gateway: '10.77.1.2',
    };
    assert.equal(first?.['kind'], 'bridge');
    assert.equal(first?.['isDefault'], true);
    assert.deepEqual(first?.['addresses'], [address]);
  });
});
