// Without systemd: what starts dnsmasq again, and an honest end: umask, a lost state, an adapter that was pulled.

import assert from 'node:assert/strict';
import test from 'node:test';
import { keep } from '../../src/bridge/keep-dnsmasq.js';
import { paths } from '../../src/bridge/plan/paths.js';
import { FakeSystem, Tree } from './fake-system.js';
import { makeCluster, type Place } from './namespaces.js';
import { bridge, state, works } from './use/run-bridge.js';

/** A dnsmasq that lives as long as it is told, after each start. Returns the pauses and what was said. */
async function kept(livesMs: readonly number[], exitCode: number) {
  const system = new FakeSystem(new Tree());
  system.tree.put(paths.keeperPid, '77\n');
  system.tree.put(paths.pid, '5\n');
  const starts: number[] = [];
  let [nowMs, diesMs] = [0, livesMs[0] ?? 0];
  const dnsmasq = () => (nowMs < diesMs ? ['dnsmasq', `--conf-file=${paths.dnsmasq}`] : undefined);
  Object.assign(system, {
    commandLine: dnsmasq,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
    run: async () => {
      starts.push(nowMs);
      diesMs = nowMs + (livesMs[starts.length] ?? 0);
      if (starts.length + 1 >= livesMs.length) system.removeFile(paths.keeperPid);
      return { exitCode, stdout: '', stderr: 'address in use' };
    },
  });
  const said: string[] = [];
  await keep(['dnsmasq'], 77, system, {
    onStarting: () => undefined,
    isEnding: () => false,
    say: (text) => said.push(text),
  });
  return { gaps: starts.map((at, index) => (at - (starts[index - 1] ?? 0)) / 1000), said };
}

test('dnsmasq is started again at once, then ever more slowly, and at once again after a good while', async () => {
  const { gaps, said } = await kept([0, 0, 0, 0, 0, 0, 0, 0, 0], 2);
  assert.deepEqual(gaps, [1, 1, 2, 4, 8, 16, 32, 60]);
  assert.match(said[0] ?? '', /cannot be started again: address in use/);
  const later = await kept([0, 0, 0, 0, 100_000, 0, 0], 0);
  assert.deepEqual(later.gaps.slice(0, 4), [1, 1, 2, 4]);
  assert.ok((later.gaps[4] ?? 0) >= 100, 'it lived');
  assert.deepEqual(later.gaps.slice(5), [1]);
  assert.match(later.said[0] ?? '', /it was started again/);
});

test('a keeper that its pid file does not name ends', async () => {
  const system = new FakeSystem(new Tree());
  system.tree.put(paths.keeperPid, '78\n');
  await keep(['dnsmasq'], 77, system, { onStarting: () => undefined, isEnding: () => false, say: () => undefined });
  assert.deepEqual(system.commands, []);
});

const until = (condition: string): readonly string[] => [
  'sh',
  '-c',
  `for i in $(seq 100); do ${condition} && exit 0; sleep 0.1; done; exit 1`,
];
const ours = async (mgr: Place): Promise<string> =>
  (await mgr.run(['pgrep', '-f', 'conf-file=/etc/dnsmasq.d/piburn.conf'])).stdout;

test('a killed dnsmasq is back with its leases, whatever the umask was, and a lost state leaves nothing running', {
  timeout: 60_000,
}, async (t) => {
  const cluster = await makeCluster(t, { workers: 1 });
  if (cluster === undefined) return;
  const { mgr, workers } = cluster;
  const [program, script] = [process.execPath, new URL('./bridge-cli.js', import.meta.url).pathname];
  const create = `umask 077; exec ${program} ${script} bridge create --yes`;
  const made = await mgr.output(['sh', '-c', create]);
  assert.doesNotMatch(made, /undo|leave dnsmasq|forget/);
  for (const path of ['/var/lib/piburn', state, '/etc/piburn'])
    assert.equal((await mgr.output(['stat', '-c', '%a', path])).trim(), '755', path);

  await works(mgr, 'set', 'w1', '10.1.1.77');
  const lease = await workers[0]?.lease();
  assert.equal(lease?.ip, '10.1.1.77', 'dnsmasq reads what root has written');
  const leases = await mgr.output(['cat', paths.leases]);
  const pid = (await mgr.output(['cat', paths.pid])).trim();
  await mgr.output(['kill', '-9', pid]);
  await mgr.output(until(`[ "$(cat ${paths.pid})" != ${pid} ] && ss -H -lun | grep -q 10.1.1.1:53`));
  assert.equal(await mgr.output(['cat', paths.leases]), leases);
  assert.match(await mgr.output(['cat', paths.log]), /piburn: dnsmasq had ended; it was started again/);
  await works(mgr, 'status');

  const before = await ours(mgr);
  await works(mgr, 'restart', '--nohup');
  assert.equal((await ours(mgr)).trim().split('\n').length, 2, `one dnsmasq and one keeper after ${before}`);

  await mgr.output(['rm', '-r', '/var/lib/piburn']);
  const deleted = await works(mgr, 'delete', '--yes');
  assert.match(deleted, /10\.1\.1\.1\/24 stays on eth1/);
  assert.match(deleted, /ip_forward stays 1/);
  assert.equal(await ours(mgr), '', 'nothing of ours runs');
  assert.equal(await mgr.output(['nft', 'list', 'ruleset']), '');
});

test('create says what does not work, and delete finishes when the adapter is gone', { timeout: 60_000 }, async (t) => {
  const cluster = await makeCluster(t, { workers: 0 });
  if (cluster === undefined) return;
  const { mgr } = cluster;
  // Its rules are taken away again at once.
  const nft = `#!/bin/sh\n/usr/sbin/nft "$@" || exit\n[ "$1 $2" != '-f ${paths.nft}' ] || /usr/sbin/nft flush ruleset\n`;
  await mgr.run(['sh', '-c', 'mkdir /run/bin; cat > /run/bin/nft; chmod 755 /run/bin/nft'], { input: nft });
  const script = new URL('./bridge-cli.js', import.meta.url).pathname;
  const path = `PATH=/run/bin:${process.env['PATH']}:/usr/sbin:/sbin`;
  const program = process.execPath;
  const made = await mgr.run(['env', path, program, script, 'bridge', 'create', '--yes']);
  assert.equal(made.exitCode, 1, made.stdout);
  assert.match(made.stdout, /bridge is made: \d+ steps\.\n\n(.*\n)*✗ NAT +nftables has no table inet piburn/);
  await works(mgr, 'create', '--yes');

  const over = (address: string, ...words: string[]) =>
    mgr.run(['env', `SSH_CONNECTION=10.1.1.9 50000 ${address} 22`, program, script, 'bridge', ...words]);
  const refused = await over('10.1.1.1', 'delete', '--yes');
  assert.equal(refused.exitCode, 3, '--yes is no word about sessions');
  assert.match(refused.stderr, /SSH session comes in at 10\.1\.1\.1 on eth1.*\n.*--allow-session/);
  const dry = await over('10.1.1.1', 'delete', '--dryrun');
  assert.deepEqual([dry.exitCode, /refused without --allow-session/.test(dry.stdout)], [0, true]);
  assert.match((await over('10.1.1.1', 'restart')).stdout, /^Warning: an SSH session .*--background.*--nohup/);
  assert.doesNotMatch((await over('203.0.113.2', 'restart', '--nohup')).stdout, /Warning/);

  await mgr.output(['ip', 'link', 'delete', 'eth1']);
  const status = await bridge(mgr, 'status');
  assert.match(status.stdout, /✗ address +there is no interface eth1\n +plug the adapter in .* --private=NAME/);
  assert.match(
    await works(mgr, 'delete', '--yes'),
    /Note: there is no interface eth1 any more\n(.*\n)*The bridge is gone/,
  );
  assert.equal((await mgr.run(['test', '-e', '/var/lib/piburn'])).exitCode, 1);
});
