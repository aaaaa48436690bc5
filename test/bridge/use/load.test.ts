// 250 clients at once: every one gets a lease, none the address of another, and names and reservations hold.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeCluster } from '../namespaces.js';
import { fileOf, works } from './run-bridge.js';

test('250 clients get 250 addresses, those with a reservation theirs', { timeout: 90_000 }, async (t) => {
  const cluster = await makeCluster(t, { workers: 1 });
  const [worker] = cluster?.workers ?? [];
  if (cluster === undefined || worker === undefined) return;
  const { mgr } = cluster;
  await works(mgr, 'create', '--prefix=23', '--range=10.1.0.2-10.1.1.0', '--ip=10.1.1.1', '--yes');
  await works(mgr, 'set', 'n[001-100]', '10.1.1.[2-101]');
  // dnsmasq pings the first new addresses for three seconds each, which is only a matter of waiting.
  await mgr.output(['sh', '-c', 'echo no-ping >> /etc/dnsmasq.d/piburn.conf']);
  await works(mgr, 'restart', '--nohup');

  await worker.output(['ip', 'link', 'set', 'eth0', 'up']);
  await worker.output(['ip', 'address', 'add', '169.254.7.7/16', 'dev', 'eth0']);
  await worker.output(['ip', 'route', 'add', '255.255.255.255', 'dev', 'eth0']);
  const { stdout } = await worker.run([process.execPath, fileOf('./dhcp-clients.js'), '250'], { timeoutMs: 70_000 });
  const clients = JSON.parse(stdout) as { name: string; mac: string; address?: string }[];

  assert.equal(clients.length, 250);
  assert.deepEqual(
    clients.filter(({ address }) => address === undefined).map(({ name }) => name),
    [],
    'all have a lease',
  );
  assert.equal(new Set(clients.map(({ address }) => address)).size, 250, 'no address twice');
  for (const { name, address } of clients.slice(0, 100)) assert.equal(address, `10.1.1.${Number(name.slice(1)) + 1}`);
  for (const { address } of clients.slice(100)) assert.match(address ?? '', /^10\.1\.0\.\d+$|^10\.1\.1\.0$/);
  await works(mgr, 'restart', '--nohup');
  const some = 'n[090-110]';
  const { hosts } = JSON.parse(await works(mgr, 'list', some, '--json')) as {
    hosts: { name: string; address: string; lease?: object }[];
  };
  assert.deepEqual(
    hosts.map(({ name, address }) => [name, address]),
    clients.slice(89, 110).map(({ name, address }) => [name, address]),
    'dnsmasq knows them after a restart',
  );
  assert.ok(hosts.every(({ lease }) => lease !== undefined));
  assert.equal((await mgr.output(['cat', '/var/lib/piburn/bridge/dnsmasq.leases'])).trim().split('\n').length, 250);
  assert.equal((await mgr.output(['cat', '/var/lib/piburn/bridge/lease-history'])).trim().split('\n').length, 250);
});
