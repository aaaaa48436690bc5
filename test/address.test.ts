import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDistinct, checkHostname, parseHostAddress, parseIpv4, sameNet } from '../src/address.js';
import { PiburnError } from '../src/errors.js';
import { expandHostlist } from '../src/hostlist.js';

test('an address is read with its prefix length, which is 24 when it is left out', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['10.1.1.2', '10.1.1.2', 24],
    ['10.1.1.2/24', '10.1.1.2', 24],
    ['169.254.10.32', '169.254.10.32', 24],
    ['192.168.1.255/16', '192.168.1.255', 16],
    ['10.0.0.0/1', '10.0.0.0', 1],
    ['223.255.255.254/30', '223.255.255.254', 30],
  ];
  for (const [text, address, prefixLength] of cases) {
    assert.deepEqual(parseIpv4(text, '--ipaddr'), { address, prefixLength }, text);
  }
});

test('an address that no host can have is refused with its reason', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['10.1.1', /no IPv4 address/],
    ['10.1.1.2.3', /no IPv4 address/],
    ['10.1.1.256', /no IPv4 address/],
    ['10.1.1.02', /no IPv4 address/],
    ['10.1.1.+2', /no IPv4 address/],
    ['10.1.1. 2', /no IPv4 address/],
    ['10.1.1.2 ', /no IPv4 address/],
    ['0x0a.1.1.2', /no IPv4 address/],
    ['::1', /no IPv4 address/],
    ['', /no IPv4 address/],
    ['10.1.1.1-10.1.1.3', /no IPv4 address/],
    ['10.1.1.2/', /wrong prefix length/],
    ['10.1.1.2/024', /wrong prefix length/],
    ['10.1.1.2/33', /wrong prefix length/],
    ['10.1.1.2/-1', /wrong prefix length/],
    ['10.1.1.2/255.255.255.0', /wrong prefix length/],
    ['10.1.1.2/24/8', /more than one/],
    ['10.1.1.2/0', /whole internet/],
    ['10.1.1.2/31', /no room/],
    ['10.1.1.2/32', /no room/],
    ['10.1.1.0', /name of its network/],
    ['10.1.1.4/30', /name of its network/],
    ['10.1.1.255/24', /broadcast/],
    ['10.1.1.7/30', /broadcast/],
    ['0.1.1.2', /this network/],
    ['127.0.0.1', /loopback/],
    ['224.0.0.1', /multicast/],
    ['240.0.0.1', /reserved/],
    ['255.255.255.255', /reserved/],
  ];
  for (const [text, reason] of cases) {
    const failure = usageFailure(() => parseIpv4(text, '--ipaddr'));
    assert.equal(failure.code, 'ADDRESS');
    assert.match(failure.message, reason, text);
    assert.ok(failure.message.startsWith(`--ipaddr: '${text}' `), failure.message);
  }
});

test('a gateway and a name server have no prefix length', () => {
  assert.equal(parseHostAddress('10.1.1.1', '--gateway'), '10.1.1.1');
  assert.match(usageFailure(() => parseHostAddress('10.1.1.1/24', '--gateway')).message, /plain address/);
  assert.match(usageFailure(() => parseHostAddress('127.0.0.1', '--dns')).message, /loopback/);
  assert.match(usageFailure(() => parseHostAddress('8.8.8', '--dns')).message, /no IPv4 address/);
});

test('two addresses are in the same net exactly when their prefixes are equal', () => {
  const net = parseIpv4('10.1.1.2/30', '--ipaddr');
  assert.ok(sameNet(net, '10.1.1.1'));
  assert.ok(!sameNet(net, '10.1.1.5'));
  assert.ok(sameNet(parseIpv4('200.1.1.2/1', '--ipaddr'), '223.0.0.1'));
  assert.ok(!sameNet(parseIpv4('200.1.1.2/1', '--ipaddr'), '10.0.0.1'));
  assert.ok(!sameNet(net, 'nonsense'));
});

test('a pattern of addresses keeps its prefix length', () => {
  const addresses = expandHostlist('10.1.1.[2-4]/16', '--ipaddr').map((text) => parseIpv4(text, '--ipaddr'));
  assert.deepEqual(
    addresses.map((address) => `${address.address} ${address.prefixLength}`),
    ['10.1.1.2 16', '10.1.1.3 16', '10.1.1.4 16'],
  );
});

test('a host name is one label of letters, digits and hyphens', () => {
  for (const name of ['red001', 'a', 'Red-7', '7up', 'x'.repeat(63), 'a--b']) checkHostname(name, '--hostname');
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /empty/],
    ['x'.repeat(64), /64 characters/],
    ['red1.local', /dot/],
    ['red_1', /'_' is neither/],
    ['röd', /'ö' is neither/],
    ['-red', /hyphen/],
    ['red-', /hyphen/],
    ['007', /digits only/],
    ['LocalHost', /every machine/],
    ['red\n', /is neither/],
  ];
  for (const [name, reason] of cases) {
    const failure = usageFailure(() => checkHostname(name, '--hostname'));
    assert.equal(failure.code, 'HOSTNAME');
    assert.match(failure.message, reason, name);
    assert.match(failure.hint ?? '', /red001/);
  }
});

test('the same value twice is named with both its places', () => {
  checkDistinct(['10.1.1.1', '10.1.1.2'], 'address', '--ipaddr');
  checkDistinct(['/dev/disk/by-id/A', '/dev/disk/by-id/a'], 'device', '--device');
  const failure = usageFailure(() => checkDistinct(['red', 'blue', 'RED'], 'host name', '--hostname'));
  assert.equal(failure.code, 'DUPLICATE');
  assert.match(failure.message, /'RED' is used twice, as number 1 and number 3/);
});

function usageFailure(action: () => unknown): PiburnError['failure'] {
  try {
    action();
  } catch (error) {
    if (error instanceof PiburnError && error.exitCode === 2) return error.failure;
    throw error;
  }
  throw new Error('nothing was wrong');
}
