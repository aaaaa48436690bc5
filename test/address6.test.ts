// IPv6 addresses as people type them, with Python's ipaddress as the second reader.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAnyHostAddress, parseHostAddress6, parseIpv6, sameNet6 } from '../src/address.js';
import { PiburnError } from '../src/errors.js';

test('an address with its prefix comes back in the one form of RFC 5952', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['fd00::2', 'fd00::2', 64],
    ['fd00::2/48', 'fd00::2', 48],
    ['FD00:0000:0000:0000:0000:0000:0000:0002/64', 'fd00::2', 64],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', 64],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', 64],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1', 64],
    ['fd00::192.0.2.33/96', 'fd00::c000:221', 96],
    ['1:2:3:4:5:6:7:8/128', '1:2:3:4:5:6:7:8', 128],
    ['fd00::/127', 'fd00::', 127],
    ['1::2:3:4:5:6:7', '1:0:2:3:4:5:6:7', 64],
  ];
  for (const [text, address, prefixLength] of cases) {
    assert.deepEqual(parseIpv6(text, '--ip6addr'), { address, prefixLength }, text);
  }
});

test('what is no address for a host is refused by name', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /no IPv6 address/],
    ['fd00', /no IPv6 address/],
    ['fd00::2::3', /no IPv6 address/],
    ['1:2:3:4:5:6:7', /no IPv6 address/],
    ['1:2:3:4:5:6:7:8:9', /no IPv6 address/],
    ['1:2:3:4:5:6:7::8', /no IPv6 address/],
    [':1:2:3:4:5:6:7', /no IPv6 address/],
    ['fd00::12345', /no IPv6 address/],
    ['fd00::g', /no IPv6 address/],
    ['fd00::1.2.3', /no IPv6 address/],
    ['fd00:1.2.3.4::', /no IPv6 address/],
    [' fd00::2', /no IPv6 address/],
    ['fe80::2%eth0', /interface of this machine/],
    ['::', /no address/],
    ['::1', /loopback/],
    ['ff02::1', /multicast/],
    ['::ffff:10.1.1.2', /IPv4 address in the clothes/],
    ['fe80::2', /link-local/],
    ['fd00::/64', /name of its network/],
    ['fd00:0:0:1::/64', /name of its network/],
    ['fd00::2/0', /prefix length/],
    ['fd00::2/129', /prefix length/],
    ['fd00::2/064', /prefix length/],
    ['fd00::2/', /prefix length/],
    ['fd00::2/64/64', /more than one/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseIpv6(text, '--ip6addr'),
      (error) => {
        assert.ok(error instanceof PiburnError, text);
        assert.deepEqual([error.failure.kind, error.failure.code], ['usage', 'ADDRESS']);
        assert.match(error.message, message, text);
        assert.ok(error.message.startsWith('--ip6addr: '));
        return true;
      },
    );
  }
});

test('a gateway may be link-local, else it is in the net', () => {
  const net = parseIpv6('fd00:0:0:1::2/64', '--ip6addr');
  for (const gateway of ['fd00:0:0:1::1', 'fe80::1', 'fd00:0:0:1:ffff::']) {
    assert.ok(sameNet6(net, parseHostAddress6(gateway, '--gateway6')), gateway);
  }
  for (const gateway of ['fd00:0:0:2::1', 'fd00::1', 'fec0::1']) assert.ok(!sameNet6(net, gateway), gateway);
  assert.ok(sameNet6({ address: 'fd00::2', prefixLength: 127 }, 'fd00::3'));
  assert.ok(!sameNet6({ address: 'fd00::2', prefixLength: 127 }, 'fd00::1'));
  assert.ok(!sameNet6({ address: 'fd00::2', prefixLength: 61 }, 'fd00:0:0:8::1'));
  assert.ok(sameNet6({ address: 'fd00::2', prefixLength: 61 }, 'fd00:0:0:7::1'));
});

test('a name server is of either family', () => {
  assert.equal(parseAnyHostAddress('9.9.9.9', '--dns'), '9.9.9.9');
  assert.equal(parseAnyHostAddress('2620:FE::FE', '--dns'), '2620:fe::fe');
  for (const text of ['fd00::53/64', '9.9.9', '::1', '127.0.0.1', 'dns.example.org']) {
    assert.throws(() => parseAnyHostAddress(text, '--dns'), /^PiburnError: --dns: /);
  }
});

test('Python reads the same address in every text', (t) => {
  if (spawnSync('python3', ['--version']).error) return t.skip('needs python3');
  const group = fc.oneof(
    fc.constantFrom('0', '0000', 'ffff', '1'),
    fc.integer({ min: 0, max: 65535 }).map((value) => value.toString(16)),
  );
  const groups = fc.array(group, { minLength: 0, maxLength: 8 });
  const shortened = fc.tuple(groups, groups).map(([before, after]) => `${before.join(':')}::${after.join(':')}`);
  const text = fc.oneof(
    fc.ipV6(),
    shortened,
    groups.map((all) => all.join(':')),
  );
  const texts = fc.sample(text, 2000);
  const script =
    'import ipaddress, json, sys\ndef read(t):\n try: return str(ipaddress.IPv6Address(t))\n except ValueError: return None\n' +
    'print(json.dumps([read(t) for t in json.load(sys.stdin)]))';
  const { stdout, stderr } = spawnSync('python3', ['-c', script], { input: JSON.stringify(texts), encoding: 'utf8' });
  assert.equal(stderr, '');
  const theirs: (string | null)[] = JSON.parse(stdout);
  for (const [index, each] of texts.entries()) {
    const expected = theirs[index] ?? 'none';
    // Addresses that no host has are refused by piburn and read by Python.
    assert.ok([expected, 'refused'].includes(ours(each)), `${each}: ${ours(each)} and ${expected}`);
  }
});

function ours(text: string): string {
  try {
    return parseHostAddress6(text, '--dns');
  } catch (error) {
    assert.ok(error instanceof PiburnError);
    return / is no IPv6 address/.test(error.message) ? 'none' : 'refused';
  }
}
