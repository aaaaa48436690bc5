// The segment map as its threads see it: one appends, others follow, and nobody ever sees half an entry.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { PiburnError } from '../../src/errors.js';
import { blockBytes, type Segment, SegmentTable } from '../../src/image/segment-table.js';

const mebibyte = 1024 * 1024;

/** Segment number `index` of a test: every field follows from the number, so that a mixture of two is seen. */
const segmentOf = (index: number): Segment => ({
  offsetBytes: index * 3 * blockBytes,
  lengthBytes: blockBytes * (1 + (index % 3)),
  zero: index % 5 === 0,
  digest: new Uint8Array(16).fill(1 + (index % 251)),
});

const tableOfEntries = (count: number): SegmentTable => new SegmentTable(new SharedArrayBuffer(64 + count * 32));

const isSegment = (found: Segment, index: number): boolean => {
  const wanted = segmentOf(index);
  return (
    found.offsetBytes === wanted.offsetBytes &&
    found.lengthBytes === wanted.lengthBytes &&
    found.zero === wanted.zero &&
    Buffer.compare(found.digest, wanted.digest) === 0
  );
};

interface Followed {
  readonly seen: number;
  readonly wrong: number;
  readonly state: string;
}

/** What a reader's thread does: looks at every entry the moment that it is published, until the map ends. */
function follow(shared: SharedArrayBuffer): Followed {
  const table = new SegmentTable(shared);
  let seen = 0;
  let wrong = 0;
  for (;;) {
    const { state, count } = { state: table.state, count: table.count };
    for (; seen < count; seen++) if (!isSegment(table.at(seen), seen)) wrong++;
    if (state !== 'reading') return { seen, wrong, state };
    table.waitBeyond(seen, 10_000);
  }
}

function startFollower(table: SegmentTable): { readonly ready: Promise<unknown>; readonly end: Promise<Followed> } {
  const worker = new Worker(new URL(import.meta.url), { workerData: table.shared });
  const messages: ((value: Followed) => void)[] = [];
  const next = () => new Promise<Followed>((resolve) => messages.push(resolve));
  const [ready, end] = [next(), next()];
  worker.on('message', (value: Followed) => messages.shift()?.(value));
  return { ready, end };
}

function defineTests(): void {
  test('readers on other threads see only whole entries, and all of them', async () => {
    const count = 200_000;
    const table = tableOfEntries(count);
    const followers = [startFollower(table), startFollower(table)];
    await Promise.all(followers.map(({ ready }) => ready));
    for (let index = 0; index < count; index++) table.append(segmentOf(index));
    table.finish('whole', count * 3 * blockBytes);
    for (const { end } of followers) assert.deepEqual(await end, { seen: count, wrong: 0, state: 'whole' });
  });

  test('a reader that waits is woken when the image breaks', async () => {
    const table = tableOfEntries(4);
    const { ready, end } = startFollower(table);
    await ready;
    table.append(segmentOf(0));
    table.finish('broken');
    assert.deepEqual(await end, { seen: 1, wrong: 0, state: 'broken' });
  });

  test('the room of a table is kept to, and a refused segment leaves no trace', () => {
    const table = tableOfEntries(2);
    assert.equal(table.capacity, 2);
    table.append(segmentOf(0));
    table.append(segmentOf(1));
    const usedBytes = table.usedBytes;
    assert.throws(() => table.append(segmentOf(2)), isOrderError);
    assert.deepEqual({ count: table.count, usedBytes: table.usedBytes }, { count: 2, usedBytes });
  });

  test('a segment that overlaps the one before, or lies askew, is refused', () => {
    const table = tableOfEntries(8);
    table.append({ ...segmentOf(0), offsetBytes: 8 * blockBytes, lengthBytes: 2 * blockBytes });
    for (const offsetBytes of [0, 8 * blockBytes, 9 * blockBytes, 10 * blockBytes + 512])
      assert.throws(() => table.append({ ...segmentOf(0), offsetBytes }), isOrderError, `at ${offsetBytes}`);
    table.append({ ...segmentOf(0), offsetBytes: 10 * blockBytes });
    assert.equal(table.count, 2);
  });

  test('a table for a known size has room for every second block', () => {
    for (const imageBytes of [1, 4096, 4097, 64 * mebibyte, 64 * mebibyte + 512]) {
      const table = SegmentTable.create(imageBytes);
      for (let offsetBytes = 0; offsetBytes < imageBytes; offsetBytes += 2 * blockBytes)
        table.append({ ...segmentOf(0), offsetBytes, lengthBytes: Math.min(blockBytes, imageBytes - offsetBytes) });
      assert.equal(table.count, Math.ceil(imageBytes / (2 * blockBytes)));
    }
  });

  test('a size is unknown until it is told', () => {
    const table = SegmentTable.create(undefined);
    assert.equal(table.totalBytes, undefined);
    assert.equal(table.state, 'reading');
    table.advance(5 * mebibyte);
    assert.equal(table.availableBytes, 5 * mebibyte);
    table.finish('whole', 5 * mebibyte);
    assert.equal(table.totalBytes, 5 * mebibyte);
    assert.equal(SegmentTable.create(6 * mebibyte).totalBytes, 6 * mebibyte);
  });

  test('what entries() gives, restore() takes', () => {
    const table = tableOfEntries(100);
    for (let index = 0; index < 40; index++) table.append(segmentOf(index));
    const tail = { ...segmentOf(41), lengthBytes: 777 };
    table.append(tail);
    const imageBytes = tail.offsetBytes + 777;
    const restored = SegmentTable.restore(table.entries(), imageBytes);
    assert.equal(restored.count, 41);
    for (let index = 0; index < 40; index++) assert.ok(isSegment(restored.at(index), index), `segment ${index}`);
    assert.equal(restored.at(40).lengthBytes, 777);
    assert.equal(restored.usedBytes, table.usedBytes);
    assert.equal(restored.state, 'whole');
    assert.deepEqual([restored.totalBytes, restored.availableBytes], [imageBytes, imageBytes]);
    assert.deepEqual(Buffer.from(restored.entries()), Buffer.from(table.entries()));
  });

  test('places beyond four gigabytes are kept exactly', () => {
    const table = tableOfEntries(2);
    const offsetBytes = 2 ** 41 + blockBytes;
    table.append({ ...segmentOf(1), offsetBytes });
    assert.equal(table.at(0).offsetBytes, offsetBytes);
    table.append({ ...segmentOf(1), offsetBytes: offsetBytes + 2 * blockBytes });
    assert.throws(() => table.append({ ...segmentOf(1), offsetBytes: 4096 }), isOrderError);
  });
}

const isOrderError = (error: unknown): boolean =>
  error instanceof PiburnError && error.failure.code === 'SEGMENT_ORDER';

if (isMainThread) defineTests();
else {
  parentPort?.postMessage('ready');
  parentPort?.postMessage(follow(workerData));
}
