// The lock files in /run/lock, where everybody may make files: what somebody else has put there costs a claim, nothing more.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { claimDisks } from '../../src/devices/claims.js';
import { scratchFolder, undo } from '../native/scratch.js';
import { needsRoot } from './support.js';

const target = { path: '/dev/none', kind: 'block', deviceNumber: '4242:4242' } as unknown as Parameters<
  typeof claimDisks
>[0][number];
const lock = '/run/lock/piburn-4242-4242';

test('a link there is not followed, and a pipe not waited for', { skip: needsRoot }, (t) => {
  const file = join(scratchFolder(t), 'precious');
  writeFileSync(file, 'precious');
  undo(t, () => rmSync(lock, { force: true }));
  rmSync(lock, { force: true });
  symlinkSync(`${file}-new`, lock);
  claimDisks([target])();
  assert.ok(!existsSync(`${file}-new`));
  rmSync(lock);
  symlinkSync(file, lock);
  claimDisks([target])();
  assert.equal(readFileSync(file, 'utf8'), 'precious');
  rmSync(lock);
  execFileSync('mkfifo', [lock]);
  claimDisks([target])();
});
