// Disk images: partition tables and the free blocks of what lies in the partitions, followed as the decoder brings them.

import assert from 'node:assert/strict';
import { Allocation } from '../../../src/image/allocation/allocation.js';
import { crc32 } from '../../../src/image/allocation/checksums.js';
import { describeLayout } from '../../../src/image/allocation/describe.js';
import { inspectHead } from '../../../src/image/allocation/inspect-head.js';
import { assertPlain, boundedReader } from './judge.js';
import type { Target } from './target.js';

const blockBytes = 4096;

export const disk: Target = { name: 'disk', isText: false, run: (bytes) => followDisk(bytes) };

/** The same with the checksums of a GPT put right, so that what is behind them is reached. */
export const gpt: Target = {
  name: 'gpt',
  isText: false,
  run(bytes) {
    repairGpt(bytes);
    followDisk(bytes);
  },
};

function followDisk(bytes: Buffer): void {
  const atOnce = follow(bytes, bytes.length);
  const inWindows = follow(bytes, 64 * 1024);
  assert.deepEqual(inWindows.partitions, atOnce.partitions);
  const believed = atOnce.partitions.filter(({ note }) => note === undefined);
  for (let offsetBytes = 0; offsetBytes < 2 * bytes.length; offsetBytes += blockBytes) {
    const isFree = atOnce.isFree(offsetBytes);
    if (inWindows.isFree(offsetBytes) !== isFree) assert.fail(`byte ${offsetBytes}: it depends on the windows`);
    if (!isFree) continue;
    const isInside = believed.some(
      ({ startBytes, sizeBytes }) => offsetBytes >= startBytes && offsetBytes + blockBytes <= startBytes + sizeBytes,
    );
    if (!isInside) assert.fail(`byte ${offsetBytes} is free, but in no partition that is believed`);
  }
  for (const line of describeLayout(atOnce)) assertPlain(line);
  const head = inspectHead(bytes.subarray(0, 1024 * 1024));
  assert.ok(Number.isSafeInteger(head.partitionsEndBytes), `partitions end at ${head.partitionsEndBytes}`);
}

function follow(bytes: Buffer, windowBytes: number): Allocation {
  const read = boundedReader(bytes);
  let availableBytes = 0;
  const allocation = new Allocation((offsetBytes, lengthBytes) => {
    assert.ok(offsetBytes + lengthBytes <= availableBytes, 'reads what is not decoded yet');
    return read(offsetBytes, lengthBytes);
  });
  do {
    availableBytes = Math.min(bytes.length, availableBytes + windowBytes);
    allocation.advance(availableBytes, availableBytes === bytes.length);
  } while (availableBytes < bytes.length);
  return allocation;
}

function repairGpt(bytes: Buffer): void {
  if (bytes.length < 34 * 512) return;
  const header = bytes.subarray(512, 1024);
  const entriesAt = header.readUInt32LE(72) * 512;
  const entriesBytes = header.readUInt32LE(80) * header.readUInt32LE(84);
  if (entriesBytes < 1024 * 1024) header.writeUInt32LE(crc32(bytes.subarray(entriesAt, entriesAt + entriesBytes)), 88);
  header.writeUInt32LE(0, 16);
  const headerBytes = header.readUInt32LE(12);
  if (headerBytes <= 512) header.writeUInt32LE(crc32(header.subarray(0, headerBytes)), 16);
}
