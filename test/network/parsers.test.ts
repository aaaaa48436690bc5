// What other programs print about the network, recorded, and whatever else could stand there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePing } from '../../src/network/ask-host.js';
import { parseHosts } from '../../src/network/host-names.js';
import { parseDefaultRoutes, parseLinks, parseNeighbours } from '../../src/network/ip-json.js';
import { findVendors, isRaspberryPi } from '../../src/network/mac-vendors.js';
import { parseNmap } from '../../src/network/nmap-xml.js';
import { parseArpTable, parseIwLink, parseProcRoutes } from '../../src/network/without-ip.js';

/** iproute2 6.1, shortened by what nobody reads. */
const address =
  '[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK"],"operstate":"DOWN","link_type":"loopback","address":"00:00:00:00:00:00","addr_info":[]},' +
  '{"ifindex":2,"ifname":"br0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"operstate":"UP","link_type":"ether","address":"42:72:05:3a:fd:89",' +
  '"linkinfo":{"info_kind":"bridge"},"addr_info":[{"family":"inet","local":"10.77.1.1","prefixlen":25,"broadcast":"10.77.1.127","scope":"global","label":"br0"},' +
  '{"family":"inet6","local":"fe80::c02a:28ff:fee8:ac25","prefixlen":64,"scope":"link"}]},' +
  '{"ifindex":3,"ifname":"vb","flags":["BROADCAST","MULTICAST","UP"],"master":"br0","operstate":"DOWN","link_type":"ether","address":"9a:32:dd:fb:1d:02",' +
  '"linkinfo":{"info_kind":"veth","info_slave_kind":"bridge"},"addr_info":[]}]';

test('interfaces and their addresses are read from ip -json -details address', () => {
  const [lo, br0, vb] = parseLinks(address);
  assert.deepEqual(lo, { name: 'lo', isLoopback: true, isOn: false, isRunning: false, addresses: [] });
  assert.deepEqual(br0, {
    name: 'br0',
    kind: 'bridge',
    mac: '42:72:05:3a:fd:89',
    isLoopback: false,
    isOn: true,
    isRunning: true,
    addresses: [
      { family: 'ipv4', address: '10.77.1.1', prefixLength: 25, scope: 'global', broadcast: '10.77.1.127' },
      { family: 'ipv6', address: 'fe80::c02a:28ff:fee8:ac25', prefixLength: 64, scope: 'link' },
    ],
  });
  assert.equal(vb?.master, 'br0');
  assert.equal(vb?.isOn, true);
  assert.equal(vb?.isRunning, false, 'no carrier');
});

test('default routes are read with the one first that is taken first', () => {
  const text =
    '[{"dst":"default","gateway":"192.168.1.1","dev":"wlan0","protocol":"dhcp","metric":600,"flags":[]},' +
    '{"dst":"default","gateway":"10.1.1.1","dev":"eth0","metric":100,"flags":[]},' +
    '{"dst":"192.168.1.0/24","dev":"wlan0","protocol":"kernel","scope":"link","prefsrc":"192.168.1.12","flags":[]}]';
  assert.deepEqual(parseDefaultRoutes(text, 'ipv4'), [
    { family: 'ipv4', interfaceName: 'eth0', gateway: '10.1.1.1', metric: 100 },
    { family: 'ipv4', interfaceName: 'wlan0', gateway: '192.168.1.1', metric: 600 },
  ]);
  const several = '[{"dst":"default","nexthops":[{"gateway":"10.0.0.1","dev":"eth0","weight":1}]}]';
  assert.deepEqual(parseDefaultRoutes(several, 'ipv4'), [
    { family: 'ipv4', interfaceName: 'eth0', gateway: '10.0.0.1', metric: 0 },
  ]);
});

test('neighbours are read with and without Ethernet addresses', () => {
  const text =
    '[{"dst":"10.77.1.2","dev":"br0","lladdr":"12:11:DE:c5:7f:31","state":["REACHABLE"]},{"dst":"10.77.1.9","dev":"br0","state":["INCOMPLETE"]}]';
  assert.deepEqual(parseNeighbours(text), [
    { address: '10.77.1.2', interfaceName: 'br0', mac: '12:11:de:c5:7f:31', state: 'REACHABLE' },
    { address: '10.77.1.9', interfaceName: 'br0', state: 'INCOMPLETE' },
  ]);
  assert.deepEqual(parseNeighbours(''), [], 'older versions print nothing where there is nothing');
});

test("the kernel's own tables are read where ip is missing", () => {
  const route =
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n' +
    'wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n' +
    'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n';
  assert.deepEqual(parseProcRoutes(route), [
    { family: 'ipv4', interfaceName: 'eth0', gateway: '192.0.2.1', metric: 0 },
    { family: 'ipv4', interfaceName: 'wlan0', gateway: '192.168.1.1', metric: 600 },
  ]);
  const arp =
    'IP address       HW type     Flags       HW address            Mask     Device\n' +
    '192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0\n' +
    '192.0.2.9        0x1         0x0         00:00:00:00:00:00     *        eth0\n';
  assert.deepEqual(parseArpTable(arp), [
    { address: '192.0.2.1', interfaceName: 'eth0', state: 'REACHABLE', mac: '02:fc:00:00:00:05' },
    { address: '192.0.2.9', interfaceName: 'eth0', state: 'INCOMPLETE' },
  ]);
});

test('a wifi is read from iw', () => {
  const text =
    'Connected to 00:11:22:33:44:55 (on wlan0)\n\tSSID: Home net\n\tfreq: 5180\n\tsignal: -48 dBm\n\ttx bitrate: 433.3 MBit/s VHT-MCS 9\n';
  assert.deepEqual(parseIwLink(text), { ssid: 'Home net', speedMbps: 433.3 });
  assert.deepEqual(parseIwLink('Not connected.\n'), {});
});

test('an answer to a ping is one with an exit code of 0', () => {
  const stdout = '64 bytes from 10.77.1.2: icmp_seq=1 ttl=64 time=0.438 ms\n';
  assert.deepEqual(parsePing({ exitCode: 0, stdout }), { answered: true, latencyMs: 0.438 });
  assert.deepEqual(parsePing({ exitCode: 1, stdout: '1 packets transmitted, 0 received, time 0ms' }), {
    answered: false,
  });
  assert.deepEqual(parsePing({ exitCode: 0, stdout: '' }), { answered: true });
});

/** The table in the manual of cloudmesh-pi-burn, as the XML that nmap prints for it (as root: with Ethernet addresses). */
const seedRows = [
  ['Router', '192.168.1.1', 9200],
  ['iPhone', '192.168.1.4', 61_000],
  ['red01', '192.168.1.46', 7700],
  ['laptop', '192.168.1.78', 58_000],
  [undefined, '192.168.1.126', 140_000],
  ['red03', '192.168.1.158', 3700],
  ['red02', '192.168.1.199', 4600],
  ['red', '192.168.1.249', 210],
] as const;

const seedXml = (asRoot: boolean): string => {
  const hosts = seedRows.map(([name, ip, srtt], index) => {
    const mac = asRoot
      ? `<address addr="DC:A6:32:00:00:0${index}" addrtype="mac" vendor="Raspberry Pi Trading"/>\n`
      : '';
    const hostname = name === undefined ? '' : `<hostname name="${name}" type="PTR"/>\n`;
    return `<host><status state="up" reason="echo-reply" reason_ttl="64"/>\n<address addr="${ip}" addrtype="ipv4"/>\n${mac}<hostnames>\n${hostname}</hostnames>\n<times srtt="${srtt}" rttvar="5000" to="100000"/>\n</host>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n<?xml-stylesheet href="file:///usr/bin/../share/nmap/nmap.xsl" type="text/xsl"?>\n<nmaprun scanner="nmap" version="7.93" xmloutputversion="1.05">\n<verbose level="0"/>\n${hosts.join('')}<host><status state="down" reason="no-response" reason_ttl="0"/>\n<address addr="192.168.1.2" addrtype="ipv4"/>\n</host>\n<runstats><finished time="1795457924" elapsed="1.25" exit="success"/><hosts up="8" down="248" total="256"/>\n</runstats>\n</nmaprun>\n`;
};

test("the eight hosts of cloudmesh's manual are read from nmap, as a plain user and as root", () => {
  for (const asRoot of [false, true]) {
    const { hosts, isWhole } = parseNmap(seedXml(asRoot));
    assert.equal(isWhole, true);
    assert.deepEqual(
      hosts.map(({ name, address, latencyMs }) => [name, address, latencyMs]),
      seedRows.map(([name, ip, srtt]) => [name, ip, srtt / 1000]),
    );
    assert.equal(hosts[7]?.mac, asRoot ? 'dc:a6:32:00:00:07' : undefined);
    assert.equal(hosts[0]?.vendor, asRoot ? 'Raspberry Pi Trading' : undefined);
  }
});

test('what nmap had found before it broke off counts, and is not called whole', () => {
  const text = seedXml(true);
  const { hosts, isWhole } = parseNmap(text.slice(0, text.indexOf('192.168.1.78')));
  assert.deepEqual(
    hosts.map(({ address: each }) => each),
    ['192.168.1.1', '192.168.1.4', '192.168.1.46'],
  );
  assert.equal(isWhole, false);
  assert.equal(parseNmap(text.replace('</runstats>', '</wrong>')).isWhole, false);
  assert.deepEqual(parseNmap('Starting Nmap'), { hosts: [], isWhole: false });
});

test('vendors are found in the lists of the IEEE, nmap and arp-scan, the smallest block first', () => {
  const macs = ['dc:a6:32:01:02:03', '00:1b:c5:00:01:02', '02:00:00:00:00:01', 'aa:bb:cc:00:00:01'];
  const ieee =
    'OUI/MA-L                    Organization\r\ncompany_id\r\n\r\nDC-A6-32   (hex)\t\tRaspberry Pi Trading Ltd\r\nDCA632     (base 16)\t\tRaspberry Pi Trading Ltd\r\n\t\t\t\tCambridge\r\n';
  assert.deepEqual([...findVendors(ieee, macs)], [['dc:a6:32:01:02:03', 'Raspberry Pi Trading Ltd']]);
  const nmap =
    '# comment\n001BC5 IEEE Registration Authority\n001BC5000 Converging Systems\nDCA632 Raspberry Pi Trading\n020000 Nobody\n';
  assert.deepEqual(
    [...findVendors(nmap, macs)],
    [
      ['dc:a6:32:01:02:03', 'Raspberry Pi Trading'],
      ['00:1b:c5:00:01:02', 'Converging Systems'],
    ],
  );
  assert.equal(findVendors('DC:A6:32\tRaspberry Pi Trading Ltd\n', macs).size, 1);
});

test('a Raspberry Pi is known by its block, and by the name of its vendor', () => {
  for (const mac of ['b8:27:eb:00:00:01', 'DC:A6:32:00:00:01', 'd8:3a:dd:00:00:01', '2c:cf:67:00:00:01']) {
    assert.ok(isRaspberryPi(mac), mac);
  }
  assert.ok(isRaspberryPi('aa:bb:cc:00:00:01', 'Raspberry Pi (Trading) Ltd'));
  assert.ok(!isRaspberryPi('aa:bb:cc:dd:ca:63', 'Some Raspberry Pi Shop'));
  assert.ok(!isRaspberryPi('00:b8:27:eb:00:01'));
});

test('/etc/hosts gives the first name of every address', () => {
  const text =
    '127.0.0.1 localhost\n10.1.1.2\tred001 red001.local # the first\n10.1.1.2 other\n::1 six\n#10.1.1.3 red002\nnonsense\n';
  assert.deepEqual(
    [...parseHosts(text)],
    [
      ['127.0.0.1', 'localhost'],
      ['10.1.1.2', 'red001'],
    ],
  );
});

const parsers: readonly (readonly [name: string, parse: (text: string) => unknown])[] = [
  ['parseLinks', parseLinks],
  ['parseDefaultRoutes', (text) => parseDefaultRoutes(text, 'ipv4')],
  ['parseNeighbours', parseNeighbours],
  ['parseProcRoutes', parseProcRoutes],
  ['parseArpTable', parseArpTable],
  ['parseIwLink', parseIwLink],
  ['parseNmap', parseNmap],
  ['parseHosts', parseHosts],
  ['findVendors', (text) => findVendors(text, ['dc:a6:32:01:02:03'])],
];

test('no parser throws, whatever stands there', () => {
  const samples = [address, seedXml(true), 'eth0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000', 'DC-A6-32 (hex)\tX'];
  const damaged = fc
    .tuple(fc.constantFrom(...samples), fc.nat(2000), fc.nat(20), fc.string({ maxLength: 8 }))
    .map(([text, at, cut, insert]) => text.slice(0, at) + insert + text.slice(at + cut));
  for (const [name, parse] of parsers) {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), damaged), (text) => {
        assert.doesNotThrow(() => parse(text), name);
      }),
    );
  }
});
