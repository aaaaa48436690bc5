// Regular files as targets: bytes go where they should, short blocks are padded, caches do not answer.

import assert from 'node:assert/strict';
import { constants, linkSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Device, isSystemError, type OpenOptions, openDevice, openImage } from '../../src/native.js';
import { mounted, openDescriptors, pattern, scratchFolder, undo } from './scratch.js';

const MiB = 1024 * 1024;
const fresh: OpenOptions = { write: true, create: true, exclusive: true, bufferBytes: MiB };

const throwsCode = (call: () => unknown, code: string, more: Record<string, unknown> = {}) => {
  assert.throws(call, { code, ...more });
  assert.throws(call, isSystemError);
};

for (const direct of [true, false]) {
  const way = direct ? 'directly' : 'through the page cache';

  test(`an image is written ${way} and read back byte for byte`, (t) => {
    const folder = scratchFolder(t);
    const bytes = pattern(3 * MiB + 700);
    writeFileSync(join(folder, 'image'), bytes);
    const image = openImage(join(folder, 'image'));
    const device = openDevice(join(folder, 'card'), { ...fresh, direct });
    for (let offset = 0; offset < bytes.length; offset += MiB) {
      device.writeFromImage(image, offset, Math.min(MiB, bytes.length - offset), 256 * 1024);
    }
    device.flush();
    const card = readFileSync(join(folder, 'card'));
    const block = device.info.logicalBlockBytes;
    assert.equal(card.length, Math.ceil(bytes.length / block) * block);
    assert.ok(card.subarray(0, bytes.length).equals(bytes));
    assert.ok(card.subarray(bytes.length).every((byte) => byte === 0));

    assert.equal(device.read(MiB, MiB, 100_000), MiB);
    assert.ok(device.buffer.equals(bytes.subarray(MiB, 2 * MiB)));
    image.close();
    device.close();
  });

  test(`the padding of a short block is zeros and never stale, ${way}`, (t) => {
    const path = join(scratchFolder(t), 'card');
    writeFileSync(path, Buffer.alloc(16384, 0xee));
    const device = openDevice(path, { write: true, direct, bufferBytes: 8192 });
    device.buffer.fill(0xaa);
    device.writeBuffer(4096, 4097, 4096);
    const block = device.info.logicalBlockBytes;
    const card = readFileSync(path);
    const end = 4096 + 4096 + block;
    assert.ok(card.subarray(4096, 8193).every((byte) => byte === 0xaa));
    assert.ok(card.subarray(8193, end).every((byte) => byte === 0));
    assert.ok(card.subarray(end).every((byte) => byte === 0xee));
    assert.ok(card.subarray(0, 4096).every((byte) => byte === 0xee));
  });

  test(`O_DIRECT is ${direct ? '' : 'not '}in force when info says so`, (t) => {
    const path = join(scratchFolder(t), 'card');
    const device = openDevice(path, { ...fresh, direct });
    const [fd] = openDescriptors(path);
    const flags = Number.parseInt(
      /flags:\s*0?(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '',
      8,
    );
    assert.equal((flags & constants.O_DIRECT) !== 0, device.info.direct);
    if (!direct) assert.equal(device.info.direct, false);
    assert.equal(statSync(path).size, 0, 'probing leaves nothing behind');
    device.close();
  });
}

test('a file system without O_DIRECT is written through the page cache', (t) => {
  const folder = scratchFolder(t);
  if (!mounted(t, folder, ['-t', 'ramfs', 'none'])) return;
  const device = openDevice(join(folder, 'card'), fresh);
  undo(t, () => device.close());
  assert.equal(device.info.direct, false);
  assert.equal(device.info.logicalBlockBytes, 512);
  device.buffer.set(pattern(5000));
  device.writeBuffer(0, 5000, MiB);
  device.flush();
  device.buffer.fill(0);
  assert.equal(device.read(0, 5000, 512), 5000);
  assert.ok(device.buffer.subarray(0, 5000).equals(pattern(5000)));
  device.punch(0, 4096); // ramfs has no holes: zeros are written
  assert.ok(
    readFileSync(join(folder, 'card'))
      .subarray(0, 4096)
      .every((byte) => byte === 0),
  );
  assert.equal(statSync(join(folder, 'card')).size, 5120);
});

test('a full file system says ENOSPC at the place where it was full', (t) => {
  const folder = scratchFolder(t);
  if (!mounted(t, folder, ['-t', 'tmpfs', '-o', 'size=1m', 'none'])) return;
  const device = openDevice(join(folder, 'card'), { ...fresh, bufferBytes: 4 * MiB });
  undo(t, () => device.close());
  throwsCode(() => device.writeBuffer(0, 4 * MiB, 4 * MiB), 'ENOSPC', { syscall: 'pwrite', offsetBytes: MiB });
});

test('zeros, holes and truncation do what they say', (t) => {
  const path = join(scratchFolder(t), 'card');
  writeFileSync(path, pattern(8 * MiB));
  const device = openDevice(path, { write: true, exclusive: true, bufferBytes: 4096 });
  device.writeZeros(4096, 6 * MiB, 64 * 1024);
  const expected = pattern(8 * MiB).fill(0, 4096, 4096 + 6 * MiB);
  assert.ok(readFileSync(path).equals(expected));

  const before = statSync(path).blocks;
  device.punch(7 * MiB, 4 * MiB);
  assert.ok(readFileSync(path).equals(expected.fill(0, 7 * MiB)));
  assert.ok(statSync(path).blocks < before);
  device.punch(0, 0);

  device.truncate(12345);
  assert.equal(statSync(path).size, 12345);
  assert.equal(device.discard(0, 4096), false);
  assert.equal(device.rereadPartitions(), false);
  device.close();
});

test('reading stops at the end of the file', (t) => {
  const path = join(scratchFolder(t), 'card');
  writeFileSync(path, pattern(10_000));
  const device = openDevice(path, { write: false, bufferBytes: 64 * 1024 });
  assert.equal(device.info.sizeBytes, 10_000);
  assert.equal(device.read(0, 65536, 4096), 10_000);
  assert.ok(device.buffer.subarray(0, 10_000).equals(pattern(10_000)));
  assert.equal(device.read(0, 100, 4096), 100);
  assert.equal(device.read(8192, 4096, 1), 1808);
  assert.equal(device.read(16384, 4096, 4096), 0);
  device.close();
});

test('the buffer is aligned, rounded up and outlives the device', (t) => {
  const path = join(scratchFolder(t), 'card');
  const device = openDevice(path, { ...fresh, bufferBytes: 5000 });
  assert.equal(device.buffer.length, 8192);
  const { buffer } = device;
  device.close();
  device.close();
  buffer.fill(7);
  assert.equal(buffer[8191], 7);
  const calls: ReadonlyArray<(device: Device) => unknown> = [
    (d) => d.writeBuffer(0, 1, 512),
    (d) => d.writeZeros(0, 512, 512),
    (d) => d.read(0, 512, 512),
    (d) => d.flush(),
    (d) => d.truncate(0),
    (d) => d.punch(0, 512),
    (d) => d.discard(0, 512),
    (d) => d.rereadPartitions(),
  ];
  for (const call of calls) throwsCode(() => call(device), 'EBADF', { path });
});

test('two writers cannot have one file', (t) => {
  const folder = scratchFolder(t);
  const first = openDevice(join(folder, 'card'), fresh);
  linkSync(join(folder, 'card'), join(folder, 'other-name'));
  throwsCode(() => openDevice(join(folder, 'card'), fresh), 'EEXIST', { syscall: 'open' });
  throwsCode(() => openDevice(join(folder, 'other-name'), { ...fresh, create: false }), 'EBUSY', { syscall: 'flock' });
  assert.equal(openDescriptors(folder).length, 1);
  first.close();
  openDevice(join(folder, 'other-name'), { ...fresh, create: false }).close();
});

test('what is no target is refused', (t) => {
  const folder = scratchFolder(t);
  mkdirSync(join(folder, 'folder'));
  symlinkSync('loop', join(folder, 'loop'));
  const cases = [
    ['nothing', 'ENOENT'],
    ['folder', 'ENOTBLK'],
    ['loop', 'ELOOP'],
    ['/dev/null', 'ENOTBLK'],
  ] as const;
  for (const [name, code] of cases) {
    const path = name.startsWith('/') ? name : join(folder, name);
    throwsCode(() => openDevice(path, { write: true, bufferBytes: 1 }), code, { path, syscall: 'open' });
  }
});

test('an error says what, how much, where and why', (t) => {
  const path = join(scratchFolder(t), 'card');
  const device = openDevice(path, fresh);
  assert.throws(() => device.writeZeros(100, 4096, 4096), {
    message: `pwrite of 4096 bytes at 100 on ${path}: Invalid argument`,
    code: 'EINVAL',
    errno: 22,
    syscall: 'pwrite',
    path,
    offsetBytes: 100,
    lengthBytes: 4096,
  });
  device.close();
});
