// piburn as a library, on files: what the loop sees, what the summary is, and that nothing is ever rejected unseen.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BurnEvent, type BurnOptions, type BurnRun, burn, create, PiburnError } from '../../src/index.js';
import { scratchFolder, undo } from '../native/scratch.js';

const mebibyte = 1024 * 1024;
const piImage = fileURLToPath(new URL('../../../src/demo/pi-like.img.xz', import.meta.url));

/** Some MiB of noise behind a partition table. */
function disk(sizeBytes: number): Buffer {
  const bytes = randomBytes(sizeBytes);
  bytes.fill(0, 0, 512);
  bytes.writeUInt8(0x83, 446 + 4);
  bytes.writeUInt32LE(2048, 446 + 8);
  bytes.writeUInt32LE(sizeBytes / 512 - 2048, 446 + 12);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

interface Place {
  readonly folder: string;
  readonly image: Buffer;
  readonly options: BurnOptions;
  readonly path: (name: string) => string;
}

function place(t: TestContext, sizeBytes = 4 * mebibyte): Place {
  const folder = scratchFolder(t);
  const path = (name: string) => join(folder, name);
  const image = disk(sizeBytes);
  writeFileSync(path('a.img'), image);
  const store = path('store');
  return { folder, image, path, options: { image: path('a.img'), device: path('card[1-2].img'), store } };
}

/** Fails the test when a promise is rejected and nobody looks. */
function watchRejections(t: TestContext): () => Promise<void> {
  const unseen: unknown[] = [];
  const note = (reason: unknown) => unseen.push(reason);
  process.on('unhandledRejection', note);
  undo(t, () => process.off('unhandledRejection', note));
  return async () => {
    await setTimeout(50);
    assert.deepEqual(unseen, []);
  };
}

async function eventsOf(run: BurnRun): Promise<BurnEvent[]> {
  const events: BurnEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}

const hasCode = (code: string) => (error: unknown) => error instanceof PiburnError && error.failure.code === code;

test('a burn tells its image, its plan, every card from start to end, and its end, in this order', async (t) => {
  const { image, options, path } = place(t);
  const run = burn(options);
  const events = await eventsOf(run);
  const types = events.map(({ type }) => type);
  const told = types.filter((type) => type !== 'progress' && type !== 'warning');
  assert.equal(told[0], 'image');
  const rest = told.slice(told.indexOf('plan')).filter((type) => type !== 'image');
  assert.deepEqual(rest, ['plan', 'card-start', 'card-start', 'card-end', 'card-end', 'end']);
  assert.equal(types.at(-1), 'end');
  for (const device of [path('card1.img'), path('card2.img')]) {
    const own = events.filter((event) => 'device' in event && event.device === device);
    assert.equal(own[0]?.type, 'card-start');
    const end = events.findIndex((event) => event.type === 'card-end' && event.card.device === device);
    const later = events.slice(end + 1).filter((event) => 'device' in event && event.device === device);
    assert.deepEqual(later, [], 'nothing is heard of a card after its end');
    assert.ok(readFileSync(device).equals(image));
  }
  const last = events.at(-1);
  assert.ok(last?.type === 'end');
  assert.deepEqual(last.summary, await run.summary);
  assert.deepEqual([last.summary.good, last.summary.failed, last.summary.decodes], [2, 0, 0]);
});

test('create gives every card its own identity, and says so', async (t) => {
  const { options, path } = place(t);
  const key = path('key.pub');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path('key')]);
  const run = create({ ...options, image: piImage, hostname: 'red[1-2]', ipaddr: '10.1.1.[2-3]', sshKeys: [key] });
  const events = await eventsOf(run);
  const plan = events.find(({ type }) => type === 'plan');
  assert.ok(plan?.type === 'plan');
  assert.deepEqual(
    plan.plan.cards.map(({ hostname, address }) => [hostname, address]),
    [
      ['red1', '10.1.1.2/24'],
      ['red2', '10.1.1.3/24'],
    ],
  );
  const { cards, good, decodes } = await run.summary;
  assert.deepEqual([good, decodes], [2, 1]);
  assert.deepEqual(
    cards.map(({ hostname }) => hostname),
    ['red1', 'red2'],
  );
  assert.ok(!readFileSync(path('card1.img')).equals(readFileSync(path('card2.img'))));
});

test('options that make no sense are thrown at once', (t) => {
  const { options } = place(t);
  assert.throws(() => burn({ ...options, blockBytes: 1000 }), hasCode('BLOCKSIZE'));
  assert.throws(() => burn({ ...options, device: 'x[2-1]' }), hasCode('HOSTLIST'));
  assert.throws(() => create({ ...options, hostname: 'red[1-2]', ipaddr: '10.1.1.2' }), hasCode('COUNT_MISMATCH'));
  assert.throws(() => create({ ...options, hostname: 'red' }), hasCode('COUNT_MISMATCH'));
});

test('what stops a run before it began rejects both the loop and the summary', async (t) => {
  const { options, path } = place(t);
  const seen = watchRejections(t);
  writeFileSync(path('broken.img.xz'), execFileSync('xz', ['-c'], { input: 'x'.repeat(9999) }).subarray(0, -20));
  writeFileSync(path('no-disk.img'), 'x'.repeat(9999));
  const wrong: readonly (readonly [options: BurnOptions, code: string])[] = [
    [{ ...options, image: path('nothing.img') }, 'IMAGE_MISSING'],
    [{ ...options, image: path('broken.img.xz') }, 'IMAGE_CORRUPT'],
    [{ ...options, image: path('no-disk.img') }, 'IMAGE_NOT_A_DISK'],
    [{ ...options, device: path('a.img/card.img') }, 'NO_DIRECTORY'],
    [{ ...options, device: path('a.img') }, 'TARGET_IS_IMAGE'],
  ];
  for (const [bad, code] of wrong) {
    const run = burn(bad);
    await assert.rejects(eventsOf(run), hasCode(code), code);
    await assert.rejects(run.summary, hasCode(code), code);
  }
  await seen();
  assert.deepEqual(readdirSync(path('store/images')), []);
  assert.ok(!existsSync(path('card1.img')));
});

test('who only loops, or only awaits the summary, or does neither, leaves nothing unhandled', async (t) => {
  const { options, path } = place(t);
  const seen = watchRejections(t);
  const bad = { ...options, image: path('nothing.img') };
  await assert.rejects(eventsOf(burn(bad)), hasCode('IMAGE_MISSING'));
  await assert.rejects(burn(bad).summary, hasCode('IMAGE_MISSING'));
  burn(bad);
  await seen();
  assert.equal((await burn(options).summary).good, 2);
});

test('a card that fails is in the summary, and the others are good', async (t) => {
  const { options, path } = place(t);
  writeFileSync(path('card3.img'), Buffer.alloc(8 * mebibyte));
  // The file is taken away between the question and the burn.
  const run = burn({
    ...options,
    device: path('card[1-3].img'),
    confirm: async () => {
      writeFileSync(path('card3.img'), Buffer.alloc(7 * mebibyte));
      return true;
    },
  });
  const { good, failed, cards, failure } = await run.summary;
  assert.deepEqual([good, failed, failure], [2, 1, undefined]);
  assert.deepEqual([cards[2]?.failure?.code, cards[2]?.bootable], ['TARGET_CHANGED', 'untouched']);
});

test('a question that is not answered with yes, or not answered at all, is a refusal', async (t) => {
  const { options, path } = place(t);
  writeFileSync(path('card2.img'), Buffer.alloc(8 * mebibyte, 0xee));
  const asked: string[][] = [];
  const confirm: BurnOptions['confirm'] = async (plan) => {
    asked.push(plan.targets.map(({ path: target }) => target));
    return false;
  };
  await assert.rejects(burn({ ...options, confirm }).summary, hasCode('NOT_CONFIRMED'));
  await assert.rejects(burn(options).summary, hasCode('NOT_CONFIRMED'));
  assert.deepEqual(asked, [[path('card1.img'), path('card2.img')]]);
  assert.ok(readFileSync(path('card2.img')).every((byte) => byte === 0xee));
  assert.ok(!existsSync(path('card1.img')));
});

test('cancel before the first card leaves every target alone', async (t) => {
  const { options, path } = place(t);
  const seen = watchRejections(t);
  const run = burn(options);
  run.cancel();
  await assert.rejects(run.summary, (error) => error instanceof PiburnError && error.exitCode === 130);
  await assert.rejects(eventsOf(run), hasCode('INTERRUPTED'));
  assert.ok(!existsSync(path('card1.img')));
  await seen();
});

test('cancel while the image is decoded ends as interrupted, and the store keeps nothing', async (t) => {
  const { options, path } = place(t);
  const run = burn({ ...options, image: piImage, decoder: 'lzma-native' });
  for await (const event of run)
    if (event.type === 'image') {
      run.cancel();
      break;
    }
  await assert.rejects(run.summary, (error) => error instanceof PiburnError && error.exitCode === 130);
  assert.deepEqual(readdirSync(path('store/images')), []);
});

test('cancel while cards are burned ends every card at its next segment', async (t) => {
  const { options, path } = place(t, 64 * mebibyte);
  const run = burn({ ...options, blockBytes: 4096 });
  for await (const event of run) if (event.type === 'card-start') run.cancel();
  const { cancelled, good, cards } = await run.summary;
  assert.deepEqual([cancelled, good], [2, 0]);
  for (const { failure, bootable, device } of cards) {
    assert.equal(failure?.kind, 'interrupted');
    assert.notEqual(bootable, 'yes');
    if (existsSync(device))
      assert.ok(
        readFileSync(device)
          .subarray(0, 512)
          .every((byte) => byte === 0),
      );
  }
  assert.ok(existsSync(path('a.img')));
});

test('leaving the loop early stops nothing: the burn goes on to its end', async (t) => {
  const { options, image, path } = place(t);
  const seen = watchRejections(t);
  const run = burn(options);
  for await (const event of run) {
    assert.equal(event.type, 'image');
    break;
  }
  assert.equal((await run.summary).good, 2);
  assert.ok(readFileSync(path('card2.img')).equals(image));
  await seen();
});

test('a loop that throws leaves the burn and the process alone', async (t) => {
  const { options } = place(t);
  const seen = watchRejections(t);
  const run = burn(options);
  const loop = async () => {
    for await (const _ of run) throw new Error('of the caller');
  };
  await assert.rejects(loop(), /of the caller/);
  assert.equal((await run.summary).good, 2);
  await seen();
});

test('a question that throws rejects the run with what it threw', async (t) => {
  const { options, path } = place(t);
  writeFileSync(path('card1.img'), Buffer.alloc(8 * mebibyte));
  const seen = watchRejections(t);
  const run = burn({ ...options, confirm: async () => Promise.reject(new Error('no terminal any more')) });
  await assert.rejects(run.summary, /no terminal any more/);
  await assert.rejects(eventsOf(run), /no terminal any more/);
  await seen();
});

test('a dry run tells the plan and writes to no card', async (t) => {
  const { options, path } = place(t);
  const run = burn({ ...options, dryRun: true });
  const events = await eventsOf(run);
  const plan = events.find(({ type }) => type === 'plan');
  assert.ok(plan?.type === 'plan');
  assert.equal(plan.plan.cards.length, 2);
  assert.equal(plan.plan.image.writeBytes, 4 * mebibyte);
  assert.deepEqual((await run.summary).cards, []);
  assert.ok(!existsSync(path('card1.img')));
});
