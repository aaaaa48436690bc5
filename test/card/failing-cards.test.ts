// Cards that fail while they are burned, and what else a burn does to a card besides writing the image: wiping all of it,
// knowing it again.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { CardCounters } from '../../src/card/counters.js';
import { makeMark, markBytes } from '../../src/card/mark.js';
import { ending } from '../../src/card/trouble.js';
import { openDevice, type SystemError } from '../../src/native.js';
import { undo } from '../native/scratch.js';
import { ChildBench, mib, sampleImage } from './child-bench.js';

const cardBytes = 16 * mib;
const badByte = 2 * mib + 700_000;
const badBlock = Math.floor(badByte / 4096) * 4096;
/** All of it in one piece, from 2 MiB on. */
const image = sampleImage(3 * mib);

test('a passing write error is mended by small requests, counted as a repair, and verified once only', (t) => {
  const bench = ChildBench.make(t, 'file', cardBytes, image);
  if (bench === undefined) return;
  const { result } = bench.burn([`write at=${badByte} errno=EIO times=1`, 'read log']);
  assert.equal(result.outcome, 'good', result.failure?.message);
  assert.deepEqual(result.repairs, [{ offsetBytes: 2 * mib, lengthBytes: 3 * mib, how: 'rewritten' }]);
  assert.ok(bench.bytes(0, image.length).equals(image));
  const reads = bench.struck().filter((line) => line.startsWith(`read ${2 * mib} `));
  assert.equal(reads.length, 1);
});

test('a place that takes no writing is named to the block, with few requests', (t) => {
  const bench = ChildBench.make(t, 'file', cardBytes, image);
  if (bench === undefined) return;
  const { result } = bench.burn([`write at=${badByte} errno=EIO`, 'write log']);
  const { failure, bootable } = result;
  assert.deepEqual([failure?.code, failure?.offsetBytes, failure?.lengthBytes], ['EIO', badBlock, 4096]);
  assert.match(failure?.message ?? '', new RegExp(`has a defect: pwrite at byte ${badBlock} gave EIO$`));
  assert.equal(bootable, 'no');
  const struck = bench.struck().filter((line) => line.startsWith('write'));
  const from = struck.findIndex((line) => line.startsWith(`write ${2 * mib} `));
  assert.ok(struck.length - from < 64 + 8, `${struck.length - from} requests`);
});

test('a stretch that takes small requests only is written block by block, and the rest goes on', (t) => {
  const bench = ChildBench.make(t, 'file', cardBytes, image);
  if (bench === undefined) return;
  const { result } = bench.burn([`write at=${badByte} errno=EIO times=2`, 'write log']);
  assert.equal(result.outcome, 'good', result.failure?.message);
  assert.deepEqual(
    result.repairs.map(({ how }) => how),
    ['rewritten'],
  );
  assert.ok(bench.bytes(0, image.length).equals(image));
  assert.equal(
    bench.struck().filter((line) => line.startsWith('write') && line.endsWith(' 4096')).length,
    32 + 1,
    'a stretch, and the first block at the end',
  );
});

test('a card that takes nothing from a place on fails at that place, with few requests', (t) => {
  const bench = ChildBench.make(t, 'file', cardBytes, image);
  if (bench === undefined) return;
  const place = 2 * mib + 4096 * 40;
  const { result } = bench.burn([`write from=${place} errno=EIO`, 'write log']);
  assert.deepEqual([result.failure?.code, result.failure?.offsetBytes], ['EIO', place]);
  assert.ok(bench.struck().length < 64 + 16);
});

test('a card that turns read-only on the way is told as what it is', (t) => {
  const bench = ChildBench.make(t, 'block', cardBytes, image);
  if (bench === undefined) return;
  const { path } = bench.target;
  const { result } = bench.burn([`write at=${2 * mib} errno=EPERM`]);
  assert.deepEqual([result.failure?.code, result.bootable], ['EROFS', 'no']);
  assert.match(
    result.failure?.message ?? '',
    /has turned read-only, as cards do at the end of their life: pwrite .* EPERM$/,
  );

  // The kernel's own answer for a device with the read-only flag.
  const device = openDevice(path, { write: true, bufferBytes: 4096 });
  undo(t, () => device.close());
  execFileSync('blockdev', ['--setro', path]);
  undo(t, () => execFileSync('blockdev', ['--setrw', path]));
  const ended = ending(
    thrownBy(() => device.writeZeros(0, 4096, 4096)),
    bench.target,
  );
  assert.equal(ended.failure?.code, 'EROFS');
  const inFlight = Object.assign(new Error('x'), { code: 'EIO', errno: 5, syscall: 'pwrite', path, offsetBytes: 4096 });
  assert.equal(ending(inFlight, bench.target).failure?.code, 'EROFS');
  assert.equal(ending({ ...inFlight, message: '' }, bench.target).failure?.code, 'UNEXPECTED');
});

test('a card that is gone is told as pulled out, whatever the kernel said of it', (t) => {
  const bench = ChildBench.make(t, 'block', cardBytes, image);
  if (bench === undefined) return;
  const { path } = bench.target;
  const trouble = (code: string, target = bench.target) =>
    ending(Object.assign(new Error(code), { code, errno: 1, syscall: 'pwrite', path }), target).failure;
  for (const code of ['ENODEV', 'ENXIO', 'ENOMEDIUM', 'ESHUTDOWN'])
    assert.match(trouble(code)?.message ?? '', /was pulled out/, code);
  assert.match(trouble('EIO')?.message ?? '', /has a defect/);
  const other = trouble('EIO', { ...bench.target, deviceNumber: '8:0' });
  assert.deepEqual([other?.code, /was pulled out/.test(other?.message ?? '')], ['ENODEV', true]);
});

test('wiping all leaves nothing on a card but the image and its mark', (t) => {
  for (const kind of ['block', 'file'] as const) {
    const bench = ChildBench.make(t, kind, 40 * mib + 512, image);
    if (bench === undefined) return;
    const device = openDevice(bench.target.path, { write: true, bufferBytes: mib });
    device.buffer.fill(0xee);
    for (let at = 0; at < 40 * mib; at += mib) device.writeBuffer(at, mib, mib);
    device.flush();
    device.close();
    assert.equal(bench.burn([], { probe: false }).result.outcome, 'good');
    assert.ok(bench.usedBlocks(20 * mib).length > 100, 'without it the old content stays');
    assert.equal(bench.burn([], { wipeAll: true }).result.outcome, 'good');
    assert.ok(bench.bytes(0, image.length).equals(image));
    const left = bench.usedBlocks(Math.ceil(image.length / 4096) * 4096);
    // A mark ends with the card, which need not be at a multiple of 4 KiB.
    const mark = Math.floor((40 * mib + 512 - markBytes) / 4096) * 4096;
    assert.ok(
      left.every((block) => kind === 'block' && block >= mark),
      `${kind}: ${left}`,
    );
  }
});

test('the identity of a card is known before anything is written to it', (t) => {
  const bench = ChildBench.make(t, 'block', cardBytes, image);
  if (bench === undefined) return;
  const cardId = 'ab'.repeat(16);
  const device = openDevice(bench.target.path, { write: true, bufferBytes: mib });
  device.buffer.set(makeMark(cardId, Buffer.alloc(16)));
  device.writeBuffer(cardBytes - markBytes, markBytes, mib);
  device.close();
  const { result, countedCardId } = bench.burn(['write from=0 errno=EPERM']);
  assert.deepEqual([result.outcome, result.cardId, countedCardId], ['failed', cardId, cardId]);
});

test('how long pieces took is in the result, and the counters start anew in each phase', (t) => {
  const bench = ChildBench.make(t, 'file', cardBytes, image);
  if (bench === undefined) return;
  const { result } = bench.burn([`write at=${2 * mib} sleep=60`]);
  const { writeLatency, readLatency } = result;
  assert.equal(writeLatency?.pieces, 1);
  assert.ok((writeLatency?.maxMs ?? 0) >= 60 && (writeLatency?.medianMs ?? 0) <= (writeLatency?.maxMs ?? 0));
  assert.equal(readLatency?.pieces, 1);
  assert.equal(new CardCounters().slowestMs, 0);
});

function thrownBy(work: () => void): SystemError | undefined {
  try {
    work();
  } catch (error) {
    return error as SystemError;
  }
  return undefined;
}
