// Disks for the tests of what is shown of them: made by hand, and random ones with everything in them that should never come.

import fc from 'fast-check';
import type { ShownDisk } from '../../src/report/disk-words.js';

export const reader: ShownDisk = {
  path: '/dev/sda',
  links: ['/dev/disk/by-id/usb-Generic_SD', '/dev/disk/by-path/pci-0000:00:14.0-usb-0:1.4:1.0-scsi-0:0:0:0'],
  slot: { port: 'pci-0000:00:14.0-usb3-1.4-lun0', number: 3 },
  kind: 'reader',
  vendor: 'Generic',
  model: 'Mass-Storage',
  transport: 'usb',
  speedMbps: 5000,
  hub: '3-1',
  hubSharedWith: 1,
  sizeBytes: 31_914_983_424,
  hasMedium: true,
  removable: true,
  readOnly: false,
  mountpoints: [],
  inUseBy: [],
  tableKind: 'dos',
  fileSystem: '',
  parts: [
    { name: 'sda1', sizeBytes: 268_435_456, label: 'bootfs', fileSystem: 'vfat' },
    { name: 'sda2', sizeBytes: 31_000_000_000, label: 'rootfs', fileSystem: 'ext4' },
  ],
};

export const emptyReader: ShownDisk = {
  ...reader,
  path: '/dev/sdb',
  slot: { port: 'pci-0000:00:14.0-usb3-1.4-lun1', number: 4, label: 'left 2' },
  sizeBytes: 0,
  hasMedium: false,
  tableKind: '',
  parts: [],
  refusal: { code: 'NO_MEDIUM', message: '/dev/sdb is empty: there is no card in it.', hint: 'Put a card in.' },
};

export const lockedReader: ShownDisk = {
  ...reader,
  path: '/dev/sdc',
  slot: { port: 'pci-0000:00:14.0-usb2-2-lun0', number: 5 },
  speedMbps: 480,
  hubSharedWith: 0,
  readOnly: true,
  refusal: { code: 'READ_ONLY', message: '/dev/sdc is write-protected.', hint: 'Push the lock to the other side.' },
};

const { slot: _slot, hub: _hub, hubSharedWith: _shared, speedMbps: _speed, ...unplaced } = reader;

export const builtIn: ShownDisk = {
  ...unplaced,
  path: '/dev/nvme0n1',
  kind: 'disk',
  transport: 'nvme',
  removable: false,
  refusal: {
    code: 'NOT_REMOVABLE',
    message: '/dev/nvme0n1 is a built-in disk on nvme.',
    hint: 'Choose a card reader.',
  },
};

export const systemDisk: ShownDisk = {
  ...unplaced,
  path: '/dev/sdz',
  kind: 'system',
  mountpoints: ['/', '/boot/firmware'],
  refusal: { code: 'SYSTEM_DISK', message: '/dev/sdz holds the running system (/) and is never written.' },
};

const pieces = [
  '\u001b',
  '[31m',
  '\u0007',
  '\n',
  '\r',
  '\u009b',
  '\u202e',
  '\u200b',
  '\ud800',
  'SD',
  ' ',
  '漢字',
  '🍓',
];
const text = fc.array(fc.constantFrom(...pieces, 'x'.repeat(30)), { maxLength: 6 }).map((parts) => parts.join(''));
const number = fc.oneof(
  fc.nat(4_000_000_000),
  fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 0.5),
);
const texts = fc.array(text, { maxLength: 12 });
const key = fc.constantFrom('constructor', 'READ_ONLY', '__proto__', 'x');

export const hostileDisk: fc.Arbitrary<ShownDisk> = fc
  .record({
    path: text,
    links: texts,
    slot: fc.record({ port: text, number, label: text }),
    kind: fc.constantFrom('reader', 'disk', 'system'),
    vendor: text,
    model: text,
    serial: text,
    cid: text,
    transport: fc.oneof(text, key, fc.constantFrom('usb', 'mmc')),
    speedMbps: number,
    hub: text,
    hubSharedWith: fc.nat(9),
    sizeBytes: number,
    hasMedium: fc.boolean(),
    removable: fc.boolean(),
    readOnly: fc.boolean(),
    mountpoints: texts,
    inUseBy: texts,
  } as const)
  .chain((disk) =>
    fc
      .record({
        tableKind: text,
        fileSystem: text,
        parts: fc.array(fc.record({ name: text, sizeBytes: number, label: text, fileSystem: text }), { maxLength: 12 }),
        card: fc.record({ hostname: text, image: text, burnedAt: text, cardId: text, warnings: texts }),
        refusal: fc.record({ code: fc.oneof(text, key), message: text, hint: text }),
      })
      .map((rest) => ({ ...disk, ...rest })),
  );
