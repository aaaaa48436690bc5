// kill -9 at many moments of a run: whatever was being made, no card starts unless it is whole, nothing half-made in the
// store is taken for whole, and the next run works.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { differences, isBlank, isUntouched, makeSmallImage, makeUsedCard } from '../shim/card-files.js';
import { type Ended, FaultBench, summaryOf, until } from '../shim/faulty-run.js';

const bench = new FaultBench();
const { skip } = bench;
const image = join(bench.directory, 'small.img');
const cards = ['used', 'fresh'] as const;
const burn = ['burn', 'small.img.xz', 'cards/used.img,cards/fresh.img'];
const points = 10;

before(() => {
  if (skip) return;
  makeSmallImage(image, 9 * 1024 * 1024);
  execFileSync('xz', ['--keep', '-0', image]);
});
after(() => bench.remove());

/** An empty store, a card that was used before, and one that does not exist yet. */
function startAfresh(): void {
  rmSync(bench.store, { recursive: true, force: true });
  rmSync(bench.card('fresh'), { force: true });
  makeUsedCard(bench.card('used'), 12 * 1024 * 1024);
}

function checkCards(): void {
  for (const name of cards) {
    const path = bench.card(name);
    if (!existsSync(path) || isUntouched(path) || isBlank(path)) continue;
    assert.deepEqual(differences(path, image), [], `${name} is neither untouched nor blank, so it has to be whole`);
  }
}

/** Every spool that is not marked as partial holds the image, to the last byte. */
function checkStore(): void {
  for (const name of namesInStore().filter((entry) => !entry.endsWith('.partial')))
    assert.ok(readFileSync(join(bench.store, 'images', name, 'image')).equals(readFileSync(image)), name);
}

function namesInStore(): string[] {
  const images = join(bench.store, 'images');
  return existsSync(images) ? readdirSync(images) : [];
}

function checkGood(ended: Ended): void {
  assert.equal(ended.code, 0, ended.text);
  assert.equal(summaryOf(ended).good, cards.length);
  for (const name of cards) assert.deepEqual(differences(bench.card(name), image), []);
  assert.deepEqual(
    namesInStore().filter((name) => name.endsWith('.partial')),
    [],
  );
}

describe('after kill -9', () => {
  /** How many calls of a whole run change something in the store or on a card. */
  let changes = 0;
  const rule = `change path=${bench.directory}`;

  test('a run that is not killed is good, and tells how many moments there are', { skip }, async () => {
    startAfresh();
    const ended = await bench.run(burn, [`${rule} log`]);
    checkGood(ended);
    changes = ended.calls.length;
    for (const place of ['.partial/image', '.partial/map', 'used.img', 'fresh.img'])
      assert.ok(
        ended.calls.some(({ path }) => path.endsWith(place)),
        `${place} is among what is changed`,
      );
    assert.ok(changes > 2 * points);
  });

  for (let point = 0; point < points; point++)
    test(`at moment ${point + 1} of ${points} no card starts, no spool is wrong, and the next run is good`, {
      skip,
    }, async () => {
      startAfresh();
      // Two cards run side by side, so a late moment is not quite the same in each run; the last few might not come.
      const call = 1 + Math.floor((point * (changes - 3)) / (points - 1));
      const run = bench.start(burn, [`${rule} call=${call} kill`]);
      const ended = await run.ended;
      assert.notEqual(ended.code, 0);
      // Two cards may both be at the fatal call when the kill comes.
      assert.ok(ended.calls.length >= 1, 'the rule has struck');
      assert.ok(!ended.events.some(({ type }) => type === 'end'), 'nothing was announced as done');
      await run.allGone();
      checkCards();
      checkStore();
      checkGood(await bench.run(burn));
    });
});

describe('kill -9 of the process that the shell waits for', () => {
  test('ends the one that writes as well, and the card does not start', { skip }, async () => {
    startAfresh();
    const run = bench.start(burn, ['write path=cards/ from=1048576 sleep=600000', 'write path=cards/ log']);
    await until('a card being written', () => run.calls().some(({ path }) => path.endsWith('used.img')));
    process.kill(run.pid, 'SIGKILL');
    await run.allGone();
    assert.ok(isBlank(bench.card('used')));
    checkCards();
    checkStore();
    checkGood(await bench.run(burn));
  });

  test('ends the decoder as well, and no card was touched', { skip }, async () => {
    startAfresh();
    const run = bench.start(burn, [`write path=${bench.store} from=4194304 sleep=600000`]);
    await until('the spool being written', () => run.calls().length > 0);
    process.kill(run.pid, 'SIGKILL');
    await run.allGone();
    assert.ok(isUntouched(bench.card('used')));
    assert.ok(!existsSync(bench.card('fresh')));
    checkStore();
    checkGood(await bench.run(burn));
  });
});
