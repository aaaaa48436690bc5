// What an order takes from its surroundings, and what it refuses before anything is looked at.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CreateOptions } from '../../src/burn/options.js';
import { orderCreate } from '../../src/burn/order.js';
import { PiburnError } from '../../src/errors.js';

const bridge = { address: '10.1.1.1', prefixLength: 24 };

/** Gateways and name servers of the nodes that would be burned beside a bridge. */
const routes = (options: CreateOptions) =>
  orderCreate({ image: 'a.img', otherwise: { bridge }, ...options }).nodes?.map(({ hostname, gateway, dns }) => [
    hostname,
    gateway,
    dns.join(' '),
  ]);

test('a wired node in the net of the bridge has it as gateway and name server', () => {
  assert.deepEqual(routes({ hostname: 'red[1-2]', ipaddr: '10.1.1.[2-3]' }), [
    ['red1', '10.1.1.1', '10.1.1.1'],
    ['red2', '10.1.1.1', '10.1.1.1'],
  ]);
});

test('what is said counts more than the bridge', () => {
  assert.deepEqual(routes({ hostname: 'red', ipaddr: '10.1.1.2', gateway: '10.1.1.254', dns: ['9.9.9.9'] }), [
    ['red', '10.1.1.254', '9.9.9.9'],
  ]);
  assert.deepEqual(routes({ hostname: 'red', ipaddr: '10.1.1.2', dns: ['9.9.9.9'] }), [['red', '10.1.1.1', '9.9.9.9']]);
});

test('nodes in other nets, by DHCP, by Wi-Fi, and the manager itself have nothing of the bridge', () => {
  const none = [['red', undefined, '']];
  assert.deepEqual(routes({ hostname: 'red', ipaddr: '10.1.2.2' }), none);
  assert.deepEqual(routes({ hostname: 'red' }), none);
  assert.deepEqual(routes({ hostname: 'red', ipaddr: '10.1.1.2', interface: 'wlan0' }), none);
  assert.deepEqual(routes({ hostname: 'red', ipaddr: '10.1.1.1' }), none);
  assert.deepEqual(routes({ hostname: 'red', ipaddr: '10.1.1.2', otherwise: {} }), none);
});

const wrong: readonly (readonly [what: string, options: CreateOptions, code: string])[] = [
  ['more targets than nodes', { device: './a,./b', hostname: 'red' }, 'COUNT_MISMATCH'],
  ['no card at a time', { hostname: 'red', jobs: 0 }, 'COUNT'],
  ['a limit to waiting without --auto', { hostname: 'red', waitMs: 1000 }, 'OPTION_WITHOUT_EFFECT'],
  ['a list of targets with two spaces', { hostname: 'red', device: 'slot  1' }, 'HOSTLIST'],
];

for (const [what, options, code] of wrong)
  test(`${what}: ${code}`, () => {
    assert.throws(
      () => orderCreate({ image: 'a.img', ...options }),
      (error) => error instanceof PiburnError && error.failure.code === code,
    );
  });

test('targets may be slots and labels, with spaces in them', () => {
  const { devices } = orderCreate({ image: 'a.img', hostname: 'red[1-4]', device: 'slot [1-2],left 2,/dev/sdx' });
  assert.deepEqual(devices, ['slot 1', 'slot 2', 'left 2', '/dev/sdx']);
});
