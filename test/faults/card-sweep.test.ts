// A burn that is cut at every one of its calls, by a kill and by power cuts: in each of these states the card is whole,
// or nothing on it starts or mounts. Most states are made from the record of one burn, in memory; some burns are really
// cut, which shows that the record tells the truth and that the next burn is good.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { TargetIdentity } from '../../src/protocol.js';
import { loopDevice, scratchFolder } from '../native/scratch.js';
import { buildShim } from '../shim/build.js';
import type { RecordedCall } from '../shim/record.js';
import { bytesOf, CardBurner, twoAtATime } from './card-run.js';
import { isFullSweep, sampled } from './chance.js';
import { type CutOptions, diskStates } from './disk-states.js';
import { judgeCard, type Known, SecondLook, type Verdict } from './judge-card.js';
import { type DiskKind, makeSmallDisk, oldCard } from './small-disks.js';

const mib = 1024 * 1024;
const record = 'change path=CARD record';

interface Kind {
  readonly what: string;
  readonly disk: DiskKind;
  readonly target: TargetIdentity['kind'];
  readonly cardBytes: number;
  /** Only what differs is written. */
  readonly delta?: boolean;
  /** How many burns are really cut, unless all are. */
  readonly kills: number;
}

const kinds: readonly Kind[] = [
  { what: 'a file with room behind the image', disk: 'mbr', target: 'file', cardBytes: 8 * mib, kills: 5 },
  { what: 'a file that a GPT image fills', disk: 'gpt', target: 'file', cardBytes: 6 * mib, kills: 3 },
  { what: 'a file that is compared first', disk: 'mbr', target: 'file', cardBytes: 8 * mib, delta: true, kills: 2 },
  { what: 'a block device with room for markers', disk: 'mbr', target: 'block', cardBytes: 12 * mib, kills: 4 },
];

interface Bench {
  readonly burner: CardBurner;
  readonly image: Buffer;
  readonly before: Buffer;
  readonly folder: string;
}

function benchFor(t: TestContext, { disk, cardBytes }: Kind): Bench | undefined {
  const folder = scratchFolder(t);
  const shim = buildShim(folder);
  const image = makeSmallDisk(disk, join(folder, 'disk'));
  if (shim === undefined || typeof image === 'string') {
    t.skip(typeof image === 'string' ? image : 'needs a C compiler (cc)');
    return undefined;
  }
  return { burner: new CardBurner(folder, image, shim), image, before: oldCard(disk, cardBytes, image), folder };
}

/** A card as it was before the burn; undefined where there can be none. */
function freshCard(
  t: TestContext,
  { burner, before }: Bench,
  { target, cardBytes }: Kind,
  name: string,
): { identity: TargetIdentity; medium: string } | undefined {
  const medium = burner.put(name, before);
  const path = target === 'file' ? medium : loopDevice(t, medium);
  if (path === undefined) return undefined;
  const number = target === 'file' ? {} : { deviceNumber: numberOf(path) };
  return { identity: { path, kind: target, sizeBytes: cardBytes, ...number }, medium };
}

const numberOf = (device: string): string =>
  readFileSync(`/sys/block/${device.replace('/dev/', '')}/dev`, 'utf8').trim();

/** Judges every state; returns how often each verdict came. */
function sweep(known: Known, calls: readonly RecordedCall[], options: CutOptions, look?: SecondLook) {
  const verdicts: Record<Verdict, number> = { whole: 0, blank: 0, untouched: 0, 'half wiped': 0 };
  for (const { bytes, calls: count, arrived } of diskStates(known.before, calls, options)) {
    const where = `cut after ${count} of ${calls.length} calls, arrived: ${arrived}`;
    const verdict = named(where, () => judgeCard(bytes, known));
    verdicts[verdict]++;
    if (verdict === 'blank' && look !== undefined) assert.equal(look.signsOf(bytes), '', where);
  }
  return verdicts;
}

function named<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : error}`);
  }
}

for (const kind of kinds)
  describe(`a burn onto ${kind.what}`, () => {
    test('is whole or starts nothing, wherever it is cut, and the next burn is good', async (t) => {
      const bench = benchFor(t, kind);
      const card = bench && freshCard(t, bench, kind, 'whole');
      if (bench === undefined || card === undefined) return;
      const { outcome, calls } = await bench.burner.burn(card.identity, [record], 'whole', kind.delta);
      assert.equal(outcome?.result.outcome, 'good', outcome?.result.failure?.message);
      const known: Known = { image: bench.image, before: bench.before };

      // The record tells the truth: all of it makes what is on the medium.
      let last: Buffer | undefined;
      for (const { bytes } of diskStates(bench.before, calls, { seeds: 0, sectorBytes: 4096 })) last = bytes;
      assert.ok(last?.equals(bytesOf(card.medium)), 'the record makes the card');

      const look = new SecondLook(join(bench.folder, 'look'), isFullSweep ? 1000 : 12);
      const verdicts = sweep(known, calls, { seeds: isFullSweep ? 40 : 4, sectorBytes: 4096 }, look);
      const states = Object.values(verdicts).reduce((sum, each) => sum + each, 0);
      assert.ok(verdicts.untouched > 0 && verdicts.blank > 20 && verdicts.whole > 0, JSON.stringify(verdicts));
      t.diagnostic(`${calls.length} calls, ${states} states: ${JSON.stringify(verdicts)}; blkid saw ${look.count}`);

      const cuts = sampled(calls.length, kind.kills);
      await twoAtATime(cuts, (count) => cutForReal(t, bench, kind, count, calls));
      t.diagnostic(`${cuts.length} burns were really cut`);
    });
  });

/** Cuts the power before the n-th call, looks at the card, and burns it once more. */
async function cutForReal(
  t: TestContext,
  bench: Bench,
  kind: Kind,
  count: number,
  calls: readonly RecordedCall[],
): Promise<void> {
  const name = `cut-${count}`;
  const card = freshCard(t, bench, kind, name);
  if (card === undefined) return;
  const rules = ['change path=CARD cache', record, `change path=CARD call=${count} powercut=${count} sector=4096`];
  const cut = await bench.burner.burn(card.identity, rules, name, kind.delta);
  assert.equal(cut.outcome, undefined, `cut ${count} was a cut`);
  // The markers' places are random: of a device only how many calls there were is the same.
  assert.ok(Math.abs(cut.calls.length - count) <= 1, `${cut.calls.length} calls of ${calls.length}`);
  named(`really cut before call ${count}`, () =>
    judgeCard(bytesOf(card.medium), { image: bench.image, before: bench.before }),
  );
  const next = await bench.burner.burn(card.identity, [], `${name}-next`, kind.delta);
  assert.equal(next.outcome?.result.outcome, 'good', next.outcome?.result.failure?.message);
  assert.ok(bytesOf(card.medium).subarray(0, bench.image.length).equals(bench.image));
}

test('a sector of the first block that arrives alone changes nothing about the rest, which is whole by then', async (t) => {
  const kind = kinds[0];
  const bench = kind && benchFor(t, kind);
  const card = bench && freshCard(t, bench, kind, 'torn');
  if (bench === undefined || card === undefined) return;
  const { calls } = await bench.burner.burn(card.identity, [record], 'torn');
  const { image, before } = bench;
  for (const { bytes, calls: count } of diskStates(before, calls, { seeds: 8, sectorBytes: 512 })) {
    if (!bytes.subarray(0, 512).equals(image.subarray(0, 512))) continue;
    assert.ok(bytes.subarray(4096, image.length).equals(image.subarray(4096)), `after ${count} calls`);
  }
});
