// Every input of the corpus, and every seed, once more: what fuzzing has found worth keeping (`npm run fuzz` finds more).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf } from './input.js';
import { readCorpus, seedOf, seedsOf } from './seeds.js';
import { targets } from './targets/index.js';

for (const target of targets) {
  test(`no input of the corpus does anything but lead to an answer or an error: ${target.name}`, async () => {
    const seeds = seedsOf(target.name);
    assert.ok(seeds.length > 0, 'there are seeds');
    for (const input of [...seeds.map((seed) => ({ seed, edits: [] })), ...readCorpus(target.name)]) {
      try {
        await target.run(bytesOf(seedOf(input.seed), input));
      } catch (error) {
        assert.fail(`${JSON.stringify(input)}: ${error instanceof Error ? error.stack : error}`);
      }
    }
  });
}
