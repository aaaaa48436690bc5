// Six readers behind a hub, five of them in trouble at once: each fault costs its own card only, and is called by its
// name.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MiB } from '../e2e/support.js';
import { isBlank } from '../shim/card-files.js';
import { checkCard, prepare, signsOf, terms, usedSector } from './bench.js';
import { startBurning, summaryOf, verdictOf } from './burning.js';

/** Behind the first wipe, and well before the end of the image. */
const midWriteBytes = 6 * MiB;

test('of six cards five fail in five ways, each called by its name, and the sixth is good', terms, async (t) => {
  const bench = await prepare(t);
  const { root } = bench.layout;
  const badToWrite = usedSector(bench, root.offsetBytes + 5 * MiB);
  const badToRead = usedSector(bench, root.offsetBytes + 9 * MiB);
  const { vm, readers } = await bench.start([
    { name: 'good' },
    { name: 'unplugged' },
    { name: 'pulled' },
    { name: 'locked', locked: true },
    { name: 'bad to write', error: { on: 'write', sector: badToWrite } },
    { name: 'bad to read', error: { on: 'read', sector: badToRead } },
  ]);
  const locked = readFileSync(bench.card('locked'));
  const order = ['--device=/dev/sd[a-f]', '--hostname=red[1-6]', '--ipaddr=10.1.1.[2-7]'];
  const run = startBurning(vm, ['create', `--image=${bench.image}`, ...order]);
  const [ended] = await Promise.all([
    run.ended,
    readers.untilWritten(2, midWriteBytes).then(() => readers.unplug(2)),
    readers.untilWritten(3, midWriteBytes).then(() => readers.takeOut(3)),
  ]);

  assert.equal(ended.code, 1, ended.text);
  const summary = summaryOf(ended);
  assert.deepEqual(
    summary.cards.map((card) => [card.hostname, card.device, verdictOf(card)]),
    [
      ['red1', '/dev/sda', 'good yes'],
      ['red2', '/dev/sdb', 'failed no ENODEV'],
      ['red3', '/dev/sdc', 'failed no ENODEV'],
      ['red4', '/dev/sdd', 'failed untouched READ_ONLY'],
      ['red5', '/dev/sde', 'failed no EIO'],
      ['red6', '/dev/sdf', 'failed no VERIFY_READ'],
    ],
    ended.text,
  );
  assert.match(ended.text, /slot 2 \(sdb, red2\): \/dev\/sdb was pulled out: .* No Pi starts from this card/);
  assert.match(ended.text, /slot 3 \(sdc, red3\): \/dev\/sdc was pulled out: .* No Pi starts from this card/);
  assert.match(ended.text, /\/dev\/sdd is write-protected\. Nothing was written to this card/);
  assert.match(ended.text, /\/dev\/sde has a defect: pwrite at byte \d+ gave EIO/);
  assert.match(ended.text, /\/dev\/sdf cannot be read back at byte \d+, twice over/);
  for (const [index, sector] of [badToWrite, badToRead].entries()) {
    const { offsetBytes = 0, lengthBytes = 0 } = summary.cards[4 + index]?.failure ?? {};
    const isIn = offsetBytes <= sector * 512 && sector * 512 < offsetBytes + lengthBytes;
    assert.ok(isIn, `sector ${sector} lies in the ${lengthBytes} bytes at ${offsetBytes}`);
  }
  checkCard(t, bench, bench.card('good'), summary, 'red1');
  assert.ok(readFileSync(bench.card('locked')).equals(locked), 'the locked card is as it was');
  for (const name of ['unplugged', 'pulled', 'bad to write', 'bad to read']) {
    assert.ok(isBlank(bench.card(name)), `the card ${name} begins with nothing`);
    assert.equal(signsOf(bench.card(name)), '', `blkid finds nothing on the card ${name}`);
  }
});
