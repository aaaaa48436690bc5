// `detect` on recorded machines whose readers come and go.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { SystemSource } from '../../src/devices/system-source.js';
import { usbDevices } from '../../src/devices/usb-devices.js';
import { freshStore, machine, RecordedWorld, runOn, ScriptedTerminal } from './disk-support.js';

const folder = '/sys/bus/usb/devices';

/** USB devices by the name of their port: bus number, device number, vendor, product, and their words. */
type Usb = Readonly<
  Record<string, readonly [bus: number, device: number, ids: string, maker: string, product: string]>
>;

function withUsb(source: SystemSource, usb: Usb): SystemSource {
  const texts = Object.entries(usb).flatMap(([name, [bus, device, ids, maker, product]]) => {
    const [idVendor = '', idProduct = ''] = ids.split(':');
    const attributes = { busnum: bus, devnum: device, idVendor, idProduct, manufacturer: maker, product };
    return Object.entries(attributes).map(([key, value]) => [`${folder}/${name}/${key}`, `${value}\n`] as const);
  });
  const known = new Map<string, string>(texts.filter(([, text]) => text !== '\n'));
  return {
    ...source,
    list: (path) => (path === folder ? [...Object.keys(usb), 'usb1', '1-1:1.0'] : source.list(path)),
    readText: (path) => known.get(path) ?? source.readText(path),
  };
}

const hub: Usb = { '1-1': [1, 2, '05e3:0749', 'Genesys Logic, Inc.', 'USB Hub'] };
const gembird: Usb = { '1-1.4': [1, 3, '1908:0226', 'GEMBIRD', ''] };
const yes = () => 'y';

test('USB devices are listed as lsusb lists them, without root hubs and interfaces', () => {
  const source = withUsb(machine('vm-readers'), { ...gembird, ...hub });
  assert.deepEqual(
    usbDevices(source).map(({ text }) => text),
    ['Bus 001 Device 002: ID 05e3:0749 Genesys Logic, Inc. USB Hub', 'Bus 001 Device 003: ID 1908:0226 GEMBIRD'],
  );
});

test('what a USB device calls itself cannot harm the terminal', () => {
  const bad: Usb = { '1-1': [1, 2, '1908:0226', 'A\u001b[31mB\u0007', '\u202eC'], '1-2': [1, 3, '19:x', 'A', ''] };
  assert.deepEqual(
    usbDevices(withUsb(machine('vm-readers'), bad)).map(({ text }) => text),
    ['Bus 001 Device 002: ID 1908:0226 A[31mB C'],
  );
});

test('the dialogue asks in the words of cms burn detect and lists what came', async (t) => {
  const world = new RecordedWorld(withUsb(machine('vm-readers', ['sdd']), hub));
  const plugIn = () => {
    world.become(withUsb(machine('vm-readers'), { ...hub, ...gembird }));
    return 'y';
  };
  const terminal = new ScriptedTerminal([() => 'n', () => '', yes, plugIn]);
  const { ending } = await runOn(world, ['detect'], freshStore(t), terminal);
  assert.deepEqual(ending, { code: 0, stuck: false });
  assert.deepEqual(terminal.asked, [
    'Is the reader(s) removed? y/n ',
    'Is the reader(s) removed? y/n ',
    'Is the reader(s) removed? y/n ',
    'Is the reader(s) plugged in? y/n ',
  ]);
  const lines = terminal.text.split('\n');
  assert.deepEqual(lines.slice(0, 9), [
    'Make sure the USB Reader(s) is removed ...',
    'Now plug in the Reader(s) ...',
    '',
    `# ${'-'.repeat(70)}`,
    '# Detected Card Writers',
    `# ${'-'.repeat(70)}`,
    '',
    'Bus 001 Device 003: ID 1908:0226 GEMBIRD',
    '',
  ]);
  assert.match(lines[9] ?? '', /^slot 4 \(\/dev\/sdd\): .*; ready$/);
  assert.equal(lines.length, 10);
});

test('a reader that was out and came back under its old name has come', async (t) => {
  const usb = { ...hub, ...gembird };
  const world = new RecordedWorld(withUsb(machine('vm-readers'), usb));
  const removed = () => {
    world.become(withUsb(machine('vm-readers', ['sda', 'sdb']), hub));
    return 'y';
  };
  const plugged = () => {
    world.become(withUsb(machine('vm-readers'), usb));
    return 'y';
  };
  const terminal = new ScriptedTerminal([removed, plugged]);
  await runOn(world, ['detect', '--seed'], freshStore(t), terminal);
  assert.match(terminal.text, /GEMBIRD\n\nslot 1 \(\/dev\/sda\): .*\nslot 2 \(\/dev\/sdb\): .*; empty$/);
});

test('when nothing has come detect fails and says what to try', async (t) => {
  const terminal = new ScriptedTerminal([yes, yes]);
  const { error } = await runOn(new RecordedWorld(machine('vm-readers')), ['detect'], freshStore(t), terminal);
  assert.deepEqual([error?.failure.code, error?.exitCode], ['NO_READER_CAME', 1]);
});

test('the end of input ends the dialogue as interrupted', async (t) => {
  const terminal = new ScriptedTerminal([yes, () => undefined]);
  const { error } = await runOn(new RecordedWorld(machine('vm-readers')), ['detect'], freshStore(t), terminal);
  assert.equal(error?.exitCode, 130);
});

test('--dialogue with --live or --json is a contradiction', async (t) => {
  for (const other of ['--live', '--json']) {
    const { error } = await runOn(
      new RecordedWorld(machine('vm-readers')),
      ['detect', '--dialogue', other],
      freshStore(t),
    );
    assert.deepEqual([error?.failure.code, error?.exitCode], ['OPTION_CONFLICT', 2]);
  }
});

test('without a terminal detect watches: what is there, what goes, what comes, until Ctrl-C', async (t) => {
  const world = new RecordedWorld(machine('vm-readers', ['sdd']));
  const terminal = new ScriptedTerminal();
  const running = runOn(world, ['detect'], freshStore(t), terminal);
  await until(() => terminal.said.length === 4);
  assert.equal(terminal.said.at(-1), 'Watching until Ctrl-C.');
  assert.match(terminal.said[0] ?? '', /^\d\d:\d\d:\d\d {2}there {9}slot 1 {2}\/dev\/sda {2}.*; ready$/);
  assert.match(terminal.said[2] ?? '', /there +slot 3 {2}\/dev\/sdc .*; locked: \/dev\/sdc is write-protected\.$/);
  world.become(machine('vm-readers', ['sda', 'sdd']));
  await until(() => terminal.said.length === 5);
  assert.match(terminal.said[4] ?? '', /reader out +slot 1 {2}\/dev\/sda {2}\S/);
  world.become(machine('vm-readers'));
  await until(() => terminal.said.length === 7);
  assert.match(terminal.said[5] ?? '', /reader in +slot 1 {2}\/dev\/sda .*; ready$/);
  terminal.interrupt();
  const { ending, error } = await running;
  assert.deepEqual([ending, error], [{ code: 0, stuck: false }, undefined]);
});

test('a disk that is only a USB disk, and one of the system, are not told of as readers at the start', async (t) => {
  const terminal = new ScriptedTerminal();
  const running = runOn(new RecordedWorld(machine('pi-with-hub')), ['detect', '--live'], freshStore(t), terminal);
  await until(() => terminal.said.at(-1) === 'Watching until Ctrl-C.');
  terminal.interrupt();
  await running;
  assert.doesNotMatch(terminal.text, /\/dev\/(mmcblk0|sde|sdf) /);
});

/** Waits for what an event will bring; a test that never gets it fails by its own time limit. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !holds(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(holds(), 'it did not happen');
}
