// `create --delta`: cards of an image become other nodes by writing what differs, and everything that is said of it; a
// Ctrl-C while a card is compared.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { makePiImage } from '../fixtures/pi-image.js';
import { differences, isBlank, makeSmallImage, makeUsedCard } from '../shim/card-files.js';
import { cardOf, FaultBench, until } from '../shim/faulty-run.js';
import { bootFile, checkFileSystems, eventsOf, goodSummary, MiB, planOf, workplace } from './support.js';

test('cards get other names by little writing, are read back whole, and what was saved is told', async (t) => {
  const place = workplace(t, { memoryBytes: 400 * MiB });
  const image = place.path('pi.img');
  const layout = await makePiImage(image, 'trixie', { bootMb: 36, rootMb: 24, files: true });
  const cards = ['a.card', 'b.card'].map((name) => place.path(name));
  const create = (names: string, ...more: string[]) =>
    place.piburn([
      'create',
      `--image=${image}`,
      `--device=${cards.join(',')}`,
      `--hostname=${names}`,
      '--yes',
      ...more,
    ]);
  const first = goodSummary(await create('red[001-002]', '--json'));
  assert.equal(first.cards[0].unchangedBytes, undefined);

  const again = await create('blue[1-2]', '--delta', '--json');
  const usedBytes = first.cards[0].verifiedBytes;
  for (const card of goodSummary(again).cards) {
    const { unchangedBytes = 0, writtenBytes, verifiedBytes, skippedBytes } = card;
    assert.ok(writtenBytes < usedBytes / 2, `${writtenBytes} of ${usedBytes} bytes were written`);
    assert.equal(unchangedBytes + writtenBytes, verifiedBytes);
    assert.equal(skippedBytes + verifiedBytes, statSync(image).size);
    assert.deepEqual([card.repairs, card.failure], [[], undefined]);
  }
  const phases = new Set(eventsOf(again).flatMap((event) => (event.type === 'progress' ? [event.phase] : [])));
  assert.ok(!phases.has('verifying'), 'comparing has read all of it');
  for (const [index, card] of cards.entries()) {
    checkFileSystems(t, card, layout);
    assert.match(bootFile(card, layout, 'user-data'), new RegExp(`^hostname: "blue${index + 1}"$`, 'm'));
    const places = differences(card, image, 100_000);
    assert.ok(places.every((at) => at < layout.root.offsetBytes));
  }

  const text = (await create('blue[1-2]', '--delta')).stdout;
  assert.match(text, /a\.card, blue1\): good in .*, [\d.]+ MB already there, [\d.]+ .?B written/);
  assert.match(text, /unchanged/);
  assert.match(text, /^2 good in .*; [\d.]+ MB there already, [\d.]+ .?B written$/m);
});

test('the plan says that what is there is not written, and contradictions are refused before anything is done', async (t) => {
  const place = workplace(t);
  makeSmallImage(place.path('small.img'));
  makeUsedCard(place.path('card.img'), 12 * MiB);
  const burn = ['burn', 'small.img', place.path('card.img'), '--delta', '--yes'];
  const dry = await place.piburn([...burn, '--dryrun', '--json']);
  assert.equal(planOf(dry).delta, true);
  const { stdout, stderr } = await place.piburn([...burn, '--dryrun']);
  assert.match(stdout + stderr, /at most, what is there already is not written again/);
  for (const other of ['--no-verify', '--format', '--early']) {
    const ran = await place.piburn([...burn, other]);
    assert.equal(ran.code, 2, ran.stderr);
    assert.ok(ran.stderr.includes('--delta') && ran.stderr.includes(other), ran.stderr);
  }
});

const bench = new FaultBench();
const image = `${bench.directory}/small.img`;
before(() => {
  if (!bench.skip) makeSmallImage(image);
});
after(() => bench.remove());

test('a card that is interrupted while it is compared does not boot, and the next run mends it', {
  skip: bench.skip,
}, async () => {
  makeUsedCard(bench.card('a'), 12 * MiB);
  const burn = ['burn', 'small.img', 'cards/a.img', '--blocksize=256K', '--stall-timeout=3600'];
  assert.equal((await bench.run(burn)).code, 0);
  const run = bench.start([...burn, '--delta'], ['read path=cards/ sleep=100']);
  const isComparing = () =>
    run.events().some((event) => event.type === 'progress' && event.phase === 'comparing' && event.doneBytes > 0);
  await until('the comparing', isComparing);
  run.signalAll('SIGINT');
  const ended = await run.ended;
  assert.equal(ended.code, 130, ended.text);
  const card = cardOf(ended, 'a');
  assert.deepEqual([card.outcome, card.bootable], ['cancelled', 'no']);
  assert.ok(isBlank(bench.card('a')));
  const mended = cardOf(await bench.run([...burn, '--delta']), 'a');
  assert.equal(mended.outcome, 'good');
  assert.ok(mended.writtenBytes <= 4 * MiB, `${mended.writtenBytes}`);
  assert.deepEqual(differences(bench.card('a'), image), []);
});
