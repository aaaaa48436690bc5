// Arithmetic on IPv4 networks: numbers, ranges, masks and order.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  compareAddresses,
  contains,
  hostCount,
  hostsOf,
  ipv4Number,
  ipv4Text,
  netmask,
  netOf,
  netOfChecked,
  netText,
  overlap,
  prefixLengthFor,
} from '../src/ipv4-net.js';

test('addresses and numbers are the same thing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => assert.equal(ipv4Number(ipv4Text(value)), value)),
  );
  for (const wrong of ['', '1.2.3', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1.2.3.x', ' 1.2.3.4']) {
    assert.equal(ipv4Number(wrong), undefined, wrong);
  }
});

test('a network holds its hosts, all of them, and nobody else', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 20, max: 32 }), (value, prefixLength) => {
      const net = netOf(ipv4Text(value), prefixLength);
      assert.ok(net !== undefined && contains(net, ipv4Text(value)));
      const hosts = hostsOf(net);
      assert.equal(hosts.length, hostCount(net));
      assert.equal(net.last, net.first + 2 ** (32 - prefixLength) - 1);
      assert.ok(hosts.every((host) => contains(net, host) && ipv4Number(host) !== undefined));
      assert.deepEqual(netOf(hosts[0] ?? '', prefixLength), net);
      assert.deepEqual(netOfChecked(ipv4Text(value), prefixLength), net);
      if (net.first > 0) assert.ok(!contains(net, ipv4Text(net.first - 1)));
      assert.equal(netText(net).split('/')[1], String(prefixLength));
    }),
  );
  assert.deepEqual([prefixLengthFor(4096), prefixLengthFor(254), prefixLengthFor(1)], [20, 24, 32]);
});

test('what is no network is none, and an address that nobody checked counts as 0.0.0.0', () => {
  for (const [address, length] of [
    ['nonsense', 24],
    ['10.1.1.1', 33],
    ['10.1.1.1', -1],
    ['10.1.1.1', 1.5],
  ] as const) {
    assert.equal(netOf(address, length), undefined, `${address}/${length}`);
  }
  assert.equal(netText(netOfChecked('nonsense', 8)), '0.0.0.0/8');
  assert.ok(!contains(netOfChecked('0.0.0.0', 0), 'nonsense'));
});

test('networks overlap when an address lies in both', () => {
  const net = netOfChecked('10.1.1.7', 24);
  for (const [address, length] of [
    ['10.1.1.0', 24],
    ['10.1.1.255', 32],
    ['10.0.0.0', 8],
    ['0.0.0.0', 0],
  ] as const) {
    assert.ok(overlap(net, netOfChecked(address, length)) && overlap(netOfChecked(address, length), net), address);
  }
  for (const [address, length] of [
    ['10.1.0.255', 32],
    ['10.1.2.0', 24],
    ['11.0.0.0', 8],
  ] as const) {
    assert.ok(!overlap(net, netOfChecked(address, length)) && !overlap(netOfChecked(address, length), net), address);
  }
});

test('a mask has as many ones as the prefix length says', () => {
  assert.deepEqual([0, 8, 24, 25, 30, 32].map(netmask), [
    '0.0.0.0',
    '255.0.0.0',
    '255.255.255.0',
    '255.255.255.128',
    '255.255.255.252',
    '255.255.255.255',
  ]);
});

test('addresses are sorted by number, and what is none comes last', () => {
  const sorted = ['10.1.1.2', '10.1.1.10', '200.0.0.1', 'nonsense'];
  assert.deepEqual(sorted.toReversed().toSorted(compareAddresses), sorted);
  assert.ok(compareAddresses('nonsense', '255.255.255.255') > 0 && compareAddresses('0.0.0.0', 'nonsense') < 0);
});
