// Many threads, each with its own card; threads that end in every way; devices that nobody closed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { addonPath, nativeModule, openDescriptors, scratchFolder } from './scratch.js';

const startWorker = (path: string, then: string) =>
  new Worker(new URL('./device-worker.js', import.meta.url), { workerData: { path, then } });

test('eight workers write and verify eight cards at once', async (t) => {
  const folder = scratchFolder(t);
  const verdicts = await Promise.all(
    Array.from({ length: 8 }, async (_, slot) => {
      const worker = startWorker(join(folder, `card-${slot}`), 'verify');
      const [[verdict]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
      return verdict;
    }),
  );
  assert.deepEqual(verdicts, Array(8).fill(true));
  assert.deepEqual(openDescriptors(folder), []);
});

for (const then of ['end', 'exit'] as const) {
  test(`a worker that ends by ${then} leaves no descriptor behind`, async (t) => {
    const folder = scratchFolder(t);
    await once(startWorker(join(folder, 'card'), then), 'exit');
    assert.deepEqual(openDescriptors(folder), []);
  });
}

for (const then of ['wait', 'write', 'fail'] as const) {
  test(`a worker that is terminated while it would ${then} leaves no descriptor behind`, async (t) => {
    const folder = scratchFolder(t);
    for (let round = 0; round < 4; round += 1) {
      const worker = startWorker(join(folder, `card-${round}`), then);
      await once(worker, 'message');
      assert.equal(openDescriptors(folder).length, 1);
      await worker.terminate();
      assert.deepEqual(openDescriptors(folder), []);
    }
  });
}

test('the addon can be loaded twice in one process', (t) => {
  const require = createRequire(import.meta.url);
  const first = require(addonPath);
  delete require.cache[require.resolve(addonPath)];
  const second = require(addonPath);
  assert.notEqual(first, second);
  const folder = scratchFolder(t);
  for (const [index, addon] of [first, second].entries()) {
    const device = new addon.Device(join(folder, `card-${index}`), true, true, true, true, 4096);
    device.writeBuffer(0, 4096, 4096);
    device.close();
  }
});

test('a device that nobody closed is closed when it is collected, and its buffer lives on', (t) => {
  const folder = scratchFolder(t);
  const script = `
    import { readdirSync, readlinkSync } from 'node:fs';
    import { openDevice } from '${nativeModule}';
    const open = () => readdirSync('/proc/self/fd').filter((fd) => {
      try { return readlinkSync('/proc/self/fd/' + fd).startsWith('${folder}'); } catch { return false; }
    }).length;
    const buffers = [];
    for (let i = 0; i < 20; i += 1) {
      const path = '${folder}/card-' + i;
      buffers.push(openDevice(path, { write: true, create: true, bufferBytes: 65536 }).buffer);
    }
    const before = open();
    for (let i = 0; i < 10; i += 1) { gc(); await new Promise(setImmediate); }
    for (const buffer of buffers) buffer.fill(1);
    console.log(before, open(), buffers.every((buffer) => buffer[65535] === 1));
  `;
  const args = ['--expose-gc', '--input-type=module', '-e', script];
  const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(output.trim(), '20 0 true');
});

test('an addon that cannot be loaded says how to build it', () => {
  const script = `
    import { openImage } from '${nativeModule}';
    try { openImage('/x'); } catch (error) { console.log(JSON.stringify(error.failure)); }
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, PIBURN_NATIVE: '/nowhere/piburn.node' },
  });
  const told = JSON.parse(output);
  assert.equal(told.code, 'NATIVE_MISSING');
  assert.match(told.message, /\/nowhere\/piburn\.node cannot be loaded/);
  assert.match(told.hint, /npm rebuild/);
});
