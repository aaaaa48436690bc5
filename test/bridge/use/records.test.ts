// What dnsmasq and piburn have written down: leases, their history, and which bridge there is.

import assert from 'node:assert/strict';
import test from 'node:test';
import { paths } from '../../../src/bridge/plan/paths.js';
import { readHere } from '../../../src/bridge/use/here.js';
import { hostsOf, selectHosts } from '../../../src/bridge/use/hosts.js';
import { extendHistory, historyText, maxHistory, parseHistory } from '../../../src/bridge/use/lease-history.js';
import { parseLeases } from '../../../src/bridge/use/leases.js';
import { renderInfo } from '../../../src/report/bridge-use-text.js';
import { change, machines, recorded } from '../recorded.js';

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
  const here = { rangeFirst: '10.1.1.2', rangeLast: '10.1.1.122', ip: '10.1.1.1', private: 'eth0' };
  const lines = renderInfo({ here, history, traffic: {} }).split('\n');
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
