// What makes a trial void: the used ranges of an image, and the bench's own C programs, on small files.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { wrongIn } from '../../bench/cards.js';
import { compile } from '../../bench/compile.js';
import { isThere } from '../../bench/programs.js';
import { lengthOf, rangesText, usedRanges } from '../../bench/used.js';
import { scratchFolder } from '../native/scratch.js';

const skip = isThere('cc') ? false : 'needs cc';
const block = 4096;
const blocks = (from: number, to: number) => ({ startBytes: from * block, endBytes: to * block });

test('what is used begins and ends with whole blocks, and neighbours that are free count as one', () => {
  const free = [
    { startBytes: 2 * block + 1, endBytes: 3 * block + 10 },
    { startBytes: 3 * block + 10, endBytes: 5 * block },
    { startBytes: 7 * block - 100, endBytes: 8 * block - 1 },
    blocks(9, 20),
  ];
  const used = usedRanges(free, 12 * block);
  assert.deepEqual(used, [blocks(0, 3), blocks(5, 9)]);
  assert.equal(lengthOf(used), 7 * block);
  assert.equal(rangesText(used), '0 12288\n20480 16384\n');
});

test('an image without anything free is used as a whole', () => {
  assert.deepEqual(usedRanges([], 3 * block), [blocks(0, 3)]);
});

test('a wrong block is named with its card, and how many more there are', () => {
  assert.equal(wrongIn(''), undefined);
  assert.equal(wrongIn('/a b 4096\n/a b 8192\n'), '2 blocks are wrong, the first on /a b at byte 4096');
});

test('settings may change so many blocks of the boot partition, and none elsewhere', () => {
  const patched = { within: blocks(1, 3), blocksMost: 1 };
  assert.equal(wrongIn('/a 4096\n/b 8192\n', patched), undefined);
  assert.equal(wrongIn('/a 4096\n/a 8192\n', patched), 'settings for /a took 2 blocks');
  assert.equal(wrongIn('/a 12288\n', patched), '1 blocks are wrong, the first on /a at byte 12288');
});

test('the C programs', { skip }, async (t) => {
  const directory = scratchFolder(t);
  const path = (name: string) => join(directory, name);
  const [cards, limit] = [await compile('cards', directory), await compile('limit', directory)];
  // Blocks 0 to 9, of which 0 to 3 and 6 to 7 are used, block 1 by zeros.
  const image = randomBytes(10 * block);
  image
    .fill(0, block, 2 * block)
    .fill(0, 4 * block, 6 * block)
    .fill(0, 8 * block);
  writeFileSync(path('image'), image);
  writeFileSync(path('ranges'), rangesText([blocks(0, 4), blocks(6, 8)]));
  const call = (program: string, action: string, ...targets: readonly string[]) =>
    spawnSync(program, [action, path('image'), path('ranges'), ...targets.map(path)], { encoding: 'utf8' });
  const wrongBlocks = (card: Buffer) => {
    writeFileSync(path('card'), card);
    const { stdout } = call(cards, 'check', 'card');
    return [...stdout.matchAll(/ (\d+)$/gm)].map(([, offset]) => Number(offset) / block);
  };
  const blank = Buffer.alloc(12 * block);
  const right = Buffer.concat([image, Buffer.alloc(2 * block)]);
  const changed = (at: number) => {
    const card = Buffer.from(right);
    card[at] = (card[at] ?? 0) ^ 1;
    return card;
  };

  await t.test('a card that was soiled is wrong wherever the image is used, zeros included', () => {
    writeFileSync(path('card'), blank);
    assert.equal(call(cards, 'soil', 'card').status, 0);
    assert.deepEqual(wrongBlocks(readFileSync(path('card'))), [0, 1, 2, 3, 6, 7]);
  });

  await t.test('one wrong bit is found wherever it is, and what lies behind the image is not looked at', () => {
    assert.deepEqual(wrongBlocks(right), []);
    for (const at of [0, 3, 5, 6, 9]) assert.deepEqual(wrongBlocks(changed(at * block + 7)), [at]);
    assert.deepEqual(wrongBlocks(changed(10 * block)), []);
  });

  await t.test('zeros are right where nothing is used, or where the image has them', () => {
    assert.deepEqual(wrongBlocks(blank), [0, 2, 3, 6, 7]);
  });

  await t.test('a card that ends too early is wrong from there on', () => {
    assert.deepEqual(wrongBlocks(right.subarray(0, 7 * block)), [7, 8, 9]);
  });

  await t.test('the limit writes what is used onto all targets, and nothing else', (sub) => {
    for (const name of ['one', 'two']) writeFileSync(path(name), Buffer.alloc(12 * block, 0xee));
    const ran = call(limit, 'burn', 'one', 'two');
    if (/open: Invalid argument/.test(ran.stderr)) return sub.skip('no O_DIRECT in this file system');
    assert.equal(ran.status, 0, ran.stderr);
    const wanted = Buffer.from(right);
    for (const unused of [blocks(4, 6), blocks(8, 12)]) wanted.fill(0xee, unused.startBytes, unused.endBytes);
    for (const name of ['one', 'two']) assert.ok(readFileSync(path(name)).equals(wanted), name);
    assert.equal(call(limit, 'read', 'one', 'two').status, 0);
  });

  await t.test('the limit finds one wrong bit in what it reads', (sub) => {
    writeFileSync(path('one'), changed(7 * block + 9));
    const ran = call(limit, 'read', 'one');
    if (/open: Invalid argument/.test(ran.stderr)) return sub.skip('no O_DIRECT in this file system');
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /one: differs at byte 24576/);
  });

  await t.test('the limit refuses ranges that are no whole blocks of the image', () => {
    for (const text of ['0 100\n', '100 4096\n', '36864 8192\n']) {
      writeFileSync(path('ranges'), text);
      assert.equal(call(limit, 'burn', 'one').status, 2, text);
    }
  });
});
