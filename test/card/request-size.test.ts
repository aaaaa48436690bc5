// How much a card is asked for at once: what its queue leads to, what a struggling card does to it, and a real burn.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import fc from 'fast-check';
import { firstRequestBytes, RequestSize } from '../../src/card/request-size.js';
import type { QueueInfo } from '../../src/native.js';
import { makeSmallImage } from '../shim/card-files.js';
import { cardOf, FaultBench } from '../shim/faulty-run.js';

const kib = 1024;
const mib = 1024 * kib;
const piece = 4 * mib;
const usb = (kernelKib: number, more: QueueInfo = {}): QueueInfo => ({
  bus: 'usb',
  kernelRequestBytes: kernelKib * kib,
  kernelRequests: 60,
  deviceRequests: 30,
  ...more,
});

/** As sysfs said them of real devices, but for those marked by "if". */
const devices: readonly (readonly [what: string, queue: QueueInfo | undefined, requestBytes: number])[] = [
  ['a file', undefined, piece],
  ['a device of which the kernel says nothing', {}, piece],
  ['a loop device', { bus: 'loop', kernelRequestBytes: 1280 * kib, kernelRequests: 128 }, piece],
  ['a Bulk-Only reader on USB 2', usb(120, { deviceRequests: 1, kernelRequests: 2 }), piece],
  ['a Bulk-Only reader on USB 3', usb(1024, { deviceRequests: 1, kernelRequests: 2 }), piece],
  ['a UAS reader', usb(512), piece],
  ['if a UAS reader is held to short requests', usb(120), 960 * kib],
  ['if a UAS reader is held to very short ones', usb(64, { deviceRequests: 64, kernelRequests: 64 }), 512 * kib],
  ['if a UAS reader takes two at once', usb(512, { deviceRequests: 2 }), mib],
  ['if its queue in the kernel is shorter than its own', usb(512, { kernelRequests: 4 }), 2 * mib],
  ['a card in an MMC slot', { bus: 'mmc', kernelRequestBytes: 512 * kib, kernelRequests: 128 }, piece],
  ['if an MMC host is an old one', { bus: 'mmc', kernelRequestBytes: 64 * kib, kernelRequests: 2 }, piece],
  ['an NVMe disk', { bus: 'nvme', kernelRequestBytes: 128 * kib, kernelRequests: 1023 }, piece],
  ['if a device takes more than a piece', { kernelRequestBytes: 32 * mib, kernelRequests: 1 }, piece],
  ['if the optimal size is several requests', usb(120, { optimalBytes: 360 * kib }), 720 * kib],
  ['if the optimal size is nonsense', usb(120, { optimalBytes: 33_553_920 }), 960 * kib],
  ['if the optimal size is no whole number of requests', usb(120, { optimalBytes: 64 * kib }), 960 * kib],
  ['if a request is no whole number of blocks', usb(127), 8 * 124 * kib],
];

for (const [what, queue, requestBytes] of devices)
  test(`the first request: ${what}`, () => assert.equal(firstRequestBytes(queue), requestBytes));

test('whatever a queue says, a request is a whole number of blocks and never more than a piece', () => {
  const amount = fc.option(fc.integer({ min: 1, max: 40_000_000 }), { nil: undefined });
  const bus = fc.constantFrom('usb', 'mmc', 'nvme', 'loop', undefined);
  const queues = fc.record({
    bus,
    kernelRequestBytes: amount,
    kernelRequests: amount,
    deviceRequests: amount,
    optimalBytes: amount,
  });
  const times = fc.array(fc.constantFrom(0, 700, 2900, 3100, 40_000), { maxLength: 60 });
  const property = fc.property(queues, times, (queue, pieces) => {
    const requests = new RequestSize(queue as QueueInfo);
    const first = requests.bytes;
    for (const elapsedMs of [0, ...pieces]) {
      requests.note(piece, elapsedMs);
      assert.ok(requests.bytes >= Math.min(first, 64 * kib) && requests.bytes <= first, `${requests.bytes}`);
      assert.equal(requests.bytes % 4096, 0);
      assert.ok(requests.bytes <= piece);
    }
  });
  fc.assert(property);
});

/** The sizes after each of the pieces, without repetitions. */
function sizes(requests: RequestSize, elapsedMs: readonly number[], lengthBytes = piece): number[] {
  const all = [requests.bytes];
  for (const ms of elapsedMs) {
    requests.note(lengthBytes, ms);
    if (requests.bytes !== all.at(-1)) all.push(requests.bytes);
  }
  return all.map((bytes) => bytes / kib);
}
const times = (count: number, ms: number): number[] => Array<number>(count).fill(ms);

test('a card that takes minutes is asked for less and less, down to a floor, in whole requests while they fit', () => {
  assert.deepEqual(sizes(new RequestSize(usb(512)), times(20, 1e6)), [4096, 2048, 1024, 512, 256, 128, 64]);
  assert.deepEqual(sizes(new RequestSize(usb(120)), times(20, 1e6)), [960, 480, 240, 120]);
  const loop: QueueInfo = { bus: 'loop', kernelRequestBytes: 1280 * kib };
  assert.deepEqual(sizes(new RequestSize(loop), times(20, 1e6)), [4096, 1280, 640, 320, 160, 80]);
});

test('the pauses of a card that puts its flash in order change nothing', () => {
  assert.deepEqual(sizes(new RequestSize(usb(512)), [...times(50, 160), ...times(10, 2000), 2900]), [4096]);
});

test('a card that is merely slow gets requests that take less than three seconds, and no smaller ones', () => {
  assert.deepEqual(sizes(new RequestSize(usb(512)), times(200, 4096)), [4096, 2048]);
});

test('after a quiet stretch the requests grow again, step by step, to where they began', () => {
  const requests = new RequestSize(usb(120));
  assert.deepEqual(sizes(requests, times(2, 1e6)), [960, 480, 240]);
  assert.deepEqual(sizes(requests, times(15, 100)), [240], 'not before 64 MiB');
  assert.deepEqual(sizes(requests, times(1, 100)), [240, 480]);
  assert.deepEqual(sizes(requests, times(64, 100)), [480, 960]);
});

test('small pieces count as what they are', () => {
  const requests = new RequestSize(usb(512));
  requests.note(piece, 4000);
  assert.deepEqual(sizes(requests, times(1000, 1), 4096), [2048], 'a thousand blocks are 4 MiB');
  assert.deepEqual(sizes(requests, [2900], 64 * kib), [2048]);
  assert.deepEqual(sizes(requests, [3100], 64 * kib), [2048, 1024]);
});

test('a size that the person has given is kept', () => {
  const requests = new RequestSize(usb(120), piece);
  assert.deepEqual(sizes(requests, times(9, 1e6)), [4096]);
  assert.deepEqual(requests.warnings('/dev/sdx'), []);
});

test('the person is told once, from what to what', () => {
  const requests = new RequestSize(usb(512));
  assert.deepEqual(requests.warnings('/dev/sdx'), []);
  sizes(requests, [...times(3, 40_000), ...times(200, 10)]);
  assert.equal(requests.bytes, piece);
  assert.deepEqual(requests.warnings('/dev/sdx'), [
    '/dev/sdx took more than 3 seconds over requests, so they were made smaller, from 4096 KiB down to 512 KiB: ' +
      'the card may be dying, or the reader',
  ]);
});

/**
 * Writes pieces to a UAS reader as Linux drives it: the requests of the kernel that ours is cut into start at once, are
 * done one after another, and each is aborted 30 s after it has started. Returns how many were.
 */
function aborted(requests: RequestSize, msPerMib: readonly number[]): number {
  let count = 0;
  for (const pace of msPerMib) {
    let elapsedMs = 0;
    for (let at = 0; at < piece; at += requests.bytes) {
      const commands = Math.ceil(Math.min(requests.bytes, piece - at) / (512 * kib));
      const commandMs = (Math.min(requests.bytes, 512 * kib) / mib) * pace;
      for (let done = 1; done <= commands; done++) {
        elapsedMs += commandMs;
        if (done * commandMs > 30_000) count++;
      }
    }
    requests.note(piece, elapsedMs);
  }
  return count;
}

test('on a worn stretch of a card, where fixed requests would be aborted, smaller ones are in time', () => {
  const worse = [40, 500, 1000, 2000, 4000, 8000, 12_000, 20_000, 20_000, 20_000, 20_000, 40];
  assert.equal(aborted(new RequestSize(usb(512), piece), worse), 1 + 3 + 4 * 5);
  assert.equal(aborted(new RequestSize(usb(512)), worse), 0);
  const sudden = [40, 40, ...times(10, 20_000)];
  assert.equal(aborted(new RequestSize(usb(512), piece), sudden), 10 * 5);
  assert.equal(aborted(new RequestSize(usb(512)), sudden), 5 + 2 * 1);
});

const bench = new FaultBench();
const image = join(bench.directory, 'image');
before(() => makeSmallImage(image, 90 * mib));
after(() => bench.remove());

/** Burns the image onto the file NAME.img, which takes its time at one spot: the lengths of all writes, in MiB. */
async function burnSlowSpot(name: string, args: readonly string[]): Promise<{ lengths: number[]; warnings: string[] }> {
  const rules = [`write path=${name}.img at=${9 * mib} sleep=3100`, `write path=${name}.img log`];
  const ended = await bench.run(['burn', 'image', bench.card(name), '--no-verify', ...args], rules);
  const { outcome, warnings, failure } = cardOf(ended, name);
  assert.equal(outcome, 'good', failure?.message);
  return { lengths: ended.calls.map(({ lengthBytes }) => lengthBytes / mib), warnings: [...warnings] };
}

test('a burn asks for less after a slow spot, and for as much as before later on', { skip: bench.skip }, async () => {
  const [adaptive, fixed] = await Promise.all([burnSlowSpot('a', []), burnSlowSpot('b', ['--blocksize=4M'])]);
  assert.match(adaptive.lengths.join(' '), / 4( 2){32,}( 4)+/);
  assert.deepEqual(adaptive.warnings, [], 'one alone may be a pause of this process');
  assert.match(fixed.lengths.join(' '), /( 4){18}/);
  assert.deepEqual(fixed.warnings, []);
});
