// The image as a source: windows, images that grow, shrink or cannot be read, and whose fault that is.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDevice, openImage } from '../../src/native.js';
import { isRoot, loopDevice, mounted, pattern, scratchFolder, undo } from './scratch.js';

const MiB = 1024 * 1024;

test('a range across two windows of the mapping arrives whole', (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'image');
  const bytes = pattern(4 * MiB);
  const file = openSync(path, 'w');
  writeSync(file, bytes, 0, bytes.length, 62 * MiB);
  closeSync(file);
  const image = openImage(path);
  assert.equal(image.sizeBytes, 66 * MiB);
  const device = openDevice(join(folder, 'card'), { write: true, create: true, bufferBytes: 4096 });
  device.writeFromImage(image, 62 * MiB, 4 * MiB, MiB);
  device.writeFromImage(image, 0, 4096, MiB);
  const card = openSync(join(folder, 'card'), 'r');
  const written = Buffer.alloc(4 * MiB);
  readSync(card, written, 0, written.length, 62 * MiB);
  closeSync(card);
  assert.ok(written.equals(bytes));
  image.close();
  device.close();
});

test('an image may grow while it is followed', (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'spool');
  writeFileSync(path, pattern(4096));
  const image = openImage(path);
  const device = openDevice(join(folder, 'card'), { write: true, create: true, bufferBytes: 4096 });
  device.writeFromImage(image, 0, 4096, MiB);
  writeFileSync(path, pattern(MiB), { flag: 'r+' });
  assert.equal(image.sizeBytes, MiB);
  device.writeFromImage(image, 4096, MiB - 4096, MiB);
  assert.ok(readFileSync(join(folder, 'card')).equals(pattern(MiB)));
});

test('an image that is too short is an error of the image, not of the card', (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'image');
  writeFileSync(path, pattern(MiB));
  const image = openImage(path);
  const device = openDevice(join(folder, 'card'), { write: true, create: true, bufferBytes: 65536 });
  truncateSync(path, MiB - 100);
  for (const [offsetBytes, lengthBytes] of [
    [0, MiB],
    [MiB - 4096, 4096],
    [2 * MiB, 1],
  ] as const) {
    const refused = { code: 'EIO', syscall: 'pread', path, offsetBytes, lengthBytes };
    assert.throws(() => device.writeFromImage(image, offsetBytes, lengthBytes, MiB), refused);
  }
  assert.equal(readFileSync(join(folder, 'card')).length, 0);
});

test('an image on a dying disk is an error of the image, not of the card', (t) => {
  const folder = scratchFolder(t);
  const disk = join(folder, 'disk');
  const mountpoint = join(folder, 'mnt');
  if (!isRoot) return t.skip('needs root');
  writeFileSync(disk, '');
  truncateSync(disk, 32 * MiB);
  execFileSync('mkdir', [mountpoint]);
  writeFileSync(join(folder, 'content'), pattern(8 * MiB));
  execFileSync('mkfs.ext4', ['-qF', '-b', '4096', disk]);
  execFileSync('debugfs', ['-w', '-R', `write ${join(folder, 'content')} image`, disk], { stdio: 'pipe' });
  const loop = loopDevice(t, disk);
  if (loop === undefined || !mounted(t, mountpoint, ['-o', 'ro', loop])) return;
  const path = join(mountpoint, 'image');
  const image = openImage(path);
  assert.equal(image.sizeBytes, 8 * MiB);
  const device = openDevice(join(folder, 'card'), { write: true, create: true, bufferBytes: 65536 });
  truncateSync(disk, 2 * MiB);
  undo(t, () => image.close());
  assert.throws(() => device.writeFromImage(image, 4 * MiB, MiB, MiB), { code: 'EIO', syscall: 'pread', path });
});

test('an image is read into the buffer up to its end', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'image'), pattern(5000));
  const image = openImage(join(folder, 'image'));
  const device = openDevice(join(folder, 'card'), { write: true, create: true, bufferBytes: 8192 });
  device.buffer.fill(0xcc);
  assert.equal(image.readInto(device, 1000, 8192), 4000);
  assert.ok(device.buffer.subarray(0, 4000).equals(pattern(5000).subarray(1000)));
  assert.ok(device.buffer.subarray(4000).every((byte) => byte === 0xcc));
  assert.equal(image.readInto(device, 9999, 1), 0);
  image.close();
  image.close();
  assert.throws(() => image.readInto(device, 0, 1), { code: 'EBADF' });
  assert.throws(() => device.writeFromImage(image, 0, 1, 512), { code: 'EBADF', path: join(folder, 'image') });
  assert.throws(() => image.sizeBytes, { code: 'EBADF' });
});

test('only a regular file is an image', (t) => {
  const folder = scratchFolder(t);
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  assert.throws(() => openImage(folder), { code: 'EINVAL', path: folder });
  assert.throws(() => openImage(join(folder, 'fifo')), { code: 'EINVAL' });
  assert.throws(() => openImage(join(folder, 'none')), { code: 'ENOENT' });
  assert.throws(() => openDevice(join(folder, 'fifo'), { write: false, bufferBytes: 1 }), { code: 'ENOTBLK' });
});
