// `info` and `slots` on recorded machines.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Command } from 'commander';
import { addDiskCommands } from '../../src/cli/disk-commands.js';
import { liveSource } from '../../src/devices/system-source.js';
import { freshStore, machine, RecordedWorld, runOn, ScriptedTerminal } from './disk-support.js';

const readers = () => new RecordedWorld(machine('vm-readers'));

test('info shows readers, other disks and the disks of the system, and writes nothing', async (t) => {
  const store = freshStore(t);
  const { terminal, ending } = await runOn(new RecordedWorld(machine('pi-with-hub')), ['info'], store);
  assert.deepEqual(ending, { code: 0, stuck: false });
  const [cards = '', others = '', system = ''] = terminal.text.split('\n\n');
  assert.match(cards, /^Card readers and cards\n/);
  assert.match(cards, /^slot \d+ +\/dev\/sdaa? .* ready$/m);
  assert.match(others, /^Other disks\n[\s\S]*\/dev\/sdf .* too large$/m);
  assert.match(system, /^Disks of the running system[\s\S]*\/dev\/mmcblk0 .* never$/m);
  assert.doesNotMatch(terminal.text, /loop/);
  assert.equal(existsSync(store), false);
});

test('info --all shows loop devices with a file too', async (t) => {
  const { terminal } = await runOn(new RecordedWorld(machine('pi-with-hub')), ['info', '--all'], freshStore(t));
  assert.match(terminal.text, /^\/dev\/loop0 /m);
});

test('info opens what may be a card, and no disk of the system', async (t) => {
  const world = readers();
  const { terminal } = await runOn(world, ['info'], freshStore(t));
  assert.deepEqual(world.opened, ['/dev/sda', '/dev/sdc', '/dev/sdd']);
  assert.deepEqual(terminal.errors, []);
});

test('who may not open the cards is told once how to see what is on them', async (t) => {
  const world = readers();
  world.openError = 'EACCES';
  const { terminal, ending } = await runOn(world, ['info'], freshStore(t));
  assert.deepEqual(ending?.code, 0);
  assert.deepEqual(terminal.errors, ['note: what is on the cards is shown to root only: run it with sudo']);
  assert.match(terminal.text, /\/dev\/sda .* ready$/m);
});

const wordsForSda = [
  ['its path', '/dev/sda'],
  ['its name', 'sda'],
  ['a partition', '/dev/sda2'],
  ['a link by its id', '/dev/disk/by-id/usb-QEMU_QEMU_HARDDISK_PBLAB-a-0:0'],
  ['its slot', 'slot 1'],
  ['the number of its slot', '1'],
  ['its label', 'LEFT'],
  ['its port', 'pci-0000:00:07.0-usb2-1.1-lun0'],
] as const;

for (const [what, word] of wordsForSda)
  test(`info finds a disk by ${what}`, async (t) => {
    const store = freshStore(t);
    await runOn(readers(), ['slots', 'name', '1=left'], store);
    const { terminal, ending } = await runOn(readers(), ['info', word], store);
    assert.equal(ending?.code, 0);
    assert.match(terminal.text, /^path: +\/dev\/sda$/m);
    assert.match(terminal.text, /^label: +left$/m);
    assert.match(terminal.text, /^hub: +1-1, shared with slot 2 \(\/dev\/sdb\), slot 3/m);
    assert.match(terminal.text, /^create: +ready$/m);
  });

test('info of a disk that create would refuse says why, with exit code 0', async (t) => {
  const { terminal, ending } = await runOn(readers(), ['info', '/dev/sdc'], freshStore(t));
  assert.equal(ending?.code, 0);
  assert.match(terminal.text, /^create: +would refuse it: \/dev\/sdc is write-protected\./m);
});

test('info takes several disks, each once', async (t) => {
  const { terminal } = await runOn(readers(), ['info', '/dev/sd[a,c],slot 1,usb'], freshStore(t));
  const paths = [...terminal.text.matchAll(/^path: +(.*)$/gm)].map(([, path]) => path);
  assert.deepEqual(paths, ['/dev/sda', '/dev/sdc', '/dev/sdb', '/dev/sdd']);
});

test('info of what is not there names what is', async (t) => {
  for (const word of ['/dev/sdq', 'slot 9', 'sd', '/dev/sdaa']) {
    const { error } = await runOn(readers(), ['info', word], freshStore(t));
    assert.deepEqual([error?.exitCode, error?.failure.code], [2, 'NO_DISK']);
    assert.match(error?.failure.hint ?? '', /slot 1 \(\/dev\/sda\).*\/dev\/vda/);
  }
});

test('slots keep their numbers when a reader is unplugged, and new ones get those that are free', async (t) => {
  const store = freshStore(t);
  const few = new RecordedWorld(machine('vm-readers', ['sda', 'sdc']));
  await runOn(few, ['slots'], store);
  const { terminal } = await runOn(readers(), ['slots'], store);
  const rows = (text: string) => text.split('\n').map((line) => line.trim().split(/ {2,}/).slice(0, 2).join(' '));
  assert.deepEqual(rows(terminal.text), ['slot path', '1 /dev/sdb', '2 /dev/sdd', '3 /dev/sda', '4 /dev/sdc']);
  const { terminal: later } = await runOn(few, ['slots'], store);
  assert.match(later.text, /^ +3 +not plugged in +pci-0000:00:07\.0-usb2-1\.1-lun0$/m);
});

test('a label is kept with its port, shown everywhere, and can be taken away', async (t) => {
  const store = freshStore(t);
  const { terminal } = await runOn(readers(), ['slots', 'name', '/dev/sdb=left 2', 'slot 3= Right '], store);
  assert.deepEqual(terminal.said, [
    'slot 2 is called left 2 (pci-0000:00:07.0-usb2-1.2-lun0)',
    'slot 3 is called Right (pci-0000:00:07.0-usb2-1.3-lun0)',
  ]);
  const { terminal: table } = await runOn(readers(), ['info'], store);
  assert.match(table.text, /^left 2 +\/dev\/sdb/m);
  assert.match(table.text, /^Right: \/dev\/sdc is write-protected/m);
  const { terminal: without } = await runOn(readers(), ['slots', 'name', 'left 2='], store);
  assert.deepEqual(without.said, ['slot 2 has no label (pci-0000:00:07.0-usb2-1.2-lun0)']);
  assert.doesNotMatch(readFileSync(join(store, 'slots.json'), 'utf8'), /left/);
});

test('two slots can swap their labels', async (t) => {
  const store = freshStore(t);
  await runOn(readers(), ['slots', 'name', '1=left', '2=right'], store);
  const { terminal, error } = await runOn(readers(), ['slots', 'name', 'left=right', 'right=left'], store);
  assert.equal(error, undefined);
  assert.match(terminal.text, /^slot 1 is called right .*\nslot 2 is called left /);
});

const wrongNames = [
  ['a label that another slot has', ['3=LEFT'], 'SLOT_LABEL'],
  ['a label that means something else', ['3=slot 2'], 'SLOT_LABEL'],
  ['the same label twice', ['2=here', '3=here'], 'SLOT_LABEL'],
  ['no label', ['3'], 'SLOT_ASSIGNMENT'],
  ['no slot', ['=here'], 'SLOT_ASSIGNMENT'],
  ['a slot that is not known', ['8=here'], 'NO_SLOT'],
  ['a disk in no slot', ['/dev/vda=here'], 'NO_SLOT'],
  ['a slot twice', ['2=a1', '/dev/sdb=a2'], 'SLOT_ASSIGNMENT'],
] as const;

for (const [what, words, code] of wrongNames)
  test(`slots name refuses ${what} and changes nothing`, async (t) => {
    const store = freshStore(t);
    await runOn(readers(), ['slots', 'name', '1=left'], store);
    const before = readFileSync(join(store, 'slots.json'), 'utf8');
    const { error } = await runOn(readers(), ['slots', 'name', ...words], store);
    assert.deepEqual([error?.failure.code, error?.exitCode], [code, 2]);
    assert.equal(readFileSync(join(store, 'slots.json'), 'utf8'), before);
  });

test('slots forget takes out the readers that are not plugged in, or the one that is named', async (t) => {
  const store = freshStore(t);
  await runOn(readers(), ['slots', 'name', '1=left', '3=right'], store);
  const few = () => new RecordedWorld(machine('vm-readers', ['sda']));
  const { terminal } = await runOn(few(), ['slots', 'forget'], store);
  assert.deepEqual(terminal.said, ['left is forgotten (pci-0000:00:07.0-usb2-1.1-lun0)']);
  const { terminal: named } = await runOn(few(), ['slots', 'forget', 'slot', '3'], store);
  assert.deepEqual(named.said, ['right is forgotten (pci-0000:00:07.0-usb2-1.3-lun0)']);
  const { terminal: nothing } = await runOn(few(), ['slots', 'forget'], store);
  assert.deepEqual(nothing.said, ['Nothing was there to be forgotten.']);
});

test('a reader without a card cannot flicker', async (t) => {
  const { error } = await runOn(readers(), ['slots', 'blink', 'slot', '2'], freshStore(t));
  assert.equal(error?.failure.code, 'NO_MEDIUM');
  assert.match(
    error?.failure.message ?? '',
    /slot 2 \(\/dev\/sdb\) is empty, and a reader without a card cannot flicker/,
  );
});

test('a damaged slot book is a note, and slots are numbered anew', async (t) => {
  const store = freshStore(t);
  mkdirSync(store, { mode: 0o700 });
  writeFileSync(join(store, 'slots.json'), '{"version":1,"slots":[{"po', { mode: 0o600 });
  const { terminal, ending } = await runOn(readers(), ['info'], store);
  assert.equal(ending?.code, 0);
  assert.match(terminal.errors.join('\n'), /^note: .*slots\.json is not used: it is damaged/);
  assert.match(terminal.text, /^slot 1 +\/dev\/sda/m);
});

test('every argument and option is explained', () => {
  const program = new Command('piburn');
  addDiskCommands(program, new ScriptedTerminal(), () => undefined, readers());
  const all = program.commands.flatMap((command) => [command, ...command.commands]);
  const words = all.map((command) => [command.name(), ...command.options.map(({ long }) => long)].join(' '));
  assert.deepEqual(words, [
    'info --json --all --store --verbose',
    'detect --dialogue --seed --live --json --store --verbose',
    'slots --store --verbose --json',
    'name --json --store --verbose',
    'forget --json --store --verbose',
    'blink --seconds --store --verbose',
  ]);
  for (const command of all) {
    const parts = [...command.options, ...command.registeredArguments];
    for (const { description } of [{ description: command.description() }, ...parts]) assert.ok(description.length > 5);
  }
});

test('the running machine can be read', async (t) => {
  const { ending, terminal } = await runOn(new RecordedWorld(liveSource), ['info'], freshStore(t));
  assert.equal(ending?.code, 0);
  assert.notEqual(terminal.text, '');
});
