// Burning by difference (--delta): what a card has already is read and not written, what differs is, and a card is called
// good only when all of it has been read after the last write. On files and loop devices, some of them fakes.

import assert from 'node:assert/strict';
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import type { CardJob, PatchBlock } from '../../src/protocol.js';
import { pattern } from '../native/scratch.js';
import { ChildBench, mib, sampleImage } from './child-bench.js';

const cardBytes = 64 * mib;
/** Used are the first block and 2 to 24 MiB, in pieces of 4 MiB. */
const image = sampleImage(22 * mib, 26 * mib);
const usedBytes = 22 * mib + 4096;
const piece = 4 * mib;
const delta = { delta: true } as const;

/** A node's patch: a block within a segment, and one where nothing is used. */
const patchOf = (seed: number): PatchBlock[] => [
  { offsetBytes: 3 * mib + 512, bytes: pattern(1024, seed) },
  { offsetBytes: mib + 8192, bytes: pattern(512, seed + 1) },
];

function patched(patch: readonly PatchBlock[], bytes = image): Buffer {
  const wanted = Buffer.from(bytes);
  for (const block of patch) wanted.set(block.bytes, block.offsetBytes);
  return wanted;
}

/** A card with the image and this patch on it. */
function burned(t: TestContext, kind: 'block' | 'file', more: Partial<CardJob> = {}, bytes = image) {
  const bench = ChildBench.make(t, kind, cardBytes, bytes);
  if (bench === undefined) return undefined;
  assert.equal(bench.burn([], { patch: patchOf(1), ...more }).result.outcome, 'good');
  return bench;
}

interface Call {
  readonly call: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

const callsOf = (bench: ChildBench): Call[] =>
  bench.struck().map((line) => {
    const [call = '', offset, length] = line.split(' ');
    return { call, offsetBytes: Number(offset), lengthBytes: Number(length) };
  });

/** Bytes that were written between two places of a card. */
const writtenIn = (calls: readonly Call[], from: number, to: number): number =>
  calls
    .filter(({ call, offsetBytes }) => call === 'write' && offsetBytes >= from && offsetBytes < to)
    .reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);

const bytesRead = (calls: readonly Call[]): number =>
  calls.filter(({ call }) => call === 'read').reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);

const flip = (bench: ChildBench, offsetBytes: number): void =>
  overwrite(bench, offsetBytes, Buffer.from([(bench.bytes(offsetBytes, 1)[0] ?? 0) ^ 4]));

function overwrite(bench: ChildBench, offsetBytes: number, bytes: Uint8Array): void {
  const file = openSync(bench.target.path, 'r+');
  try {
    writeSync(file, bytes, 0, bytes.length, offsetBytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** No partition table, no boot sector. */
const isBlank = (bench: ChildBench): boolean => bench.bytes(0, 4096).every((byte) => byte === 0);

for (const kind of ['block', 'file'] as const)
  test(`the same image with another patch: only patched pieces are written, and all is read once (${kind})`, (t) => {
    const bench = burned(t, kind);
    if (bench === undefined) return;
    const { result } = bench.burn(['medium log'], { ...delta, patch: patchOf(7) });
    assert.deepEqual([result.outcome, result.bootable], ['good', 'yes'], result.failure?.message);
    assert.ok(bench.bytes(0, image.length).equals(patched(patchOf(7))));
    const calls = callsOf(bench);
    assert.ok(writtenIn(calls, mib, 6 * mib) <= piece + 4096, `${writtenIn(calls, mib, 6 * mib)} bytes`);
    assert.equal(writtenIn(calls, 6 * mib, 26 * mib), 0);
    assert.ok(bytesRead(calls) <= usedBytes + 2 * piece + mib, `${bytesRead(calls)} bytes were read`);
    assert.equal(result.verifiedBytes, usedBytes + 4096);
    assert.equal((result.unchangedBytes ?? 0) + result.writtenBytes, result.verifiedBytes);
    assert.equal(result.skippedBytes, image.length - result.verifiedBytes);
    assert.deepEqual([result.repairs, result.warnings.length], [[], result.direct ? 0 : 1]);

    const again = bench.burn(['medium log'], { ...delta, patch: patchOf(7) });
    assert.deepEqual([again.result.outcome, again.result.writtenBytes], ['good', 4096], 'the first block');
    assert.equal(writtenIn(callsOf(bench), mib, 26 * mib), 0);
  });

test('another image: it is written after a look at a few places, without being compared', (t) => {
  const bench = burned(t, 'file');
  if (bench === undefined) return;
  writeFileSync(bench.imagePath, Buffer.from(image.map((byte) => byte ^ (byte === 0 ? 0 : 0x55))));
  const { result } = bench.burn(['medium log'], delta);
  assert.deepEqual([result.outcome, result.unchangedBytes], ['good', 0], result.failure?.message);
  assert.equal(result.writtenBytes, usedBytes);
  const calls = callsOf(bench);
  assert.ok(bytesRead(calls) <= usedBytes + 2 * mib + mib, `${bytesRead(calls)} bytes were read`);
  assert.ok(bench.bytes(2 * mib, 22 * mib).equals(readFileSync(bench.imagePath).subarray(2 * mib, 24 * mib)));
});

test('one wrong bit, and what another patch has left behind, is found and mended, and all is read once more', (t) => {
  const bench = burned(t, 'block');
  if (bench === undefined) return;
  flip(bench, 17 * mib + 123_456);
  const { result } = bench.burn(['medium log'], delta);
  assert.equal(result.outcome, 'good', result.failure?.message);
  assert.ok(bench.bytes(2 * mib, 22 * mib).equals(image.subarray(2 * mib, 24 * mib)));
  const calls = callsOf(bench);
  assert.equal(writtenIn(calls, 2 * mib, 24 * mib), 2 * piece, 'the pieces at 2 and 14 MiB');
  assert.ok(bytesRead(calls) >= 2 * 22 * mib, 'what was compared before something was written is read again');
  assert.deepEqual([result.verifiedBytes, result.repairs], [usedBytes, []]);
});

test('with all unused bytes to be written, those are compared too', (t) => {
  const bench = burned(t, 'file');
  if (bench === undefined) return;
  flip(bench, 25 * mib + 7);
  const { result } = bench.burn([], { ...delta, full: true, patch: patchOf(1) });
  assert.equal(result.outcome, 'good', result.failure?.message);
  assert.ok(bench.bytes(0, image.length).equals(patched(patchOf(1))));
  assert.equal(result.verifiedBytes, image.length);
  assert.ok(result.writtenBytes < 8 * mib, `${result.writtenBytes}`);
});

test('a fake that is smaller than the image is not called good, although each place holds the image in turn', (t) => {
  const bench = ChildBench.make(t, 'block', cardBytes, Buffer.from(image).fill(0, 20 * mib, 22 * mib));
  if (bench === undefined) return;
  // What is written at 22 MiB comes out at 2 MiB as well, and the other way round; all else is where it belongs.
  const wrap = `medium wrap=${20 * mib}`;
  assert.equal(bench.burn([wrap], { verify: false, probe: false }).result.outcome, 'good');
  const { result } = bench.burn([wrap], { ...delta, probe: false });
  assert.deepEqual([result.outcome, result.bootable], ['failed', 'no']);
  assert.ok(isBlank(bench));
});

test('a fake with room for the image is found by its markers', (t) => {
  const bench = ChildBench.make(t, 'block', 8 * cardBytes, image);
  if (bench === undefined) return;
  for (const fault of [`medium wrap=${2 * cardBytes}`, `medium limbo=${2 * cardBytes}`]) {
    assert.equal(bench.burn([fault], { probe: false }).result.outcome, 'good', 'as if nothing was wrong');
    const { result } = bench.burn([fault], delta);
    assert.deepEqual([result.failure?.code, result.bootable], ['FAKE_CAPACITY', 'no']);
    assert.ok(isBlank(bench));
  }
});

test('a piece that cannot be read while it is compared is written anew, and told', (t) => {
  const bench = burned(t, 'file');
  if (bench === undefined) return;
  const place = 13 * mib; // in the piece from 10 to 14 MiB
  const { result } = bench.burn([`read at=${place} errno=EIO times=1`, 'write log'], { ...delta, patch: patchOf(1) });
  assert.equal(result.outcome, 'good', result.failure?.message);
  assert.equal(writtenIn(callsOf(bench), 2 * mib, 24 * mib), piece);
  assert.match(result.warnings.at(-1) ?? '', /^1 of its pieces could not be read while it was compared/);

  const bad = bench.burn([`read at=${place} errno=EIO`], { ...delta, patch: patchOf(1) }).result;
  assert.deepEqual([bad.failure?.code, bad.bootable], ['VERIFY_READ', 'no']);
});

test('a patched piece that comes out wrong is repaired as in any burn', (t) => {
  const bench = burned(t, 'file');
  if (bench === undefined) return;
  const faults = [`write at=${3 * mib} flip=2 times=1`, 'read log'];
  const { result } = bench.burn(faults, { ...delta, patch: patchOf(7) });
  assert.equal(result.outcome, 'good', result.failure?.message);
  assert.deepEqual(
    result.repairs.map(({ how }) => how),
    ['rewritten'],
  );
  assert.ok(bench.bytes(0, image.length).equals(patched(patchOf(7))));
  assert.ok(bytesRead(callsOf(bench)) >= 2 * 22 * mib);
});

test('an image that is still coming in is waited for, and then compared', (t) => {
  const bench = burned(t, 'file');
  if (bench === undefined) return;
  for (const arrival of ['during', 'unknown-size'] as const) {
    const { result } = bench.burn(['write log'], { ...delta, patch: patchOf(1) }, arrival);
    assert.equal(result.outcome, 'good', result.failure?.message);
    assert.equal(writtenIn(callsOf(bench), 2 * mib, 26 * mib), 0, arrival);
  }
});

test('killed at any moment after the first write, the card does not boot', (t) => {
  const bench = burned(t, 'block');
  if (bench === undefined) return;
  flip(bench, 17 * mib);
  assert.equal(bench.burn(['change log'], { ...delta, patch: patchOf(20) }).result.outcome, 'good');
  const moments = bench.struck().length;
  assert.ok(moments > 20, `${moments}`);
  for (const [index, share] of [0.1, 0.5, 0.75, 0.95].entries()) {
    overwrite(bench, 0, image.subarray(0, 4096)); // as a card that boots
    flip(bench, 17 * mib);
    const call = Math.max(2, Math.floor(moments * share));
    assert.throws(
      () => bench.burn([`change call=${call} kill`], { ...delta, patch: patchOf(30 + index) }),
      /did not end by itself/,
    );
    assert.ok(isBlank(bench), `at call ${call} of ${moments}`);
  }
});
