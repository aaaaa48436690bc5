// Wishes for reservations → what there shall be, or why not. The cases are those that cloudmesh's `bridge set` got wrong,
// and those that it let through.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseReservations, reservationText } from '../../../src/bridge/use/reservations.js';
import { type Ground, namesText, planRemoval, planReservations } from '../../../src/bridge/use/reserve.js';
import { PiburnError } from '../../../src/errors.js';
import { given } from '../../../src/given.js';
import type { DhcpLease, Reservation } from '../../../src/protocol.js';
import { settings } from '../recorded.js';

const macs = { a: 'dc:a6:32:00:00:0a', b: 'dc:a6:32:00:00:0b' } as const;

const ground = (reservations: readonly Reservation[] = [], leases: readonly DhcpLease[] = []): Ground => ({
  settings,
  hostname: 'red',
  reservations,
  leases,
});

const of = (name: string, address: string, mac?: string): Reservation => ({ name, address, ...given({ mac }) });
const lease = (address: string, mac: string, name?: string): DhcpLease => ({
  untilMs: 1_611_209_048_000,
  mac,
  address,
  ...given({ name }),
});

function refused(code: string, words: RegExp, wishes: readonly Reservation[], where: Ground = ground()): void {
  assert.throws(
    () => planReservations(wishes, where),
    (error: unknown) => {
      assert.ok(error instanceof PiburnError);
      assert.equal(error.failure.code, code);
      assert.match(error.failure.message, words);
      assert.equal(error.exitCode, 2);
      return true;
    },
  );
}

test('an address that only begins like another one is free', () => {
  const plan = planReservations([of('red002', '10.1.1.2')], ground([of('red020', '10.1.1.20')]));
  assert.deepEqual(plan.changed, [of('red002', '10.1.1.2')]);
});

test('a name that only begins like another one is another host', () => {
  const plan = planReservations([of('red00', '10.1.1.5')], ground([of('red002', '10.1.1.2')]));
  assert.deepEqual(plan.reservations, [of('red002', '10.1.1.2'), of('red00', '10.1.1.5')]);
});

test('the same host with the same address is no conflict, and no change', () => {
  const plan = planReservations([of('red002', '10.1.1.2')], ground([of('red002', '10.1.1.2', macs.a)]));
  assert.deepEqual(plan.changed, []);
  assert.deepEqual(plan.reservations, [of('red002', '10.1.1.2', macs.a)], 'its MAC address stays');
});

test('several hosts change at once, even if they swap their addresses', () => {
  const before = [of('red001', '10.1.1.2'), of('red002', '10.1.1.3'), of('red003', '10.1.1.4')];
  const plan = planReservations([of('RED001', '10.1.1.3'), of('red002', '10.1.1.2')], ground(before));
  assert.deepEqual(plan.changed, [of('RED001', '10.1.1.3'), of('red002', '10.1.1.2')]);
  assert.deepEqual(plan.reservations, [of('red003', '10.1.1.4'), of('RED001', '10.1.1.3'), of('red002', '10.1.1.2')]);
});

test('one address for two hosts, one host twice and one MAC address twice are refused', () => {
  refused('DUPLICATE', /address '10\.1\.1\.5' is used twice/, [of('a', '10.1.1.5'), of('b', '10.1.1.5')]);
  refused('DUPLICATE', /host name 'A' is used twice/, [of('a', '10.1.1.5'), of('A', '10.1.1.6')]);
  const twice = [of('a', '10.1.1.5', macs.a), of('b', '10.1.1.6', macs.a.toUpperCase())];
  refused('DUPLICATE', /given to both a and b/, twice);
});

test('what no host of the bridge can have is refused', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['10.1.1.1', /10\.1\.1\.1 \(for a\) is the address of this machine/],
    ['10.1.2.5', /outside the bridge's network 10\.1\.1\.0\/24/],
    ['10.1.1.0', /name of the network/],
    ['10.1.1.255', /broadcast address/],
  ];
  for (const [address, words] of cases) refused('RESERVATION_CONFLICT', words, [of('a', address)]);
  refused('ADDRESS', /no IPv4 address/, [of('a', '10.1.1')]);
  refused('ADDRESS', /no IPv4 address/, [of('a', '10.1.1.5\n10.1.1.6')]);
  refused('HOSTNAME', /no host name/, [of('a,set:x', '10.1.1.5')]);
  refused('HOSTNAME', /no host name/, [of('-oProxyCommand', '10.1.1.5')]);
  refused('MAC', /no MAC address/, [of('a', '10.1.1.5', 'dc:a6:32:00:00')]);
  refused('MAC', /no MAC address/, [of('a', '10.1.1.5', '01:00:5e:00:00:01')]);
  refused('RESERVATION_CONFLICT', /Red is the name of this machine/, [of('Red', '10.1.1.5')]);
});

test('a conflict names the other side', () => {
  const reserved = ground([of('red001', '10.1.1.5', macs.a)]);
  refused('RESERVATION_CONFLICT', /10\.1\.1\.5 \(for b\) is reserved for red001/, [of('b', '10.1.1.5')], reserved);
  const wish = [of('b', '10.1.1.6', macs.a)];
  refused('RESERVATION_CONFLICT', /dc:a6:32:00:00:0a \(for b\) is the MAC address of red001/, wish, reserved);
});

test('an address that another host has leased is refused, and the host named', () => {
  const words = /10\.1\.1\.5 \(for b\) is leased to a \(dc:a6:32:00:00:0a\) until 2021-01-21 06:04 UTC/;
  const leased = ground([], [lease('10.1.1.5', macs.a, 'a')]);
  refused('RESERVATION_CONFLICT', words, [of('b', '10.1.1.5')], leased);
  refused('RESERVATION_CONFLICT', /leased to b \(dc:a6:32:00:00:0a\)/, [of('b', '10.1.1.5', macs.b)], {
    ...leased,
    leases: [lease('10.1.1.5', macs.a, 'b')],
  });
  const nameless = ground([], [lease('10.1.1.5', macs.a)]);
  refused('RESERVATION_CONFLICT', /leased to a host without a name/, [of('b', '10.1.1.5')], nameless);
  assert.equal(planReservations([of('b', '10.1.1.5', macs.a)], nameless).changed.length, 1, 'its MAC address was said');
  assert.equal(planReservations([of('A', '10.1.1.5')], leased).changed.length, 1, 'it is the host itself');
});

test('a host that has another address now is named, and keeps its name for that one until it moves', () => {
  const leases = [lease('10.1.1.77', macs.a, 'a')];
  const plan = planReservations([of('a', '10.1.1.5'), of('b', '10.1.1.6')], ground([], leases));
  assert.deepEqual(
    plan.moving.map(({ name, address, lease: now }) => [name, address, now.address]),
    [['a', '10.1.1.5', '10.1.1.77']],
  );
  assert.equal(namesText(plan.reservations, leases), '10.1.1.6\tb\n');
  assert.equal(namesText(plan.reservations, [lease('10.1.1.5', macs.a, 'a')]), '10.1.1.5\ta\n10.1.1.6\tb\n');
});

test('a removal takes exactly the named hosts', () => {
  const before = [of('red00', '10.1.1.5'), of('red002', '10.1.1.2')];
  assert.deepEqual(planRemoval(['RED00', 'red9'], before), { reservations: [before[1]], removed: [before[0]] });
  assert.throws(() => planRemoval(['red*'], before), PiburnError);
});

test('reservations come back from their file, and lines of others stay', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/);
  const address = fc.integer({ min: 2, max: 254 }).map((last) => `10.1.1.${last}`);
  const mac = fc.option(fc.constantFrom(macs.a, macs.b), { nil: undefined });
  const reservation = fc.tuple(name, address, mac).map((fields) => of(...fields));
  fc.assert(
    fc.property(fc.array(reservation), (reservations) => {
      const others = ['# by hand', 'dc:a6:32:00:00:01,set:blue,10.1.1.9,1h', 'x,y,10.1.1.3'];
      const read = parseReservations(reservationText({ reservations, others }));
      assert.deepEqual(read.others, others);
      const sorted = (list: readonly Reservation[]) => list.map((each) => JSON.stringify(each)).toSorted();
      assert.deepEqual(sorted(read.reservations), sorted(reservations));
    }),
  );
  assert.equal(
    reservationText({ reservations: [of('b', '10.1.1.10'), of('a', '10.1.1.9', macs.a)], others: [] }),
    `${macs.a},a,10.1.1.9\nb,10.1.1.10\n`,
  );
});
