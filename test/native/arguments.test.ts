// Bad arguments: in words from TypeScript, and again from C++, which must not trust its caller.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type Device,
  dieWithParent,
  ejectMedium,
  type ImageFile,
  isSystemError,
  lockFile,
  openDevice,
  openImage,
} from '../../src/native.js';
import { addonPath, scratchFolder } from './scratch.js';

/** Lets a wrong value through the types, as a caller without them could. */
const wrong = (value: unknown) => value as never;

function openBoth(t: TestContext): { device: Device; image: ImageFile } {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'image'), 'image');
  return {
    device: openDevice(join(folder, 'card'), { write: true, create: true, bufferBytes: 4096 }),
    image: openImage(join(folder, 'image')),
  };
}

test('opening explains what is wrong', () => {
  const cases: ReadonlyArray<[() => unknown, RegExp]> = [
    [() => openDevice(wrong(5), { write: true, bufferBytes: 1 }), /TypeError: path must be a string, not number/],
    [() => openDevice('', { write: true, bufferBytes: 1 }), /TypeError: path must not be empty/],
    [() => openDevice('a\0b', { write: true, bufferBytes: 1 }), /TypeError: path must not be empty or contain NUL/],
    [() => openDevice('x', { write: wrong('yes'), bufferBytes: 1 }), /TypeError: write must be true or false/],
    [() => openDevice('x', { write: true, bufferBytes: 0 }), /RangeError: bufferBytes must be an integer from 1/],
    [() => openDevice('x', { write: true, bufferBytes: 2 ** 40 }), /RangeError: bufferBytes/],
    [() => openDevice('x', { write: true, bufferBytes: wrong(10n) }), /TypeError: bufferBytes must be a number/],
    [() => openDevice('x', { write: false, create: true, bufferBytes: 1 }), /TypeError: create makes a new file/],
    [() => openImage(wrong(undefined)), /TypeError: path must be a string, not undefined/],
    [() => lockFile('x', wrong('both')), /TypeError: mode must be shared or exclusive, not both/],
    [() => dieWithParent(wrong('1')), /TypeError: expectedParentPid must be a number/],
    [() => dieWithParent(0), /RangeError: expectedParentPid/],
    [() => ejectMedium(wrong(5)), /TypeError: path must be a string, not number/],
  ];
  for (const [call, expected] of cases) assert.throws(call, expected);
});

test('ranges explain what is wrong', (t) => {
  const { device, image } = openBoth(t);
  const top = Number.MAX_SAFE_INTEGER;
  const cases: ReadonlyArray<[() => unknown, RegExp]> = [
    [() => device.writeZeros(-512, 512, 512), /RangeError: offsetBytes must be an integer from 0/],
    [() => device.writeZeros(0.5, 512, 512), /RangeError: offsetBytes/],
    [() => device.writeZeros(Number.NaN, 512, 512), /RangeError: offsetBytes/],
    [() => device.writeZeros(0, Number.POSITIVE_INFINITY, 512), /RangeError: lengthBytes/],
    [() => device.writeZeros(2 ** 53, 512, 512), /RangeError: offsetBytes/],
    [() => device.writeZeros(top - 511, 1024, 512), /RangeError: .* reach beyond/],
    [() => device.writeZeros(0, 512, 0), /RangeError: requestBytes must be an integer from 1/],
    [() => device.writeZeros(0, 512, wrong(undefined)), /TypeError: requestBytes must be a number, not undefined/],
    [() => device.writeBuffer(0, 4097, 512), /RangeError: lengthBytes must be an integer from 0 to 4096/],
    [() => device.read(0, 4097, 512), /RangeError: lengthBytes/],
    [() => device.truncate(-1), /RangeError: sizeBytes/],
    [() => device.writeFromImage(wrong({}), 0, 512, 512), /TypeError: expected what openImage returned/],
    [() => image.readInto(wrong({ buffer: device.buffer }), 0, 512), /TypeError: expected what openDevice returned/],
    [() => image.readInto(device, 0, 4097), /RangeError: lengthBytes/],
  ];
  for (const [call, expected] of cases) assert.throws(call, expected);
});

test('a device opened for reading is not written', (t) => {
  const path = join(scratchFolder(t), 'card');
  writeFileSync(path, 'x');
  const device = openDevice(path, { write: false, bufferBytes: 4096 });
  for (const call of [() => device.writeBuffer(0, 1, 512), () => device.truncate(0), () => device.punch(0, 512)]) {
    assert.throws(call, /TypeError: .* was opened without write: true/);
  }
});

test('the C++ side refuses what TypeScript would have refused', (t) => {
  const raw = createRequire(import.meta.url)(addonPath);
  const file = join(scratchFolder(t), 'card');
  const device = new raw.Device(file, true, true, true, true, 4096);
  const image = new raw.Image(file);
  const cases: ReadonlyArray<[() => unknown, RegExp]> = [
    [() => new raw.Device(), /TypeError: path must be a string/],
    [() => new raw.Device('a\0b', true, true, true, true, 1), /TypeError: path must not contain NUL/],
    [() => new raw.Device(file, 1, true, true, true, 1), /TypeError: write must be true or false/],
    [() => new raw.Device(file, true, true, true, true, 1e12), /RangeError: bufferBytes/],
    [() => new raw.Image({}), /TypeError: path must be a string/],
    [() => new raw.Lock(file, 'exclusive'), /TypeError: exclusive must be true or false/],
    [() => raw.Device(file), /TypeError/],
    [() => device.writeZeros(), /TypeError: offsetBytes must be a number/],
    [() => device.writeZeros(-1, 1, 1), /RangeError: offsetBytes/],
    [() => device.writeZeros(2 ** 53 - 1, 1, 1), /RangeError: lengthBytes reaches beyond/],
    [() => device.writeZeros(0, 512, 2 ** 31), /RangeError: requestBytes/],
    [() => device.writeBuffer(0, 4097, 512), /RangeError: lengthBytes is longer than the buffer/],
    [() => device.read(0, 2 ** 40, 512), /RangeError: lengthBytes is longer than the buffer/],
    [() => device.writeFromImage(device, 0, 1, 1), /TypeError: image has the wrong type/],
    [() => device.writeFromImage({}, 0, 1, 1), /TypeError: image has the wrong type/],
    [() => device.writeFromImage(null, 0, 1, 1), /TypeError: image has the wrong type/],
    [() => image.readInto(image, 0, 1), /TypeError: device has the wrong type/],
    [() => image.readInto(device, 0, 4097), /RangeError: lengthBytes is longer than the buffer/],
    [() => device.read.call({}, 0, 1, 1), /TypeError/],
    [() => device.read.call(image, 0, 1, 1), /TypeError/],
    [() => raw.dieWithParent(1.5), /RangeError: expectedParentPid/],
    [() => raw.ejectMedium(5), /TypeError: path must be a string/],
    [() => raw.ejectMedium('a\0b'), /TypeError: path must not contain NUL/],
  ];
  for (const [call, expected] of cases) assert.throws(call, expected);
});

test('only what the kernel refused is a system error', () => {
  assert.equal(isSystemError(new Error('x')), false);
  assert.equal(isSystemError(Object.assign(new Error('x'), { code: 'EIO' })), false);
  assert.equal(isSystemError(undefined), false);
});
