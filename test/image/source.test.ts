// What the person named as the image, looked at once: by its bytes and its kind, never by its name.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, mkdirSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { PiburnError } from '../../src/errors.js';
import { openSource } from '../../src/image/source.js';
import { loopDevice, openDescriptors, pattern, scratchFolder } from '../native/scratch.js';

const xz = (bytes: Uint8Array, ...args: readonly string[]): Buffer =>
  execFileSync('xz', ['--stdout', '-0', ...args], { input: bytes });

const failsWith = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PiburnError, String(error));
  assert.equal(error.failure.code, code);
  assert.match(error.failure.message, words);
  assert.ok((error.failure.hint ?? '').length > 0, 'says what to try');
  return true;
};

test('a raw image and an .xz are told apart by their first bytes', async (t) => {
  const folder = scratchFolder(t);
  const plain = pattern(50_000);
  const files: readonly (readonly [name: string, bytes: Buffer, format: string])[] = [
    ['raw.img', plain, 'raw'],
    ['raw-in-disguise.xz', plain, 'raw'],
    ['real.img.xz', xz(plain), 'xz'],
    ['xz-in-disguise.img', xz(plain), 'xz'],
    ['two-streams.xz', Buffer.concat([xz(plain.subarray(0, 20_000)), xz(plain.subarray(20_000))]), 'xz'],
    ['blocks-and-padding.xz', Buffer.concat([xz(plain, '--block-size=4096'), Buffer.alloc(8)]), 'xz'],
  ];
  for (const [name, bytes, format] of files) {
    writeFileSync(join(folder, name), bytes);
    const source = await openSource(join(folder, name));
    assert.deepEqual([source.name, source.format, source.imageBytes], [name, format, plain.length], name);
    assert.equal(source.identity?.sizeBytes, bytes.length);
    assert.deepEqual(Buffer.from(source.head), bytes.subarray(0, 1024));
    source.close();
  }
});

test('an image behind a link is the file that the link leads to', async (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'real.img'), pattern(5000));
  symlinkSync('real.img', join(folder, 'latest.img'));
  const [byLink, byName] = [await openSource(join(folder, 'latest.img')), await openSource(join(folder, 'real.img'))];
  assert.equal(byLink.name, 'latest.img');
  assert.deepEqual(byLink.identity, byName.identity);
  assert.equal(byLink.identity?.path, realpathSync(join(folder, 'real.img')));
  byLink.close();
  byName.close();
});

test('a pipe is read once: it has no identity and no size', async (t) => {
  const folder = scratchFolder(t);
  const pipe = join(folder, 'pipe');
  const bytes = pattern(3000);
  writeFileSync(join(folder, 'bytes'), bytes);
  execFileSync('mkfifo', [pipe]);
  // Opening a pipe waits for its other end, so that end is another process.
  const writer = spawn('dd', [`if=${join(folder, 'bytes')}`, `of=${pipe}`, 'status=none'], { stdio: 'ignore' });
  const ended = once(writer, 'exit');
  const source = await openSource(pipe);
  assert.deepEqual([source.identity, source.imageBytes, source.format], [undefined, undefined, 'raw']);
  assert.deepEqual(Buffer.from(source.head), bytes.subarray(0, 1024));
  source.close();
  await ended;
});

test('an .xz that is cut short or damaged at its end is known as broken at once', async (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'cut.img.xz');
  const whole = xz(pattern(200_000), '--block-size=20000');
  for (const length of [whole.length - 1, whole.length - 12, whole.length - 60, 2000, 1024, 13, 12, 6]) {
    writeFileSync(path, whole.subarray(0, length));
    await assert.rejects(
      openSource(path),
      failsWith('IMAGE_CORRUPT', /cut\.img\.xz is damaged or was cut short/),
      `${length}`,
    );
  }
  writeFileSync(path, Buffer.concat([whole, Buffer.from('garbage at the end')]));
  await assert.rejects(openSource(path), failsWith('IMAGE_CORRUPT', /damaged/));
});

test('what is no image is refused by name, with what to do', async (t) => {
  const folder = scratchFolder(t);
  const at = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  mkdirSync(join(folder, 'directory'));
  const refused: readonly (readonly [path: string, code: string, words: RegExp])[] = [
    [join(folder, 'nothing.img'), 'IMAGE_MISSING', /there is no image .*nothing\.img/],
    [`${at('file', pattern(10))}/inside.img`, 'IMAGE_MISSING', /there is no image/],
    [join(folder, 'directory'), 'IMAGE_MISSING', /is a directory/],
    [at('empty.img', Buffer.alloc(0)), 'IMAGE_EMPTY', /empty\.img is empty/],
    [at('packed.lz4', Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x64, 0x40])), 'IMAGE_COMPRESSED', /lz4/],
    [at('packed.img', Buffer.from('Rar!\x1a\x07\x01\x00', 'latin1')), 'IMAGE_COMPRESSED', /rar/i],
  ];
  for (const [path, code, words] of refused) await assert.rejects(openSource(path), failsWith(code, words), path);
});

test('a disk is not taken for an image file', async (t) => {
  const file = join(scratchFolder(t), 'disk');
  writeFileSync(file, '');
  truncateSync(file, 1024 * 1024);
  const device = loopDevice(t, file);
  if (device === undefined) return;
  await assert.rejects(openSource(device), failsWith('IMAGE_DEVICE', /is a disk/));
});

test('nothing stays open, whether it went well or not', async (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'good.img'), pattern(5000));
  writeFileSync(join(folder, 'bad.img.xz'), xz(pattern(5000)).subarray(0, -5));
  const source = await openSource(join(folder, 'good.img'));
  assert.ok(fstatSync(source.descriptor).isFile());
  source.close();
  await assert.rejects(openSource(join(folder, 'bad.img.xz')));
  await assert.rejects(openSource(folder));
  assert.deepEqual(openDescriptors(folder), []);
});
