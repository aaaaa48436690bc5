// The real command, cut by kill -9 and by power cuts at some moments of a run: whatever was being made, no card starts
// unless it is whole, nothing half-made in the store is taken for whole, and the next run works. All moments are tried in
// card-sweep.test.ts and store-sweep.test.ts, or here with PIBURN_SWEEP=all.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { differences, isBlank, isUntouched, makeSmallImage, makeUsedCard } from '../shim/card-files.js';
import { type Ended, FaultBench, type LoggedCall, summaryOf, until } from '../shim/faulty-run.js';
import { sampled } from './chance.js';

const bench = new FaultBench();
const { skip } = bench;
const image = join(bench.directory, 'small.img');
const cards = ['used', 'fresh'] as const;
/** Decoded by piburn itself: a rule counts the calls of one process. */
const burn = ['burn', 'small.img.xz', 'cards/used.img,cards/fresh.img', '--decoder=lzma-native'];

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

function checkCards(where: string): void {
  for (const name of cards) {
    const path = bench.card(name);
    if (!existsSync(path) || isUntouched(path) || isBlank(path)) continue;
    assert.deepEqual(
      differences(path, image),
      [],
      `${name} is neither untouched nor blank, so it has to be whole: ${where}`,
    );
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

describe('after kill -9, or a power cut', () => {
  /** The calls of a whole run that change something in the store or on a card. */
  let moments: readonly Moment[] = [];

  test('a run that is not cut is good, and tells which moments there are', { skip }, async () => {
    startAfresh();
    const ended = await bench.run(burn, [`change path=${bench.directory} log`]);
    checkGood(ended);
    // Its name is another one each time.
    moments = momentsOf(ended.calls).filter(({ path }) => !path.includes('/.trial-'));
    for (const place of ['.partial/image', '.partial/map', 'used.img', 'fresh.img'])
      assert.ok(
        moments.some(({ path }) => path.endsWith(place)),
        `${place} is among what is changed`,
      );
  });

  test('no card starts, no spool is wrong, and the next run is good', { skip }, async (t) => {
    const chosen = sampled(moments.length, 5).flatMap((count) => moments[count - 1] ?? []);
    for (const [index, { path, call }] of chosen.entries()) {
      startAfresh();
      const how = index % 2 === 0 ? `powercut=${index + 1}` : 'kill';
      const where = `call ${call} on ${path}, ${how}`;
      const cut = `change file=${path} call=${call} ${how}`;
      const run = bench.start(burn, [`change path=${bench.directory}/cards/ cache`, cut]);
      const ended = await run.ended;
      assert.notEqual(ended.code, 0, where);
      assert.ok(ended.calls.length >= 1, `the rule has struck: ${where}`);
      assert.ok(!ended.events.some(({ type }) => type === 'end'), `nothing was announced as done: ${where}`);
      await run.allGone();
      checkCards(where);
      checkStore();
      checkGood(await bench.run(burn));
    }
    t.diagnostic(`${chosen.length} of ${moments.length} moments were tried`);
  });
});

/** The n-th call on a path, counted as the shim counts. */
interface Moment {
  readonly path: string;
  readonly call: number;
}

/** Nothing whose name is another in the next run. */
function momentsOf(calls: readonly LoggedCall[]): Moment[] {
  const counts = new Map<string, number>();
  return calls.flatMap(({ path: paths }) => {
    const path = paths.split('\t').at(-1) ?? '';
    if (!/\/(cards|images)\/|\/history\.jsonl$/.test(path) || /\/used\.\d+$/.test(path)) return [];
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    return [{ path, call: count }];
  });
}

describe('kill -9 of the process that the shell waits for', () => {
  test('ends the one that writes as well, and the card does not start', { skip }, async () => {
    startAfresh();
    const run = bench.start(burn, ['write path=cards/ from=1048576 sleep=600000', 'write path=cards/ log']);
    await until('a card being written', () => run.calls().some(({ path }) => path.endsWith('used.img')));
    process.kill(run.pid, 'SIGKILL');
    await run.allGone();
    assert.ok(isBlank(bench.card('used')));
    checkCards('');
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
