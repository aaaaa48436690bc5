import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { renderDiskDetails } from '../../src/report/disk-details.js';
import { changeLine, renderSlots } from '../../src/report/disk-lines.js';
import { renderDisks } from '../../src/report/disk-table.js';
import { busText } from '../../src/report/disk-words.js';
import { displayWidth } from '../../src/report/width.js';
import { builtIn, emptyReader, hostileDisk, lockedReader, reader, systemDisk } from './disk-rows.js';
import { assertHarmless } from './hostile.js';

const wide = { columns: Number.POSITIVE_INFINITY, color: false };
const all = [reader, emptyReader, lockedReader, builtIn, systemDisk];

test('readers, other disks and the disks of the system stand in blocks of their own', () => {
  const [readers = '', others = '', system = '', ...rest] = renderDisks(all, wide).split('\n\n');
  assert.deepEqual(rest, []);
  assert.match(readers, /^Card readers and cards\n/);
  assert.match(readers, /\/dev\/sda.*\n.*\/dev\/sdb.*\n.*\/dev\/sdc/);
  assert.match(others, /^Other disks\n.*\n\/dev\/nvme0n1 /);
  assert.match(system, /^Disks of the running system, never written\n.*\n\/dev\/sdz .* never$/);
});

test('a row says slot, reader, bus, size, content and verdict', () => {
  const row = renderDisks(all, wide)
    .split('\n')
    .find((line) => line.includes('/dev/sda'));
  const cells = row?.split(/ {2,}/);
  assert.deepEqual(cells, [
    'slot 3',
    '/dev/sda',
    'Generic Mass-Storage',
    'USB 3, shared hub',
    '31.9 GB/29.7 GiB',
    'removable',
    'dos: bootfs (vfat), rootfs (ext4)',
    'ready',
  ]);
});

test('an empty reader is a row with its label and no sentence', () => {
  const text = renderDisks(all, wide);
  assert.match(text, /^left 2 +\/dev\/sdb .* no card +empty$/m);
  assert.doesNotMatch(text, /Put a card in/);
});

test('a reason against a disk stands in a sentence below its table, with what to do', () => {
  const text = renderDisks(all, wide);
  assert.match(text, /^slot 5: \/dev\/sdc is write-protected\.\n {2}Next: Push the lock to the other side\.$/m);
  assert.match(text, /^\/dev\/nvme0n1 is a built-in disk on nvme\.\n {2}Next: /m);
  assert.match(text, /\/dev\/sdc .*read-only.* locked$/m);
});

test('a card of piburn is shown by host name, image and date, and with what the history says against it', () => {
  const card = {
    hostname: 'red001',
    image: 'lite.img',
    burnedAt: '2026-11-01T10:00:00Z',
    warnings: ['this card fell'],
  };
  const text = renderDisks([{ ...reader, card }], wide);
  assert.match(text, / red001, lite\.img, 2026-11-01; dos: bootfs /);
  assert.match(text, /^slot 3 \(\/dev\/sda\): this card fell\.$/m);
});

test('without a reader a sentence says so', () => {
  assert.match(renderDisks([systemDisk], wide), /^No card reader is plugged in\.\n\nDisks of the running system/);
});

test('tables fit the terminal, and slot, path and verdict stay', () => {
  for (const columns of [34, 40, 60, 80, 100, 140, 200]) {
    const lines = renderDisks(all, { columns, color: false }).split('\n');
    const rows = lines.filter((line) => /^(\S.* )?\/dev\/\S+ .*(ready|empty|locked|built in|never)$/.test(line));
    assert.equal(rows.length, all.length, `${columns} columns:\n${lines.join('\n')}`);
    for (const line of rows) assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
  }
});

test('colour marks what is ready, and only when it is wanted', () => {
  const coloured = renderDisks(all, { columns: 80, color: true }).split('\n');
  assert.ok(coloured.some((line) => line.startsWith('\u001b[32mslot 3 ') && line.endsWith('ready\u001b[0m')));
  assert.ok(!renderDisks(all, wide).includes('\u001b'));
});

test('a USB disk is named by the version of its speed', () => {
  const bus = (speedMbps: number) => busText({ ...reader, speedMbps, hubSharedWith: 0 });
  assert.deepEqual([12, 480, 5000, 10_000, 40_000].map(bus), ['USB 1', 'USB 2', 'USB 3', 'USB 3', 'USB 4']);
  assert.equal(busText({ ...reader, transport: 'mmc' }), 'SD slot');
  assert.equal(busText({ ...reader, transport: 'mmc', removable: false }), 'eMMC');
});

test('the details of a disk name its links, its port, its hub with those who share it, and the verdict', () => {
  const mate = { ...emptyReader, hub: '3-1' };
  const text = renderDiskDetails(reader, [reader, mate, { ...lockedReader, hub: '2-1' }]);
  const facts = text.split('\n').map((line) => line.split(/: +/, 2));
  const values = (key: string) => facts.filter(([name]) => name === key).map(([, value]) => value);
  assert.deepEqual(values('link'), [...reader.links]);
  assert.deepEqual(values('port'), ['pci-0000:00:14.0-usb3-1.4-lun0']);
  assert.deepEqual(values('bus'), ['USB 3, shared hub, 5000 Mbit/s']);
  assert.deepEqual(values('hub'), ['3-1, shared with left 2 (/dev/sdb)']);
  assert.deepEqual(values('create'), ['ready']);
  const refused = renderDiskDetails(lockedReader, []);
  assert.match(refused, /^create: +would refuse it: \/dev\/sdc is write-protected\.\nnext: +Push the lock/m);
});

test('a change is a line with time, what happened, slot, path, what it is and the verdict', () => {
  assert.equal(
    changeLine('12:03:01', 'card-in', reader, wide),
    '12:03:01  card in       slot 3  /dev/sda  Generic Mass-Storage, USB 3, shared hub, 31.9 GB/29.7 GiB, ' +
      'dos: bootfs (vfat), rootfs (ext4); ready',
  );
  assert.match(changeLine('1', 'card-in', lockedReader, wide), /; locked: \/dev\/sdc is write-protected\.$/);
  assert.match(changeLine('1', 'card-out', emptyReader, wide), /, no card; empty$/);
});

test('what is gone gets no verdict', () => {
  assert.match(changeLine('1', 'reader-removed', reader, wide), /\/dev\/sda {2}Generic Mass-Storage$/);
  const card = { ...reader, transport: 'mmc', vendor: '', model: '' };
  assert.match(changeLine('1', 'card-out', card, wide), /\/dev\/sda {2}SD card$/);
});

test('slots are listed with number, label, and what is there', () => {
  const rows = [
    { place: { port: 'p1', number: 1, label: 'left' }, disk: reader },
    { place: { port: 'p2', number: 2 } },
    { place: { port: 'mmc-fe340000.mmc', number: 10 } },
  ];
  const [, first = '', second = '', third = ''] = renderSlots(rows, wide).split('\n');
  assert.match(first, /^ {3}1 {2}left {3}\/dev\/sda {2}Generic .*; ready {2}p1$/);
  assert.match(second, /^ {3}2 .*not plugged in +p2$/);
  assert.match(third, /^ {2}10 .*no card +mmc-fe340000\.mmc$/);
  assert.equal(renderSlots([], wide), 'No slot is known: plug in a card reader.');
});

test('nothing that a device says of itself reaches the terminal as a control, and no row is wider than it', () => {
  const width = fc.integer({ min: 10, max: 200 });
  fc.assert(
    fc.property(fc.array(hostileDisk, { maxLength: 4 }), width, (disks, columns) => {
      const options = { columns, color: false };
      const table = renderSlots(
        disks.map((disk) => ({ place: disk.slot ?? { port: '', number: 1 }, disk })),
        options,
      );
      const changes = disks.map((disk) => changeLine('12:00:00', 'card-in', disk, options));
      const cut = [...table.split('\n'), ...changes];
      if (disks.length > 0) for (const line of cut) assert.ok(displayWidth(line) <= columns, line);
      const details = disks.flatMap((disk) => renderDiskDetails(disk, disks).split('\n'));
      for (const line of [...cut, ...renderDisks(disks, options).split('\n'), ...details]) assertHarmless(line);
    }),
    { numRuns: 150 },
  );
});
