// Reservations that conflict, that move a host, that come at once, with real DHCP clients.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeCluster } from '../namespaces.js';
import { bridge, reserved, state, works } from './run-bridge.js';

test('what conflicts changes nothing, and a host that moves keeps its name', { timeout: 90_000 }, async (t) => {
  const cluster = await makeCluster(t, { workers: 2 });
  const [w1, w2] = cluster?.workers ?? [];
  if (cluster === undefined || w1 === undefined || w2 === undefined) return;
  const { mgr } = cluster;
  await works(mgr, 'create', '--yes');
  assert.equal((await bridge(mgr, 'test', 'w1')).exitCode, 1, 'a test before anything else is no crash');
  const first = await w1.lease();
  assert.ok(first !== undefined);

  const before = await reserved(mgr);
  const taken = await bridge(mgr, 'set', 'a,w2', `10.1.1.150,${first.ip}`);
  assert.equal(taken.exitCode, 2);
  assert.match(taken.stderr, /\(for w2\) is leased to w1 \(([0-9a-f]{2}:){5}[0-9a-f]{2}\) until \d{4}-/);
  assert.match((await bridge(mgr, 'set', 'a,b', '10.1.1.150')).stderr, /2 hosts and 1 addresses/);
  assert.match((await bridge(mgr, 'set', 'a', '10.1.1.150', '--remove')).stderr, /would have no effect/);
  assert.equal(await reserved(mgr), before);

  await Promise.all([works(mgr, 'set', 'one', '10.1.1.151'), works(mgr, 'set', 'two', '10.1.1.152')]);
  assert.equal(await reserved(mgr), 'one,10.1.1.151\ntwo,10.1.1.152\n', 'neither has undone the other');
  assert.match(await w1.output(['busybox', 'nslookup', 'one.cluster', '10.1.1.1']), /10\.1\.1\.151\b/);

  const mac = (await w2.output(['cat', '/sys/class/net/eth0/address'])).trim();
  const moved = await works(mgr, 'set', 'w1,tied', '10.1.1.[160-161]', `--mac=02:00:00:00:00:01,${mac}`);
  assert.doesNotMatch(moved, /Note/, 'that MAC address is of another machine');
  await works(mgr, 'set', 'w1', '--remove');
  const said = await works(mgr, 'set', 'w1', '10.1.1.160');
  assert.match(said, new RegExp(`w1 has ${first.ip} until .*; it gets 10.1.1.160 at its next renewal`));
  const name = async () => mgr.output(['busybox', 'nslookup', 'w1.cluster', '10.1.1.1']);
  assert.match(await name(), new RegExp(`${first.ip}\\b`), 'it is still there');
  assert.equal((await w2.lease())?.ip, '10.1.1.161', 'whatever it calls itself');
  assert.equal((await w1.lease())?.ip, '10.1.1.160');
  assert.match(await name(), /10\.1\.1\.160\b/);

  await mgr.output(['sh', '-c', `echo > ${state}/hosts`]);
  assert.match(await works(mgr, 'set', 'one', '10.1.1.151'), /like this already/);
  assert.match(await mgr.output(['cat', `${state}/hosts`]), /^10\.1\.1\.151\tone$/m, 'a power cut is made good');

  await works(mgr, 'create', '--range=10.1.1.2-10.1.1.50', '--yes');
  assert.match(await reserved(mgr), /^one,10\.1\.1\.151\ntwo/, 'another create keeps reservations');
  assert.match(await works(mgr, 'list', 'one,w1,tied'), /^tied +10\.1\.1\.161/m);
  const { history } = JSON.parse(await works(mgr, 'info', '--json')) as { history: { address: string }[] };
  assert.deepEqual(
    new Set(history.map(({ address }) => address)),
    new Set([first.ip, '10.1.1.160', '10.1.1.161']),
    'what was before is not forgotten',
  );
});
