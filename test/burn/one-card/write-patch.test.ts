// Changed sectors on a card of data: the order they are written in, what is around them, and what does not hold.

import assert from 'node:assert/strict';
import test from 'node:test';
import { writePatch } from '../../../src/burn/one-card/write-patch.js';
import type { FatGeometry } from '../../../src/customise/fat/bpb.js';
import { PiburnError } from '../../../src/errors.js';
import type { Device } from '../../../src/native.js';

const block = 4096;
const kib = 1024;

/** A device of 1 MiB with blocks of 4 KiB, that writes down what happens to it. */
function fakeDevice(corrupt?: number) {
  const bytes = Buffer.alloc(1024 * kib, 7);
  const buffer = Buffer.alloc(2048 * kib);
  const log: string[] = [];
  const aligned = (...numbers: readonly number[]) => assert.ok(numbers.every((number) => number % block === 0));
  const device = {
    info: { kind: 'file', logicalBlockBytes: block },
    buffer,
    read(offset: number, length: number) {
      aligned(offset, length);
      return bytes.copy(buffer, 0, offset, offset + length);
    },
    writeBuffer(offset: number, length: number) {
      aligned(offset, length);
      buffer.copy(bytes, offset, 0, length);
      if (corrupt !== undefined && corrupt >= offset && corrupt < offset + length) bytes[corrupt] = 255;
      log.push(`write ${offset / kib}`);
    },
    flush: () => log.push('flush'),
  };
  return { device: device as unknown as Device, bytes, log };
}

/** Tables from 16 KiB, data from 64 KiB, whose first cluster is the root directory. */
const geometry: FatGeometry = {
  kind: 'fat32',
  clusterBytes: 8 * kib,
  clusterCount: 100,
  fatOffsetsBytes: [16 * kib, 32 * kib],
  fatBytes: 16 * kib,
  dataOffsetBytes: 64 * kib,
  root: { firstCluster: 2 },
  fsInfoOffsetBytes: undefined,
  label: undefined,
  dirty: false,
};

const patch = [
  { offsetBytes: 16 * kib + 512, bytes: Buffer.alloc(512, 1) },
  { offsetBytes: 60 * kib, bytes: Buffer.alloc(24 * kib, 2) },
  { offsetBytes: 200 * kib - 512, bytes: Buffer.alloc(1024, 3) },
];

test('files come first, then the tables, then the directory, each flushed; what is around stays', () => {
  const { device, bytes, log } = fakeDevice();
  writePatch('card', device, patch, geometry);
  assert.deepEqual(log, ['write 72', 'write 196', 'flush', 'write 16', 'write 60', 'flush', 'write 64', 'flush']);
  const expected = Buffer.alloc(bytes.length, 7);
  for (const { offsetBytes, bytes: part } of patch) part.copy(expected, offsetBytes);
  assert.ok(bytes.equals(expected));
});

test('bytes that do not read back as they were written are an error with their place', () => {
  const { device } = fakeDevice(200 * kib);
  assert.throws(
    () => writePatch('card', device, patch, geometry),
    (error: unknown) =>
      error instanceof PiburnError &&
      error.failure.code === 'CARD_READ_BACK' &&
      error.failure.offsetBytes === 200 * kib - 512,
  );
});
