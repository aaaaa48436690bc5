// Cards that say they are larger than they are: loop devices whose offsets come out elsewhere (wrap) or nowhere (limbo),
// burned with and without the markers that find them out.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readMark } from '../../src/card/mark.js';
import type { CardResult } from '../../src/protocol.js';
import { ChildBench, mib, newCardId, sampleImage } from './child-bench.js';

const claimedBytes = 512 * mib;
const realBytes = 128 * mib;
const imageEnd = 6 * mib + 4096;

function isFake(result: CardResult, says: RegExp): void {
  const { outcome, bootable, failure } = result;
  assert.deepEqual([outcome, bootable, failure?.code], ['failed', 'no', 'FAKE_CAPACITY'], failure?.message);
  assert.match(failure?.message ?? '', says);
  assert.ok(failure?.hint?.includes('probe --full'));
  assert.ok((failure?.offsetBytes ?? 0) >= imageEnd);
}

const isBlank = (bench: ChildBench): boolean => bench.bytes(0, mib).every((byte) => byte === 0);

/** `claims 537 MB/512 MiB and holds about 134 MB/128 MiB: …` */
const wraps =
  /claims 537 MB\/512 MiB and holds about 134 MB\/128 MiB: what was written at byte (\d+) came back as the image's byte (\d+)$/;

test('a card that wraps around far behind the image is taken for good without markers, and found with them', (t) => {
  const bench = ChildBench.make(t, 'block', claimedBytes);
  if (bench === undefined) return;
  const missed = bench.burn([`medium wrap=${realBytes}`], { probe: false });
  assert.deepEqual([missed.result.outcome, missed.result.bootable], ['good', 'yes']);

  const { result } = bench.burn([`medium wrap=${realBytes}`]);
  isFake(result, wraps);
  const [, written, found] = wraps.exec(result.failure?.message ?? '') ?? [];
  assert.equal(Number(written) - Number(found), realBytes);
  assert.equal(Number(written), result.failure?.offsetBytes);
  assert.ok(isBlank(bench));
});

test('it is found without verify, and while the image is still coming in', (t) => {
  const bench = ChildBench.make(t, 'block', claimedBytes);
  if (bench === undefined) return;
  isFake(bench.burn([`medium wrap=${realBytes}`], { verify: false }).result, wraps);
  isFake(bench.burn([`medium wrap=${realBytes}`], {}, 'during').result, wraps);
  isFake(bench.burn([`medium wrap=${realBytes}`], { verify: false }, 'during').result, wraps);
  isFake(bench.burn([`medium wrap=${realBytes}`], {}, 'unknown-size').result, /claims .* and holds about/);
});

test('a size that is no power of two is found by chance or by a power, and its blocks are searched for', (t) => {
  const image = sampleImage(20 * mib, 22 * mib);
  const realEnd = 23 * mib + 512 * 1024;
  const bench = ChildBench.make(t, 'block', claimedBytes, image);
  if (bench === undefined) return;
  const { failure, outcome } = bench.burn([`medium wrap=${realEnd}`]).result;
  assert.deepEqual([outcome, failure?.code], ['failed', 'FAKE_CAPACITY']);
  const [, written, found] =
    /byte (\d+) came back as (?:the image's byte|that of byte) (\d+)$/.exec(failure?.message ?? '') ?? [];
  assert.equal((Number(written) - Number(found)) % realEnd, 0, failure?.message);
});

test('a card smaller than the image is called a fake, and what verifying found is told too', (t) => {
  const image = sampleImage(22 * mib, 24 * mib);
  const bench = ChildBench.make(t, 'block', claimedBytes, image);
  if (bench === undefined) return;
  const { result } = bench.burn([`medium wrap=${16 * mib}`]);
  const { failure, bootable } = result;
  assert.deepEqual([failure?.code, bootable], ['FAKE_CAPACITY', 'no'], failure?.message);
  assert.match(
    failure?.message ?? '',
    /claims .* and holds about .*; besides, .* (does not hold|had to be written again)/,
  );
  assert.ok(isBlank(bench));
  assert.equal(bench.burn([`medium wrap=${16 * mib}`], { probe: false }).result.outcome, 'failed');
});

test('a card that swallows what lies beyond its size is found, and the true size is between the bounds', (t) => {
  const bench = ChildBench.make(t, 'block', claimedBytes);
  if (bench === undefined) return;
  const missed = bench.burn([`medium limbo=${realBytes}`], { probe: false });
  assert.equal(missed.result.outcome, 'good');
  for (const verify of [true, false]) {
    const { result } = bench.burn([`medium limbo=${realBytes}`], { verify });
    isFake(
      result,
      /claims 537 MB\/512 MiB and holds (at least \d+.* and )?less than \d+.* was lost \(all bytes are 00\)$/,
    );
    assert.ok((result.failure?.offsetBytes ?? 0) >= realBytes);
    assert.ok(isBlank(bench));
  }
});

test('a card that cannot be read where it claims to be is a fake too', (t) => {
  const bench = ChildBench.make(t, 'block', claimedBytes);
  if (bench === undefined) return;
  // Not the mark's place before the burn: an end that cannot be read then is told by what follows.
  isFake(bench.burn([`read from=${realBytes} errno=EIO`]).result, /was lost \(it cannot be read\)$/);
});

test('a good card is good, keeps its identity over burns, and has no marker left', (t) => {
  const bench = ChildBench.make(t, 'block', claimedBytes);
  if (bench === undefined) return;
  const markAt = claimedBytes - 4096;
  const first = bench.burn([]);
  assert.deepEqual([first.result.outcome, first.result.bootable], ['good', 'yes'], first.result.failure?.message);
  assert.deepEqual([first.result.cardId, first.countedCardId], [newCardId, newCardId]);
  assert.ok(bench.bytes(0, 4 * mib).equals(sampleImage().subarray(0, 4 * mib)));
  assert.deepEqual(bench.usedBlocks(imageEnd), [markAt]);
  assert.equal(readMark(bench.bytes(markAt, 4096)), newCardId);

  const mark = bench.bytes(markAt, 4096);
  const second = bench.burn([], { newCardId: 'ff'.repeat(16) });
  assert.deepEqual([second.result.outcome, second.result.cardId], ['good', newCardId]);
  assert.equal(readMark(bench.bytes(markAt, 4096)), newCardId);
  assert.ok(!bench.bytes(markAt, 4096).equals(mark), 'the salt is of the burn');

  const third = bench.burn([], { probe: false, verify: false, newCardId: 'ff'.repeat(16) });
  assert.deepEqual([third.result.outcome, third.result.cardId], ['good', newCardId]);
  const late = bench.burn([], { newCardId: 'ff'.repeat(16) }, 'unknown-size');
  assert.deepEqual([late.result.outcome, late.result.cardId], ['good', newCardId]);
  assert.deepEqual(bench.usedBlocks(imageEnd), [markAt]);
});

test('a marker that reads wrong once is no fake', (t) => {
  const bench = ChildBench.make(t, 'block', claimedBytes);
  if (bench === undefined) return;
  // The mark is read first before the wipe, then with the markers.
  const { result } = bench.burn([`read at=${claimedBytes - 1} flip=3 call=2 times=1`]);
  assert.equal(result.outcome, 'good', result.failure?.message);
});

test('the markers are written before the image, and nothing is written behind it between reading it and them', (t) => {
  const bench = ChildBench.make(t, 'block', claimedBytes);
  if (bench === undefined) return;
  assert.equal(bench.burn(['medium log']).result.outcome, 'good');
  const calls = bench.struck().map((line) => {
    const [call, offset] = line.split(' ');
    return { call, offsetBytes: Number(offset) };
  });
  const places = (what: string, range: readonly [number, number]) =>
    calls.flatMap(({ call, offsetBytes }, index) =>
      call === what && offsetBytes >= range[0] && offsetBytes < range[1] ? [index] : [],
    );
  const behind = [imageEnd, claimedBytes - mib] as const;
  const markers = places('write', behind);
  const imageWrites = places('write', [2 * mib, 3 * mib]);
  const imageReads = places('read', [2 * mib, 3 * mib]).filter((index) => index > Math.max(...imageWrites));
  const readBack = places('read', behind);
  const seal = places('write', [0, 4096]).at(-1) ?? -1;
  const laid = markers.filter((index) => index < Math.min(...imageWrites));
  const zeroed = markers.filter((index) => index > Math.max(...readBack));
  assert.ok(laid.length >= 6 && laid.length <= 23, `${laid.length} markers`);
  assert.deepEqual([...laid, ...zeroed], markers);
  assert.equal(zeroed.length, laid.length);
  assert.ok(Math.min(...readBack) > Math.max(...imageReads));
  assert.ok(seal > Math.max(...zeroed));
});

test('a card that the image fills has no mark and is burned to its last byte', (t) => {
  const image = sampleImage(4 * mib, 6 * mib);
  const bench = ChildBench.make(t, 'block', image.length, image);
  if (bench === undefined) return;
  const { result, countedCardId } = bench.burn([]);
  assert.deepEqual([result.outcome, result.cardId, countedCardId], ['good', undefined, undefined]);
  assert.ok(bench.bytes(0, image.length).equals(image));
});

test('a file that stands in for a card gets neither mark nor markers', (t) => {
  const bench = ChildBench.make(t, 'file', 128 * mib);
  if (bench === undefined) return;
  const { result } = bench.burn([]);
  assert.deepEqual([result.outcome, result.cardId, result.ejected], ['good', undefined, undefined]);
  assert.deepEqual(bench.usedBlocks(imageEnd), []);
});
