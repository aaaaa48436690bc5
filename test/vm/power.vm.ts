// The power of the whole machine goes in mid-burn, and comes back: nothing half-written boots, and the run goes on.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MiB } from '../e2e/support.js';
import { isBlank } from '../shim/card-files.js';
import { checkCard, layOldImage, prepare, signsOf, terms } from './bench.js';
import { isCardEnd, startBurning, summaryOf, verdictOf } from './burning.js';

const slow = { writeBytesPerSecond: 300_000 };

test(
  'a power cut leaves no card that boots but the good ones, and create --resume finishes the others',
  terms,
  async (t) => {
    const bench = await prepare(t);
    const names = ['first', 'second', 'third'] as const;
    for (const name of names) layOldImage(bench, bench.card(name));
    const before = await bench.start([{ name: 'first' }, { name: 'second', ...slow }, { name: 'third', ...slow }]);
    const words = [`--image=${bench.image}`, '--device=/dev/sd[a-c]', '--hostname=red[1-3]', '--ipaddr=10.1.1.[2-4]'];
    const cut = startBurning(before.vm, ['create', ...words]);
    await cut.until('red1 is done', isCardEnd('red1'));
    await Promise.all([2, 3].map((port) => before.readers.untilWritten(port, 3 * MiB)));
    await before.vm.cutPower();

    assert.deepEqual(
      cut
        .events()
        .flatMap((event) => (event.type === 'card-end' ? [`${event.card.hostname} ${event.card.outcome}`] : [])),
      ['red1 good'],
    );
    for (const name of ['second', 'third']) {
      assert.ok(isBlank(bench.card(name)), `${name} has no partition table`);
      assert.equal(signsOf(bench.card(name)), '');
    }
    const good = readFileSync(bench.card('first'));

    const { vm } = await bench.start(names.map((name) => ({ name })));
    const ended = await startBurning(vm, ['create', '--resume']).ended;
    assert.equal(ended.code, 0, ended.text);
    const summary = summaryOf(ended);
    assert.deepEqual(
      summary.cards.map((card) => [card.hostname, verdictOf(card), card.earlier ?? false]),
      [
        ['red1', 'good yes', true],
        ['red2', 'good yes', false],
        ['red3', 'good yes', false],
      ],
    );
    assert.ok(readFileSync(bench.card('first')).equals(good), 'the card that was good has not been touched');
    for (const { device, hostname = '' } of summary.cards) {
      const name = names['abc'.indexOf(device.at(-1) ?? '')] ?? '';
      checkCard(t, bench, bench.card(name), summary, hostname);
    }
  },
);
