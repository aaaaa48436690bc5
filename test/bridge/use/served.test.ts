// The bridge in use where systemd runs: a stand-in for systemctl, and Debian's dnsmasq.service as it starts that.

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeCluster, webServer } from '../namespaces.js';
import { cli, state } from './run-bridge.js';

const stub = fileURLToPath(new URL('../../../../test/bridge/systemctl-stub.sh', import.meta.url));
const prepare = `mkdir -p /run/systemd/system /run/stub /etc/dnsmasq.d
touch /run/stub/dnsmasq.installed
mkdir -p /etc/default && echo CONFIG_DIR=/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new > /etc/default/dnsmasq`;

test('a bridge served by a unit is set, restarted and explained', { timeout: 60_000 }, async (t) => {
  const cluster = await makeCluster(t, { workers: 1 });
  const [worker] = cluster?.workers ?? [];
  if (cluster === undefined || worker === undefined) return;
  const { mgr, folder } = cluster;
  copyFileSync(stub, join(folder, 'systemctl'));
  chmodSync(join(folder, 'systemctl'), 0o755);
  const path = `PATH=${folder}:${process.env['PATH']}:/usr/sbin:/sbin`;
  const run = async (code: number, ...words: string[]) => {
    const { exitCode, stdout, stderr } = await mgr.run(['env', path, process.execPath, cli, 'bridge', ...words]);
    assert.equal(exitCode, code, `bridge ${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  await mgr.output(['sh', '-c', prepare]);
  await run(0, 'create', '--yes');
  assert.match(await run(0, 'set', 'w1', '10.1.1.77'), /in effect/);
  assert.equal((await worker.lease())?.ip, '10.1.1.77', 'the service has read it');
  const leases = await mgr.output(['cat', `${state}/dnsmasq.leases`]);
  assert.match(
    await run(0, 'status'),
    /✓ dnsmasq +dnsmasq\.service runs \(pid \d+\)\n(.*\n)*✓ unit +piburn-bridge\.service is active/,
  );

  const log = async () =>
    (await mgr.output(['cat', '/run/stub/log'])).split('\n').filter((line) => /^restart/.test(line));
  const before = (await log()).length;
  assert.match(await run(0, 'restart', '--nohup'), /is up/);
  assert.deepEqual((await log()).slice(before), ['restart dnsmasq'], 'the network is left alone');
  await mgr.output(['env', path, 'systemctl', 'stop', 'dnsmasq']);
  assert.match(await run(1, 'status'), /✗ dnsmasq +dnsmasq\.service is inactive/);
  assert.match(await run(0, 'set', 'late', '10.1.1.78'), /takes effect when that starts/);
  assert.match(await run(0, 'restart'), /is up/);
  assert.deepEqual((await log()).slice(-2), ['restart piburn-bridge', 'restart dnsmasq']);
  assert.equal(await mgr.output(['cat', `${state}/dnsmasq.leases`]), leases);
  assert.match(await run(0, 'check', 'w1', `--name=${webServer.name}`), /✓ w1 +10\.1\.1\.77 answers/);
  await run(0, 'delete', '--yes');
});
