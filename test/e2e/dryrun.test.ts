// --dryrun says what would be done, without a secret in it, and does none of it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { makePiImage } from '../fixtures/pi-image.js';
import { makeNoisyCard } from './compare-cards.js';
import { eventsOf, MiB, planOf, type Ran, type Workplace, workplace } from './support.js';

const secret = 'correct horse';
const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

interface DryRun extends Workplace {
  readonly ran: Ran;
  readonly cards: readonly string[];
}

/** A dry run for three cards, of which the first is there already. */
async function dryRun(t: TestContext, kind: 'trixie' | 'bookworm', options: readonly string[]): Promise<DryRun> {
  const place = workplace(t);
  await makePiImage(place.path('pi.img.xz'), kind, { bootMb: 36, rootMb: 24 });
  const cards = [1, 2, 3].map((number) => place.path(`${number}.card`));
  makeNoisyCard(cards[0] ?? '', 80 * MiB);
  const before = { hash: sha256(cards[0] ?? ''), names: readdirSync(place.directory).concat('store').sort() };
  const order = [`--image=${place.path('pi.img.xz')}`, `--device=${place.path('[1-3].card')}`, '--hostname=red[1-3]'];
  const settings = ['--ipaddr=10.1.1.[2-4]', '--gateway=10.1.1.1', '--user=alice'];
  const env = { PASSWD: secret };
  const ran = await place.piburn(['create', ...order, ...settings, '--dryrun', ...options], { env });
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual({ hash: sha256(cards[0] ?? ''), names: readdirSync(place.directory).sort() }, before);
  assert.ok(!cards.slice(1).some((card) => existsSync(card)), 'no card was made');
  return { ...place, ran, cards };
}

for (const kind of ['trixie', 'bookworm'] as const)
  test(`a dry run of ${kind} shows targets, nodes, files and bytes, and no secret`, async (t) => {
    const { ran, cards } = await dryRun(t, kind, []);
    const { stdout } = ran;
    for (const card of cards) assert.ok(stdout.includes(card), card);
    for (const number of [1, 2, 3]) {
      assert.match(stdout, new RegExp(`red${number}\\b.*10\\.1\\.1\\.${number + 1}/24`));
      assert.match(stdout, new RegExp(kind === 'trixie' ? `hostname: "red${number}"` : `set_hostname 'red${number}'`));
    }
    assert.match(stdout, /\d MB to each card; \d+(\.\d+)? MB unused is skipped/);
    assert.match(stdout, /Nothing was written: this is a dry run\./);
    assert.match(stdout, /\(secret\)/, 'where the password would be');
    for (const text of [secret, '$6$']) assert.ok(!(stdout + ran.stderr).includes(text), text);
  });

test('with --json a dry run is the plan as an event, followed by an end without cards', async (t) => {
  const { ran, cards } = await dryRun(t, 'trixie', ['--json']);
  const plan = planOf(ran);
  assert.deepEqual(
    plan.targets.map(({ path, fresh, sizeBytes }) => [path, fresh, sizeBytes]),
    cards.map((card, index) => [card, index > 0, index > 0 ? undefined : 80 * MiB]),
  );
  assert.deepEqual(
    plan.cards.map(({ hostname, address, slot }) => [hostname, address, slot]),
    [1, 2, 3].map((number) => [`red${number}`, `10.1.1.${number + 1}/24`, number]),
  );
  const { sizeBytes = 0, writeBytes = 0, skipBytes = 0, layout, flavour } = plan.image;
  assert.ok(writeBytes > 0 && skipBytes > 0 && writeBytes + skipBytes === sizeBytes, `${writeBytes} + ${skipBytes}`);
  assert.equal(flavour, 'cloudinit');
  assert.equal(layout.length, 2, layout.join('\n'));
  const files = plan.cards[0]?.files.map(({ path }) => path).sort();
  assert.deepEqual(files, ['cmdline.txt', 'meta-data', 'network-config', 'ssh', 'user-data']);
  assert.ok(!ran.stdout.includes(secret) && !ran.stdout.includes('$6$'));
  const last = eventsOf(ran).at(-1);
  assert.ok(last?.type === 'end');
  assert.deepEqual(last.summary.cards, []);
});

test('a dry run of burn names the targets and puts no file on them', async (t) => {
  const place = workplace(t);
  await makePiImage(place.path('pi.img'), 'trixie', { bootMb: 36, rootMb: 24 });
  const ran = await place.piburn(['burn', place.path('pi.img'), place.path('a.card'), '--dryrun']);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /a\.card\s+new file/);
  assert.match(ran.stdout, /the image as it is/);
  assert.equal(existsSync(place.path('a.card')), false);
});

test('what a burn would refuse, its dry run refuses too', async (t) => {
  const place = workplace(t);
  await makePiImage(place.path('pi.img'), 'trixie', { bootMb: 36, rootMb: 24 });
  makeNoisyCard(place.path('small.card'), 10 * MiB);
  const ran = await place.piburn(['burn', place.path('pi.img'), place.path('small.card'), '--dryrun']);
  assert.equal(ran.code, 3);
  assert.match(ran.stderr, /too small/);
});
