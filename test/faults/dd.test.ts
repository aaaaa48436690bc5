// The table must be able to fail a burner: `dd oflag=direct conv=fsync` in piburn's place calls cards good that are wrong.
// The same cards, struck by the same rules, looked at by the same eyes.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { differences, isBlank, makeSmallImage, makeUsedCard } from '../shim/card-files.js';
import { FaultBench } from '../shim/faulty-run.js';
import { dd, piburn } from './burner.js';

const mib = 1024 * 1024;
const bench = new FaultBench();
const { skip } = bench;
const image = join(bench.directory, 'small.img');
const middle = 4_000_001;

/** Faults that no call reports; one of a card that loses power. */
const silent: Readonly<Record<string, string>> = {
  flip: `write path=CARD at=${middle} flip=5`,
  swallow: `write path=CARD at=${middle} swallow`,
  wrap: `medium path=CARD wrap=${5 * mib}`,
  limbo: `medium path=CARD limbo=${5 * mib}`,
};
const names = Object.keys(silent);
const paths = names.map((name) => `cards/${name}.img`);
const rules = names.map((name) => (silent[name] ?? '').replace('CARD', bench.card(name)));

before(() => {
  if (!skip) makeSmallImage(image);
});
after(() => bench.remove());

const renew = (): void => {
  for (const name of names) makeUsedCard(bench.card(name), 16 * mib);
};

describe('cards that lie', () => {
  test('are called good by dd, and each of them is wrong', { skip }, async () => {
    renew();
    const verdicts = await dd(bench)('small.img', paths, rules, []);
    names.forEach((name, index) => {
      assert.equal(verdicts[index]?.code, 'good', `${name}: ${verdicts[index]?.says}`);
      assert.ok(differences(bench.card(name), image).length > 0, `${name} is wrong`);
    });
  });

  test('are called failed by piburn, and none of them starts', { skip }, async () => {
    renew();
    const verdicts = await piburn(bench)('small.img', paths, rules, []);
    names.forEach((name, index) => {
      assert.equal(verdicts[index]?.good, false, name);
      assert.ok(isBlank(bench.card(name)), name);
    });
  });

  test('and dd on a card that nothing strikes is good: it is the faults that fail it', { skip }, async () => {
    renew();
    const [verdict] = await dd(bench)('small.img', paths.slice(0, 1), [`write path=${bench.card('flip')} log`], []);
    assert.equal(verdict?.code, 'good', verdict?.says);
    assert.deepEqual(differences(bench.card('flip'), image), []);
  });
});

describe('a card that loses power in the middle', () => {
  const cut = `write path=CARD from=${6 * mib} powercut=3`;
  const rulesOf = (name: string) =>
    [`change path=CARD cache`, cut].map((rule) => rule.replace('CARD', bench.card(name)));

  test('has a partition table after dd, and is not whole', { skip }, async () => {
    renew();
    const [verdict] = await dd(bench)('small.img', ['cards/flip.img'], rulesOf('flip'), []);
    assert.equal(verdict?.code, 'SIGKILL');
    assert.ok(differences(bench.card('flip'), image).length > 0);
    assert.ok(!isBlank(bench.card('flip')), 'something starts or mounts');
  });

  test('has none after piburn', { skip }, async () => {
    renew();
    const run = bench.start(['burn', 'small.img', 'cards/flip.img'], rulesOf('flip'));
    const ended = await run.ended;
    assert.notEqual(ended.code, 0);
    await run.allGone();
    assert.ok(isBlank(bench.card('flip')));
  });
});
