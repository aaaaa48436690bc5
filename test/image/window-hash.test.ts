// SHA-256 beside the spool worker: the same digest from a thread of its own as from here, and an end whenever it ends.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { segmentBytesMax } from '../../src/image/segment-table.js';
import { hashWindows, type WindowHash } from '../../src/image/window-hash.js';
import { noise } from './decode/support.js';

const large = 1024 ** 3;
const one = noise(segmentBytesMax, 21);

/** Fills window after window with another beginning of the noise each, as decoders do. */
async function feed(hash: WindowHash, lengths: readonly number[]): Promise<void> {
  for (const [index, length] of lengths.entries()) {
    const buffer = await hash.next();
    buffer[0] = 0;
    one.copy(buffer, 0, 0, length);
    buffer[0] = index;
    hash.update(buffer.subarray(0, length));
  }
}

function digestHere(lengths: readonly number[]): string {
  const hash = createHash('sha256');
  for (const [index, length] of lengths.entries()) {
    const bytes = Buffer.from(one.subarray(0, length));
    if (length > 0) bytes[0] = index;
    hash.update(bytes);
  }
  return hash.digest('hex');
}

const cases: readonly (readonly number[])[] = [
  [0],
  [77],
  [segmentBytesMax, 0],
  [...Array.from({ length: 25 }, () => segmentBytesMax), 4096],
];

for (const [where, imageBytes] of [
  ['here', 1],
  ['on a thread', large],
  ['on a thread where nobody knows how much will come', undefined],
] as const)
  test(`the digest of all windows, hashed ${where}`, async () => {
    for (const lengths of cases) {
      const hash = hashWindows(imageBytes);
      await feed(hash, lengths);
      assert.equal(await hash.digest(), digestHere(lengths), String(lengths.length));
      await hash.close();
    }
  });

test('given up anywhere it ends, and takes nothing with it', async () => {
  for (const lengths of [[], [5], Array.from({ length: 6 }, () => segmentBytesMax)]) {
    const hash = hashWindows(large);
    await feed(hash, lengths);
    await hash.next();
    await hash.close();
  }
});
