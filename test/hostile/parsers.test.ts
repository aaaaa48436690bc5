// Texts of programs among which somebody has put lines of their own: what is whole is read, the rest costs nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseLeases } from '../../src/bridge/use/leases.js';
import { readSystem } from '../../src/devices/describe.js';
import { PiburnError } from '../../src/errors.js';
import { expandHostlist } from '../../src/hostlist.js';
import { load, recorded } from '../devices/recorded.js';
import { runs } from './runs.js';

const byte = fc.nat(255);
const lease = fc.record({
  untilMs: fc.integer({ min: 1, max: 2_000_000_000 }).map((seconds) => seconds * 1000),
  mac: fc
    .tuple(byte, byte, byte, byte, byte, byte)
    .map((bytes) => bytes.map((each) => each.toString(16).padStart(2, '0')).join(':')),
  address: fc.tuple(fc.integer({ min: 1, max: 223 }), byte, byte, byte).map((bytes) => bytes.join('.')),
  name: fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/),
});
/** Lines that are no leases: too few words, numbers that are none, control characters. */
const junk = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', '').replace(/^duid /, '')),
  fc.constantFrom(
    '',
    '1 2 3 4',
    '99999999999999 aa:bb 10.1.1.1 a *',
    '0 zz:zz 10.1.1.1 a *',
    '0 aa:bb 10.1.1.256 a *',
    '\u0000',
  ),
);

test('every whole lease is read, whatever lines stand between them', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(lease, junk), { maxLength: 30 }), (lines) => {
      const whole = lines.flatMap((line) => (typeof line === 'object' ? [{ ...line }] : []));
      const text = lines.map((line) =>
        typeof line === 'string' ? line : `${line.untilMs / 1000} ${line.mac} ${line.address} ${line.name} *`,
      );
      assert.deepEqual(parseLeases(text.join('\n'), 0), whole);
    }),
    runs(200),
  );
});

const hostileWord = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom('\u001b[2J', '\u009b31m', '\u202edrac', ' a \n b ', '\u200b', '🍓'.repeat(100), '\ud800'),
  fc.anything(),
);

test('whatever lsblk says, names of disks are plain words of one line, and nothing that decides comes from it', async () => {
  const machine = recorded(load('pi-with-hub'));
  const honest = await readSystem(machine);
  const names = [...honest.devices.keys()];
  const row = fc.record({
    kname: fc.constantFrom(...names),
    name: hostileWord,
    vendor: hostileWord,
    model: hostileWord,
    serial: hostileWord,
    label: hostileWord,
    fstype: hostileWord,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 6 }), async (blockdevices) => {
      const facts = await readSystem({ ...machine, lsblk: async () => asJson({ blockdevices }) });
      assert.deepEqual([...facts.devices.keys()], names);
      for (const [name, device] of facts.devices) {
        const { title, vendor, model, label, fileSystem, serial = '' } = device;
        for (const word of [title, vendor, model, label, fileSystem, serial]) {
          assert.doesNotMatch(word, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
          assert.ok([...word].length <= 64);
        }
        const { kind, path, sizeBytes, removable, transport, holders } = honest.devices.get(name) ?? device;
        assert.deepEqual([device.kind, device.path, device.sizeBytes], [kind, path, sizeBytes]);
        assert.deepEqual([device.removable, device.transport, device.holders], [removable, transport, holders]);
      }
    }),
    runs(60),
  );
});

/** fast-check makes values that JSON does not know. */
const asJson = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each));

test('no pattern takes more than a moment to be refused, however much it would expand to', () => {
  const bracket = fc.constantFrom(
    '[1-99999]',
    '[000001-999999]',
    '[a-z]',
    '[1-2]',
    '[0-9007199254740991]',
    'x',
    ',',
    '[a,b]',
  );
  fc.assert(
    fc.property(fc.array(bracket, { minLength: 1, maxLength: 400 }), (pieces) => {
      try {
        assert.ok(expandHostlist(pieces.join(''), '--hostname').length <= 100_000);
      } catch (error) {
        assert.ok(error instanceof PiburnError && error.failure.code === 'HOSTLIST', String(error));
        assert.ok(error.message.length < 1000, `${error.message.length} characters`);
      }
    }),
    runs(150),
  );
});
