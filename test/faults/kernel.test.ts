// The rows of the table whose faults lie under the kernel, a test for each: three simulated cards below loop devices, burned
// at once by the real command; one of them is struck. What a card holds is looked at in the simulator's own files.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { CardBench, noCardBench, type SimulatedCard } from '../fuse/card-bench.js';
import { differences, isBlank, isUntouched, makeSmallImage } from '../shim/card-files.js';
import { type Ended, FaultBench } from '../shim/faulty-run.js';
import { type CardVerdict, dd, piburn } from './burner.js';
import { type FaultRow, faultRows } from './rows.js';

const mib = 1024 * 1024;
const cardBytes = 128 * mib;
const skip = noCardBench();
let cards: CardBench;

/** A command that is over, although the kernel may still hold a thread of its engine: the card wakes up when it is. */
class KernelBench extends FaultBench {
  readonly inUse = new Set<SimulatedCard>();

  override async run(args: readonly string[]): Promise<Ended> {
    const running = this.start(args);
    // The bench ends a command that takes too long, so this has an end.
    while (existsSync(`/proc/${running.pid}`)) await setTimeout(50);
    for (const card of this.inUse) {
      const isItsOwn = args.some((word) => word.split(',').includes(card.device));
      if (isItsOwn && (await cards.stats(card)).hanging > 0) await cards.calm(card);
    }
    await running.allGone();
    return running.ended;
  }
}

const bench = new KernelBench();
const image = join(bench.directory, 'small.img');

before(async () => {
  if (skip) return;
  makeSmallImage(image);
  cards = await CardBench.start(bench.directory);
});
after(async () => {
  // Undefined where it could not be started.
  await (cards as CardBench | undefined)?.close();
  bench.remove();
});

/** Three cards, for as long as the work takes. */
async function withCards<T>(work: (cards: readonly SimulatedCard[]) => Promise<T>): Promise<T> {
  const made: SimulatedCard[] = [];
  try {
    for (const name of ['one', 'two', 'three']) {
      const card = cards.add(`${name}-${++cardCount}`, cardBytes);
      made.push(card);
      bench.inUse.add(card);
    }
    return await work(made);
  } finally {
    for (const card of made) {
      bench.inUse.delete(card);
      await cards.calm(card);
      cards.remove(card);
    }
  }
}
let cardCount = 0;

function checkVerdict(row: FaultRow, verdict: CardVerdict): void {
  assert.equal(verdict.code, row.code, verdict.says);
  assert.ok(verdict.says.includes(row.says), `'${verdict.says}' has '${row.says}'`);
  assert.ok(verdict.isTold, 'the person and the program are told which card, and what to try');
  if (row.code === 'good' && row.says === '') assert.equal(verdict.says, '', 'nothing had to be mended');
}

function checkCard(row: FaultRow, { backing, device }: SimulatedCard, { bootable }: CardVerdict): void {
  if (row.card === 'whole') assert.deepEqual([bootable, differences(backing, image)], ['yes', []]);
  if (row.card === 'untouched') assert.deepEqual([bootable, isUntouched(backing)], ['untouched', true]);
  if (row.card === 'blank') {
    // Of a card that hangs piburn says what it was when it was heard of for the last time.
    if (row.code !== 'STALLED') assert.equal(bootable, 'no');
    assert.ok(isBlank(backing), 'the first MiB is zero');
  }
  if (row.card === 'wrong, and called good') {
    assert.equal(bootable, 'yes');
    assert.deepEqual(differences(readAgain(device), image), [], 'the second reading is right, too');
    assert.equal(differences(readAgain(device), image).length, 1, 'the third is not');
  }
}

/** What the device says now that it holds, past every cache. */
function readAgain(device: string): string {
  const copy = join(bench.directory, `copy-${basename(device)}`);
  execFileSync('dd', [`if=${device}`, `of=${copy}`, 'bs=1M', 'count=10', 'iflag=direct', 'status=none']);
  return copy;
}

describe('what strikes one card below the kernel strikes it alone:', { concurrency: 2 }, () => {
  const rows = faultRows.filter(({ where }) => where === 'kernel');
  for (const [index, row] of rows.entries())
    test(row.fault, { skip }, () =>
      withCards(async (three) => {
        const struck = three[index % 3];
        assert.ok(struck !== undefined);
        for (const words of row.inject) await cards.fault(struck, words);
        const devices = three.map(({ device }) => device);
        const verdicts = await piburn(bench)('small.img', devices, [], row.options ?? []);
        for (const [place, card] of three.entries()) {
          const verdict = verdicts[place];
          assert.ok(verdict !== undefined);
          if (card === struck) {
            checkVerdict(row, verdict);
            checkCard(row, card, verdict);
            continue;
          }
          const { code, says, bootable } = verdict;
          assert.deepEqual([code, says, bootable], ['good', '', 'yes'], `${card.name} is good`);
          assert.deepEqual(differences(card.backing, image), [], card.name);
          const { readBytes, flushes } = await cards.stats(card);
          assert.ok(readBytes > 9 * mib && flushes > 0, 'it was read back from the card itself');
        }
      }),
    );
});

/** Faults that no call reports. */
const silent = [`both wrap=${4 * mib}`, `both limbo=${4 * mib}`, 'write flip=5 at=4000001'];

test('dd calls the cards good that lie below the kernel, and each of them is wrong', { skip }, () =>
  withCards(async (three) => {
    for (const [index, card] of three.entries()) await cards.fault(card, silent[index] ?? '');
    const devices = three.map(({ device }) => device);
    const verdicts = await dd(bench)('small.img', devices, [], []);
    for (const [index, { backing }] of three.entries()) {
      assert.equal(verdicts[index]?.code, 'good', verdicts[index]?.says);
      assert.ok(differences(backing, image).length > 0, silent[index]);
      assert.ok(!isBlank(backing), 'something starts or mounts');
    }
  }),
);
