// Work on a thread: its progress is told, its result handed on, and one that stands still is given up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orStuck } from '../../src/cli/medium-safety.js';
import { Terminal } from '../../src/cli/terminal.js';
import { failure, PiburnError } from '../../src/errors.js';
import { onThread, type Sample } from '../../src/medium/on-thread.js';
import { Progress } from '../../src/medium/progress.js';

test('a disk that does not move is given up, and the command ends without waiting for it', async () => {
  const progress = new Progress();
  const samples: Sample[] = [];
  const work = onThread(
    new URL('./hanging-worker.js', import.meta.url),
    { progress: progress.shared },
    {
      path: '/dev/sdx',
      progress,
      onSample: (sample) => samples.push(sample),
      stallMs: 500,
    },
  );
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof PiburnError);
    assert.equal(error.failure.code, 'STALLED');
    assert.match(error.message, /\/dev\/sdx has not moved for .* s \(writing\)/);
    return true;
  });
  assert.ok(progress.cancelled, 'should it ever move again, it ends');
  assert.deepEqual(samples.at(-1), { step: 'writing', doneBytes: 0, totalBytes: 100 });
});

test('a stall ends the command as stuck, any other error goes on', async () => {
  const terminal = new Terminal();
  terminal.sayError = () => undefined;
  const stall = () => Promise.reject(failure('STALLED', 'it hangs'));
  assert.deepEqual(await orStuck(stall, '/dev/sdx', {}, terminal), { code: 1, stuck: true });
  await assert.rejects(
    orStuck(() => Promise.reject(failure('EIO', 'a defect')), '/dev/sdx', {}, terminal),
    /a defect/,
  );
});
