// What is written for other programs, judged by them: units by systemd, connections by NetworkManager's words.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'node:test';
import { readFacts } from '../../src/bridge/facts.js';
import { planCreate } from '../../src/bridge/plan/create.js';
import { paths } from '../../src/bridge/plan/paths.js';
import { scratchFolder } from '../native/scratch.js';
import { change, type Machine, machines, recorded, withDnsmasq } from './recorded.js';

async function fileOf(machine: Machine, path: string): Promise<string> {
  const plan = planCreate({ ipv6: 'nat' }, await readFacts(recorded(machine)));
  const texts = plan.steps.flatMap(({ step }) => (step.kind === 'file' && step.path === path ? [step.text] : []));
  assert.equal(texts.length, 1, path);
  return texts[0] ?? '';
}

/** systemd, and nobody who manages interfaces: the unit sets the address too. */
const plain = change(machines.container, { directories: ['/run/systemd/system'] });
const otherFolder = change(withDnsmasq(plain), { files: { '/etc/default/dnsmasq': '' } });

test('systemd finds nothing wrong with our units', async (t) => {
  if (spawnSync('systemd-analyze', ['--version']).error !== undefined) return t.skip('systemd-analyze is missing');
  const folder = scratchFolder(t);
  mkdirSync(join(folder, 'bin'));
  const units: readonly (readonly [Machine, string])[] = [
    [machines.networkd, paths.unit],
    [plain, paths.unit],
    [otherFolder, paths.dnsmasqUnit],
  ];
  for (const [machine, path] of units) {
    const unit = join(folder, basename(path));
    writeFileSync(unit, await fileOf(machine, path));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
    const about = stderr.split('\n').filter((line) => line.includes('piburn') && !line.includes('not executable'));
    assert.deepEqual(about, [], `${path} (${status})`);
  }
});

test('the unit sets the address where nobody else does', async () => {
  assert.match(
    await fileOf(plain, paths.unit),
    /^ExecStart=-\/usr\/sbin\/ip address replace 10\.1\.1\.1\/24 dev eth0$/m,
  );
  assert.doesNotMatch(await fileOf(machines.networkd, paths.unit), /ip address/);
});

test('nothing is forwarded before the rules are loaded, and a reload of nftables brings them back', async () => {
  const text = await fileOf(plain, paths.unit);
  const runs = [...text.matchAll(/^ExecStart=(.*)$/gm)].map(([, words]) => words);
  assert.equal(runs[0], '/usr/sbin/nft -f /etc/piburn/bridge.nft', 'what fails here ends it');
  assert.ok(runs.indexOf('/usr/sbin/sysctl -w net/ipv4/ip_forward=1') > 0);
  assert.ok(
    runs.filter((words) => words?.includes('/ip ')).every((words) => words?.startsWith('-')),
    'an adapter may be unplugged',
  );
  assert.match(text, /^ReloadPropagatedFrom=nftables\.service$/m);
  assert.match(text, /^ExecReload=\/usr\/sbin\/nft -f \/etc\/piburn\/bridge\.nft$/m);
  const managed = await fileOf(machines.bookworm, paths.unit);
  assert.match(managed, /^Before=network-pre\.target$/m, 'the rules are there before any interface is up');
  assert.match(await fileOf(machines.bookworm, paths.sysctl), /^net\/ipv4\/ip_forward = 1$/m);
});

test('each network manager is told the address in its own words', async () => {
  const keyfile = await fileOf(machines.bookworm, paths.networkManager);
  for (const line of ['interface-name=eth0', 'address1=10.1.1.1/24', 'never-default=true', 'method=manual']) {
    assert.ok(keyfile.split('\n').includes(line), line);
  }
  assert.match(await fileOf(machines.networkd, paths.networkd), /^\[Match\]\nName=eth0$/m);
  assert.match(await fileOf(machines.networkd, paths.networkd), /^Address=10\.1\.1\.1\/24\nAddress=fd.*::1\/64$/m);
  assert.match(await fileOf(machines.bullseye, paths.dhcpcd), /^interface eth0\nstatic ip_address=10\.1\.1\.1\/24$/m);
  assert.match(
    await fileOf(machines.ifupdown, paths.ifupdown),
    /^auto eth0\niface eth0 inet static\n {4}address 10\.1\.1\.1\/24$/m,
  );
});
