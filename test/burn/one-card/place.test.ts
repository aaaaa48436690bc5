// Places on a card as they are typed, reports as they are compared, and changes as they are made to a node.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type Change, setHost, setIp, setKey, setWifi } from '../../../src/burn/one-card/changes.js';
import { compareWithReport } from '../../../src/burn/one-card/check.js';
import { parseCardPath } from '../../../src/burn/one-card/place.js';
import { PiburnError } from '../../../src/errors.js';
import type { BurnSummary, CardFacts, Node } from '../../../src/protocol.js';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGx3kPjYV4M2sGZMzPpZJtFDeMdZsOgTfX0j9ZQkN1Qd ann@laptop';

test('a place is split at the last colon before a path', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['/dev/sda:boot/cmdline.txt', '/dev/sda', 'boot/cmdline.txt'],
    ['card.img:root/etc/hostname', 'card.img', 'root/etc/hostname'],
    ['card.img:/etc/hostname', 'card.img', '/etc/hostname'],
    ['/dev/disk/by-path/pci-0:1-usb-0:2:boot/x', '/dev/disk/by-path/pci-0:1-usb-0:2', 'boot/x'],
    ['/dev/disk/by-path/pci-0:1-usb-0:2', '/dev/disk/by-path/pci-0:1-usb-0:2', ''],
    ['card.img:boot', 'card.img', 'boot'],
    [':root/etc', '/dev/sdz', 'root/etc'],
    ['card.img', 'card.img', ''],
  ];
  for (const [word, target, path] of cases) assert.deepEqual(parseCardPath(word, '/dev/sdz'), { target, path }, word);
});

test('a place without a card, or on no volume, is an error', () => {
  assert.throws(() => parseCardPath(':boot/x', undefined), { message: /names no card/ });
  assert.throws(() => parseCardPath('card.img:etc', undefined), { message: /names no place on a card/ });
});

const facts = (fields: Partial<CardFacts>): CardFacts => ({
  target: 'card.img',
  kind: 'file',
  flavour: 'cloudinit',
  flavourReason: 'a test',
  origin: 'piburn',
  foreignFiles: [],
  waiting: true,
  hostname: 'red001',
  addresses: ['10.1.1.2/24'],
  dns: [],
  search: [],
  keys: [],
  clusterHosts: 0,
  firstboot: false,
  notes: [],
  ...fields,
});

const report = (cards: readonly object[]) => ({ version: 1, cards }) as unknown as BurnSummary;

test('a card differs from a report in its name, its address, or in how its burn ended', () => {
  const good = { hostname: 'red001', address: '10.1.1.2/24', outcome: 'good' };
  const whatOf = (card: CardFacts, cards: readonly object[]) =>
    compareWithReport(card, report(cards)).map(({ what }) => what);
  assert.deepEqual(whatOf(facts({}), [good]), []);
  assert.deepEqual(whatOf(facts({ hostname: 'RED001' }), [good]), []);
  assert.deepEqual(whatOf(facts({ hostname: 'red009' }), [good]), ['host name']);
  assert.deepEqual(whatOf(facts({}), []), ['host name']);
  assert.deepEqual(whatOf(facts({ addresses: [] }), [good]), ['address']);
  assert.deepEqual(whatOf(facts({ addresses: ['10.1.1.2/16'] }), [good]), ['address']);
  assert.deepEqual(whatOf(facts({}), [{ hostname: 'red001', outcome: 'good' }]), ['address']);
  assert.deepEqual(whatOf(facts({}), [{ ...good, outcome: 'failed' }]), ['outcome']);
  assert.deepEqual(whatOf(facts({}), [{ ...good, outcome: 'failed' }, good]), []);
});

const bare: Node = { hostname: '', dns: [] };
const apply = (change: Change, node: Node = bare) => change({ node, flavour: 'cloudinit' }).node;

test('a change leaves everything else of the node as it was', () => {
  const node: Node = { ...bare, hostname: 'a', gateway: '10.1.1.1', dns: ['9.9.9.9'], timezone: 'UTC' };
  assert.deepEqual(apply(setHost('b'), node), { ...node, hostname: 'b' });
  assert.deepEqual(apply(setIp('10.1.1.9', {}), node), { ...node, ipv4: { address: '10.1.1.9', prefixLength: 24 } });
  const ipv6 = apply(setIp('fd00::9/48', { gateway: 'fd00::1', dns: ['fd00::1'] }), node);
  assert.deepEqual(ipv6, {
    ...node,
    ipv6: { address: 'fd00::9', prefixLength: 48 },
    gateway6: 'fd00::1',
    dns: ['fd00::1'],
  });
  const open = apply(setWifi({ ssid: 'net', hidden: false, country: 'DE' }), node);
  assert.deepEqual(open, { ...node, wifi: { ssid: 'net', hidden: false }, country: 'DE' });
  const secured = apply(setWifi({ ssid: 'IEEE', password: 'password', hidden: true }), node);
  // IEEE 802.11i, annex H.4.
  assert.equal(secured.wifi?.psk, 'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e');
});

test('a key is added to the keys of the user, on a booted Pi to those of its first user', () => {
  const change = setKey(key, '/nowhere');
  assert.deepEqual(apply(change).user, { name: 'pi', authorizedKeys: [key] });
  assert.deepEqual(apply(setKey(key, '/nowhere', 'bob')).user, { name: 'bob', authorizedKeys: [key] });
  const user = { name: 'ann', authorizedKeys: ['ssh-rsa AAAA x', key], passwordHash: '$6$x' };
  assert.deepEqual(apply(change, { ...bare, user }).user, user);
  const root = {
    node: { ...bare, user: { ...user, authorizedKeys: [] } },
    hasTraces: false,
    hasBooted: true,
    instances: [],
  };
  const booted = change({ node: bare, root, flavour: 'firstrun' });
  assert.deepEqual(booted.node.user, { ...user, authorizedKeys: [key] });
  assert.throws(() => setKey(key, '/nowhere', 'bob')({ node: { ...bare, user }, flavour: 'firstrun' }), PiburnError);
});

test('wrong values are refused before a card is looked at', () => {
  for (const make of [
    () => setHost('a b'),
    () => setIp('10.1.1.0/24', {}),
    () => setIp('10.1.1.2', { gateway: 'fd00::1' }),
    () => setKey('ssh-ed25519 AAAA', '/nowhere'),
    () => setWifi({ ssid: 'net', password: 'short', hidden: false }),
    () => setWifi({ ssid: 'net', hidden: false, country: 'UK' }),
  ]) {
    assert.throws(make, PiburnError);
  }
});
