// More nodes than slots, without anybody to ask: cards are changed under piburn's eyes, here by moving files, and every slot
// takes the next node by itself.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type BurnEvent, type BurnSummary, type CreateOptions, create, type PiburnError } from '../../src/index.js';
import { readHistory } from '../../src/records/history.js';
import { scratchFolder } from '../native/scratch.js';

const piImage = fileURLToPath(new URL('../../../src/demo/pi-like.img.xz', import.meta.url));

type Wait = Extract<BurnEvent, { type: 'slot-wait' }>;

interface Table {
  readonly folder: string;
  readonly path: (name: string) => string;
  readonly options: CreateOptions;
}

function table(t: TestContext): Table {
  const folder = scratchFolder(t);
  const path = (name: string) => join(folder, name);
  const store = path('store');
  return {
    folder,
    path,
    options: {
      image: piImage,
      device: path('slot[1-2].img'),
      hostname: 'red[1-5]',
      store,
      records: { directory: store },
      auto: true,
      confirm: async () => true,
    },
  };
}

/** Follows a run; `onWait` is the person at the table. */
async function follow(
  options: CreateOptions,
  onWait: (wait: Wait, cancel: () => void) => void,
): Promise<{ readonly summary: BurnSummary; readonly events: BurnEvent[] }> {
  const run = create(options);
  const events: BurnEvent[] = [];
  for await (const event of run) {
    events.push(event);
    if (event.type === 'slot-wait') onWait(event, () => run.cancel());
  }
  return { summary: await run.summary, events };
}

/** Which node a card is, as its cloud-init says. */
const hostOf = (path: string): string | undefined =>
  /^hostname: "?(\w+)"?$/m.exec(readFileSync(path).toString('latin1'))?.[1];

/** Takes the card out of a slot and puts it aside under the name of its node. */
function takeOut({ path }: Table, { device }: Wait): void {
  const host = hostOf(device);
  assert.ok(host !== undefined && !existsSync(path(`${host}.card`)), `${host} was burned once`);
  renameSync(device, path(`${host}.card`));
}

const codeOf = (code: string) => (error: unknown) => (error as PiburnError).failure?.code === code;

test('every slot takes the next node as soon as its card was changed', async (t) => {
  const place = table(t);
  const { summary, events } = await follow(place.options, (wait) => takeOut(place, wait));
  assert.deepEqual([summary.good, summary.failed, summary.cancelled], [5, 0, 0]);
  assert.deepEqual(
    summary.cards.map(({ hostname, attempt }) => [hostname, attempt]),
    ['red1', 'red2', 'red3', 'red4', 'red5'].map((name) => [name, 1]),
  );
  const left = ['slot1.img', 'slot2.img'].map((name) => hostOf(place.path(name)));
  const aside = [1, 2, 3, 4, 5].filter((number) => existsSync(place.path(`red${number}.card`)));
  assert.equal(aside.length, 3);
  for (const number of aside) assert.equal(hostOf(place.path(`red${number}.card`)), `red${number}`);
  assert.deepEqual([...aside.map((number) => `red${number}`), ...left].sort(), [
    'red1',
    'red2',
    'red3',
    'red4',
    'red5',
  ]);
  const waits = events.filter((event) => event.type === 'slot-wait');
  assert.deepEqual(waits.map(({ hostname }) => hostname).sort(), ['red3', 'red4', 'red5']);
  const { records } = readHistory({ directory: place.path('store') });
  assert.deepEqual(records.map(({ hostname }) => hostname).sort(), ['red1', 'red2', 'red3', 'red4', 'red5']);
  assert.ok(records.every(({ run, outcome, verified }) => run === summary.run && outcome === 'good' && verified));
});

test('a card that was burned in this run is not burned again, whatever slot it is put into', async (t) => {
  const place = table(t);
  const { path } = place;
  const troubles: string[] = [];
  const { summary } = await follow({ ...place.options, jobs: 1, hostname: 'red[1-3]' }, (wait) => {
    if (wait.trouble === undefined) {
      // The card goes out, and after a while another one comes in that is no other.
      takeOut(place, wait);
      writeFileSync(wait.device, readFileSync(path('red1.card')));
      return;
    }
    troubles.push(wait.trouble);
    renameSync(wait.device, path('again.card'));
  });
  assert.equal(summary.good, 3);
  assert.equal(troubles.length, 1);
  assert.match(troubles[0] ?? '', /is red1, burned in this run/);
  assert.equal(hostOf(path('again.card')), 'red1', 'as it was');
});

test('a slot that gets no card for too long is given up, and its node is named', async (t) => {
  const { options } = table(t);
  const { summary } = await follow({ ...options, hostname: 'red[1-3]', waitMs: 1000 }, () => undefined);
  assert.deepEqual([summary.good, summary.cancelled], [2, 1]);
  const last = summary.cards.at(-1);
  assert.deepEqual([last?.hostname, last?.slot, last?.failure?.code], ['red3', 0, 'LEFT_OUT']);
});

test('without --auto and without anybody to ask, more nodes than slots are an error', async (t) => {
  const { options } = table(t);
  const { auto: _, ...unattended } = options;
  await assert.rejects(create(unattended).summary, codeOf('MORE_NODES_THAN_SLOTS'));
});
