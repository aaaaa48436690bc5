// What a formatted card gets: decided from its size, with names that its file system takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PiburnError } from '../../src/errors.js';
import { checkLabel, planLayout } from '../../src/medium/layout.js';

const MiB = 1024 * 1024;
const code = (expected: string) => (error: unknown) => error instanceof PiburnError && error.failure.code === expected;

test('cards up to 32 GB get FAT32 and larger ones exFAT, as the SD standard has it', () => {
  const plan = planLayout('/dev/sda', 31_914_983_424, {});
  assert.deepEqual(
    { ...plan, sizeBytes: plan.sizeBytes % MiB },
    { fileSystem: 'fat32', label: 'SDCARD', startBytes: 4 * MiB, sizeBytes: 0, type: 0x0c },
  );
  assert.ok(plan.startBytes + plan.sizeBytes <= 31_914_983_424);
  assert.ok(plan.startBytes + plan.sizeBytes > 31_914_983_424 - MiB);
  const large = planLayout('/dev/sda', 63_864_569_856, {});
  assert.deepEqual([large.fileSystem, large.type], ['exfat', 0x07]);
  assert.equal(planLayout('/dev/sda', 63_864_569_856, { fileSystem: 'fat32' }).fileSystem, 'fat32');
});

test('what is too small or too large for it is refused', () => {
  assert.throws(() => planLayout('x', 20 * MiB, {}), code('TOO_SMALL'));
  assert.throws(() => planLayout('x', 0, {}), code('TOO_SMALL'));
  assert.throws(() => planLayout('x', 3e12, {}), code('TOO_LARGE'));
});

test('a label is what its file system takes, or an error', () => {
  assert.equal(checkLabel('my-card_1', 'fat32'), 'MY-CARD_1');
  assert.equal(checkLabel('Grüße 日本', 'exfat'), 'Grüße 日本');
  for (const label of ['', ' ', 'TWELVE-CHARS', 'Grüße', 'a.b', 'a/b', ' A', 'A\u0007'])
    assert.throws(() => checkLabel(label, 'fat32'), code('LABEL'), label);
  for (const label of ['', 'twelve chars', 'a/b', 'a\u0007', '🍓🍓🍓🍓🍓🍓', 'a"b'])
    assert.throws(() => checkLabel(label, 'exfat'), code('LABEL'), label);
});
