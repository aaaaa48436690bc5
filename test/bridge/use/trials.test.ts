// `bridge test` in namespaces, with an ssh that answers as it is told to.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeCluster } from '../namespaces.js';
import { cli, works } from './run-bridge.js';

test('hosts are tried again and again, and ssh that does not get in counts neither way', {
  timeout: 90_000,
}, async (t) => {
  const cluster = await makeCluster(t, { workers: 3 });
  if (cluster === undefined) return;
  const { mgr, workers } = cluster;
  await works(mgr, 'create', '--yes');
  await works(mgr, 'set', 'w[1-4]', '10.1.1.[11-14]');
  await Promise.all(workers.map((worker) => worker.lease()));
  const ssh = `#!/bin/sh
echo "$*" >> /run/ssh-words
case "$*" in
*HostName=10.1.1.11*) exit 0 ;;
*HostName=10.1.1.12*) exit 1 ;;
*) echo 'Permission denied (publickey).' >&2; exit 255 ;;
esac
`;
  await mgr.run(['sh', '-c', 'mkdir /run/bin; cat > /run/bin/ssh; chmod 755 /run/bin/ssh'], { input: ssh });
  const path = `PATH=/run/bin:${process.env['PATH']}:/usr/sbin`;
  const tried = (...words: string[]) => mgr.run(['env', path, process.execPath, cli, 'bridge', 'test', ...words]);

  const once = await tried('w[1-4]', '--to=198.51.100.10');
  assert.equal(once.exitCode, 1);
  assert.match(once.stdout, /^✓ w1 +10\.1\.1\.11 +ping [\d.]+ ms, name, internet$/m);
  assert.match(once.stdout, /^✗ w2 .*internet failed: 198\.51\.100\.10 does not answer it$/m);
  assert.match(once.stdout, /^✓ w3 .*internet not tried: Permission denied \(publickey\)\.$/m);
  assert.match(once.stdout, /^✗ w4 .*ping failed: 10\.1\.1\.14 does not answer/m);
  assert.match(once.stdout, /^2 of 4$/m, 'all are counted');
  const words = '-o BatchMode=yes -o ConnectTimeout=5 -o HostName=10.1.1.11 -- w1 ping -c1 -W2 198.51.100.10';
  assert.ok((await mgr.output(['cat', '/run/ssh-words'])).split('\n').includes(words));

  const twice = await tried('w[1,3]', '--rate=0.1', '--count=2');
  assert.equal(twice.exitCode, 0, twice.stderr);
  assert.equal(twice.stdout.match(/^2 of 2$/gm)?.length, 2);
  const untilTwice = `"$@" > /run/said & pid=$!
until [ "$(grep -c '"good":1,"of":1' /run/said)" -ge 2 ]; do sleep 0.05; done
kill -INT $pid; wait $pid`;
  const forever = ['env', path, process.execPath, cli, 'bridge', 'test', 'w1', '--rate=0.1', '--json'];
  const stopped = await mgr.run(['sh', '-c', untilTwice, 'sh', ...forever]);
  assert.equal(stopped.exitCode, 0, 'Ctrl-C is how it ends');
  assert.match((await tried('w1;reboot')).stderr, /no host name/);
  assert.match((await tried('-oProxyCommand=x')).stderr, /unknown option/);
});
