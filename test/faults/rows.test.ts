// The rows of the table whose faults lie under the program, a test for each. Several rows share a run, each with a card of
// its own, beside two cards that nothing strikes (PIBURN_SWEEP=all: one row in each run): what piburn says of a card is
// what its row says, the card is in the state that its row says, and the two are good.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { differences, isBlank, isUntouched, makeSmallImage, makeUsedCard } from '../shim/card-files.js';
import { FaultBench, type LoggedCall } from '../shim/faulty-run.js';
import { type CardVerdict, piburn } from './burner.js';
import { isFullSweep } from './chance.js';
import { type CardState, type FaultRow, faultRows } from './rows.js';

const mib = 1024 * 1024;
const bench = new FaultBench();
const { skip } = bench;
const burn = piburn(bench);
const spared = ['spared-1', 'spared-2'];
const rowsInOneRun = isFullSweep ? 1 : 6;
const image = join(bench.directory, 'small.img');
/** What a burn without faults does to a card. */
let calm: readonly LoggedCall[] = [];

before(async () => {
  if (skip) return;
  makeSmallImage(image);
  const path = bench.card('calm');
  makeUsedCard(path, 16 * mib);
  calm = (await bench.run(['burn', 'small.img', path], [`change path=${path} log`, `read path=${path} log`])).calls;
});
after(() => bench.remove());

interface Struck {
  readonly row: FaultRow;
  readonly card: string;
}

/** Rows that are burned together. */
class Batch {
  readonly struck: readonly Struck[];
  #verdicts: Promise<ReadonlyMap<string, CardVerdict>> | undefined;

  constructor(struck: readonly Struck[]) {
    this.struck = struck;
  }

  /** What piburn says of each card; the first one who asks starts the run. */
  verdicts(): Promise<ReadonlyMap<string, CardVerdict>> {
    this.#verdicts ??= this.#burn();
    return this.#verdicts;
  }

  async #burn(): Promise<ReadonlyMap<string, CardVerdict>> {
    const names = [...this.struck.map(({ card }) => card), ...spared];
    for (const name of names) makeUsedCard(bench.card(name), 16 * mib);
    const rules = this.struck.flatMap(({ row, card }) => row.inject.map((text) => ruleOf(text, card)));
    const options = this.struck[0]?.row.options ?? [];
    const verdicts = await burn(
      'small.img',
      names.map((name) => `cards/${name}.img`),
      rules,
      options,
    );
    return new Map(verdicts.map((verdict, index) => [names[index] ?? '', verdict]));
  }
}

/** Rows with the same options, so many at a time. */
function batches(rows: readonly FaultRow[]): Batch[] {
  const made: Batch[] = [];
  for (const options of new Set(rows.map((row) => JSON.stringify(row.options)))) {
    const same = rows
      .map((row, index) => ({ row, card: `struck-${index + 1}` }))
      .filter(({ row }) => JSON.stringify(row.options) === options);
    for (let at = 0; at < same.length; at += rowsInOneRun) made.push(new Batch(same.slice(at, at + rowsInOneRun)));
  }
  return made;
}

/** The rule with the card's path, and the number of the last such call of a calm burn. */
function ruleOf(text: string, card: string): string {
  const at = Number(/ at=(\d+)/.exec(text)?.[1] ?? -1);
  const covers = ({ offsetBytes, lengthBytes }: LoggedCall) =>
    at < 0 || (offsetBytes <= at && at < offsetBytes + lengthBytes);
  const last = calm.filter((each) => each.call === text.split(' ')[0] && covers(each)).length;
  return text.replace('CARD', bench.card(card)).replace('LAST', String(last));
}

function checkStruck({ row, card }: Struck, verdict: CardVerdict): void {
  assert.equal(verdict.code, row.code, verdict.says);
  assert.ok(verdict.says.includes(row.says), `'${verdict.says}' has '${row.says}'`);
  assert.ok(verdict.isTold, 'the person and the program are told which card, and what to try');
  if (row.says.endsWith('at byte'))
    assert.ok(verdict.says.includes(`${row.says} ${verdict.offsetBytes}`), verdict.says);
  if (row.code === 'good' && row.says === '') assert.equal(verdict.says, '', 'nothing had to be mended');
  const claims: Record<CardState, string> = {
    whole: 'yes',
    blank: row.code === 'STALLED' ? verdict.bootable : 'no',
    untouched: 'untouched',
    unknown: 'unknown',
    'wrong, and called good': 'yes',
  };
  assert.equal(verdict.bootable, claims[row.card]);
  const path = bench.card(card);
  if (row.card === 'whole') assert.deepEqual(differences(path, image), []);
  if (row.card === 'blank') assert.ok(isBlank(path), 'the first MiB is zero');
  if (row.card === 'untouched') assert.ok(isUntouched(path));
  if (row.card === 'wrong, and called good') assert.equal(differences(path, image).length, 1);
}

describe('what strikes one card strikes it alone:', () => {
  for (const batch of batches(faultRows.filter(({ where }) => where === 'program')))
    for (const struck of batch.struck)
      test(struck.row.fault, { skip }, async () => {
        const verdicts = await batch.verdicts();
        const verdict = verdicts.get(struck.card);
        assert.ok(verdict !== undefined);
        checkStruck(struck, verdict);
        for (const name of spared) {
          const { code, says, bootable } = verdicts.get(name) ?? {};
          assert.deepEqual([code, says, bootable], ['good', '', 'yes'], name);
          assert.deepEqual(differences(bench.card(name), image), []);
        }
      });
});
