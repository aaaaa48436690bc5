// What dnsmasq and piburn have written down: leases, their history, and which bridge there is.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { paths, stateDirectory } from '../../../src/bridge/plan/paths.js';
import { liveBridgeSource } from '../../../src/bridge/source.js';
import { checkLease } from '../../../src/bridge/use/check-lease.js';
import { readHere } from '../../../src/bridge/use/here.js';
import { hostsOf, selectHosts } from '../../../src/bridge/use/hosts.js';
import { historyPath, keepHistoryLocked } from '../../../src/bridge/use/keep-history.js';
import {
  extendHistory,
  historyText,
  maxHistory,
  maxHistoryBytes,
  parseHistory,
} from '../../../src/bridge/use/lease-history.js';
import { parseLeases } from '../../../src/bridge/use/leases.js';
import { renderInfo } from '../../../src/report/bridge-use-text.js';
import { scratchFolder } from '../../native/scratch.js';
import { FakeSystem, Tree } from '../fake-system.js';
import { change, type Machine, machines, recorded, settings } from '../recorded.js';

const leaseMs = 12 * 3_600_000;
/** 2021-01-21 06:04:08 UTC */
const seedMs = 1_611_209_048_000;
const ends = (seedMs + leaseMs) / 1000;

const seedLeases = `${ends} dc:a6:32:e8:01:a3 10.1.1.84 red001 01:dc:a6:32:e8:01:a3
${ends} dc:a6:32:e7:f0:fb 10.1.1.12 red003 01:dc:a6:32:e7:f0:fb
${ends} dc:a6:32:e8:02:cd 10.1.1.22 red004 01:dc:a6:32:e8:02:cd
${ends} dc:a6:32:e8:06:21 10.1.1.39 red002 01:dc:a6:32:e8:06:21
duid 00:01:00:01:2d:0f:6e:1e:dc:a6:32:e8:01:a2
${ends} 854069667 fd12::84 red001 00:01:00:01:2d
`;

const conf = `# Made
interface=eth0
dhcp-range=set:piburn,10.1.1.2,10.1.1.122,255.255.255.0,12h
dhcp-option=tag:piburn,option:router,10.1.1.1
dhcp-option=tag:piburn,option:dns-server,10.1.1.1
domain=cluster,10.1.1.0/24
`;

test('leases are read as dnsmasq writes them: IPv4 only, and those that are over are gone', () => {
  const leases = parseLeases(seedLeases, seedMs);
  assert.deepEqual(
    leases.map(({ name }) => name),
    ['red001', 'red003', 'red004', 'red002'],
  );
  assert.deepEqual(leases[0], {
    untilMs: ends * 1000,
    mac: 'dc:a6:32:e8:01:a3',
    address: '10.1.1.84',
    name: 'red001',
    clientId: '01:dc:a6:32:e8:01:a3',
  });
  assert.deepEqual(parseLeases(seedLeases, ends * 1000), []);
  const odd = '0 06-AA:bb:cc:dd:ee:ff 10.1.1.9 * *\nnonsense\n12 x 10.1.1.3 a *\n';
  assert.deepEqual(parseLeases(odd, 0), [{ mac: 'aa:bb:cc:dd:ee:ff', address: '10.1.1.9' }]);
});

test('the history is shown as the seed shows it', () => {
  const zone = process.env['TZ'];
  process.env['TZ'] = 'UTC';
  const history = extendHistory([], parseLeases(seedLeases, seedMs), leaseMs, seedMs);
  const lines = renderInfo({ here: settings, history, traffic: {} }).split('\n');
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
  assert.deepEqual(lines.slice(1, -1), [
    '#',
    '# IP range: 10.1.1.2 - 10.1.1.122',
    '# Manager IP: 10.1.1.1',
    '#',
    '# # LEASE HISTORY #',
    '# 2021-01-21 06:04:08 dc:a6:32:e8:01:a3 10.1.1.84 red001 01:dc:a6:32:e8:01:a3',
    '# 2021-01-21 06:04:08 dc:a6:32:e7:f0:fb 10.1.1.12 red003 01:dc:a6:32:e7:f0:fb',
    '# 2021-01-21 06:04:08 dc:a6:32:e8:02:cd 10.1.1.22 red004 01:dc:a6:32:e8:02:cd',
    '# 2021-01-21 06:04:08 dc:a6:32:e8:06:21 10.1.1.39 red002 01:dc:a6:32:e8:06:21',
  ]);
});

test('the history grows by what is different only, and no further than its limit', () => {
  const first = extendHistory([], parseLeases(seedLeases, seedMs), leaseMs, seedMs);
  const renewed = parseLeases(seedLeases.replaceAll(String(ends), String(ends + 3600)), seedMs);
  assert.equal(extendHistory(first, renewed, leaseMs, seedMs), first, 'a renewal is nothing new');
  assert.deepEqual(extendHistory(first, [], leaseMs, seedMs), first, 'nor is a lease that ends');
  const moved = parseLeases(seedLeases.replace('10.1.1.84', '10.1.1.85'), seedMs);
  assert.deepEqual(
    extendHistory(first, moved, leaseMs, seedMs).map(({ address }) => address),
    ['10.1.1.84', '10.1.1.12', '10.1.1.22', '10.1.1.39', '10.1.1.85'],
  );
  assert.deepEqual(parseHistory(historyText(first)), first);
  const long = Array.from({ length: maxHistory }, (_, index) => ({
    sinceMs: 1000,
    mac: `m${index}`,
    address: '10.1.1.7',
  }));
  const full = extendHistory(long, moved, leaseMs, seedMs);
  assert.equal(full.length, maxHistory);
  assert.equal(full.at(-1)?.name, 'red002');
});

test('a machine with two client ids, which has two leases, makes the history no longer at every look', () => {
  const mac = 'dc:a6:32:e8:01:a3';
  const line = (address: string, id: string) => `${ends} ${mac} ${address} red001 ${id}\n`;
  const [first, second] = [line('10.1.1.84', `01:${mac}`), line('10.1.1.85', 'ff:00:01')];
  const look = (history: ReturnType<typeof parseHistory>, text: string) => [
    ...extendHistory(history, parseLeases(text, seedMs), leaseMs, seedMs),
  ];
  let history = look([], first);
  for (let looks = 0; looks < 5; looks += 1) history = look(history, looks % 2 === 0 ? first + second : second + first);
  assert.deepEqual(
    history.map(({ address }) => address),
    ['10.1.1.84', '10.1.1.85'],
  );
  history = look(look(look(history, second), first), second + first);
  assert.equal(history.length, 2, 'one that ends makes no news of the other');
  history = look(look(history, first.replace('10.1.1.84', '10.1.1.86')), first);
  assert.deepEqual(
    history.slice(2).map(({ address }) => address),
    ['10.1.1.86', '10.1.1.84'],
    'there and back again',
  );
  const twice = line('10.1.1.90', '*') + line('10.1.1.91', '*');
  history = look(look(history, twice), twice);
  assert.equal(history.length, 6, 'nor do two leases without any client id');
});

test('a history that is too long is cut at its beginning, and one that cannot be read is left alone', (t) => {
  const folder = scratchFolder(t);
  const id = `01:${'ab:'.repeat(80)}cd`;
  const lines = Array.from({ length: 12_000 }, (_, index) => `1611209048 m${index} 10.1.1.7 n${index} ${id}`);
  const text = `${lines.join('\n')}\n`;
  assert.ok(text.length > 2 * 1024 * 1024);
  writeFileSync(join(folder, 'history'), text);
  writeFileSync(join(folder, 'short'), 'no longer\n');
  assert.equal(liveBridgeSource.end(join(folder, 'history'), 1000), text.slice(-1000));
  assert.equal(liveBridgeSource.end(join(folder, 'short'), 1000), 'no longer\n');
  assert.equal(liveBridgeSource.end(folder, 1000), undefined);

  const written = (files: Machine['files'], directories: readonly string[] = []) => {
    const tree = new Tree();
    tree.put(`${stateDirectory}/x`, '');
    const machine = change(machines.container, { files, directories: [stateDirectory, ...directories] });
    const here = { ...settings, address: settings.ip, ipv4Net: '10.1.1.0/24', leaseMs };
    const access = { source: recorded(machine), system: new FakeSystem(tree) };
    keepHistoryLocked({ here, leases: parseLeases(seedLeases, seedMs) }, access);
    return tree.files.get(historyPath)?.text;
  };
  const cut = written({ [historyPath]: text })?.split('\n') ?? [];
  assert.ok(cut.length > 1000 && cut.join('\n').length <= maxHistoryBytes, String(cut.length));
  assert.equal(cut.at(-6), lines.at(-1), 'the newest of the old, then what is new');
  assert.equal(written({}, [historyPath]), undefined, 'something else has its place');
  assert.equal(written({ [historyPath]: historyText(parseHistory(written({}) ?? '')) }), undefined, 'nothing is new');
});

test('a check says when a host has another address than the one that is reserved', () => {
  const [seconds, mac, other] = [ends, 'dc:a6:32:e8:01:a3', 'dc:a6:32:00:00:0b'];
  const leases = parseLeases(
    `${seconds} ${mac} 10.1.1.84 red001 *\n${seconds} ${other} 10.1.1.9 red002 *\n${seconds} ${other} 10.1.1.8 * x\n`,
    seedMs,
  );
  const judge = (name: string, address: string, tied?: string) => {
    const reservations = [{ name, address, ...(tied !== undefined && { mac: tied }) }];
    const { state, detail } = checkLease(name, { file: { reservations, others: [] }, leases });
    return `${state}: ${detail}`;
  };
  const until = 'until 2021-01-21 18:04 UTC';
  assert.equal(judge('RED001', '10.1.1.84'), 'up: 10.1.1.84 is reserved, and leased to it');
  assert.equal(judge('red001', '10.1.1.2'), `down: 10.1.1.2 is reserved, but it has 10.1.1.84 ${until}`);
  assert.equal(judge('red003', '10.1.1.2'), 'up: 10.1.1.2 is reserved');
  assert.equal(
    judge('red003', '10.1.1.8'),
    `down: 10.1.1.8 is reserved, but leased to a host without a name (${other}) ${until}`,
  );
  assert.equal(
    judge('red002', '10.1.1.2', 'dc:a6:32:00:00:0c'),
    `down: 10.1.1.2 is reserved for dc:a6:32:00:00:0c, but the host that calls itself so has ${other}, and 10.1.1.9`,
  );
});

test('a plain user learns of the bridge from the files that everybody may read', async () => {
  const rules = 'table inet piburn {\n ip saddr 10.1.1.0/24 oifname "wlan0" masquerade\n}\n';
  const files = { [paths.dnsmasq]: conf, [paths.nft]: rules };
  const machine = change(machines.container, { files, directories: [paths.state] });
  const {
    address,
    prefixLength,
    ipv4Net,
    domain,
    uplink,
    state,
    leaseMs: time,
  } = (await readHere(recorded(machine))) ?? {};
  assert.deepEqual(
    [address, prefixLength, ipv4Net, domain, uplink, state, time],
    ['10.1.1.1', 24, '10.1.1.0/24', 'cluster', 'wlan0', undefined, leaseMs],
  );
  const leftover = change(machines.container, { files });
  assert.equal(await readHere(recorded(leftover)), undefined, 'files without a state are no bridge');
  assert.equal(await readHere(recorded(machines.container)), undefined);
});

test('hosts are those with a reservation and those with a lease, each once', async () => {
  const machine = change(machines.container, { files: { [paths.dnsmasq]: conf }, directories: [paths.state] });
  const here = await readHere(recorded(machine));
  assert.ok(here !== undefined);
  const reservations = [
    { name: 'red001', address: '10.1.1.84' },
    { name: 'red003', address: '10.1.1.3' },
    { name: 'static', address: '10.1.1.9' },
    { name: 'tied', address: '10.1.1.22', mac: 'dc:a6:32:e8:02:cd' },
  ];
  const hosts = hostsOf(
    { here, file: { reservations, others: [] }, leases: parseLeases(seedLeases, seedMs) },
    'red.example',
  );
  assert.deepEqual(
    hosts.map(({ name, address, reserved, lease }) => [name, address, reserved, lease?.address]),
    [
      ['red', '10.1.1.1', undefined, undefined],
      ['static', '10.1.1.9', '10.1.1.9', undefined],
      ['red003', '10.1.1.12', '10.1.1.3', '10.1.1.12'],
      ['tied', '10.1.1.22', '10.1.1.22', '10.1.1.22'],
      ['red002', '10.1.1.39', undefined, '10.1.1.39'],
      ['red001', '10.1.1.84', '10.1.1.84', '10.1.1.84'],
    ],
  );
  const selected = selectHosts(['RED', 'red001', 'red00'], hosts);
  assert.deepEqual([selected.hosts.map(({ name }) => name), selected.unknown], [['red', 'red001'], ['red00']]);
});
