// Images that pass their bmap, and such that do not: where, and how early, that is noticed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PiburnError } from '../../../src/errors.js';
import { BmapChecker } from '../../../src/image/bmap/checker.js';
import { parseBmap } from '../../../src/image/bmap/parse.js';
import { type Blocks, bmapOf, imageBytesOf, type Written, withCode } from './bmaps.js';

/** Adjacent ranges, single blocks, and an end inside a block. */
const ranges: readonly Blocks[] = [
  [0, 1],
  [2, 5],
  [9, 9],
  [20, 31],
  [39, 40],
];
const image = imageBytesOf(40 * 4096 + 700, ranges);

const checkerOf = (written: Written = {}): BmapChecker =>
  new BmapChecker(parseBmap(bmapOf(image, ranges, written), 'card.bmap'), 'card.img', 'card.bmap');

function feed(checker: BmapChecker, bytes: Buffer, pieceBytes: readonly number[]): void {
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const length = pieceBytes[index % pieceBytes.length] ?? bytes.length;
    checker.add(bytes.subarray(at, at + length));
    at += length;
  }
  checker.end(bytes.length);
}

test('an image passes in pieces of any length', () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(pieces, (lengths) => feed(checkerOf(), image, lengths)),
    { numRuns: 100 },
  );
  feed(checkerOf(), image, [image.length]);
  feed(checkerOf(), image, [4096]);
});

test('a changed bit in a range is named, with the range, and one outside of all ranges is not looked at', () => {
  const bit = fc.nat(image.length * 8 - 1);
  fc.assert(
    fc.property(bit, fc.integer({ min: 100, max: 50_000 }), (at, pieceBytes) => {
      const changed = Buffer.from(image);
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
      const block = Math.floor((at >> 3) / 4096);
      const range = ranges.find(([first, last]) => block >= first && block <= last);
      if (range === undefined) {
        feed(checkerOf(), changed, [pieceBytes]);
        return;
      }
      const [first, last] = range;
      const blocks = first === last ? `block ${first}` : `block ${first}-${last}`;
      const startBytes = first * 4096;
      const endBytes = Math.min((last + 1) * 4096, image.length);
      const says = new RegExp(
        `^${blocks} \\(bytes ${startBytes} to ${endBytes - 1}\\) of card.img .* its bmap card.bmap$`,
      );
      assert.throws(
        () => feed(checkerOf(), changed, [pieceBytes]),
        (error) =>
          withCode('BMAP_MISMATCH', says)(error) &&
          error instanceof PiburnError &&
          error.failure.offsetBytes === startBytes &&
          error.failure.lengthBytes === endBytes - startBytes,
      );
    }),
    { numRuns: 200 },
  );
});

test('a wrong range is noticed with its last byte', () => {
  const changed = Buffer.from(image);
  changed.fill(1, 20 * 4096, 20 * 4096 + 1);
  const checker = checkerOf();
  checker.add(changed.subarray(0, 32 * 4096 - 1));
  assert.throws(
    () => checker.add(changed.subarray(32 * 4096 - 1, 32 * 4096)),
    withCode('BMAP_MISMATCH', /block 20-31/),
  );
});

test('an image of another size does not match', () => {
  for (const sizeBytes of [image.length - 1, 39 * 4096, 4096]) {
    const cut = image.subarray(0, sizeBytes);
    assert.throws(
      () => feed(checkerOf(), cut, [5000]),
      withCode('BMAP_MISMATCH', new RegExp(`has ${sizeBytes} bytes`)),
    );
  }
  const longer = Buffer.concat([image, Buffer.alloc(1)]);
  assert.throws(() => feed(checkerOf(), longer, [5000]), withCode('BMAP_MISMATCH', /has more than 164540 bytes/));
  assert.throws(() => checkerOf().end(image.length), withCode('BMAP_MISMATCH', /has 0 bytes/));
});

test('without digests only the size is looked at', () => {
  feed(checkerOf({ digests: false }), Buffer.alloc(image.length), [7000]);
  const short = () => feed(checkerOf({ digests: false }), Buffer.alloc(4096), [7000]);
  assert.throws(short, withCode('BMAP_MISMATCH', /card\.img has 4096 bytes, its bmap card\.bmap says 164540 bytes/));
});
