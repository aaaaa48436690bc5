// Runs on a thread of its own: takes windows in the order in which they are handed over, and tells their SHA-256.

import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { type HashJob, hashStates, hashWords } from './window-hash.js';

const { words, slots }: HashJob = workerData;
const hash = createHash('sha256');
const waitMs = 100;

for (let hashed = 0; ; ) {
  // The state is read first: what was handed over before the end is counted after it.
  const state = Atomics.load(words, hashWords.state);
  const handed = Atomics.load(words, hashWords.handed);
  if (state === hashStates.given || (state === hashStates.complete && handed === hashed)) {
    if (state === hashStates.complete) parentPort?.postMessage(hash.digest('hex'));
    break;
  }
  if (handed === hashed) {
    Atomics.wait(words, hashWords.handed, hashed, waitMs);
    continue;
  }
  const index = hashed % slots.length;
  const slot = slots[index];
  if (slot !== undefined) hash.update(slot.subarray(0, Atomics.load(words, hashWords.lengths + index)));
  Atomics.store(words, hashWords.hashed, ++hashed);
  Atomics.notify(words, hashWords.hashed);
}
