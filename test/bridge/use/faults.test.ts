// The bridge in use beside others: rules of theirs, an SSH connection that goes down, a burn, a plain user.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeCluster, webServer } from '../namespaces.js';
import { bridge, cli, fileOf, reserved, state, works } from './run-bridge.js';

test('rules of others are named and left alone, and a restart goes on without its SSH connection', {
  timeout: 90_000,
}, async (t) => {
  const cluster = await makeCluster(t, { workers: 0 });
  if (cluster === undefined) return;
  const { mgr } = cluster;
  await works(mgr, 'create', '--yes');
  const check = (...words: string[]) => bridge(mgr, 'check', `--name=${webServer.name}`, ...words);
  assert.match((await check()).stdout, /✓ NAT +10\.1\.1\.0\/24 goes out of eth0 masqueraded/);

  // What lets others in, or this traffic to this machine only, does not let the cluster through.
  const blocking =
    'table ip fw { chain here { type filter hook input priority 0; iifname "eth1" accept; }; ' +
    'chain through { type filter hook forward priority 0; policy drop; iifname "eth1" tcp dport 22 accept; }; }';
  await mgr.run(['nft', '-f', '-'], { input: `${blocking}\n` });
  const foreign = await check();
  assert.equal(foreign.exitCode, 1);
  assert.match(foreign.stdout, /✗ foreign rules +table ip fw drops what is forwarded \(chain through, policy drop\)/);
  const hints = [...foreign.stdout.matchAll(/`nft ([^`]*)`/g)].map(([, words = '']) => words);
  assert.equal(hints.length, 2);
  for (const [index, words] of hints.entries()) {
    if (index === 1)
      assert.match((await check()).stdout, /✗ foreign rules +table ip fw drops the answers to the cluster/);
    await mgr.output(['nft', ...words.split(' ')]);
  }
  assert.equal((await check()).exitCode, 0);

  const listed = await mgr.output(['nft', 'list', 'table', 'ip', 'fw']);
  await mgr.output(['nft', 'flush', 'table', 'inet', 'piburn']);
  assert.match((await check('--connection')).stdout, /✗ NAT +table inet piburn has no rule to masquerade/);
  const pid = (await mgr.output(['cat', `${state}/dnsmasq.pid`])).trim();
  const background = `${process.execPath} ${cli} bridge restart --background > /run/said; kill -9 0`;
  await mgr.run(['setsid', '--wait', 'sh', '-c', background]);
  const log = `${state}/restart.log`;
  assert.match(await mgr.output(['cat', '/run/said']), new RegExp(log));
  await mgr.output([
    'sh',
    '-c',
    `for i in $(seq 200); do grep -q 'is up' ${log} && exit 0; sleep 0.1; done; cat ${log}; exit 1`,
  ]);
  assert.notEqual((await mgr.output(['cat', `${state}/dnsmasq.pid`])).trim(), pid);
  assert.equal((await check()).exitCode, 0);
  assert.equal(await mgr.output(['nft', 'list', 'table', 'ip', 'fw']), listed);

  await mgr.output(['sh', '-c', 'echo "# mine" >> /etc/dnsmasq.d/piburn.conf']);
  const drift = await bridge(mgr, 'check', '--configuration');
  assert.equal(drift.exitCode, 1);
  assert.match(drift.stdout, /✗ \/etc\/dnsmasq\.d\/piburn\.conf +line \d+ is "# mine" instead of/);
});

test('a reservation that dnsmasq does not serve, or whose host has another address, is told of', {
  timeout: 60_000,
}, async (t) => {
  const cluster = await makeCluster(t, { workers: 1 });
  if (cluster === undefined) return;
  const { mgr, workers } = cluster;
  await works(mgr, 'create', '--yes');
  const folder = '/var/lib/piburn';
  await mgr.output(['chmod', '700', folder]);
  const set = await bridge(mgr, 'set', 'w1', '10.1.1.77');
  assert.equal(set.exitCode, 1, set.stdout);
  assert.match(
    set.stdout,
    /1 reservation changed: written, but not in effect: dnsmasq does not answer 10\.1\.1\.77 for w1\.cluster: .*Permission denied/,
  );
  const lease = await workers[0]?.lease();
  assert.notEqual(lease?.ip, '10.1.1.77');
  const check = await bridge(mgr, 'check', 'w1', '--connection');
  assert.match(check.stdout, new RegExp(`✗ w1 +10\\.1\\.1\\.77 is reserved, but it has ${lease?.ip} until`));
  await mgr.output(['chmod', '755', folder]);
  assert.match(await works(mgr, 'set', 'w2', '10.1.1.78'), /1 reservation changed: in effect/);
  assert.match(await works(mgr, 'set', 'w2', '--remove'), /1 reservation changed: in effect/);
});

test('a burn reserves what lies in the network, and a plain user sees the bridge', { timeout: 60_000 }, async (t) => {
  const cluster = await makeCluster(t, { workers: 0 });
  if (cluster === undefined) return;
  const { mgr } = cluster;
  const burn = async (nodes: object) =>
    JSON.parse(await mgr.output([process.execPath, fileOf('./for-burn-cli.js'), JSON.stringify(nodes)]));
  const none = await burn([]);
  assert.deepEqual([none.here, none.result.code], [{}, 'NO_BRIDGE']);
  await works(mgr, 'create', '--domain=pi.test', '--yes');

  const nodes = [
    { hostname: 'red001', address: '10.1.1.2/24', mac: 'DC:A6:32:00:00:0A' },
    { hostname: 'red002', address: '192.168.7.2/24' },
  ];
  const { here, result } = await burn(nodes);
  assert.deepEqual(here, {
    address: '10.1.1.1',
    prefixLength: 24,
    ipv4Net: '10.1.1.0/24',
    dns: ['10.1.1.1'],
    domain: 'pi.test',
    private: 'eth1',
    gateway: '10.1.1.1',
  });
  assert.deepEqual(result.outside, [nodes[1]]);
  assert.equal(result.isInEffect, true);
  assert.equal(await reserved(mgr), 'dc:a6:32:00:00:0a,red001,10.1.1.2\n');
  assert.equal((await burn([{ hostname: 'red003', address: '10.1.1.2' }])).result.code, 'RESERVATION_CONFLICT');

  const plain = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const nobody = [...plain, process.execPath, cli, 'bridge'];
  if ((await mgr.run([...plain, 'test', '-r', cli])).exitCode !== 0)
    return t.skip('a plain user may not read the build');
  const list = await mgr.run([...nobody, 'list']);
  assert.match(list.stdout, /^red001 +10\.1\.1\.2 +dc:a6:32:00:00:0a +10\.1\.1\.2 +none +down$/m, list.stderr);
  const status = await mgr.run([...nobody, 'status']);
  assert.equal(status.exitCode, 0, status.stdout + status.stderr);
  assert.match(status.stdout, /– NAT +only root may look/);
  const set = await mgr.run([...nobody, 'set', 'red001', '10.1.1.3']);
  assert.equal(set.exitCode, 3);
  assert.match(set.stderr, /only root/);
});
