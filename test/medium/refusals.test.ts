// What must not be erased or ejected is refused from what the system says of it, before anything is opened or asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSystem } from '../../src/devices/describe.js';
import { PiburnError } from '../../src/errors.js';
import { eject } from '../../src/medium/eject.js';
import { format } from '../../src/medium/format.js';
import { probe } from '../../src/medium/probe.js';
import { type Allowances, inspectTarget } from '../../src/medium/target.js';
import { load, recorded } from '../devices/recorded.js';

const allowed = { allowFixed: false, allowLarge: false, unmount: false };
const everything = { allowFixed: true, allowLarge: true, unmount: true };
const untouched = async (): Promise<never> => assert.fail('a refused disk was asked about, opened or worked on');
const refusedAs = (code: string) => (error: unknown) =>
  error instanceof PiburnError && error.exitCode === 3 && error.failure.code === code;

const factsOf = (name: string) => () => readSystem(recorded(load(name)));

const probeOn = (machine: string, path: string, options: Allowances) =>
  probe(
    path,
    { ...options, full: false, confirm: untouched, onSample: untouched, onCancel: () => assert.fail('begun') },
    { inspect: (target, lifted) => inspectTarget(target, lifted, factsOf(machine)), work: untouched },
  );

const formatOn = (machine: string, path: string, options: Allowances) =>
  format(path, { ...options, confirm: untouched }, (target, lifted) => inspectTarget(target, lifted, factsOf(machine)));

const ejectOn = (machine: string, path: string) => eject(path, true, { facts: factsOf(machine), work: untouched });

test('the disk of the running system is never opened, whatever is allowed', async () => {
  for (const [machine, path] of [
    ['pi-emmc', '/dev/mmcblk0'],
    ['pc-nvme', '/dev/nvme0n1'],
  ] as const) {
    await assert.rejects(probeOn(machine, path, everything), refusedAs('SYSTEM_DISK'));
    await assert.rejects(formatOn(machine, path, everything), refusedAs('SYSTEM_DISK'));
    await assert.rejects(ejectOn(machine, path), refusedAs('SYSTEM_DISK'));
  }
});

test('partitions and absent devices are refused', async () => {
  await assert.rejects(probeOn('pi-with-hub', '/dev/nothing', everything), refusedAs('NO_DEVICE'));
  await assert.rejects(formatOn('pi-with-hub', '/dev/nothing', everything), refusedAs('NO_DEVICE'));
  await assert.rejects(ejectOn('pi-with-hub', '/dev/nothing'), refusedAs('NO_DEVICE'));
  await assert.rejects(probeOn('pi-with-hub', '/dev/sda1', allowed), (error) => error instanceof PiburnError);
});
