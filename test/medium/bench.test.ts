// A bench before and beside its cards: which steps it takes, what it refuses, what it writes, where its threads meet.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { deflateSync } from 'node:zlib';
import { readSystem } from '../../src/devices/describe.js';
import { refusals } from '../../src/devices/refuse.js';
import { isDisk } from '../../src/devices/refuse-disk.js';
import { PiburnError } from '../../src/errors.js';
import { bench } from '../../src/medium/throughput/bench.js';
import { makeRoom } from '../../src/medium/throughput/fresh-files.js';
import { StepGate } from '../../src/medium/throughput/gate.js';
import { inspectTargets, type Wanted } from '../../src/medium/throughput/inspect.js';
import { Noise } from '../../src/medium/throughput/noise.js';
import { rangeIn, sizeFor } from '../../src/medium/throughput/range.js';
import { Session } from '../../src/medium/throughput/session.js';
import { planSteps, withLiving } from '../../src/medium/throughput/steps.js';
import { load, machines, recorded } from '../devices/recorded.js';
import { scratchFolder } from '../native/scratch.js';

const MiB = 1024 * 1024;
const strict: Wanted = {
  ...{ readOnly: false, rangeBytes: 16 * MiB, allowFixed: false, allowLarge: false, unmount: false },
};
const lenient: Wanted = { ...strict, allowFixed: true, allowLarge: true, unmount: true };
const factsOf = (name: string) => () => readSystem(recorded(load(name)));
const untouched = async (): Promise<never> => assert.fail('a refused disk was asked about or worked on');

const benchOn = (machine: string, paths: readonly string[], wanted: Wanted) =>
  bench(
    paths,
    { ...wanted, limitMs: 10, confirm: untouched, onSample: untouched, onCancel: () => assert.fail('begun') },
    { inspect: (names, options) => inspectTargets(names, options, factsOf(machine)) },
  );

const refusedAs = (code: string) => (error: unknown) => error instanceof PiburnError && error.failure.code === code;

test('what create would not write is neither asked about nor opened, whatever stands beside it', async () => {
  const cases: readonly (readonly [machine: string, paths: readonly string[], wanted: Wanted, code: string])[] = [
    ['pi-emmc', ['/dev/mmcblk0'], lenient, 'SYSTEM_DISK'],
    ['pc-nvme', ['/dev/nvme0n1'], lenient, 'SYSTEM_DISK'],
    ['pi-with-hub', ['/dev/sda', '/dev/sdh'], strict, 'MOUNTED'],
    ['pi-with-hub', ['/dev/sdf'], strict, 'TOO_LARGE'],
    ['pc-nvme', ['/dev/sdb'], strict, 'NOT_REMOVABLE'],
    ['pi-with-hub', ['/dev/sda', '/dev/sda'], lenient, 'SAME_TARGET'],
    ['pi-with-hub', ['/dev/nothing'], lenient, 'NO_DEVICE'],
  ];
  for (const [machine, paths, wanted, code] of cases)
    await assert.rejects(benchOn(machine, paths, wanted), refusedAs(code), `${machine} ${paths}`);
});

test('reading alone is refused only what cannot be read', async () => {
  const reading = { ...strict, readOnly: true };
  const seen = new Set<string>();
  for (const machine of machines()) {
    const facts = await factsOf(machine)();
    for (const device of facts.devices.values()) {
      const { path, sizeBytes } = device;
      if (!isDisk(device)) continue;
      if (sizeBytes > 0 && rangeIn(sizeBytes, reading.rangeBytes) === 0) continue;
      const codes = refusals([path], facts, { ...strict, protectedPaths: [] }).map(({ failure }) => failure.code);
      for (const code of codes) seen.add(code);
      const look = inspectTargets([path], reading, async () => facts);
      if (sizeBytes > 0) assert.equal((await look)[0]?.description.path, path);
      else await assert.rejects(look, PiburnError, `${machine} ${path}`);
    }
  }
  assert.ok(
    ['SYSTEM_DISK', 'MOUNTED', 'READ_ONLY', 'NO_MEDIUM'].every((code) => seen.has(code)),
    `${[...seen]}`,
  );
});

test('too many cards, and cards that are too small, are told before anything is done', async () => {
  const many = Array.from({ length: 33 }, (_, index) => `card-${index}.img`);
  await assert.rejects(benchOn('pi-with-hub', many, strict), refusedAs('TOO_MANY_CARDS'));
  assert.equal(rangeIn(12 * MiB, 128 * MiB), 0);
  assert.equal(rangeIn(sizeFor(16 * MiB), 128 * MiB), 16 * MiB, 'a file that is made has room for its range');
  assert.equal(rangeIn(32e9, 128 * MiB), 128 * MiB);
});

test('the hub and the link of a reader are known', async () => {
  const [reader] = await inspectTargets(['/dev/sda'], strict, factsOf('pi-with-hub'));
  assert.ok(reader?.hub !== undefined && (reader.linkMbps ?? 0) > 0);
});

test('each reader is measured alone, one with other blocks and the page cache, and up to eight each number together', () => {
  const words = planSteps(3, false).map(
    ({ part, operation, readers, blockBytes, direct }) =>
      `${part} ${operation} ${readers.join('+')} ${blockBytes / 1024}${direct ? '' : ' cached'}`,
  );
  const both = (step: string) => [step.replace('OP', 'write'), step.replace('OP', 'read')];
  assert.deepEqual(
    words,
    [
      ...['alone OP 0 4096', 'alone OP 1 4096', 'alone OP 2 4096'],
      ...['blocks OP 0 64', 'blocks OP 0 256', 'blocks OP 0 1024', 'buffered OP 0 4096 cached'],
      ...['together OP 0+1 4096', 'together OP 0+1+2 4096'],
    ].flatMap(both),
  );
  assert.ok(planSteps(5, true).every(({ operation }) => operation === 'read'));
  const counts = planSteps(32, true).flatMap(({ part, readers }) => (part === 'together' ? [readers.length] : []));
  assert.deepEqual(counts, [2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32]);
});

test('cards that failed are left out, and others take their place', () => {
  const steps = planSteps(3, true);
  const left = steps.map((step) => withLiving(step, [1, 2])?.readers);
  assert.deepEqual(left, [undefined, [1], [2], [1], [1], [1], [1], [1, 2], undefined]);
});

test('what is written cannot be compressed, and tells place and pass', () => {
  const noise = new Noise();
  const block = Buffer.alloc(64 * 1024);
  noise.fill(block, 8 * MiB + 128 * 1024, 3);
  assert.ok(deflateSync(block).length > block.length * 0.98);
  assert.equal(noise.differences(block, 8 * MiB + 128 * 1024, 3), undefined);
  assert.equal(noise.differences(block, 8 * MiB + 128 * 1024, 4)?.blocks, 16, 'another pass');
  assert.equal(noise.differences(block, 4 * MiB + 128 * 1024, 3)?.blocks, 16, 'another place with the same noise');
  block[20_000] = (block[20_000] ?? 0) ^ 1;
  const firstBytes = 8 * MiB + 128 * 1024 + 16_384;
  assert.deepEqual(noise.differences(block, 8 * MiB + 128 * 1024, 3), { blocks: 1, firstBytes });
  const other = Buffer.alloc(block.length);
  new Noise().fill(other, 8 * MiB + 128 * 1024, 3);
  assert.notDeepEqual(other, block, 'each thread has noise of its own');
});

test('nobody passes a gate before all have come, unless it is over', async () => {
  const gate = new StepGate();
  gate.meet(2, () => true);
  const next = new StepGate();
  const other = `
    const { workerData } = require('node:worker_threads');
    void import(workerData.module).then(({ StepGate }) => new StepGate(workerData.shared).meet(2, () => false));
  `;
  const workerData = {
    module: new URL('../../src/medium/throughput/gate.js', import.meta.url).href,
    shared: next.shared,
  };
  const worker = new Worker(other, { eval: true, workerData });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  next.meet(2, () => false);
  assert.equal(new Int32Array(next.shared)[0], 2);
  assert.equal(await ended, 0, 'the other one passed too');
});

test('a card that hangs is given up, and its thread left behind', async () => {
  const path = '/dev/sdx';
  const worker = new URL('./hanging-worker.js', import.meta.url);
  const session = new Session({ path, kind: 'block' }, { worker, stallMs: 300 });
  const opening = session.open({ target: { path, kind: 'block' }, readOnly: true, rangeBytes: 16 * MiB });
  await assert.rejects(opening, refusedAs('STALLED'));
  assert.ok(session.isStuck && session.progress.cancelled);
  await session.close();
});

test('directories that are made for files go away with them, unless somebody put something into them', (t) => {
  const folder = scratchFolder(t);
  const files = ['a/b/1.img', 'a/c/2.img', '3.img'].map((name) => ({ path: join(folder, name), sizeBytes: MiB }));
  const remove = makeRoom(files);
  for (const { path } of files) writeFileSync(path, '');
  writeFileSync(join(folder, 'a/c/theirs'), '');
  remove(files.map(({ path }) => path));
  assert.deepEqual(readdirSync(folder), ['a']);
  assert.deepEqual(readdirSync(join(folder, 'a')), ['c']);
  mkdirSync(join(folder, 'old'));
  makeRoom([{ path: join(folder, 'old/4.img'), sizeBytes: MiB }])([]);
  assert.ok(existsSync(join(folder, 'old')), 'one that was there stays');
});

test('files that do not fit are told before one is made', (t) => {
  const folder = scratchFolder(t);
  const file = { path: join(folder, 'new/huge.img'), sizeBytes: 2 ** 60 };
  assert.throws(() => makeRoom([file]), refusedAs('NO_ROOM'));
  assert.throws(() => makeRoom([{ path: '/proc/piburn/a.img', sizeBytes: 0 }]), refusedAs('NO_DIRECTORY'));
  assert.deepEqual(readdirSync(folder), []);
});
