// What the rules of the bridge keep out, with a third network behind the manager.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type Cluster, makeCluster, type Place, webServer } from '../namespaces.js';
import { bridge, works } from './run-bridge.js';

const lan = (argv: readonly string[]) => ['ip', 'netns', 'exec', 'lan', ...argv];
const wget = (url: string) => ['timeout', '1.5', 'busybox', 'wget', '-q', '-O', '-', url];
const getPage = wget(`http://${webServer.address}/`);
const knock = (address: string) => wget(`http://${address}:9000/`);
const listen = (folder: string) => ['busybox', 'httpd', '-f', '-p', '9000', '-h', `${folder}/web`];
const spoofed = '172.16.0.9';

/** 192.168.77.0/24 with a host at .2, for which the manager is the way out, and which the internet knows. */
async function addLan({ mgr, inet, folder }: Cluster): Promise<void> {
  const commands = [
    'ip netns add lan',
    'ip link add lan0 type veth peer name eth0 netns lan',
    'ip address add 192.168.77.1/24 dev lan0',
    'ip link set lan0 up',
    'ip -n lan address add 192.168.77.2/24 dev eth0',
    'ip -n lan link set eth0 up',
    'ip -n lan route add default via 192.168.77.1',
    'for each in all eth0 eth1 lan0; do echo 0 > /proc/sys/net/ipv4/conf/$each/rp_filter; done',
  ];
  await mgr.output(['sh', '-ec', commands.join('\n')]);
  await inet.output(['ip', 'route', 'add', '192.168.77.0/24', 'via', '203.0.113.2']);
  await inet.output(['ip', 'route', 'add', '10.1.1.0/24', 'via', '203.0.113.2']);
  mgr.start(lan(listen(folder)));
}

test('the cluster gets to the internet only, and nobody gets into it or through the manager', {
  timeout: 60_000,
}, async (t) => {
  const cluster = await makeCluster(t, { workers: 1 });
  if (cluster === undefined) return;
  const { mgr, inet, workers } = cluster;
  const [w1] = workers;
  assert.ok(w1 !== undefined);
  await addLan(cluster);
  await works(mgr, 'create', '--yes');
  for (const argv of [
    ['ip', 'address', 'add', '10.1.1.50/24', 'dev', 'eth0'],
    ['ip', 'address', 'add', `${spoofed}/32`, 'dev', 'eth0'],
    ['ip', 'link', 'set', 'eth0', 'up'],
    ['ip', 'route', 'add', 'default', 'via', '10.1.1.1', 'src', '10.1.1.50'],
  ])
    await w1.output(argv);
  w1.start(listen(cluster.folder));
  await w1.output(['sh', '-c', 'for i in $(seq 50); do busybox ping -c1 -W1 10.1.1.1 && exit 0; done; exit 1']);
  const counted = `table ip seen { chain c { type filter hook input priority 0; ip saddr ${spoofed} counter; ip saddr 203.0.113.2 counter; }; }\n`;
  assert.equal((await inet.run(['nft', '-f', '-'], { input: counted })).exitCode, 0);

  const isReached = async (place: Place, argv: readonly string[]) => (await place.run(argv)).exitCode === 0;
  const [page, fromMgr, fromMgrToLan, ...wrong] = await Promise.all([
    isReached(w1, getPage),
    isReached(mgr, knock('10.1.1.50')),
    isReached(mgr, knock('192.168.77.2')),
    isReached(w1, knock('192.168.77.2')),
    isReached(mgr, lan(knock('10.1.1.50'))),
    isReached(mgr, lan(getPage)),
    isReached(inet, knock('192.168.77.2')),
    isReached(inet, knock('10.1.1.50')),
    isReached(w1, ['busybox', 'ping', '-c1', '-W1', '-I', spoofed, webServer.address]),
  ]);
  assert.deepEqual([page, fromMgr, fromMgrToLan], [true, true, true], 'the way out, and the listeners');
  assert.deepEqual(wrong, [false, false, false, false, false, false]);
  const seen = await inet.output(['nft', 'list', 'table', 'ip', 'seen']);
  assert.match(seen, new RegExp(`saddr ${spoofed} counter packets 0 `), 'a source that is not of the cluster');
  assert.doesNotMatch(seen, /saddr 203\.0\.113\.2 counter packets 0 /);

  await mgr.run(['nft', '-f', '-'], {
    input: 'table inet lan { chain f { type filter hook forward priority 0; iifname "lan0" accept; }; }\n',
  });
  const told = await bridge(mgr, 'check', '--connection', `--name=${webServer.name}`);
  assert.match(told.stdout, /– other forwarding +our table drops it.*table inet lan came later/);
  assert.equal(told.exitCode, 0, told.stdout);
  await works(mgr, 'create', '--yes');
  const [lanPage, ...stillWrong] = await Promise.all([
    isReached(mgr, lan(getPage)),
    isReached(mgr, lan(knock('10.1.1.50'))),
    isReached(w1, knock('192.168.77.2')),
    isReached(inet, knock('10.1.1.50')),
  ]);
  assert.equal(lanPage, true, 'it is left to those who have rules for it');
  assert.deepEqual(stillWrong, [false, false, false]);
});
