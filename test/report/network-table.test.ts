// The network as people see it: the table of cloudmesh's manual, at several widths, with names that mean harm.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Neighbour, OwnInterface } from '../../src/protocol.js';
import { latencyText, renderInterfaces, renderNeighbours } from '../../src/report/network-table.js';
import { displayWidth } from '../../src/report/width.js';
import { assertHarmless } from './hostile.js';

const unlimited = { columns: Number.POSITIVE_INFINITY, color: false };
const neighbour = (name: string | undefined, address: string, latencyMs: number, more = {}): Neighbour => ({
  address,
  status: 'up',
  latencyMs,
  isRaspberryPi: false,
  isSelf: false,
  ...(name === undefined ? {} : { name }),
  ...more,
});
const wired = { kind: 'hardware', isDefault: false } as const;
const mac = 'dc:a6:32:01:02:03';
const rows: readonly Neighbour[] = [
  neighbour('Router', '192.168.1.1', 9.2, { mac: '00:11:22:33:44:55', vendor: 'CIMSYS Inc' }),
  neighbour('iPhone', '192.168.1.4', 61),
  neighbour('red01', '192.168.1.46', 7.7, { mac, isRaspberryPi: true }),
  neighbour('laptop', '192.168.1.78', 58),
  neighbour(undefined, '192.168.1.126', 140),
  neighbour('red', '192.168.1.249', 0.21, { mac, isRaspberryPi: true, isSelf: true }),
];

test("neighbours are shown as in cloudmesh's manual, with card and vendor", () => {
  assert.equal(
    renderNeighbours(rows, unlimited),
    [
      'Name     IP             Status  Latency   MAC                Vendor',
      'Router   192.168.1.1    up      0.0092s   00:11:22:33:44:55  CIMSYS Inc',
      'iPhone   192.168.1.4    up      0.061s    -                  -',
      'red01    192.168.1.46   up      0.0077s   dc:a6:32:01:02:03  Raspberry Pi',
      'laptop   192.168.1.78   up      0.058s    -                  -',
      'unknown  192.168.1.126  up      0.14s     -                  -',
      'red      192.168.1.249  up      0.00021s  dc:a6:32:01:02:03  Raspberry Pi, this machine',
    ].join('\n'),
  );
});

test('a latency has two digits and no exponent', () => {
  const texts = [0, 0.00004, 0.21, 7.71, 10, 999.9, 1234, 65_000, Number.NaN, -1, undefined].map(latencyText);
  const expected = ['0.000001s', '0.000001s', '0.00021s', '0.0077s', '0.01s', '1s', '1.2s', '65s', '-', '-', '-'];
  assert.deepEqual(texts, expected);
});

test('own addresses are shown with their net, gateway and link', () => {
  const interfaces: readonly OwnInterface[] = [
    {
      ...wired,
      name: 'wlan0',
      link: 'up',
      mac,
      isWifi: true,
      ssid: 'Home\u001b[31m net',
      speedMbps: 433.3,
      addresses: [
        {
          family: 'ipv4',
          address: '192.168.1.12',
          prefixLength: 24,
          broadcast: '192.168.1.255',
          gateway: '192.168.1.1',
        },
        { family: 'ipv6', address: '2001:db8::12', prefixLength: 64 },
      ],
    },
    { ...wired, name: 'eth0', link: 'no-carrier', speedMbps: 1000, addresses: [] },
  ];
  assert.equal(
    renderInterfaces(interfaces, unlimited),
    [
      'Label  Local            Broadcast      Gateway      MAC                Link',
      'wlan0  192.168.1.12/24  192.168.1.255  192.168.1.1  dc:a6:32:01:02:03  up, 433 Mbit/s, wifi Home[31m net',
      'wlan0  2001:db8::12/64  -              -            dc:a6:32:01:02:03  up, 433 Mbit/s, wifi Home[31m net',
      'eth0   -                -              -            -                  no carrier',
    ].join('\n'),
  );
});

test('a table fits any terminal, and addresses stay while there is room', () => {
  for (let columns = 1; columns < 90; columns += 1) {
    const lines = renderNeighbours(rows, { columns, color: false }).split('\n');
    assert.ok(
      lines.every((line) => displayWidth(line) <= columns),
      `${columns} columns`,
    );
    if (columns >= 13) assert.ok(lines.at(-1)?.includes('192.168.1.249'), `${columns} columns`);
  }
  assert.equal(renderNeighbours([], unlimited), '');
});

test('Raspberry Pis are green where there is colour', () => {
  const text = renderNeighbours(rows, { columns: 100, color: true });
  assert.ok(text.includes('\u001b[32mRaspberry Pi\u001b[0m'));
  assert.ok(!text.includes('\u001b[32mCIMSYS'));
});

test('names, vendors and wifis from outside do no harm', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 40 });
  fc.assert(
    fc.property(anything, fc.integer({ min: 20, max: 200 }), (text, columns) => {
      const row = neighbour(text, '10.1.1.1', 1, { vendor: text, mac: text });
      const own: OwnInterface = {
        ...wired,
        name: text,
        link: 'up',
        ssid: text,
        isWifi: true,
        mac: text,
        addresses: [],
      };
      for (const shown of [
        renderNeighbours([row], { columns, color: false }),
        renderInterfaces([own], { columns, color: false }),
      ]) {
        assert.equal(shown.split('\n').length, 2);
        for (const line of shown.split('\n')) assertHarmless(line);
      }
    }),
  );
});
