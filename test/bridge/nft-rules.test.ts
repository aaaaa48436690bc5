// What our table for nftables lets through, as text. Whether the kernel does so too: closed.test.ts.

import assert from 'node:assert/strict';
import test from 'node:test';
import { nftRules } from '../../src/bridge/plan/nft-rules.js';
import { paths } from '../../src/bridge/plan/paths.js';
import type { BridgeState } from '../../src/bridge/plan/types.js';
import { settings } from './recorded.js';

type Facts = Parameters<typeof nftRules>[1];

const uplinked = { ...settings, uplink: 'wlan0' };
const ipv6 = { prefix: 'fd12:3456:789a::', address: 'fd12:3456:789a::1', mode: 'routed' } as const;
const facts = (forwards: '0' | '1', more: Partial<Facts> = {}): Facts => ({
  sysctl: { 'net/ipv4/ip_forward': forwards, 'net/ipv6/conf/all/forwarding': forwards },
  files: {},
  hasForeignForward: false,
  ...more,
});
/** The rules of a chain, one on a line. */
const chain = (name: string, wishes: typeof uplinked, now: Facts): string[] => {
  const text = nftRules(wishes, now)?.split(`chain ${name} {`)[1]?.split('}')[0] ?? '';
  return text.trim().split(/\n\s*/).slice(1);
};
const isClosed = (now: Facts, family = 'ipv4'): boolean =>
  chain('forward', { ...uplinked, ...(family === 'ipv6' && { ipv6 }) }, now).includes(`meta nfproto ${family} drop`);

test('only the cluster goes out, only answers come in, and nothing else is opened', () => {
  const common = [
    'iifname "eth0" oifname "eth0" accept',
    'iifname "eth0" oifname "wlan0" ip saddr 10.1.1.0/24 accept',
    'iifname "eth0" drop',
    'oifname "eth0" ct state established,related accept',
    'oifname "eth0" drop',
  ];
  assert.deepEqual(chain('forward', uplinked, facts('1')), common);
  assert.deepEqual(chain('forward', uplinked, facts('0')), [...common, 'meta nfproto ipv4 drop']);
  assert.deepEqual(chain('postrouting', uplinked, facts('0')), ['ip saddr 10.1.1.0/24 oifname "wlan0" masquerade']);
  const both = chain('forward', { ...uplinked, ipv6 }, facts('0'));
  assert.deepEqual(both.slice(2, 4), [
    'iifname "eth0" oifname "wlan0" ip6 saddr fd12:3456:789a::/64 accept',
    'iifname "eth0" drop',
  ]);
  assert.deepEqual(both.slice(-2), ['meta nfproto ipv4 drop', 'meta nfproto ipv6 drop']);
  assert.equal(nftRules(settings, facts('0')), undefined, 'without an uplink nothing is forwarded');
});

test('what was not forwarded before the bridge stays closed at every later create, until others have rules for it', () => {
  const before = (value: string): BridgeState => ({
    version: 1,
    phase: 'made',
    settings: uplinked,
    entries: (['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'] as const).map((key) => ({
      step: { kind: 'sysctl', id: `sysctl:${key}`, sentence: key, key, value: '1' },
      isDone: true,
      value,
    })),
  });
  for (const family of ['ipv4', 'ipv6'] as const) {
    assert.equal(isClosed(facts('1', { state: before('0') }), family), true);
    assert.equal(isClosed(facts('1', { state: before('1') }), family), false);
    assert.equal(isClosed(facts('1', { state: before('0'), hasForeignForward: true }), family), false);
  }
  assert.equal(isClosed(facts('0', { hasForeignForward: true })), false);
  const text = nftRules(uplinked, facts('0')) ?? '';
  const lost = facts('1', { files: { [paths.nft]: { text, mode: 0o644 } } });
  assert.equal(isClosed(lost), true, 'the state was lost, and it is our own doing that this machine forwards');
});
