// The copy-on-write overlay: what is read, what becomes the patch, and that the image stays as it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Overlay } from '../../../src/customise/overlay.js';
import { withCode } from './fat-images.js';

const imageOf = (lengthBytes: number) =>
  Buffer.from(Uint8Array.from({ length: lengthBytes }, (_, index) => index % 251));
const over = (image: Buffer) => new Overlay((offset, length) => image.subarray(offset, offset + length));

test('reads see what was written, across sectors, and the image does not change', () => {
  const image = imageOf(4096);
  const original = Buffer.from(image);
  const overlay = over(image);
  overlay.write(500, new Uint8Array(600).fill(7));
  const expected = Buffer.from(original).fill(7, 500, 1100);
  for (const [offset, length] of [
    [0, 4096],
    [499, 3],
    [500, 600],
    [1099, 2],
    [2000, 10],
    [512, 0],
  ] as const) {
    assert.deepEqual(overlay.read(offset, length), new Uint8Array(expected.subarray(offset, offset + length)));
  }
  overlay.read(0, 4096).fill(9);
  overlay.read(500, 10).fill(9);
  assert.deepEqual(Buffer.from(overlay.read(0, 4096)), expected);
  assert.deepEqual(image, original);
});

test('a patch is ascending, in whole sectors, with neighbours merged', () => {
  const overlay = over(imageOf(8192));
  overlay.write(5000, Uint8Array.of(1));
  overlay.write(1023, Uint8Array.of(1, 2));
  overlay.write(100, Uint8Array.of(1));
  const patch = overlay.patch();
  assert.deepEqual(
    patch.map((block) => [block.offsetBytes, block.bytes.length]),
    [
      [0, 1536],
      [4608, 512],
    ],
  );
  for (const block of patch) assert.deepEqual(block.bytes, overlay.read(block.offsetBytes, block.bytes.length));
});

test('sectors that ended as they began are no part of the patch', () => {
  const image = imageOf(4096);
  const overlay = over(image);
  overlay.write(0, new Uint8Array(2048));
  overlay.write(0, image.subarray(0, 700));
  overlay.write(1024, image.subarray(1024, 1536));
  assert.deepEqual(
    overlay.patch().map((block) => [block.offsetBytes, block.bytes.length]),
    [
      [512, 512],
      [1536, 512],
    ],
  );
});

test('an image that ends too early is an error in words', () => {
  assert.throws(() => over(imageOf(1000)).read(600, 500), withCode('IMAGE_TOO_SHORT'));
  assert.throws(() => over(imageOf(1000)).write(600, Uint8Array.of(1)), withCode('IMAGE_TOO_SHORT'));
});
