// All other tests of the addon once more, on an addon built with sanitizers: wild reads and writes, overflows,
// use after free and undefined behaviour end the run with a report.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSanitizedAddon, obstacle, sanitizerEnvironment } from './asan.js';

test('the addon passes its tests under the sanitizers', (t) => {
  const reason = obstacle();
  if (reason !== undefined) return t.skip(reason);
  buildSanitizedAddon();
  const here = dirname(fileURLToPath(import.meta.url));
  const files = readdirSync(here).filter((name) => name.endsWith('.test.js') && name !== 'asan.test.js');
  const args = ['--test', '--test-concurrency=2', ...files.map((name) => join(here, name))];
  const run = spawnSync(process.execPath, args, { env: sanitizerEnvironment(), encoding: 'utf8', timeout: 300_000 });
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /^# fail 0$/m);
  assert.doesNotMatch(run.stdout, /^# pass 0$/m);
});
