// The card simulator itself: what the device reads comes from it each time, a fault that it does not understand is none
// that passes for tested, and it takes nothing down with it.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../shim/faulty-run.js';
import { CardBench, noCardBench, type SimulatedCard } from './card-bench.js';

const mib = 1024 * 1024;
const skip = noCardBench();
const directory = mkdtempSync(join(tmpdir(), 'piburn-cards-'));
let bench: CardBench;
let cardCount = 0;

before(async () => {
  if (!skip) bench = await CardBench.start(directory);
});
after(async () => {
  // Undefined where it could not be started.
  await (bench as CardBench | undefined)?.close();
  rmSync(directory, { recursive: true, force: true });
});

const newCard = (): SimulatedCard => bench.add(`card-${++cardCount}`, 8 * mib);

/** So much from the beginning of a device, past the cache. */
const readDirectly = (device: string, mibs: number): Buffer =>
  execFileSync('dd', [`if=${device}`, 'bs=1M', `count=${mibs}`, 'iflag=direct', 'status=none'], {
    maxBuffer: 16 * mib,
  });

function change(path: string, offsetBytes: number, text: string): void {
  const file = openSync(path, 'r+');
  writeSync(file, text, offsetBytes);
  closeSync(file);
}

const mounts = (): string => readFileSync('/proc/self/mounts', 'utf8');

/** The files under all loop devices. */
const attachedFiles = (): string =>
  execFileSync('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'], { encoding: 'utf8' });

test('every direct read of the device reaches the card, and nothing in between remembers it', { skip }, async () => {
  const card = newCard();
  for (const text of ['first', 'other']) {
    change(card.backing, 3 * mib, text);
    const before = await bench.stats(card);
    const bytes = readDirectly(card.device, 4);
    assert.equal(bytes.toString('latin1', 3 * mib, 3 * mib + 5), text);
    assert.equal((await bench.stats(card)).readBytes - before.readBytes, 4 * mib);
  }
});

test('every direct write and every flush reaches it, too', { skip }, async () => {
  const card = newCard();
  const options = ['bs=1M', 'count=4', 'oflag=direct', 'conv=fsync,notrunc', 'status=none'];
  execFileSync('dd', ['if=/dev/zero', `of=${card.device}`, ...options]);
  const { writtenBytes, flushes } = await bench.stats(card);
  assert.equal(writtenBytes, 4 * mib);
  assert.ok(flushes > 0);
  assert.ok(
    readFileSync(card.backing)
      .subarray(0, 4 * mib)
      .every((byte) => byte === 0),
  );
});

test('a place that fades reads right so many times after each write', { skip }, async () => {
  const card = newCard();
  const at = 3 * mib + 77;
  await bench.fault(card, `read fade=2 at=${at}`);
  const readings = () => [1, 2, 3].map(() => readDirectly(card.device, 4)[at]);
  assert.deepEqual(readings(), [0, 0, 1]);
  execFileSync('dd', ['if=/dev/zero', `of=${card.device}`, 'bs=1M', 'count=4', 'oflag=direct', 'status=none']);
  assert.deepEqual(readings(), [0, 0, 1]);
});

test('words that it does not understand are refused', { skip }, async () => {
  const card = newCard();
  for (const words of [
    'write',
    'wrote errno=EIO',
    'write errno=EWHAT',
    'write errno',
    'read hang=3',
    'read fade=2',
    'write errno=EIO form=3',
    'read flip=8 at=3',
    'write wrap=4096',
    'write errno=EIO swallow',
  ])
    await assert.rejects(bench.fault(card, words), /card simulator: error/, words);
});

test('a test that is killed leaves no loop device and no mount behind', { skip }, async () => {
  const own = mkdtempSync(join(tmpdir(), 'piburn-cards-'));
  const url = new URL('./card-bench.js', import.meta.url).href;
  const script = `const { CardBench } = await import(${JSON.stringify(url)});
    const bench = await CardBench.start(${JSON.stringify(own)});
    await bench.fault(bench.add('lost', 8 * 1024 * 1024), 'read hang');
    console.log('up');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    assert.ok(attachedFiles().includes(own), 'it was attached');
  } finally {
    child.kill('SIGKILL');
  }
  await until('the end of its device and its mount', () => !attachedFiles().includes(own) && !mounts().includes(own));
  rmSync(own, { recursive: true, force: true });
});

test('its end takes everything away, and what hung comes back', { skip }, async () => {
  const own = mkdtempSync(join(tmpdir(), 'piburn-cards-'));
  const ending = await CardBench.start(own);
  try {
    const card = ending.add('hanging', 8 * mib);
    await ending.fault(card, 'read hang');
    const reading = spawn('dd', [`if=${card.device}`, 'of=/dev/null', 'bs=4096', 'count=1', 'iflag=direct'], {
      stdio: 'ignore',
    });
    const gone = once(reading, 'close');
    while ((await ending.stats(card)).hanging === 0) await new Promise((done) => setTimeout(done, 20));
    await ending.close();
    await gone;
    assert.ok(!mounts().includes(own), 'nothing is mounted any more');
    assert.ok(!attachedFiles().includes(own), 'no loop device is left');
  } finally {
    await ending.close();
    rmSync(own, { recursive: true, force: true });
  }
});
