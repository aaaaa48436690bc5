import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSystem } from '../../src/devices/describe.js';
import type { RefusalOptions } from '../../src/devices/refuse.js';
import { defaultDevices, selectDevices } from '../../src/devices/select.js';
import { checkLabel, numberSlots, placeName, type SlotBook } from '../../src/devices/slots.js';
import { PiburnError } from '../../src/errors.js';
import { load, recorded } from './recorded.js';

const strict: RefusalOptions = { protectedPaths: [], allowFixed: false, allowLarge: false, unmount: false };
const noBook: SlotBook = { slots: [] };
const factsOf = (machine: string) => readSystem(recorded(load(machine)));
const codeOf = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof PiburnError && error.failure.code === code && words.test(`${error.message} ${error.failure.hint}`);

test('a port is the controller, the version of its root hub, the ports and the unit', async () => {
  const cases: readonly (readonly [machine: string, name: string, port: string | undefined])[] = [
    ['pi-many-ports', 'sdb', 'pci-0000:01:00.0-usb2-1.4-lun0'],
    // The same socket numbers on the other root hub of the controller.
    ['pi-many-ports', 'sdc', 'pci-0000:01:00.0-usb3-1.4-lun0'],
    ['pi-many-ports', 'sdd', 'pci-0000:01:00.0-usb3-2-lun0'],
    ['pi-many-ports', 'sde', 'pci-0000:01:00.0-usb3-2-lun1'],
    ['pi-many-ports', 'sdf', 'platform-fe980000.usb-usb2-1-lun0'],
    // xhci-hcd.0.auto is only the first that was found.
    ['pi-many-ports', 'sdg', 'platform-fe9c0000.xhci-usb2-1.10-lun0'],
    ['pi-many-ports', 'sdk', 'pci-0000:01:00.0-usb3-3-if1-lun0'],
    ['pi-many-ports', 'mmcblk0', 'mmc-fe340000.mmc'],
    ['pi-many-ports', 'sdb1', undefined],
    ['pi-with-hub', 'sda', 'platform-1f00300000.usb-usb2-1.1-lun0'],
    ['pi-with-hub', 'mmcblk0', 'mmc-1000fff000.mmc'],
    ['pc-nvme', 'mmcblk0', 'mmc-0000:02:00.0'],
    ['pc-nvme', 'nvme0n1', undefined],
    ['pc-nvme', 'sda', undefined],
    ['vm-readers', 'sda', 'pci-0000:00:07.0-usb2-1.1-lun0'],
    ['vm-multi-slot', 'sdd', 'pci-0000:00:07.0-usb3-1-lun3'],
    ['vm-card-slot', 'mmcblk0', 'mmc-0000:00:07.0'],
    ['vm-readers', 'vda', undefined],
  ];
  for (const [machine, name, port] of cases) {
    assert.equal((await factsOf(machine)).devices.get(name)?.port, port, `${machine} ${name}`);
  }
});

test('a card in a reader that hides an MMC bus behind USB has the port of the reader', async () => {
  const machine = load('pc-nvme');
  const sysfs = '/sys/devices/pci0000:00/0000:00:14.0/usb2/2-5/2-5:1.0/rtsx_usb_sdmmc.2.auto/mmc_host/mmc0/mmc0:aaaa';
  const mmcblk0 = { ...machine.block.mmcblk0, sysfs: `${sysfs}/block/mmcblk0` };
  const facts = await readSystem(recorded({ ...machine, block: { ...machine.block, mmcblk0 } }));
  assert.equal(facts.devices.get('mmcblk0')?.port, 'pci-0000:00:14.0-usb-5-mmc');
});

test('a port stays when the bus numbers and the name of the disk change', async () => {
  const text = JSON.stringify(load('vm-readers'));
  const renamed = text.replaceAll('sda', 'sdy').replaceAll('usb1/1-1', 'usb7/7-1').replaceAll('/1-1.', '/7-1.');
  const again = await readSystem(recorded(JSON.parse(renamed.replaceAll('/usb1/', '/usb7/'))));
  assert.equal(again.devices.get('sdy')?.port, 'pci-0000:00:07.0-usb2-1.1-lun0');
});

test('all ports of all readers differ, and slots are numbered in their natural order', async () => {
  const facts = await factsOf('pi-many-ports');
  const places = [...numberSlots(facts, noBook).values()];
  // Neither the disk with the swap file nor the card that the Pi boots from has a number.
  assert.deepEqual(
    places.map(({ port, number }) => `${number} ${port}`),
    [
      '1 pci-0000:01:00.0-usb2-1.4-lun0',
      '2 pci-0000:01:00.0-usb3-1.4-lun0',
      '3 pci-0000:01:00.0-usb3-2-lun0',
      '4 pci-0000:01:00.0-usb3-2-lun1',
      '5 pci-0000:01:00.0-usb3-3-if1-lun0',
      '6 platform-fe9c0000.xhci-usb2-1.9-lun0',
      '7 platform-fe9c0000.xhci-usb2-1.10-lun0',
      '8 platform-fe980000.usb-usb2-1-lun0',
    ],
  );
});

test('known ports keep number and label, and new ones get the numbers that are free', async () => {
  const facts = await factsOf('vm-readers');
  const port = (n: number) => `pci-0000:00:07.0-usb2-1.${n}-lun0`;
  const book = {
    slots: [
      { port: port(3), number: 1, label: 'left 2' },
      { port: 'pci-gone', number: 3 },
    ],
  };
  const places = numberSlots(facts, book);
  assert.deepEqual(places.get(port(3)), { port: port(3), number: 1, label: 'left 2' });
  assert.deepEqual(
    [1, 2, 4].map((n) => places.get(port(n))?.number),
    [2, 4, 5],
  );
  assert.equal(places.get('pci-gone')?.number, 3);
  assert.deepEqual([...places.values()].map(placeName).sort(), ['left 2', 'slot 2', 'slot 3', 'slot 4', 'slot 5']);
});

test('a label is a name that means nothing else', () => {
  const book = { slots: [{ port: 'a', number: 1, label: 'Left 2' }] };
  for (const label of ['l', 'left 1', '3rd.row_a-b', 'Käse', 'usb2', 'slotted', 'x'.repeat(32)]) {
    assert.equal(checkLabel(` ${label} `, book), label);
  }
  assert.equal(checkLabel('LEFT 2', book, 'a'), 'LEFT 2');
  const wrong = [
    '',
    ' ',
    'x'.repeat(33),
    'a/b',
    'a,b',
    'a\u001b[2J',
    '🧀',
    '-x',
    '.',
    '..',
    'usb',
    'USB',
    '7',
    'slot 3',
  ];
  for (const label of [...wrong, 'Slot3', 'slot-3', 'slot', 'left 2', 'LEFT 2']) {
    assert.throws(() => checkLabel(label, book), codeOf('SLOT_LABEL', /./), label);
  }
});

test('words of devices are paths, readers, slots and files', async () => {
  const facts = await factsOf('vm-readers');
  const book = { slots: [{ port: 'pci-0000:00:07.0-usb2-1.4-lun0', number: 9, label: 'Right' }] };
  const select = (...words: string[]) => selectDevices(words, facts, book, strict);
  assert.deepEqual(select('/dev/sdq', './usb', 'dir/slot 3'), ['/dev/sdq', './usb', 'dir/slot 3']);
  assert.deepEqual(select('usb'), ['/dev/sda', '/dev/sdd']);
  assert.deepEqual(select('right', 'slot 1', 'slot2', 'Slot 9'), ['/dev/sdd', '/dev/sda', '/dev/sdb', '/dev/sdd']);
  assert.deepEqual(select('card.img'), ['card.img']);
  for (const word of ['leftmost', 'slot', 'slot x'])
    assert.throws(
      () => select(word),
      codeOf('NO_SLOT', /no slot is called '.*': there are .*slot 1/),
      'a typing error',
    );
  assert.throws(() => select('slot 4'), codeOf('NO_SLOT', /no slot 4\..*slot 1, slot 2, slot 3, Right \(slot 9\)$/));
});

test('readers come in the order of their slots, and disks that are fixed are none', async () => {
  const facts = await factsOf('pi-with-hub');
  assert.deepEqual(defaultDevices(facts, noBook, strict), ['/dev/sda', '/dev/sdb', '/dev/sdg', '/dev/sdj']);
  const book = { slots: [{ port: 'platform-1f00300000.usb-usb2-1.7-lun0', number: 1 }] };
  assert.equal(defaultDevices(facts, book, strict)[0], '/dev/sdg');
  assert.deepEqual(selectDevices(['usb'], facts, noBook, strict), defaultDevices(facts, noBook, strict));
  // A slot on the MMC bus is a reader too, but not on USB.
  const pc = await factsOf('pc-nvme');
  assert.deepEqual(defaultDevices(pc, noBook, strict), ['/dev/mmcblk0']);
  assert.throws(() => selectDevices(['usb'], pc, noBook, strict), codeOf('NO_READER', /there is none/));
});

test('where no reader can be written, the reasons are said', async () => {
  const facts = await factsOf('vm-readers');
  const options = { ...strict, imageBytes: 1e12 };
  assert.throws(
    () => selectDevices(['usb'], facts, noBook, options),
    codeOf('NO_READER', /sda is too small.*sdb is empty/),
  );
  assert.deepEqual(defaultDevices(facts, noBook, options), []);
});

test('a slot without its reader says what is missing', async () => {
  const facts = await factsOf('pi-many-ports');
  const slots = [
    { port: 'pci-0000:01:00.0-usb2-1.1-lun0', number: 1, label: 'left' },
    { port: 'mmc-fe350000.mmc', number: 2 },
    // A fixed disk where a reader was.
    { port: 'pci-0000:01:00.0-usb2-1.3-lun0', number: 3 },
  ];
  const select = (word: string) => selectDevices([word], facts, { slots }, strict);
  assert.throws(() => select('left'), codeOf('NO_READER', /The reader of left is not plugged in/));
  assert.throws(() => select('slot 2'), codeOf('NO_MEDIUM', /slot 2 is empty/));
  assert.throws(
    () => select('slot 3'),
    codeOf('NO_READER', /\/dev\/sdi is plugged in at slot 3, and is no card reader/),
  );
});

test('a word that is a slot and a file is asked to be clearer', async () => {
  const machine = load('vm-readers');
  const file = { kind: 'file' as const, fileId: '0:1:1', sizeBytes: 1 };
  const paths = { left: file, usb: file, 'slot 1': file, other: file };
  const facts = await readSystem(recorded({ ...machine, paths }));
  const book = { slots: [{ port: 'pci-0000:00:07.0-usb2-1.1-lun0', number: 1, label: 'left' }] };
  for (const word of ['left', 'usb', 'slot 1']) {
    assert.throws(() => selectDevices([word], facts, book, strict), codeOf('WORD_IS_FILE', new RegExp(`\\./${word}`)));
  }
  assert.deepEqual(selectDevices(['other', './left'], facts, book, strict), ['other', './left']);
});
