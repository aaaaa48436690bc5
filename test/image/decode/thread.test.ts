// The decoders on a thread of their own, which is where they work: they end there, broken off or not, and take neither
// the thread nor the process with them.

import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Encoded } from '../../../src/image/decode/encoded.js';
import type { Decoder } from '../../../src/image/decode/index.js';
import { scratchFolder, undo } from '../../native/scratch.js';
import { formsOf, image, mebibyte, noise, skipForms } from './support.js';

const source = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.module).then(async ({ decode }) => {
  for (const { encoded, decoder, enough } of workerData.jobs) {
    let came = 0;
    for await (const chunk of decode(encoded, decoder)) {
      came += chunk.length;
      if (came > enough) break;
    }
    parentPort.postMessage(came);
  }
});
`;

interface Job {
  readonly encoded: Encoded;
  readonly decoder: Decoder;
  /** The thread breaks off behind so many bytes. */
  readonly enough: number;
}

/** Does the jobs on a thread that ends by itself when nothing is left to do; returns how many bytes came of each. */
async function onThread(jobs: readonly Job[]): Promise<number[]> {
  const module = new URL('../../../src/image/decode/index.js', import.meta.url).href;
  const worker = new Worker(source, { eval: true, workerData: { module, jobs } });
  const came: number[] = [];
  worker.on('message', (message) => came.push(message));
  const exitCode = await new Promise<number>((resolve, reject) => {
    worker.on('exit', resolve);
    worker.on('error', reject);
  });
  assert.equal(exitCode, 0);
  return came;
}

const jobsOf = (t: TestContext, plain: Buffer, enough: number): Job[] =>
  formsOf(t, plain).flatMap(({ decoders, encoded }) => {
    const path = join(scratchFolder(t), 'image');
    writeFileSync(path, encoded);
    const descriptor = openSync(path, 'r');
    undo(t, () => closeSync(descriptor));
    return decoders.map((decoder) => ({ encoded: { name: 'image', descriptor }, decoder, enough }));
  });

test('a thread decodes every form, and ends by itself', { skip: skipForms }, async (t) => {
  const jobs = jobsOf(t, image, Number.POSITIVE_INFINITY);
  assert.deepEqual(
    await onThread(jobs),
    jobs.map(() => image.length),
  );
});

test('a thread that breaks off every form ends by itself', { skip: skipForms }, async (t) => {
  const jobs = jobsOf(t, noise(1.5 * mebibyte, 5), 1);
  const came = await onThread(jobs);
  assert.ok(came.length === jobs.length && came.every((bytes) => bytes > 1), String(came));
});
