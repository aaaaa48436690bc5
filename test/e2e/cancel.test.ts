// Ctrl-C, once and twice, in every part of a run: it ends with 130, says which cards do not start, and leaves no
// half-made spool behind.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { differences, isBlank, isUntouched, makeSmallImage, makeUsedCard } from '../shim/card-files.js';
import { cardOf, type Ended, FaultBench, type RunningCommand, summaryOf, until } from '../shim/faulty-run.js';

const bench = new FaultBench();
const { skip } = bench;
const names = ['a', 'b', 'c', 'd'] as const;
const image = join(bench.directory, 'small.img');
const burn = ['burn', 'small.img', 'cards/[a-d].img', '--blocksize=256K', '--stall-timeout=3600'];
const burnXz = ['burn', 'small.img.xz', 'cards/[a-d].img', '--stall-timeout=3600'];
const hang = 'sleep=600000';

before(() => {
  if (skip) return;
  makeSmallImage(image);
  execFileSync('xz', ['--keep', '-0', image]);
});
beforeEach(() => {
  for (const name of names) makeUsedCard(bench.card(name), 12 * 1024 * 1024);
});
after(() => bench.remove());

/** Waits until the shim has struck on every card. */
const onEveryCard = (run: RunningCommand): Promise<void> =>
  until('a call on every card', () => names.every((name) => run.calls().some(({ path }) => path === bench.card(name))));

function checkCancelled(ended: Ended): void {
  assert.equal(ended.code, 130, ended.text);
  const { good, failed, cancelled } = summaryOf(ended);
  assert.deepEqual([good, failed, cancelled], [0, 0, 4]);
  for (const name of names) {
    const card = cardOf(ended, name);
    assert.deepEqual([card.outcome, card.bootable], ['cancelled', 'no']);
    assert.deepEqual([card.failure?.kind, card.failure?.code], ['interrupted', 'INTERRUPTED']);
    assert.ok(isBlank(bench.card(name)));
    assert.match(ended.text, new RegExp(`${name}\\.img.*No Pi starts from this card`), 'the person is told as well');
  }
  assert.match(ended.text, /Ctrl-C again/);
}

async function checkNextRun(args: readonly string[]): Promise<void> {
  const next = await bench.run(args);
  assert.equal(next.code, 0, next.text);
  for (const name of names) assert.deepEqual(differences(bench.card(name), image), []);
}

function halfMade(): string[] {
  const images = join(bench.store, 'images');
  return existsSync(images) ? readdirSync(images).filter((name) => name.endsWith('.partial')) : [];
}

describe('one signal', () => {
  const senders: Record<string, (run: RunningCommand) => void> = {
    'Ctrl-C, which every process gets': (run) => run.signalAll('SIGINT'),
    'SIGINT to the command alone': (run) => process.kill(run.pid, 'SIGINT'),
    SIGTERM: (run) => process.kill(run.pid, 'SIGTERM'),
  };
  for (const [what, send] of Object.entries(senders)) {
    test(`${what}, while cards are written: every card stops and is named as not bootable`, { skip }, async () => {
      const run = bench.start(burn, ['write path=cards/ sleep=100']);
      await onEveryCard(run);
      send(run);
      checkCancelled(await run.ended);
      await run.allGone();
      assert.deepEqual(halfMade(), []);
    });

    test(`${what}, while the image is decoded: no card is touched, nothing half-made stays in the store`, {
      skip,
    }, async () => {
      rmSync(bench.store, { recursive: true, force: true });
      const run = bench.start(burnXz, [`write path=${bench.store} sleep=500`]);
      await until('the spool being written', () => run.calls().length > 0);
      send(run);
      const ended = await run.ended;
      assert.equal(ended.code, 130, ended.text);
      assert.match(ended.text, /reading small\.img\.xz was interrupted/);
      await run.allGone();
      assert.deepEqual(halfMade(), []);
      for (const name of names) assert.ok(isUntouched(bench.card(name)));
    });
  }

  test('while cards are read back: what is not proved does not start', { skip }, async () => {
    const run = bench.start(burn, ['read path=cards/ from=1048576 sleep=100']);
    await onEveryCard(run);
    run.signalAll('SIGINT');
    checkCancelled(await run.ended);
    await checkNextRun(burn);
  });

  test('while cards follow the decoder: every card stops, and nothing half-made stays in the store', {
    skip,
  }, async () => {
    rmSync(bench.store, { recursive: true, force: true });
    const run = bench.start(
      [...burnXz, '--early'],
      [`write path=${bench.store} from=4194304 sleep=40`, 'write path=cards/ log'],
    );
    await onEveryCard(run);
    run.signalAll('SIGINT');
    checkCancelled(await run.ended);
    assert.deepEqual(halfMade(), []);
    await checkNextRun(burnXz);
  });
});

/** A second signal that comes sooner is taken for the first one, passed on once more. */
const notDoubled = () => new Promise((done) => setTimeout(done, 600));

describe('a second signal', () => {
  test('ends a run at once whose cards all hang', { skip }, async () => {
    const run = bench.start(burn, [`write path=cards/ from=1048576 ${hang}`]);
    await onEveryCard(run);
    run.signalAll('SIGINT');
    await until('the word that cards are being stopped', () => run.text().includes('Ctrl-C again'));
    await notDoubled();
    run.signalAll('SIGINT');
    const ended = await run.ended;
    assert.equal(ended.code, 130);
    assert.match(ended.text, /not bootable/);
    await run.allGone();
    for (const name of names) assert.ok(isBlank(bench.card(name)));
  });

  test('ends a decoder at once that hangs, and the next run clears away what it has left', { skip }, async () => {
    rmSync(bench.store, { recursive: true, force: true });
    const run = bench.start(burnXz, [`write path=${bench.store} from=4194304 ${hang}`]);
    await until('the spool being written', () => run.calls().length > 0);
    run.signalAll('SIGTERM');
    await until('the word that the run is being stopped', () => run.text().includes('Ctrl-C again'));
    await notDoubled();
    run.signalAll('SIGTERM');
    assert.equal((await run.ended).code, 130);
    await run.allGone();
    for (const name of names) assert.ok(isUntouched(bench.card(name)));
    await checkNextRun(burnXz);
    assert.deepEqual(halfMade(), []);
  });
});
