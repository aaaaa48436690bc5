import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanText } from '../../src/devices/clean-text.js';
import { readSystem } from '../../src/devices/describe.js';
import { diskRows } from '../../src/devices/rows.js';
import { describeTarget, identityOf } from '../../src/devices/targets.js';
import { formatBytes } from '../../src/size-text.js';
import { load, recorded } from './recorded.js';

test('a card in a reader is described as its owner knows it', async () => {
  const facts = await readSystem(recorded(load('pi-with-hub')));
  assert.deepEqual(describeTarget('/dev/sda', facts), {
    path: '/dev/sda',
    kind: 'block',
    fresh: false,
    sizeBytes: 31_914_983_424,
    model: 'Generic STORAGE DEVICE',
    serial: '000000001206',
    transport: 'usb',
    removable: true,
    content: 'dos table: bootfs (vfat), rootfs (ext4)',
    mountpoints: [],
  });
});

test('an alias keeps its name and is the same device', async () => {
  const facts = await readSystem(recorded(load('pi-with-hub')));
  const alias = '/dev/disk/by-id/usb-Generic_STORAGE_DEVICE_000000001206-0:0';
  assert.deepEqual(describeTarget(alias, facts), { ...describeTarget('/dev/sda', facts), path: alias });
  assert.deepEqual(identityOf(alias, facts), {
    path: alias,
    kind: 'block',
    deviceNumber: '8:0',
    diskSequence: 11,
    sizeBytes: 31_914_983_424,
    serial: '000000001206',
  });
});

test('what is on a target is told in a few clean words', async () => {
  const cases: readonly (readonly [machine: string, path: string, content: string, model: string])[] = [
    ['pi-with-hub', '/dev/sdb', 'vfat "CAM[31mERA"', 'USB3.0 CRW-CF/MD'],
    ['pi-with-hub', '/dev/sdc', 'no medium', 'USB3.0 CRW-SM/xD'],
    ['pi-with-hub', '/dev/sdd', 'empty', 'Generic MassStorageClass'],
    ['pi-with-hub', '/dev/sdf', 'gpt table: BACKUP 2019 (ntfs)', 'WD Elements 25A2'],
    ['pi-with-hub', '/dev/mmcblk0', 'dos table: bootfs (vfat), rootfs (ext4)', 'SC32G'],
    ['pi-with-hub', '/dev/loop0', 'empty', 'loop'],
    ['pi-with-hub', '/home/pi/card.img', 'a file', 'file'],
    ['pi-with-hub', '/home/pi/new.img', 'empty', 'file'],
    ['pc-stacked', '/dev/sdf', 'gpt table: tank (zfs_member)', 'Toshiba External'],
  ];
  for (const [machine, path, content, model] of cases) {
    const target = describeTarget(path, await readSystem(recorded(load(machine))));
    assert.equal(target.content, content, path);
    assert.equal(target.model, model, path);
  }
});

test('a table with a hundred partitions is told by its first ones', async () => {
  const machine = load('pi-with-hub');
  const block = { ...machine.block };
  for (let n = 1; n <= 100; n++) {
    block[`sdd${n}`] = {
      sysfs: `${machine.block.sdd?.sysfs}/sdd${n}`,
      dev: `259:${n}`,
      size: 2048,
      ro: 0,
      partition: n,
    };
  }
  const facts = await readSystem(recorded({ ...machine, block }));
  const { content } = describeTarget('/dev/sdd', facts);
  assert.match(content, /^unknown table: sdd1 \(unknown\), sdd2 .*, sdd8 \(unknown\), 92 more$/);
});

test('mount points are found with the spaces in their names', async () => {
  const facts = await readSystem(recorded(load('pi-with-hub')));
  assert.deepEqual(describeTarget('/dev/sdg', facts).mountpoints, ['/media/pi/bootfs', '/run/media/pi/root fs']);
  assert.deepEqual(describeTarget('/dev/sda', facts).mountpoints, []);
  assert.deepEqual(describeTarget('/dev/sdaa', facts).mountpoints, ['/mnt/aa']);
});

test('transport and removability are what the buses say', async () => {
  const hub = await readSystem(recorded(load('pi-with-hub')));
  const pc = await readSystem(recorded(load('pc-nvme')));
  const rules = { protectedPaths: [], allowFixed: false, allowLarge: false, unmount: false };
  const rows = [hub, pc].flatMap((machine) => diskRows(machine, { slots: [] }, rules));
  const words = rows.map((disk) => `${disk.path} ${disk.transport} ${disk.removable}`);
  for (const expected of ['/dev/mmcblk0 mmc true', '/dev/sda usb true', '/dev/sde usb false', '/dev/sdaa usb true']) {
    assert.ok(words.includes(expected), expected);
  }
  for (const expected of ['/dev/nvme0n1 nvme false', '/dev/sdb sata false', '/dev/mmcblk1 mmc false']) {
    assert.ok(words.includes(expected), expected);
  }
  assert.ok(!words.some((line) => /sda1|sr0|zram|boot0|loop/.test(line)), words.join('\n'));
});

test('a file has an identity without a device, and a size only when it exists', async () => {
  const facts = await readSystem(recorded(load('pi-with-hub')));
  assert.deepEqual(identityOf('/home/pi/short.img', facts), {
    path: '/home/pi/short.img',
    kind: 'file',
    sizeBytes: 1000,
  });
  assert.deepEqual(identityOf('/home/pi/new.img', facts), { path: '/home/pi/new.img', kind: 'file' });
  assert.equal(describeTarget('/home/pi/new.img', facts).fresh, true);
  assert.equal(describeTarget('/home/pi/short.img', facts).fresh, false);
  assert.deepEqual([describeTarget('/dev/sdx', facts).kind, describeTarget('/dev/sdx', facts).fresh], ['block', false]);
});

test('sizes have three significant digits in both units', () => {
  const cases: readonly (readonly [number, string])[] = [
    [31_914_983_424, '31.9 GB/29.7 GiB'],
    [64_088_965_120, '64.1 GB/59.7 GiB'],
    [3_974_103_040, '3.97 GB/3.70 GiB'],
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB/0.977 KiB'],
    [999_499, '999 kB/976 KiB'],
    [999_999_999, '1.00 GB/954 MiB'],
    [1_073_741_824_000, '1.07 TB/0.977 TiB'],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

test('names are cleaned of what would write over the terminal', () => {
  assert.equal(cleanText('  a\u001b[2Jb\u202egnp.exe\u200b\u0000 \n c\u2028d '), 'a[2Jbgnp.exe c d');
  assert.equal(cleanText('x'.repeat(500)).length, 64);
  assert.equal(cleanText('Käse 🧀'), 'Käse 🧀');
});
