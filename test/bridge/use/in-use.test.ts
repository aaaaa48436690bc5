// The bridge in use for real: reservations, leases, restarts and looks, with dnsmasq, nftables and DHCP clients in
// namespaces, without systemd.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeCluster, type Place, type Worker, webServer } from '../namespaces.js';
import { bridge, fileOf, state, works } from './run-bridge.js';

const json = async (mgr: Place, ...words: string[]) => JSON.parse((await bridge(mgr, ...words, '--json')).stdout);
const pidOf = async (mgr: Place) => (await mgr.output(['cat', `${state}/dnsmasq.pid`])).trim();
const resolve = (worker: Worker, name: string) => worker.output(['busybox', 'nslookup', name]);

test('three clients get what is reserved for them, know each other by name, and keep it through every restart', {
  timeout: 120_000,
}, async (t) => {
  const cluster = await makeCluster(t, { workers: 3 });
  if (cluster === undefined) return;
  const { mgr, inet, workers } = cluster;
  assert.equal((await bridge(mgr, 'status')).exitCode, 2, 'no bridge is wrong usage');
  await works(mgr, 'create', '--domain=pi.test', '--yes');

  const said = await works(mgr, 'set', 'w[1-3]', '10.1.1.[20,2,30]');
  assert.match(said, /w2 gets 10\.1\.1\.2\n/, 'though 10.1.1.20 is reserved');
  assert.match(said, /3 reservations changed: in effect/);
  assert.match(await works(mgr, 'set', 'w[1-3]', '10.1.1.[20,2,30]'), /like this already/);

  const leases = await Promise.all(workers.map((worker) => worker.lease()));
  assert.deepEqual(
    leases.map((lease) => lease?.ip),
    ['10.1.1.20', '10.1.1.2', '10.1.1.30'],
  );
  const [w1, w2, w3] = workers;
  assert.ok(w1 !== undefined && w2 !== undefined && w3 !== undefined);
  for (const name of ['w2', 'w2.pi.test']) assert.match(await resolve(w1, name), /10\.1\.1\.2\b/);
  assert.match(await resolve(w3, 'w1'), /10\.1\.1\.20\b/);
  for (const worker of workers) {
    assert.equal(
      await worker.output(['busybox', 'wget', '-q', '-O', '-', `http://${webServer.name}/`]),
      webServer.text,
    );
  }
  await inet.output(['ip', 'route', 'add', '10.1.1.0/24', 'via', '203.0.113.2']);
  w1.start(['busybox', 'nc', '-l', '-p', '9000']);
  const knock = await inet.run(['busybox', 'nc', '-w', '1', '10.1.1.20', '9000']);
  assert.notEqual(knock.exitCode, 0, 'nothing connects into the cluster');
  const ownKnock = await mgr.run(['busybox', 'nc', '-w', '1', '10.1.1.20', '9000']);
  assert.equal(ownKnock.exitCode, 0, 'though the worker listens');

  await looks(mgr);
  await restarts(mgr);
  assert.deepEqual(await Promise.all(workers.map((worker) => worker.lease())), leases, 'all leases are as they were');

  await works(mgr, 'delete', '--yes');
  assert.equal((await mgr.run(['test', '-e', '/var/lib/piburn'])).exitCode, 1);
  assert.equal(await mgr.output(['nft', 'list', 'ruleset']), '');
});

async function looks(mgr: Place): Promise<void> {
  const list = await works(mgr, 'list', 'mgr,w[1,3]');
  assert.match(list, /^mgr +10\.1\.1\.1 .*manager$/m);
  assert.match(list, /^w1 +10\.1\.1\.20 +([0-9a-f]{2}:){5}[0-9a-f]{2} +10\.1\.1\.20 +\d{4}-.* up$/m);
  assert.doesNotMatch(list, /w2/);
  assert.equal((await bridge(mgr, 'list', 'w9')).exitCode, 1);
  const info = await works(mgr, 'info');
  assert.match(info, /^# IP range: 10\.1\.1\.2 - 10\.1\.1\.122\n# Manager IP: 10\.1\.1\.1\n/m);
  assert.match(
    info,
    /^# # LEASE HISTORY #\n(# \d{4}-\d\d-\d\d \d\d:\d\d:\d\d ([0-9a-f]{2}:){5}[0-9a-f]{2} 10\.1\.1\.\d+ w\d \S+\n){3}# ---/m,
  );
  assert.match(info, /^# Traffic: eth1 .*\d k?B in/m);
  assert.match(await works(mgr, 'status'), /All is well/);
  const check = await works(mgr, 'check', 'mgr,w[1-3]', `--name=${webServer.name}`);
  assert.match(check, /✓ w2 +10\.1\.1\.2 is reserved, and leased to it\n/);
  assert.match(check, /✓ w2 +10\.1\.1\.2 answers/);
  assert.match(check, /✓ internet names +www\.example\.lab is 198\.51\.100\.10\n/);
  const usual = await bridge(mgr, 'check', '--connection');
  assert.equal(usual.exitCode, 1);
  assert.match(
    usual.stdout,
    /✗ internet names +deb\.debian\.org: the name server /,
    'which this internet does not know',
  );
  const network = [process.execPath, fileOf('../../network/run-command.js'), 'network', 'list'];
  const neighbours = await mgr.output([...network, '--ip=10.1.1.[1-2,20]', '--timeout=0.5']);
  assert.match(neighbours, /^w1 +10\.1\.1\.20 +up /m, 'its name is known to dnsmasq only');
  assert.match(neighbours, /^w2 +10\.1\.1\.2 +up /m);
}

/** Leases and history survive all of them. */
async function restarts(mgr: Place): Promise<void> {
  const before = await mgr.output(['cat', `${state}/dnsmasq.leases`]);
  const isAsBefore = async (what: string) =>
    assert.equal(await mgr.output(['cat', `${state}/dnsmasq.leases`]), before, what);
  const first = await pidOf(mgr);
  assert.match(await works(mgr, 'restart', '--nohup'), /is up/);
  assert.notEqual(await pidOf(mgr), first);
  await isAsBefore('restart --nohup');
  await works(mgr, 'restart');
  await isAsBefore('restart');
  await works(mgr, 'create', '--yes');
  await isAsBefore('create again');

  // With its keeper, which would start it again.
  await mgr.output(['kill', '-9', (await mgr.output(['cat', `${state}/keeper.pid`])).trim(), await pidOf(mgr)]);
  const status = await bridge(mgr, 'status');
  assert.equal(status.exitCode, 1);
  assert.match(status.stdout, /✗ dnsmasq +the process that piburn started \(pid \d+\) has ended/);
  assert.match(await works(mgr, 'set', 'late', '10.1.1.99'), /dnsmasq does not run: it takes effect when that starts/);
  await works(mgr, 'restart');
  await isAsBefore('kill -9');
  const { history } = await json(mgr, 'info');
  assert.equal(history.length, 3, 'no lease came or went');
}
