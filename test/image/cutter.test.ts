// What the cutter writes and what it skips, block by block, against a plain description of the same rule.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Allocation } from '../../src/image/allocation/allocation.js';
import { SegmentCutter } from '../../src/image/cutter.js';
import { digestOf } from '../../src/image/digest.js';
import { blockBytes, type Segment, SegmentTable, segmentBytesMax } from '../../src/image/segment-table.js';

const windowBlocks = segmentBytesMax / blockBytes;
const longZeroBlocks = 64; // 256 KiB

/** An allocation that says exactly what a test wants. */
class Free extends Allocation {
  readonly #isFree: (block: number) => boolean;

  constructor(isFree: (block: number) => boolean) {
    super(() => new Uint8Array());
    this.#isFree = isFree;
  }

  override advance(): void {}

  override isFree(offsetBytes: number): boolean {
    return this.#isFree(offsetBytes / blockBytes);
  }
}

/** Blocks of an image, one letter each: `d`ata, `D`ata in a free block, `z`ero and used, `f`ree and zero. */
function imageOf(letters: string, tailBytes = blockBytes): Buffer {
  const image = Buffer.alloc((letters.length - 1) * blockBytes + tailBytes);
  for (const [block, letter] of [...letters].entries())
    if (letter === 'd' || letter === 'D')
      image.fill(1 + (block % 255), block * blockBytes, Math.min(image.length, (block + 1) * blockBytes));
  return image;
}

function cut(letters: string, image: Buffer, table = SegmentTable.create(undefined)): Segment[] {
  const cutter = new SegmentCutter(table, new Free((block) => letters[block] === 'f' || letters[block] === 'D'));
  for (let offset = 0; offset < image.length; offset += segmentBytesMax) {
    const window = Buffer.from(image.subarray(offset, offset + segmentBytesMax));
    cutter.add(offset, window, offset + segmentBytesMax >= image.length);
  }
  assert.equal(table.availableBytes, image.length);
  return Array.from({ length: table.count }, (_, index) => table.at(index));
}

/** Segments in words: first block, number of blocks, `z` when zero. */
const inWords = (segments: readonly Segment[]): string[] =>
  segments.map((s) => `${s.offsetBytes / blockBytes}+${Math.ceil(s.lengthBytes / blockBytes)}${s.zero ? 'z' : ''}`);

const cases: readonly (readonly [what: string, letters: string, segments: readonly string[]])[] = [
  ['data is written, the first block as a segment of its own', 'dddd', ['0+1', '1+3']],
  ['a block that is free and zero is skipped', 'dddffd', ['0+1', '1+2', '5+1']],
  ['a free block that holds data is written', 'ddDfD', ['0+1', '1+2', '4+1']],
  ['a used block of zeros is written, with its neighbours', 'ddzzdf', ['0+1', '1+4']],
  ['the first block is written even when it is free and zero', 'ffffd', ['0+1z', '4+1']],
  ['a whole image of free zeros still gets its first block', 'ffff', ['0+1z']],
  ['a used stretch that is zero alone is known as such', 'dfzzfd', ['0+1', '2+2z', '5+1']],
  [
    'zeros just too few stay with their neighbours',
    `dd${'z'.repeat(longZeroBlocks - 1)}d`,
    ['0+1', `1+${longZeroBlocks + 1}`],
  ],
  [
    'a long run of zeros is a segment of its own',
    `ddd${'z'.repeat(longZeroBlocks)}d`,
    ['0+1', '1+2', `3+${longZeroBlocks}z`, `${longZeroBlocks + 3}+1`],
  ],
  [
    'a long run of zeros at the beginning and the end',
    `${'z'.repeat(100)}d${'z'.repeat(80)}`,
    ['0+1z', '1+99z', '100+1', '101+80z'],
  ],
  [
    'no segment crosses a window',
    'd'.repeat(2 * windowBlocks + 1),
    ['0+1', `1+${windowBlocks - 1}`, `${windowBlocks}+${windowBlocks}`, `${2 * windowBlocks}+1`],
  ],
];

for (const [what, letters, segments] of cases)
  test(what, () => assert.deepEqual(inWords(cut(letters, imageOf(letters))), segments));

test('the tail of an odd image is written to its last byte and no further, free or not', () => {
  for (const tailBytes of [1, 511, 512, 4095])
    for (const last of ['d', 'f', 'z']) {
      const letters = `ddf${last}`;
      const segments = cut(letters, imageOf(letters, tailBytes));
      const tail = segments.at(-1);
      assert.deepEqual(
        inWords(segments),
        ['0+1', '1+1', last === 'd' ? '3+1' : '3+1z'],
        `${last} of ${tailBytes} bytes`,
      );
      assert.equal(tail?.lengthBytes, tailBytes);
    }
});

test('for any pattern: exactly what must be written is, once, with the right digest', () => {
  const run = fc.tuple(fc.constantFrom('d', 'D', 'z', 'f'), fc.integer({ min: 1, max: 150 }));
  const pattern = fc
    .array(run, { minLength: 1, maxLength: 25 })
    .map((runs) => runs.map(([l, n]) => l.repeat(n)).join(''));
  const property = fc.property(pattern, fc.integer({ min: 1, max: blockBytes }), (letters, tailBytes) => {
    const image = imageOf(letters, tailBytes);
    const covered = Buffer.alloc(letters.length);
    for (const segment of cut(letters, image)) {
      const bytes = image.subarray(segment.offsetBytes, segment.offsetBytes + segment.lengthBytes);
      assert.equal(bytes.length, segment.lengthBytes);
      assert.ok(segment.lengthBytes <= segmentBytesMax);
      assert.deepEqual(Buffer.from(segment.digest), Buffer.from(digestOf(bytes)));
      assert.equal(segment.zero, bytes.equals(Buffer.alloc(bytes.length)));
      const first = segment.offsetBytes / blockBytes;
      for (let block = first; block < first + segment.lengthBytes / blockBytes; block++)
        covered[block] = (covered[block] ?? 0) + 1;
    }
    for (const [block, letter] of [...letters].entries()) {
      const isCutTail = block === letters.length - 1 && tailBytes < blockBytes;
      const wanted = letter === 'f' && block > 0 && !isCutTail ? 0 : 1;
      assert.equal(covered[block], wanted, `block ${block}, ${letter}`);
    }
  });
  fc.assert(property, { numRuns: 150 });
});

test('a table that fills up makes the cutter skip less, never fail', () => {
  const letters = 'df'.repeat(2 * windowBlocks);
  const image = imageOf(letters);
  const entries = 2048 + 600;
  const segments = cut(letters, image, new SegmentTable(new SharedArrayBuffer(64 + entries * 32)));
  const writtenBytes = segments.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  assert.ok(segments.length < entries);
  assert.ok(writtenBytes > image.length / 2 && writtenBytes < image.length, `${writtenBytes} of ${image.length}`);
  assert.equal(segments.at(-1)?.digest.length, 16);
});
