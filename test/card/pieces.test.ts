// Which pieces a card gets from a segment map and a patch: everything once, in order, and nothing besides.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { type Piece, piecesOf } from '../../src/card/pieces.js';
import { digestOf } from '../../src/image/digest.js';
import { blockBytes, SegmentTable, segmentBytesMax } from '../../src/image/segment-table.js';
import type { PatchBlock } from '../../src/protocol.js';

/** A map of segments given in blocks, `[first, count]`; `z` marks one of zeros. */
type Run = readonly [first: number, count: number, zero?: 'z'];

function tableOf(runs: readonly Run[], imageBytes: number | undefined, isWhole = true): SegmentTable {
  const table = SegmentTable.create(imageBytes);
  for (const run of runs) append(table, run);
  if (isWhole) table.finish('whole', imageBytes);
  return table;
}

const append = (table: SegmentTable, [first, count, zero]: Run): void =>
  table.append({
    offsetBytes: first * blockBytes,
    lengthBytes: count * blockBytes,
    zero: zero === 'z',
    digest: digestOf(Buffer.from([first])),
  });

const patchAt = (offsetBytes: number, lengthBytes: number): PatchBlock => ({
  offsetBytes,
  bytes: new Uint8Array(lengthBytes).fill(7),
});

const never = () => false;

const piecesIn = (table: SegmentTable, patch: readonly PatchBlock[] = [], full = false): Piece[] => [
  ...piecesOf(table, patch, full, never),
];

/** Pieces in words: first block, blocks, `z` for zeros, and how many patch blocks fall on it. */
const inWords = (pieces: readonly Piece[]): string[] =>
  pieces.map(({ offsetBytes, lengthBytes, from, patch }) => {
    const place = `${offsetBytes / blockBytes}+${lengthBytes / blockBytes}${from === 'zeros' ? 'z' : ''}`;
    return patch.length === 0 ? place : `${place} patched ${patch.length}`;
  });

const runs: readonly Run[] = [
  [0, 2],
  [4, 3, 'z'],
  [7, 1],
  [20, 2],
];
const imageBytes = 30 * blockBytes;

const cases: readonly (readonly [what: string, patch: readonly PatchBlock[], pieces: readonly string[]])[] = [
  ['without a patch the pieces are the segments', [], ['0+2', '4+3z', '7+1', '20+2']],
  ['a patch within a segment belongs to it', [patchAt(blockBytes + 10, 5)], ['0+2 patched 1', '4+3z', '7+1', '20+2']],
  [
    'a patch over two segments belongs to both',
    [patchAt(6 * blockBytes, 2 * blockBytes)],
    ['0+2', '4+3z patched 1', '7+1 patched 1', '20+2'],
  ],
  [
    'a patch where the image is unused makes a piece of the blocks it touches',
    [patchAt(10 * blockBytes + 4000, 200)],
    ['0+2', '4+3z', '7+1', '10+2z patched 1', '20+2'],
  ],
  [
    'a patch from a segment out into the unused is split at its end',
    [patchAt(21 * blockBytes, 2 * blockBytes)],
    ['0+2', '4+3z', '7+1', '20+2 patched 1', '22+1z patched 1'],
  ],
  [
    'a patch from the unused into a segment is split at its beginning',
    [patchAt(19 * blockBytes + 1, blockBytes)],
    ['0+2', '4+3z', '7+1', '19+1z patched 1', '20+2 patched 1'],
  ],
  [
    'patch blocks that share a block of the card share a piece',
    [patchAt(12 * blockBytes, 10), patchAt(12 * blockBytes + 512, 10), patchAt(13 * blockBytes, 10)],
    ['0+2', '4+3z', '7+1', '12+2z patched 3', '20+2'],
  ],
  [
    'patch blocks apart from each other make pieces apart',
    [patchAt(10 * blockBytes, 10), patchAt(12 * blockBytes, 10)],
    ['0+2', '4+3z', '7+1', '10+1z patched 1', '12+1z patched 1', '20+2'],
  ],
  [
    'a patch behind the last segment is not forgotten',
    [patchAt(29 * blockBytes, blockBytes)],
    ['0+2', '4+3z', '7+1', '20+2', '29+1z patched 1'],
  ],
];

for (const [what, patch, pieces] of cases)
  test(what, () => assert.deepEqual(inWords(piecesIn(tableOf(runs, imageBytes), patch)), pieces));

test('a full burn gets the unused stretches too, patched or not', () => {
  const patch = [patchAt(10 * blockBytes, 10)];
  assert.deepEqual(inWords(piecesIn(tableOf(runs, imageBytes), patch, true)), [
    '0+2',
    '2+2z',
    '4+3z',
    '7+1',
    '8+12z patched 1',
    '20+2',
    '22+8z',
  ]);
});

test('an unused stretch longer than a buffer comes in several pieces', () => {
  const blocks = (2 * segmentBytesMax) / blockBytes + 5;
  const pieces = piecesIn(tableOf([[0, 1]], (1 + blocks) * blockBytes), [], true);
  assert.deepEqual(inWords(pieces), ['0+1', '1+1024z', '1025+1024z', '2049+5z']);
});

test('an image that ends within a block ends its last piece there', () => {
  const odd = 2 * blockBytes + 100;
  const table = tableOf([[0, 1]], odd);
  const lengths = (pieces: readonly Piece[]) => pieces.map(({ offsetBytes, lengthBytes }) => offsetBytes + lengthBytes);
  assert.deepEqual(lengths(piecesIn(table, [], true)), [blockBytes, odd]);
  assert.deepEqual(lengths(piecesIn(table, [patchAt(2 * blockBytes + 50, 50)])), [blockBytes, odd]);
});

test('only the image’s own bytes have a digest', () => {
  const pieces = piecesIn(tableOf(runs, imageBytes), [], true);
  for (const { offsetBytes, digest } of pieces)
    assert.equal(digest !== undefined, [0, 4, 7, 20].includes(offsetBytes / blockBytes), `at ${offsetBytes}`);
});

test('for any map and patch: in order, no overlap, every segment and every patched byte once', () => {
  const lengths = fc.array(fc.record({ gap: fc.nat(20), used: fc.integer({ min: 1, max: 20 }) }), {
    minLength: 1,
    maxLength: 8,
  });
  const patches = fc.array(fc.record({ gap: fc.nat(60_000), length: fc.integer({ min: 1, max: 30_000 }) }), {
    maxLength: 8,
  });
  const property = fc.property(lengths, patches, fc.boolean(), (stretches, blocks, full) => {
    const made: Run[] = [];
    let end = 0;
    for (const { gap, used } of stretches) {
      made.push([end + gap, used]);
      end += gap + used;
    }
    const totalBytes = (end + 30) * blockBytes;
    const patch: PatchBlock[] = [];
    let at = 0;
    for (const { gap, length } of blocks) {
      if (at + gap + length > totalBytes) break;
      patch.push(patchAt(at + gap, length));
      at += gap + length;
    }
    const pieces = piecesIn(tableOf(made, totalBytes), patch, full);
    const covered = new Uint8Array(totalBytes);
    let before = 0;
    for (const piece of pieces) {
      assert.ok(piece.offsetBytes >= before && piece.lengthBytes > 0 && piece.lengthBytes <= segmentBytesMax);
      before = piece.offsetBytes + piece.lengthBytes;
      covered.fill(1, piece.offsetBytes, before);
      for (const block of piece.patch)
        assert.ok(block.offsetBytes < before && block.offsetBytes + block.bytes.length > piece.offsetBytes);
    }
    for (const [first, count] of made)
      assert.ok(!covered.subarray(first * blockBytes, (first + count) * blockBytes).includes(0));
    for (const { offsetBytes, bytes } of patch)
      assert.ok(!covered.subarray(offsetBytes, offsetBytes + bytes.length).includes(0));
    if (full) assert.ok(!covered.includes(0));
  });
  fc.assert(property, { numRuns: 100 });
});

test('a map that still grows is followed to its end', async () => {
  const table = tableOf([[0, 1]], undefined, false);
  const module = new URL('../../src/card/pieces.js', import.meta.url).href;
  const tableModule = new URL('../../src/image/segment-table.js', import.meta.url).href;
  const program = `const { parentPort, workerData } = require('node:worker_threads');
    Promise.all([import('${module}'), import('${tableModule}')]).then(([{ piecesOf }, { SegmentTable }]) => {
      for (const { offsetBytes, lengthBytes } of piecesOf(new SegmentTable(workerData), [], true, () => false))
        parentPort.postMessage(\`\${offsetBytes / 4096}+\${lengthBytes / 4096}\`);
      parentPort.close();
    });`;
  const worker = new Worker(program, { eval: true, workerData: table.shared });
  const seen: string[] = [];
  // Each segment is published only after the one before was seen: a follower that stopped early would stop the test.
  const steps = [
    () => append(table, [4, 2]),
    () => append(table, [6, 1]),
    () => table.finish('whole', 10 * blockBytes),
  ];
  await new Promise<void>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', () => resolve());
    worker.on('message', (piece: string) => {
      seen.push(piece);
      if (['0+1', '4+2', '6+1'].includes(piece)) steps.shift()?.();
    });
  });
  assert.deepEqual(seen, ['0+1', '1+3', '4+2', '6+1', '7+3']);
});

test('a map that breaks, or a cancel, ends the pieces', () => {
  const broken = tableOf([[0, 1]], imageBytes, false);
  broken.finish('broken');
  assert.deepEqual(inWords(piecesIn(broken)), ['0+1']);

  const reading = tableOf([[0, 1]], undefined, false);
  let looks = 0;
  const pieces = [...piecesOf(reading, [], true, () => ++looks > 2)];
  assert.deepEqual(inWords(pieces), ['0+1']);
  assert.equal(looks, 3);
});
