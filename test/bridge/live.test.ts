// The bridge for real: dnsmasq, nftables and DHCP clients in namespaces, without systemd.

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Cluster, makeCluster, type Place, webServer } from './namespaces.js';

const cli = fileURLToPath(new URL('./bridge-cli.js', import.meta.url));
/** Not compiled, so beside the source. */
const stub = fileURLToPath(new URL('../../../test/bridge/systemctl-stub.sh', import.meta.url));
const bridge = (mgr: Place, ...words: string[]) => mgr.run([process.execPath, cli, 'bridge', ...words]);

/** All that a bridge may change, as text. */
async function look(mgr: Place): Promise<string[]> {
  const tree = 'find /etc /var/lib/piburn -printf "%p %y %m %U %G\\n" 2> /dev/null | sort';
  const files = 'find /etc /var/lib/piburn -type f 2> /dev/null | sort | xargs md5sum';
  return [
    await mgr.output(['sh', '-c', `cat /proc/sys/net/ipv4/ip_forward; ${tree}; ${files}`]),
    await mgr.output(['ip', '-oneline', '-4', 'address']),
    await mgr.output(['sh', '-c', 'ip link show eth1 | grep -o "<[^>]*>"']),
    await mgr.output(['nft', 'list', 'ruleset']),
    await mgr.output(['ss', '-H', '-4', '-lunpt']),
  ].flatMap((text) => text.split('\n').map((line) => line.replace(/ +/g, ' ')));
}

test('a bridge feeds its cluster, is changed by nothing that is so already, and leaves nothing behind', {
  timeout: 60_000,
}, async (t) => {
  const cluster = await makeCluster(t, { workers: 2 });
  if (cluster === undefined) return;
  const { mgr, inet, workers } = cluster;
  await mgr.run(['nft', '-f', '-'], {
    input: 'table ip foreign { chain c { type filter hook input priority 0; tcp dport 9 drop; }; }\n',
  });
  const before = await look(mgr);

  const made = await bridge(mgr, 'create', '--domain=pi.test', '--yes');
  assert.equal(made.exitCode, 0, made.stderr + made.stdout);

  // As `bridge set` does it: dnsmasq rereads its file of reservations at SIGHUP.
  const state = '/var/lib/piburn/bridge';
  const reread = `for i in $(seq 100); do [ $(grep -c 'read .*/dhcp-hosts' ${state}/dnsmasq.log) = 2 ] && exit 0; sleep 0.05; done; exit 1`;
  const reserve = `echo w2,10.1.1.200 > ${state}/dhcp-hosts; kill -HUP $(cat ${state}/dnsmasq.pid); ${reread}`;
  await mgr.output(['sh', '-c', reserve]);
  const leases = await Promise.all(workers.map((worker) => worker.lease()));
  for (const lease of leases) {
    assert.deepEqual({ ...lease, ip: '' }, { ip: '', router: '10.1.1.1', dns: '10.1.1.1', domain: 'pi.test' });
    assert.match(lease?.ip ?? '', /^10\.1\.1\.\d+$/);
  }
  const [w1, w2] = workers;
  assert.ok(w1 !== undefined && w2 !== undefined);
  assert.equal(leases[1]?.ip, '10.1.1.200');
  assert.equal(await w1.output(['busybox', 'wget', '-q', '-O', '-', `http://${webServer.name}/`]), webServer.text);
  for (const name of ['w2', 'w2.pi.test'])
    assert.match(await w1.output(['busybox', 'nslookup', name]), new RegExp(`${leases[1]?.ip}\\b`));
  assert.match(await w1.output(['busybox', 'nslookup', 'mgr.pi.test']), /10\.1\.1\.1\b/);
  assert.match(await mgr.output(['busybox', 'nslookup', 'w1.pi.test', '10.1.1.1']), new RegExp(`${leases[0]?.ip}\\b`));

  await inet.output(['ip', 'route', 'add', '10.1.1.0/24', 'via', '203.0.113.2']);
  const ping = await inet.run(['busybox', 'ping', '-c1', '-W1', leases[0]?.ip ?? '']);
  assert.notEqual(ping.exitCode, 0, 'the internet does not get in');
  assert.match(await mgr.output(['nft', 'list', 'ruleset']), /table ip foreign/);

  const reserved = await mgr.output(['cat', `${state}/dhcp-hosts`]);
  const pid = await mgr.output(['cat', '/var/lib/piburn/bridge/dnsmasq.pid']);
  const again = await bridge(mgr, 'create', '--domain=pi.test', '--yes');
  assert.equal(again.exitCode, 0, again.stderr);
  assert.match(again.stdout, /like this already/);
  assert.equal(await mgr.output(['cat', '/var/lib/piburn/bridge/dnsmasq.pid']), pid);

  const keeper = await mgr.output(['cat', `${state}/keeper.pid`]);
  await mgr.output(['kill', '-9', keeper.trim(), pid.trim()]);
  assert.match((await bridge(mgr, 'create', '--yes', '--json')).stdout, /"steps":1/);
  assert.equal(await mgr.output(['cat', `${state}/dhcp-hosts`]), reserved);
  assert.deepEqual(await w1.lease(), leases[0], 'the lease has outlived dnsmasq');

  const deleted = await bridge(mgr, 'delete', '--yes');
  assert.equal(deleted.exitCode, 0, deleted.stderr);
  const after = await look(mgr);
  assert.deepEqual(
    after.filter((line) => !before.includes(line)),
    [],
  );
  assert.deepEqual(after, before);
  assert.match((await bridge(mgr, 'delete', '--yes')).stdout, /no bridge/);
});

/** A manager with systemd's words and Debian's dnsmasq.service. */
async function withSystemd({ mgr, folder }: Cluster) {
  copyFileSync(stub, join(folder, 'systemctl'));
  chmodSync(join(folder, 'systemctl'), 0o755);
  const path = `PATH=${folder}:${process.env['PATH']}:/usr/sbin:/sbin`;
  await mgr.output(['sh', '-c', prepareSystemd]);
  return {
    run: (...words: string[]) => mgr.run(['env', path, process.execPath, cli, 'bridge', ...words]),
    systemctl: (...words: string[]) => mgr.output(['env', path, 'systemctl', ...words]),
  };
}

test('where systemd runs, a dnsmasq of somebody else goes on as before, beside ours', {
  timeout: 60_000,
}, async (t) => {
  const cluster = await makeCluster(t, { workers: 1 });
  if (cluster === undefined) return;
  const { mgr, inet, workers } = cluster;
  const { run, systemctl } = await withSystemd(cluster);
  await mgr.output(['sh', '-c', prepareForeign]);
  await systemctl('restart', 'dnsmasq');
  const foreignPid = await mgr.output(['cat', '/run/stub/dnsmasq.pid']);
  const before = withoutPids(await look(mgr));
  const foreignNames = async () => {
    for (const [name, address] of [
      ['nas', '203.0.113.5'],
      ['printer', '203.0.113.10'],
    ] as const)
      assert.ok((await inet.run(['busybox', 'nslookup', name, '203.0.113.2'])).stdout.includes(address), name);
  };
  await foreignNames();

  const made = await run('create', '--ipv6', '--yes');
  assert.equal(made.exitCode, 0, made.stderr + made.stdout);
  assert.match(made.stdout, /settings of others in \/etc\/dnsmasq\.d\/lan\.conf/);
  assert.match(await mgr.output(['cat', '/run/stub/log']), /enable piburn-bridge\nrestart piburn-bridge\n/);
  await foreignNames();
  assert.equal(await mgr.output(['cat', '/run/stub/dnsmasq.pid']), foreignPid);
  await mgr.output(['kill', '-0', foreignPid.trim()]);
  const [w1] = workers;
  await w1?.output(['ip', 'link', 'set', 'eth0', 'up']);
  assert.equal((await w1?.lease())?.router, '10.1.1.1');
  const prefix = /^IPv6 +(\S+)\/64/m.exec(made.stdout)?.[1] ?? '';
  const waiting = `for i in $(seq 100); do ip -6 -oneline address show dev eth0 scope global | grep -v tentative | grep -q ${prefix.replace(/:+$/, ':')} && exit 0; sleep 0.1; done; exit 1`;
  await w1?.output(['sh', '-c', waiting]);
  await w1?.output(['busybox', 'ping', '-6', '-c1', '-W2', `${prefix}1`]);

  assert.match((await run('create', '--yes', '--json')).stdout, /"changed":false/);
  const deleted = await run('delete', '--yes');
  assert.equal(deleted.exitCode, 0, deleted.stderr);
  assert.deepEqual(withoutPids(await look(mgr)), before);
  await foreignNames();
});

test('a dnsmasq that holds every address is refused, and stopped it serves the bridge until that goes', {
  timeout: 60_000,
}, async (t) => {
  const cluster = await makeCluster(t, { workers: 0 });
  if (cluster === undefined) return;
  const { mgr } = cluster;
  const { run, systemctl } = await withSystemd(cluster);
  await systemctl('enable', '--now', 'dnsmasq');
  const running = withoutPids(await look(mgr));
  const refused = await run('create', '--yes');
  assert.equal(refused.exitCode, 3, refused.stdout);
  assert.match(refused.stderr, /dnsmasq\.service \(pid \d+\).*\n.*systemctl disable --now dnsmasq/);
  assert.deepEqual(withoutPids(await look(mgr)), running);

  await systemctl('disable', '--now', 'dnsmasq');
  const before = withoutPids(await look(mgr));
  const made = await run('create', '--yes');
  assert.equal(made.exitCode, 0, made.stderr + made.stdout);
  assert.match(await mgr.output(['ls', '/run/stub']), /^dnsmasq\.active\ndnsmasq\.enabled$/m);
  assert.match((await run('create', '--yes', '--json')).stdout, /"changed":false/);
  assert.equal((await run('delete', '--yes')).exitCode, 0);
  assert.deepEqual(withoutPids(await look(mgr)), before);
  assert.doesNotMatch(await mgr.output(['ls', '/run/stub']), /^dnsmasq\.(active|enabled)$/m);
});

/** Debian's way of starting dnsmasq. */
const prepareSystemd = `mkdir -p /run/systemd/system /run/stub /etc/dnsmasq.d /etc/default
touch /run/stub/dnsmasq.installed
echo CONFIG_DIR=/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new > /etc/default/dnsmasq`;

/** Somebody's settings for the uplink side, with names and a lease. */
const prepareForeign = `printf 'interface=eth0\\nbind-dynamic\\ndhcp-range=203.0.113.10,203.0.113.99,12h\\n' > /etc/dnsmasq.d/lan.conf
echo '203.0.113.5 nas' >> /etc/hosts
mkdir -p /var/lib/misc
echo "$(( $(date +%s) + 9999 )) aa:bb:cc:dd:ee:01 203.0.113.10 printer *" > /var/lib/misc/dnsmasq.leases`;

const withoutPids = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/pid=\d+,fd=\d+/g, ''));

test('bad wishes, a taken port and a second piburn change nothing', { timeout: 60_000 }, async (t) => {
  const cluster = await makeCluster(t, { workers: 0 });
  if (cluster === undefined) return;
  const { mgr } = cluster;
  const before = await look(mgr);
  const dry = await bridge(mgr, 'create', '--dryrun');
  assert.equal(dry.exitCode, 0, dry.stderr);
  assert.match(dry.stdout, /\| dhcp-range=set:piburn,10\.1\.1\.2,10\.1\.1\.122/);
  assert.match(dry.stdout, /\$ nft -f \/etc\/piburn\/bridge\.nft/);
  const wrongs: readonly (readonly [string, number])[] = [
    ['--range=10.1.1.9-10.1.1.2', 2],
    ['--private=eth9', 2],
    ['--private=eth0', 3],
    ['--ip=203.0.113.9', 3],
    ['--json', 3], // nobody to ask
  ];
  for (const [wrong, code] of wrongs) assert.equal((await bridge(mgr, 'create', wrong)).exitCode, code, wrong);
  assert.deepEqual(await look(mgr), before);

  mgr.start(['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--port=53', '--user=root']);
  await mgr.output([
    'sh',
    '-c',
    'for i in $(seq 100); do ss -H -lunp | grep -q :53 && exit 0; sleep 0.05; done; exit 1',
  ]);
  const taken = await bridge(mgr, 'create', '--yes');
  assert.equal(taken.exitCode, 3);
  assert.match(taken.stderr, /port 53 \(DNS\) is taken on all addresses by dnsmasq \(pid \d+\)/);
  await mgr.output([
    'sh',
    '-c',
    'kill $(pidof dnsmasq); for i in $(seq 100); do pidof dnsmasq > /dev/null || exit 0; sleep 0.05; done; exit 1',
  ]);

  const both = await Promise.all([bridge(mgr, 'create', '--yes'), bridge(mgr, 'create', '--yes')]);
  assert.deepEqual(
    both.map(({ exitCode }) => exitCode),
    [0, 0],
    both.map(({ stderr }) => stderr).join(),
  );
  assert.equal(both.filter(({ stdout }) => stdout.includes('like this already')).length, 1, 'one waited for the other');
  assert.equal((await bridge(mgr, 'delete', '--yes')).exitCode, 0);
  assert.deepEqual(await look(mgr), before);
});
