import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSystem } from '../../src/devices/describe.js';
import type { RefusalOptions } from '../../src/devices/refuse.js';
import { diskRows } from '../../src/devices/rows.js';
import { describeTarget } from '../../src/devices/targets.js';
import { load, machines, recorded } from './recorded.js';

const strict: RefusalOptions = { protectedPaths: [], allowFixed: false, allowLarge: false, unmount: false };
const rowsOf = async (machine: string, options: RefusalOptions & { loops?: boolean } = strict) =>
  diskRows(await readSystem(recorded(load(machine))), { slots: [] }, options);

test('readers come first by their slots, then disks, then what the system needs', async () => {
  const rows = await rowsOf('pi-many-ports');
  assert.deepEqual(
    rows.map((row) => `${row.kind} ${row.slot?.number ?? '-'} ${row.path} ${row.refusal?.code ?? 'free'}`),
    [
      'reader 1 /dev/sdb free',
      'reader 2 /dev/sdc free',
      'reader 3 /dev/sdd free',
      'reader 4 /dev/sde NO_MEDIUM',
      'reader 5 /dev/sdk NO_MEDIUM',
      'reader 6 /dev/sdj free',
      'reader 7 /dev/sdg free',
      'reader 8 /dev/sdf free',
      'system - /dev/mmcblk0 SYSTEM_DISK',
      'system - /dev/sda SYSTEM_DISK',
      'system - /dev/sdh SWAP_IN_USE',
      'system - /dev/sdi SWAP_IN_USE',
    ],
  );
});

test('a disk in the place of a reader is no reader, and the disk of the system is the last', async () => {
  const book = { slots: [{ port: 'platform-1f00300000.usb-usb2-1.5-lun0', number: 1, label: 'left' }] };
  const rows = diskRows(await readSystem(recorded(load('pi-with-hub'))), book, strict);
  assert.deepEqual(
    rows.filter(({ kind }) => kind !== 'reader').map((row) => `${row.kind} ${row.path} ${row.slot?.number}`),
    [
      'disk /dev/sde undefined',
      'disk /dev/sdf undefined',
      'system /dev/mmcblk0 undefined',
      'system /dev/sdi undefined',
    ],
  );
});

test('a row says where a reader hangs, what it is and what is in it', async () => {
  const row = (await rowsOf('pi-many-ports')).find(({ path }) => path === '/dev/sdb');
  assert.deepEqual(row, {
    path: '/dev/sdb',
    links: [
      '/dev/disk/by-id/usb-Generic_MassStorageClass_R-B-0:0',
      '/dev/disk/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usbv2-0:1.4:1.0-scsi-0:0:0:0',
    ],
    slot: { port: 'pci-0000:01:00.0-usb2-1.4-lun0', number: 1 },
    kind: 'reader',
    vendor: 'Generic',
    model: 'MassStorageClass',
    serial: 'R-B',
    transport: 'usb',
    speedMbps: 480,
    hub: '1-1',
    hubSharedWith: 2,
    sizeBytes: 62_333_952 * 512,
    hasMedium: true,
    removable: true,
    readOnly: false,
    mountpoints: [],
    inUseBy: [],
    tableKind: 'dos',
    fileSystem: '',
    parts: [
      { name: 'sdb1', sizeBytes: 1_048_576 * 512, label: 'bootfs', fileSystem: 'vfat' },
      { name: 'sdb2', sizeBytes: (62_333_952 - 2048) * 512, label: 'rootfs', fileSystem: 'ext4' },
    ],
    diskSequence: 3,
  });
});

test('speed, hub, register and medium are what the kernel says', async () => {
  const many = await rowsOf('pi-many-ports');
  const short = (path: string) => {
    const row = many.find((each) => each.path === path);
    return `${row?.speedMbps} ${row?.hub} ${row?.hubSharedWith} ${row?.hasMedium} ${row?.links.length}`;
  };
  assert.equal(short('/dev/sdd'), '5000 undefined undefined true 1');
  assert.equal(short('/dev/sdg'), '12 5-1 1 true 0');
  // A name with letters that turn the writing direction is no link of udev's making.
  assert.equal(short('/dev/sdc'), '5000 2-1 0 true 0');
  assert.equal(short('/dev/sde'), '5000 undefined undefined false 0');
  const slot = (await rowsOf('vm-card-slot')).find(({ path }) => path === '/dev/mmcblk0');
  assert.equal(slot?.cid, 'aa585951454d552101deadbeef006200');
  const facts = await readSystem(recorded(load('vm-card-slot')));
  assert.equal(describeTarget('/dev/mmcblk0', facts).cid, slot?.cid);
});

test('who uses a disk is named', async () => {
  const rows = await rowsOf('pc-odd-stacks');
  const usedBy = (path: string) => rows.find((row) => row.path === path)?.inUseBy.join('; ');
  const cases = [
    ['/dev/sda', 'loop2; swap /swapfile'],
    ['/dev/sdb', 'an LVM group, not active'],
    ['/dev/sde', 'sde1'],
    ['/dev/sdg', 'loop1'],
    ['/dev/sdj', 'a ZFS pool'],
    ['/dev/sdo', 'a mount of sdo1 out of sight'],
    ['/dev/sdd', ''],
  ] as const;
  for (const [path, users] of cases) assert.equal(usedBy(path), users, path);
});

test('rows are whole disks that have a node, and loop devices only when asked for', async () => {
  for (const machine of machines()) {
    const paths = (await rowsOf(machine)).map(({ path }) => path);
    assert.ok(
      !paths.some((path) => /loop|boot|zram|dm-|sr0|md0|mtd|c0n1|sd[a-z]+[0-9]|p[0-9]+$/.test(path)),
      paths.join(' '),
    );
  }
  const withLoops = (await rowsOf('pi-with-hub', { ...strict, loops: true })).map(({ path }) => path);
  assert.ok(withLoops.includes('/dev/loop0') && !withLoops.includes('/dev/loop4'), withLoops.join(' '));
});

test('the refusal of a row is the gravest', async () => {
  const rows = await rowsOf('pc-odd-stacks');
  const nvme = rows.find(({ path }) => path === '/dev/nvme0n1');
  assert.equal(nvme?.refusal?.code, 'NOT_REMOVABLE');
  assert.match(nvme?.refusal?.hint ?? '', /--allow-fixed/);
  assert.equal(nvme?.transport, 'nvme');
});
