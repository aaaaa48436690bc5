// Loop devices as cards: sizes, sectors, exclusivity and the end of the device.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { ejectMedium, openDevice, openImage } from '../../src/native.js';
import { loopDevice, openDescriptors, pattern, scratchFolder, undo } from './scratch.js';

const MiB = 1024 * 1024;

for (const sectorBytes of [512, 4096]) {
  test(`a card with sectors of ${sectorBytes} bytes is written and read back`, (t) => {
    const folder = scratchFolder(t);
    writeFileSync(join(folder, 'medium'), Buffer.alloc(8 * MiB, 0xee));
    const bytes = pattern(2 * MiB + 5000);
    writeFileSync(join(folder, 'image'), bytes);
    const loop = loopDevice(t, join(folder, 'medium'), ['--partscan', '--sector-size', String(sectorBytes)]);
    if (loop === undefined) return;
    const device = openDevice(loop, { write: true, exclusive: true, bufferBytes: MiB });
    undo(t, () => device.close());
    const sysfs = (name: string) => readFileSync(`/sys/block/${basename(loop)}/${name}`, 'utf8').trim();
    const { info } = device;
    assert.equal(info.kind, 'block');
    assert.equal(info.sizeBytes, 8 * MiB);
    assert.equal(info.logicalBlockBytes, sectorBytes);
    assert.equal(info.physicalBlockBytes, Number(sysfs('queue/physical_block_size')));
    assert.equal(info.deviceNumber, sysfs('dev'));
    assert.equal(info.removable, sysfs('removable') === '1');
    assert.equal(info.rotational, sysfs('queue/rotational') === '1');
    assert.equal(info.direct, true);
    assert.equal(info.readOnly, false);
    if (existsSync(`/sys/block/${basename(loop)}/diskseq`)) assert.equal(info.diskSequence, Number(sysfs('diskseq')));

    device.writeFromImage(openImage(join(folder, 'image')), 0, bytes.length, MiB);
    device.flush();
    assert.equal(device.rereadPartitions(), true);
    const padded = Math.ceil(bytes.length / sectorBytes) * sectorBytes;
    const medium = readFileSync(join(folder, 'medium'));
    assert.ok(medium.subarray(0, bytes.length).equals(bytes));
    assert.ok(medium.subarray(bytes.length, padded).every((byte) => byte === 0));
    assert.ok(medium.subarray(padded).every((byte) => byte === 0xee));
    assert.equal(device.read(MiB, MiB, 256 * 1024), MiB);
    assert.ok(device.buffer.equals(bytes.subarray(MiB, 2 * MiB)));
  });
}

test("a card's queue is told as it is when it is opened, and a partition's is that of its disk", (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'medium'), '');
  truncateSync(join(folder, 'medium'), 8 * MiB);
  execFileSync('sfdisk', ['-q', join(folder, 'medium')], { input: 'label: dos\n2048,4096\n', stdio: 'pipe' });
  const loop = loopDevice(t, join(folder, 'medium'), ['--partscan']);
  if (loop === undefined) return;
  if (!existsSync(`${loop}p1`)) execFileSync('partx', ['--add', loop]);
  const queueOf = (path: string) => {
    const device = openDevice(path, { write: false, bufferBytes: 4096 });
    undo(t, () => device.close());
    return device.info.queue;
  };
  const sysfs = (name: string) => `/sys/block/${basename(loop)}/queue/${name}`;
  const numberIn = (name: string) => Number(readFileSync(sysfs(name), 'utf8'));
  const first = queueOf(loop);
  assert.deepEqual(first, {
    bus: 'loop',
    kernelRequestBytes: numberIn('max_sectors_kb') * 1024,
    kernelRequests: numberIn('nr_requests'),
    ...(numberIn('optimal_io_size') === 0 ? {} : { optimalBytes: numberIn('optimal_io_size') }),
  });
  assert.deepEqual(queueOf(`${loop}p1`), first);
  const before = numberIn('max_sectors_kb');
  undo(t, () => writeFileSync(sysfs('max_sectors_kb'), String(before))); // the next user of this loop device would inherit it
  writeFileSync(sysfs('max_sectors_kb'), String(before / 2));
  assert.equal(queueOf(loop)?.kernelRequestBytes, before * 512);
  assert.equal(first?.kernelRequestBytes, before * 1024);
});

test('a file has no queue', (t) => {
  const path = join(scratchFolder(t), 'medium');
  const device = openDevice(path, { write: true, create: true, bufferBytes: 4096 });
  undo(t, () => device.close());
  assert.equal(device.info.queue, undefined);
});

test('the end of a card: reading stops, writing says ENOSPC', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'medium'), Buffer.alloc(2 * MiB));
  const loop = loopDevice(t, join(folder, 'medium'));
  if (loop === undefined) return;
  const device = openDevice(loop, { write: true, exclusive: true, bufferBytes: 2 * MiB });
  undo(t, () => device.close());
  assert.equal(device.read(MiB, 2 * MiB, 4 * MiB), MiB);
  const full = { code: 'ENOSPC', syscall: 'pwrite', path: loop, offsetBytes: 2 * MiB };
  assert.throws(() => device.writeBuffer(MiB, 2 * MiB, 4 * MiB), full);
  assert.throws(() => device.truncate(0), { code: 'EINVAL' });
});

test('reading through the page cache still shows what is on the medium', (t) => {
  const medium = join(scratchFolder(t), 'medium');
  writeFileSync(medium, Buffer.alloc(MiB));
  const loop = loopDevice(t, medium);
  if (loop === undefined) return;
  const device = openDevice(loop, { write: true, direct: false, bufferBytes: 64 * 1024 });
  undo(t, () => device.close());
  assert.equal(device.info.direct, false);
  device.buffer.fill(1);
  device.writeBuffer(0, 64 * 1024, 64 * 1024);
  device.flush();
  assert.equal(device.read(512, 1024, 512), 1024);
  writeFileSync(medium, Buffer.alloc(MiB, 2), { flag: 'r+' }); // a card that changes its mind
  assert.equal(device.read(512, 1024, 512), 1024);
  assert.ok(device.buffer.subarray(0, 1024).equals(Buffer.alloc(1024, 2)));
});

test('a card that is open exclusively is busy for the next', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'medium'), Buffer.alloc(MiB));
  const loop = loopDevice(t, join(folder, 'medium'));
  if (loop === undefined) return;
  const first = openDevice(loop, { write: true, exclusive: true, bufferBytes: 4096 });
  assert.throws(() => openDevice(loop, { write: true, exclusive: true, bufferBytes: 4096 }), { code: 'EBUSY' });
  assert.equal(openDescriptors(loop).length, 1);
  first.close();
  openDevice(loop, { write: true, exclusive: true, bufferBytes: 4096 }).close();
});

test('zeros, holes and discarding on a card', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'medium'), Buffer.alloc(8 * MiB, 0xee));
  const loop = loopDevice(t, join(folder, 'medium'));
  if (loop === undefined) return;
  const device = openDevice(loop, { write: true, bufferBytes: 4096 });
  undo(t, () => device.close());
  device.writeZeros(512, 512, 512);
  device.punch(2 * MiB, 5 * MiB);
  device.flush();
  const expected = Buffer.alloc(8 * MiB, 0xee)
    .fill(0, 512, 1024)
    .fill(0, 2 * MiB, 7 * MiB);
  assert.ok(readFileSync(join(folder, 'medium')).equals(expected));
  assert.equal(typeof device.discard(0, MiB), 'boolean');
  assert.throws(() => device.discard(100, 4096), { code: 'EINVAL', offsetBytes: 100 });
});

test('a write-protected card says so', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'medium'), Buffer.alloc(MiB));
  const loop = loopDevice(t, join(folder, 'medium'), ['--read-only']);
  if (loop === undefined) return;
  const device = openDevice(loop, { write: false, bufferBytes: 4096 });
  assert.equal(device.info.readOnly, true);
  device.close();
  assert.throws(() => {
    const writer = openDevice(loop, { write: true, bufferBytes: 4096 });
    undo(t, () => writer.close());
    writer.writeZeros(0, 512, 512);
  });
});

test("a partition has its own number and its disk's properties", (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'medium'), '');
  truncateSync(join(folder, 'medium'), 8 * MiB);
  execFileSync('sfdisk', ['-q', join(folder, 'medium')], { input: 'label: dos\n2048,4096\n', stdio: 'pipe' });
  const loop = loopDevice(t, join(folder, 'medium'), ['--partscan']);
  if (loop === undefined) return;
  if (!existsSync(`${loop}p1`)) execFileSync('partx', ['--add', loop]); // a kernel that cannot read the table itself
  const disk = openDevice(loop, { write: false, bufferBytes: 4096 });
  const partition = openDevice(`${loop}p1`, { write: false, bufferBytes: 4096 });
  assert.equal(partition.info.sizeBytes, 2 * MiB);
  assert.notEqual(partition.info.deviceNumber, disk.info.deviceNumber);
  assert.equal(partition.info.rotational, disk.info.rotational);
  assert.equal(partition.info.removable, disk.info.removable);
  assert.equal(partition.info.diskSequence, disk.info.diskSequence);
  partition.close();
  disk.close();
});

test('ejecting: false where there are no SCSI commands, an error for what is no block device', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'medium'), Buffer.alloc(MiB));
  assert.throws(() => ejectMedium(join(folder, 'medium')), { code: 'ENOTBLK', syscall: 'open' });
  assert.throws(() => ejectMedium(join(folder, 'none')), { code: 'ENOENT', path: join(folder, 'none') });
  assert.throws(() => ejectMedium(''), /path must not be empty/);
  const loop = loopDevice(t, join(folder, 'medium'));
  if (loop === undefined) return;
  assert.equal(ejectMedium(loop), false);
  assert.deepEqual(openDescriptors(loop), []);
});
