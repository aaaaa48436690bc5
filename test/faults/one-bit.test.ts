// One wrong bit, anywhere on a card: found, named and repaired, or fatal when the card keeps it. Four cards at a time; what
// else can happen to a card is in the table (test/faults/rows.ts).

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CardReport } from '../../src/protocol.js';
import { differences, firstBytes, isBlank, makeSmallImage, makeUsedCard } from '../shim/card-files.js';
import { cardOf, type Ended, FaultBench, type LoggedCall } from '../shim/faulty-run.js';

const piImage = fileURLToPath(new URL('../../../src/demo/pi-like.img.xz', import.meta.url));
const names = ['a', 'b', 'c', 'd'] as const;
const burn = ['burn', 'small.img', 'cards/[a-d].img'];
const create = ['create', `--image=${piImage}`, '--device=cards/[a-d].img', '--hostname=red[1-4]'];

const bench = new FaultBench();
const { skip } = bench;
const small = join(bench.directory, 'small.img');
const imageBytes = makeSmallImage(small).length;
/** What a burn without faults does to a card. */
let calm: readonly LoggedCall[] = [];

before(async () => {
  if (!skip) calm = (await burnUsed(burn, ['change path=cards/a.img log', 'read path=cards/a.img log'])).calls;
});
after(() => bench.remove());

/** Burns four cards that were used before, with room behind the image. */
function burnUsed(args: readonly string[], faults: readonly string[], cardBytes = 16 * 1024 * 1024): Promise<Ended> {
  for (const name of names) makeUsedCard(bench.card(name), cardBytes);
  return bench.run(args, faults);
}

const covers = (byte: number) => (call: LoggedCall) =>
  call.offsetBytes <= byte && byte < call.offsetBytes + call.lengthBytes;

/** The last time that a byte is read (or written) in a calm burn: in verifying, not when the card is opened. */
const lastTime = (call: 'read', byte: number): number =>
  calm.filter((logged) => logged.call === call && covers(byte)(logged)).length;

function isGood(ended: Ended, name: string): void {
  const card = cardOf(ended, name);
  assert.deepEqual([card.outcome, card.bootable, card.failure], ['good', 'yes', undefined]);
  assert.deepEqual(differences(bench.card(name), small), []);
}

/** The card is known as bad, and nothing could start from it. */
function isBad(ended: Ended, name: string, code: string): CardReport {
  const card = cardOf(ended, name);
  assert.equal(card.outcome, 'failed');
  assert.equal(card.failure?.code, code, card.failure?.message);
  assert.equal(card.bootable, 'no');
  assert.equal(card.failure?.device, card.device);
  assert.ok(card.failure?.message.includes(card.device));
  assert.ok(card.failure.hint !== undefined && ended.text.includes(`${name}.img`));
  assert.ok(isBlank(bench.card(name)), 'the first MiB of a failed card is zero');
  return card;
}

const repairsOf = (ended: Ended, name: string, byte: number): string[] => {
  const { repairs } = cardOf(ended, name);
  for (const { offsetBytes, lengthBytes } of repairs)
    assert.ok(offsetBytes <= byte && byte < offsetBytes + lengthBytes, `${byte} is in ${offsetBytes}+${lengthBytes}`);
  return repairs.map(({ how }) => how);
};

/** Card a misreads once, b was written wrong once, c is wrong for ever, d has nothing. */
const oneBitRules = (byte: number, reading = lastTime('read', byte)): string[] => [
  `read path=cards/a.img at=${byte} flip=3 call=${reading} times=1`,
  `write path=cards/b.img at=${byte} flip=0 times=1`,
  `read path=cards/c.img at=${byte} flip=7`,
];

function checkOneBit(ended: Ended, byte: number): void {
  assert.equal(ended.code, 1, ended.text);
  assert.deepEqual(repairsOf(ended, 'a', byte), ['reread']);
  assert.deepEqual(repairsOf(ended, 'b', byte), ['rewritten']);
  assert.deepEqual(repairsOf(ended, 'd', byte), []);
  const { failure } = isBad(ended, 'c', 'VERIFY_MISMATCH');
  assert.equal(failure?.offsetBytes, byte);
  assert.match(failure?.message ?? '', new RegExp(`: 1 of \\d+ bits differ .* byte ${byte}$`));
  assert.ok(ended.text.includes(`byte ${byte}`), 'the person reads the offset too');
}

const middleByte = 4_000_001;
const positions = { 'the first byte': 0, 'a byte in the middle': middleByte, 'the last byte': imageBytes - 1 };

describe('one wrong bit', () => {
  for (const [where, byte] of Object.entries(positions)) {
    test(`in ${where} is found, named and repaired, or fatal when the card keeps it`, { skip }, async () => {
      const ended = await burnUsed(burn, oneBitRules(byte));
      checkOneBit(ended, byte);
      for (const name of ['a', 'b', 'd']) isGood(ended, name);
    });

    test(`in ${where} is missed without verifying`, { skip }, async () => {
      const ended = await burnUsed(
        [...burn, '--no-verify'],
        [`write path=cards/b.img at=${byte} flip=0`, `read path=cards/c.img at=${byte} flip=7`],
      );
      assert.equal(ended.code, 0, ended.text);
      assert.deepEqual(differences(bench.card('b'), small), [byte]);
      for (const name of ['a', 'c', 'd']) isGood(ended, name);
    });
  }

  test('in what makes a card its own is found as well', { skip }, async () => {
    const cardBytes = 192 * 1024 * 1024;
    await burnUsed(create, [], cardBytes);
    const [byte] = differences(bench.card('d'), bench.card('c'), 1);
    assert.ok(byte !== undefined);
    const ended = await burnUsed(create, oneBitRules(byte, 1), cardBytes);
    checkOneBit(ended, byte);
    for (const name of ['a', 'b', 'd']) assert.equal(cardOf(ended, name).bootable, 'yes');
  });

  test('that the card turns over at every writing is fatal, and nothing else on the card is wrong', {
    skip,
  }, async () => {
    const byte = middleByte;
    const ended = await burnUsed(burn, [`write path=cards/c.img at=${byte} flip=5`]);
    assert.equal(ended.code, 1);
    assert.equal(isBad(ended, 'c', 'VERIFY_MISMATCH').failure?.offsetBytes, byte);
    const [wrong, right] = [bench.card('c'), small].map((path) => firstBytes(path, 1, byte)[0] ?? 0);
    assert.equal((wrong ?? 0) ^ (right ?? 0), 1 << 5);
    for (const name of ['a', 'b', 'd']) isGood(ended, name);
  });
});
