// One card burned on this thread, or watched while another thread burns it: what is on it at every moment, and how the
// burn says that it ended.

import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { burnCard } from '../../src/card/burn-card.js';
import { CardCounters } from '../../src/card/counters.js';
import { digestOf } from '../../src/image/digest.js';
import { blockBytes, SegmentTable } from '../../src/image/segment-table.js';
import type { CardJob, CardResult } from '../../src/protocol.js';
import { loopDevice, pattern, scratchFolder } from '../native/scratch.js';

const mebibyte = 1024 * 1024;
const imageBytes = 6 * mebibyte + 700;

/** Used ranges of the sample image; what lies between is zero and skipped. */
const used: readonly (readonly [start: number, end: number])[] = [
  [0, blockBytes],
  [mebibyte, 2 * mebibyte],
  [3 * mebibyte, 3 * mebibyte + 3 * blockBytes],
  [6 * mebibyte, imageBytes],
];

function sampleImage(): Buffer {
  const image = Buffer.alloc(imageBytes);
  for (const [start, end] of used) pattern(end - start, start / blockBytes).copy(image, start);
  return image;
}

interface Bench {
  readonly folder: string;
  readonly image: Buffer;
  readonly imagePath: string;
  readonly table: SegmentTable;
  readonly counters: CardCounters;
}

/** An image and an empty map of it. */
function bench(t: TestContext, image = sampleImage(), sizeIsKnown = true): Bench {
  const folder = scratchFolder(t);
  const imagePath = join(folder, 'image');
  writeFileSync(imagePath, image);
  const table = SegmentTable.create(sizeIsKnown ? image.length : undefined);
  return { folder, image, imagePath, table, counters: new CardCounters() };
}

function publish({ table, image }: Bench, range: readonly [start: number, end: number] | undefined): void {
  assert.ok(range !== undefined);
  const [start, end] = range;
  const bytes = image.subarray(start, end);
  table.append({ offsetBytes: start, lengthBytes: bytes.length, zero: false, digest: digestOf(bytes) });
}

/** The same with its map complete. */
function readyBench(t: TestContext): Bench {
  const made = bench(t);
  for (const range of used) publish(made, range);
  made.table.finish('whole', imageBytes);
  return made;
}

const jobOn = ({ imagePath, table, counters }: Bench, path: string, more: Partial<CardJob> = {}): CardJob => ({
  target: { path, kind: 'file' },
  imagePath,
  segments: table.shared,
  counters: counters.shared,
  patch: [],
  verify: true,
  full: false,
  delta: false,
  requestBytes: mebibyte,
  probe: false,
  wipeAll: false,
  eject: false,
  newCardId: '00112233445566778899aabbccddeeff',
  burned: [],
  failed: [],
  ...more,
});

/** A card that was in use before: no byte of it is zero. */
function usedCard(folder: string, sizeBytes: number): { readonly path: string; readonly target: CardJob['target'] } {
  const path = join(folder, 'used-card');
  writeFileSync(path, Buffer.alloc(sizeBytes, 0xee));
  return { path, target: { path, kind: 'file', sizeBytes } };
}

const isAll = (bytes: Buffer, value: number): boolean => bytes.every((byte) => byte === value);

/** What a used card holds in the end: the image where it is used, wiped ends, and itself. */
function expectedOn(before: Buffer, image: Buffer): Buffer {
  const card = Buffer.from(before);
  card.fill(0, 0, mebibyte).fill(0, Math.max(mebibyte, Math.floor((card.length - mebibyte) / blockBytes) * blockBytes));
  for (const [start, end] of used) image.copy(card, start, start, end);
  return card;
}

test('a new file becomes the image, to the byte, and every written byte was read back', (t) => {
  const made = readyBench(t);
  const path = join(made.folder, 'new', 'directory', 'card.img');
  const result = burnCard(jobOn(made, path));
  assert.deepEqual([result.outcome, result.bootable, result.failure], ['good', 'yes', undefined]);
  assert.ok(readFileSync(path).equals(made.image));
  const usedBytes = used.reduce((sum, [start, end]) => sum + end - start, 0);
  assert.equal(result.writtenBytes, usedBytes);
  assert.equal(result.verifiedBytes, usedBytes);
  assert.equal(result.skippedBytes, imageBytes - usedBytes);
  assert.equal(made.counters.phase, 'done');
});

test('a used card keeps its size and what the image does not use, but neither of its ends', (t) => {
  const made = readyBench(t);
  const { path, target } = usedCard(made.folder, 9 * mebibyte + 512);
  const before = readFileSync(path);
  assert.equal(burnCard(jobOn(made, path, { target })).outcome, 'good');
  const after = readFileSync(path);
  const tailEnd = Math.ceil(imageBytes / blockBytes) * blockBytes;
  assert.equal(after.length, before.length);
  const wanted = expectedOn(before, made.image);
  assert.ok(after.subarray(0, imageBytes).equals(wanted.subarray(0, imageBytes)));
  assert.ok(after.subarray(tailEnd).equals(wanted.subarray(tailEnd)), 'behind the image');
});

test('a full burn leaves nothing of what was there within the image', (t) => {
  const made = readyBench(t);
  const { path, target } = usedCard(made.folder, 8 * mebibyte);
  const result = burnCard(jobOn(made, path, { target, full: true }));
  assert.equal(result.outcome, 'good');
  assert.equal(result.writtenBytes, imageBytes);
  assert.ok(readFileSync(path).subarray(0, imageBytes).equals(made.image));
});

test('a file of a given size has exactly that size, with the image at its beginning', (t) => {
  for (const fileBytes of [imageBytes + 324, 10 * mebibyte]) {
    const made = readyBench(t);
    const path = join(made.folder, 'card.img');
    assert.equal(burnCard(jobOn(made, path, { fileBytes })).outcome, 'good');
    const card = readFileSync(path);
    assert.equal(card.length, fileBytes);
    assert.ok(card.subarray(0, imageBytes).equals(made.image));
    assert.ok(isAll(card.subarray(imageBytes), 0));
  }
});

test('a patch lands inside, across and outside of what the image uses, and nowhere else', (t) => {
  const made = readyBench(t);
  const places = [100, 2 * mebibyte - 300, 4 * mebibyte + 4000, 5 * mebibyte, imageBytes - 50];
  const lengths = [200, 600, 200, 3, 50];
  const patch = places.map((offsetBytes, index) => ({
    offsetBytes,
    bytes: new Uint8Array(lengths[index] ?? 0).fill(0xa0 + index),
  }));
  const path = join(made.folder, 'card.img');
  const result = burnCard(jobOn(made, path, { patch }));
  assert.equal(result.failure, undefined);
  const wanted = Buffer.from(made.image);
  for (const { offsetBytes, bytes } of patch) wanted.set(bytes, offsetBytes);
  assert.ok(readFileSync(path).equals(wanted));
  assert.equal(result.verifiedBytes, result.writtenBytes);
});

test('a patch over an unused place of a used card leaves zeros, not old bytes, around it', (t) => {
  const made = readyBench(t);
  const { path, target } = usedCard(made.folder, 8 * mebibyte);
  const patch = [{ offsetBytes: 4 * mebibyte + 5000, bytes: new Uint8Array(10).fill(1) }];
  assert.equal(burnCard(jobOn(made, path, { target, patch })).outcome, 'good');
  const block = readFileSync(path).subarray(4 * mebibyte + blockBytes, 4 * mebibyte + 2 * blockBytes);
  const wanted = Buffer.alloc(blockBytes);
  wanted.fill(1, 5000 - blockBytes, 5010 - blockBytes);
  assert.ok(block.equals(wanted));
});

test('while the image is still coming in, the first MiB of the card is zero; it is sealed at the end', async (t) => {
  const made = bench(t, sampleImage(), false);
  const { path, target } = usedCard(made.folder, 8 * mebibyte);
  const burned = inWorker(jobOn(made, path, { target }));
  let writtenBytes = 0;
  for (const range of used) {
    publish(made, range);
    if (range[0] > 0) writtenBytes += range[1] - range[0];
    await until(made.counters, () => made.counters.doneBytes >= writtenBytes && made.counters.phase === 'writing');
    assert.ok(isAll(readStart(path), 0), `after the range at ${range[0]}`);
  }
  made.table.finish('whole', imageBytes);
  const result = await burned;
  assert.deepEqual([result.outcome, result.bootable], ['good', 'yes']);
  assert.ok(readFileSync(path).subarray(0, blockBytes).equals(made.image.subarray(0, blockBytes)));
});

test('an image that breaks on the way leaves a card that does not boot', async (t) => {
  for (const fresh of [true, false]) {
    const made = bench(t, sampleImage(), false);
    const card = fresh ? undefined : usedCard(made.folder, 8 * mebibyte);
    const path = card?.path ?? join(made.folder, 'card.img');
    const burned = inWorker(jobOn(made, path, card === undefined ? {} : { target: card.target }));
    for (const range of used.slice(0, 3)) publish(made, range);
    await until(made.counters, () => made.counters.doneBytes >= mebibyte);
    made.table.finish('broken');
    const result = await burned;
    assert.deepEqual([result.outcome, result.bootable, result.failure?.code], ['failed', 'no', 'IMAGE_BROKEN']);
    assert.equal(result.failure?.device, path);
    assert.ok(isAll(readStart(path), 0));
  }
});

test('a card that is to be compared waits for the whole image, and is untouched when that breaks', async (t) => {
  const made = bench(t, sampleImage(), false);
  const { path, target } = usedCard(made.folder, 8 * mebibyte);
  const burned = inWorker(jobOn(made, path, { target, delta: true }));
  for (const range of used) publish(made, range);
  await until(made.counters, () => made.counters.beats > 0);
  const { phase } = made.counters;
  made.table.finish('broken');
  const result = await burned;
  assert.deepEqual([result.outcome, result.bootable, result.failure?.code], ['failed', 'untouched', 'IMAGE_BROKEN']);
  assert.equal(phase, 'waiting');
  assert.ok(isAll(readFileSync(path), 0xee));
});

test('a cancel on the way ends the burn as interrupted, and the card does not boot', async (t) => {
  const made = bench(t, sampleImage(), false);
  const { path, target } = usedCard(made.folder, 8 * mebibyte);
  const burned = inWorker(jobOn(made, path, { target }));
  for (const range of used.slice(0, 2)) publish(made, range);
  await until(made.counters, () => made.counters.doneBytes >= mebibyte);
  made.counters.cancel();
  const result = await burned;
  assert.deepEqual([result.outcome, result.bootable, result.failure?.kind], ['cancelled', 'no', 'interrupted']);
  assert.ok(isAll(readStart(path), 0));
});

test('a cancel before the first write leaves the card as it was', (t) => {
  const made = readyBench(t);
  const { path, target } = usedCard(made.folder, 8 * mebibyte);
  made.counters.cancel();
  const result = burnCard(jobOn(made, path, { target }));
  assert.deepEqual([result.outcome, result.bootable, result.writtenBytes], ['cancelled', 'untouched', 0]);
  assert.ok(isAll(readFileSync(path), 0xee));
});

test('a file that is not what it was when it was shown is refused, and nothing is written', (t) => {
  const made = readyBench(t);
  const { path, target } = usedCard(made.folder, 8 * mebibyte);
  truncateSync(path, 8 * mebibyte - 512);
  const others: readonly CardJob['target'][] = [target, { path, kind: 'block', deviceNumber: '8:0' }];
  for (const shown of others) {
    const result = burnCard(jobOn(made, path, { target: shown }));
    assert.deepEqual([result.outcome, result.bootable], ['failed', 'untouched']);
    assert.deepEqual([result.failure?.code, result.failure?.kind], ['TARGET_CHANGED', 'refused']);
    assert.ok(isAll(readFileSync(path), 0xee));
  }
});

test('a disk that has taken the name of another is refused, and nothing is written', (t) => {
  const made = readyBench(t);
  const { path } = usedCard(made.folder, 8 * mebibyte);
  const device = loopDevice(t, path);
  if (device === undefined) return;
  const shown: readonly CardJob['target'][] = [
    { path: device, kind: 'block', deviceNumber: '8:0', sizeBytes: 8 * mebibyte },
    { path: device, kind: 'block', sizeBytes: 16 * mebibyte },
    { path: device, kind: 'block', diskSequence: 1, sizeBytes: 8 * mebibyte },
    { path: device, kind: 'file', sizeBytes: 8 * mebibyte },
  ];
  for (const target of shown) {
    const result = burnCard(jobOn(made, device, { target }));
    assert.deepEqual([result.failure?.code, result.bootable], ['TARGET_CHANGED', 'untouched'], JSON.stringify(target));
  }
  assert.ok(isAll(readFileSync(path), 0xee));
});

test('a file that appeared where a new one was to be made is left alone', (t) => {
  const made = readyBench(t);
  const { path } = usedCard(made.folder, mebibyte);
  const result = burnCard(jobOn(made, path));
  assert.deepEqual([result.outcome, result.bootable, result.failure?.code], ['failed', 'untouched', 'EEXIST']);
  assert.ok(isAll(readFileSync(path), 0xee));
});

test('a card that is too small is refused before it is touched', (t) => {
  const made = readyBench(t);
  const { path, target } = usedCard(made.folder, 5 * mebibyte);
  const result = burnCard(jobOn(made, path, { target }));
  assert.deepEqual([result.bootable, result.failure?.code], ['untouched', 'CARD_TOO_SMALL']);
  assert.ok(isAll(readFileSync(path), 0xee));
});

test('a card that proves too small on the way fails where it ends, and does not boot', async (t) => {
  const made = bench(t, sampleImage(), false);
  const { path, target } = usedCard(made.folder, 5 * mebibyte);
  const burned = inWorker(jobOn(made, path, { target }));
  for (const range of used.slice(0, 3)) publish(made, range);
  await until(made.counters, () => made.counters.doneBytes >= mebibyte);
  publish(made, used[3]);
  made.table.finish('whole', imageBytes);
  const result = await burned;
  assert.deepEqual([result.outcome, result.bootable, result.failure?.code], ['failed', 'no', 'CARD_TOO_SMALL']);
  assert.ok(isAll(readStart(path), 0));
  assert.equal(readFileSync(path).length, 5 * mebibyte);
});

test('an image that changed since its map was made is found out; without verify it is missed', (t) => {
  const made = readyBench(t);
  overwrite(made.imagePath, 3 * mebibyte + 17, 1);
  const caught = burnCard(jobOn(made, join(made.folder, 'a.img')));
  assert.deepEqual([caught.outcome, caught.bootable], ['failed', 'no']);
  assert.ok(isAll(readStart(join(made.folder, 'a.img')), 0));
  const missed = burnCard(jobOn(made, join(made.folder, 'b.img'), { verify: false }));
  assert.deepEqual([missed.outcome, missed.verifiedBytes], ['good', 0]);
});

test('a seal that does not read back right is taken back', (t) => {
  for (const fresh of [true, false]) {
    const made = readyBench(t);
    overwrite(made.imagePath, 17, 1);
    const card = fresh ? undefined : usedCard(made.folder, 8 * mebibyte);
    const path = card?.path ?? join(made.folder, 'card.img');
    const result = burnCard(jobOn(made, path, card === undefined ? {} : { target: card.target }));
    assert.deepEqual([result.outcome, result.bootable], ['failed', 'no'], fresh ? 'a new file' : 'a used card');
    assert.ok(isAll(readStart(path).subarray(0, blockBytes), 0), fresh ? 'a new file' : 'a used card');
  }
});

test('a patched piece of an image that changed is not written at all', (t) => {
  const made = readyBench(t);
  overwrite(made.imagePath, mebibyte + 17, 1);
  const patch = [{ offsetBytes: mebibyte + 100, bytes: new Uint8Array(10) }];
  const path = join(made.folder, 'card.img');
  const result = burnCard(jobOn(made, path, { patch }));
  assert.deepEqual([result.failure?.code, result.bootable], ['IMAGE_CHANGED', 'no']);
  assert.ok(isAll(readFileSync(path).subarray(mebibyte, 2 * mebibyte), 0));
});

test('an image that is gone fails the card before it is touched', (t) => {
  const made = readyBench(t);
  const { path, target } = usedCard(made.folder, 8 * mebibyte);
  const result = burnCard({ ...jobOn(made, path, { target }), imagePath: join(made.folder, 'gone') });
  assert.deepEqual([result.outcome, result.bootable], ['failed', 'untouched']);
  assert.ok(isAll(readFileSync(path), 0xee));
  assert.ok(!existsSync(join(made.folder, 'gone')));
});

test('a card that this run has burned already is left as it is, and named', (t) => {
  const made = readyBench(t);
  const { path, target } = usedCard(made.folder, 9 * mebibyte);
  const place = { offsetBytes: mebibyte + 4321, lengthBytes: 700 };
  const digest = digestOf(made.image.subarray(place.offsetBytes, place.offsetBytes + place.lengthBytes));
  const other = { hostname: 'red001', ...place, digest: digestOf(Buffer.from('other')) };
  const beyond = { hostname: 'red009', offsetBytes: 9 * mebibyte - 10, lengthBytes: 700, digest };
  const burned = [other, beyond, { hostname: 'red002', ...place, digest }];
  const first = burnCard(jobOn(made, path, { target, burned }));
  assert.equal(first.outcome, 'good', 'another card is no matter');

  const before = readFileSync(path);
  const again = burnCard(jobOn(made, path, { target, burned }));
  assert.deepEqual(
    [again.outcome, again.bootable, again.failure?.kind, again.failure?.code, again.writtenBytes],
    ['failed', 'yes', 'refused', 'ALREADY_BURNED', 0],
  );
  assert.equal(again.failure?.message, `the card in ${path} is red002, burned in this run`);
  assert.ok(readFileSync(path).equals(before));

  // One that was broken off has no partition table: it is burned again.
  writeFileSync(path, Buffer.concat([Buffer.alloc(blockBytes), before.subarray(blockBytes)]));
  assert.equal(burnCard(jobOn(made, path, { target, burned })).outcome, 'good');
});

function readStart(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(mebibyte);
    return bytes.subarray(0, readSync(file, bytes, 0, mebibyte, 0));
  } finally {
    closeSync(file);
  }
}

/** Changes one byte of a file in its place. */
function overwrite(path: string, offsetBytes: number, value: number): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, offsetBytes);
  writeSync(file, Buffer.from([(byte[0] ?? 0) ^ value]), 0, 1, offsetBytes);
  closeSync(file);
}

/** Burns on a thread of its own, as the pool does. */
async function inWorker(job: CardJob): Promise<CardResult> {
  const module = new URL('../../src/card/burn-card.js', import.meta.url).href;
  const program = `const { parentPort, workerData } = require('node:worker_threads');
    import('${module}').then(({ burnCard }) => parentPort.postMessage(burnCard(workerData)));`;
  const worker = new Worker(program, { eval: true, workerData: job });
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', resolve);
  });
}

/** Waits for a card to get as far as the test wants to see it; a card that has ended will not. */
async function until(counters: CardCounters, condition: () => boolean): Promise<void> {
  while (!condition()) {
    assert.notEqual(counters.phase, 'done', 'the burn ended early');
    await setTimeout(5);
  }
}
