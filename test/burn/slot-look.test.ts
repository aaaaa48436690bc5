// A slot is found again by its reader, and by nothing else: recorded machines in which things are plugged about.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readerOf, type Slot } from '../../src/burn/slot.js';
import { pathNow } from '../../src/burn/slot-look.js';
import { readSystem, type SystemFacts } from '../../src/devices/describe.js';
import type { BlockDevice } from '../../src/devices/facts.js';
import { load, recorded } from '../devices/recorded.js';

const machine = () => readSystem(recorded(load('vm-readers')));

function slotOf(name: string, facts: SystemFacts): Slot {
  const device = facts.devices.get(name);
  assert.ok(device?.port !== undefined, `${name} has a port`);
  return { slot: 1, device: device.path, port: device.port, reader: readerOf(device) };
}

/** The same machine with other disks. */
const withDevices = (facts: SystemFacts, devices: readonly BlockDevice[]): SystemFacts => ({
  ...facts,
  devices: new Map(devices.map((device) => [device.name, device])),
});

const without = (facts: SystemFacts, name: string): BlockDevice[] =>
  [...facts.devices.values()].filter((device) => device.name !== name && device.parent !== name);

function changed(facts: SystemFacts, name: string, change: Partial<BlockDevice>): SystemFacts {
  const device = facts.devices.get(name);
  assert.ok(device !== undefined);
  return withDevices(facts, [...without(facts, name), { ...device, ...change }]);
}

test('a reader is found where it was', async () => {
  const facts = await machine();
  assert.equal(pathNow(slotOf('sda', facts), facts), '/dev/sda');
});

test('a reader that comes back under another name is the same slot', async () => {
  const facts = await machine();
  const slot = slotOf('sda', facts);
  const moved = changed(facts, 'sda', { name: 'sdq', path: '/dev/sdq', deviceNumber: '65:0' });
  assert.equal(pathNow(slot, moved), '/dev/sdq');
});

test('a reader that is away is nowhere, whatever else has taken its name', async () => {
  const facts = await machine();
  const slot = slotOf('sda', facts);
  assert.equal(pathNow(slot, withDevices(facts, without(facts, 'sda'))), undefined);
  const { port } = slotOf('sdb', facts);
  assert.ok(port !== undefined);
  assert.equal(pathNow(slot, changed(facts, 'sda', { port: `${port}-elsewhere` })), undefined);
});

test('something else in the same place is not the slot: a disk, another reader, another serial number', async () => {
  const facts = await machine();
  const slot = slotOf('sda', facts);
  for (const change of [{ removable: false }, { model: 'Portable SSD' }, { vendor: 'Other' }, { serial: 'X1' }])
    assert.equal(pathNow(slot, changed(facts, 'sda', change)), undefined, JSON.stringify(change));
});

test('in a card slot on the MMC bus the card may be any', async () => {
  const facts = await machine();
  const asMmc = changed(facts, 'sda', { transport: 'mmc', port: 'mmc-fe340000.mmc' });
  const slot = slotOf('sda', asMmc);
  assert.equal(pathNow(slot, changed(asMmc, 'sda', { model: 'SC64G', serial: '0x42' })), '/dev/sda');
});
