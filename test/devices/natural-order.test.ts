import assert from 'node:assert/strict';
import { test } from 'node:test';
import { naturally } from '../../src/devices/natural-order.js';

const ordered: readonly (readonly string[])[] = [
  ['loop0', 'loop1', 'loop2', 'loop10', 'loop11'],
  ['sda', 'sda1', 'sda2', 'sda10', 'sdb', 'sdb1'],
  ['platform-1.9', 'platform-1.9.1', 'platform-1.10'],
  ['', '0', '00', '01', '1', '2', '10', '18446744073709551616', '18446744073709551617', 'a'],
  ['mmcblk0', 'mmcblk0p1', 'mmcblk0p2', 'mmcblk0p10', 'mmcblk1'],
];

for (const names of ordered)
  test(`${names.join(' < ')}`, () => {
    for (const [at, name] of names.entries()) {
      assert.equal(naturally(name, name), 0, name);
      for (const later of names.slice(at + 1)) {
        assert.ok(naturally(name, later) < 0, `${name} < ${later}`);
        assert.ok(naturally(later, name) > 0, `${later} > ${name}`);
      }
    }
    assert.deepEqual(names.toReversed().toSorted(naturally), names);
  });
