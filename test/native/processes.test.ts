// What is between processes: lock files, and a child that does not outlive its parent.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFile } from '../../src/native.js';
import { nativeModule, scratchFolder } from './scratch.js';

/** Runs a script in a Node of its own until the test ends; its first line of output is the answer. */
async function startScript(t: TestContext, script: string): Promise<{ child: ChildProcess; line: string }> {
  const args = ['--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, line };
}

const lockAndStay = (path: string, mode: string) => `
  import { lockFile } from '${nativeModule}';
  const lock = lockFile('${path}', '${mode}');
  console.log(lock === undefined ? 'refused' : 'held');
  setTimeout(() => lock?.close(), 20_000);
`;

test('an exclusive lock keeps everybody else out until its process ends', async (t) => {
  const path = join(scratchFolder(t), 'lock');
  const { child, line } = await startScript(t, lockAndStay(path, 'exclusive'));
  assert.equal(line, 'held');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(lockFile(path, 'shared'), undefined);
  assert.equal(lockFile(path, 'exclusive'), undefined);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = lockFile(path, 'exclusive');
  assert.ok(lock);
  lock.close();
  lock.close();
});

test('shared locks get along, and a refused change keeps the old mode', async (t) => {
  const path = join(scratchFolder(t), 'lock');
  const { child, line } = await startScript(t, lockAndStay(path, 'shared'));
  assert.equal(line, 'held');
  const mine = lockFile(path, 'shared');
  assert.ok(mine);
  assert.equal(mine.change('exclusive'), false);
  assert.equal((await startScript(t, lockAndStay(path, 'exclusive'))).line, 'refused');
  child.kill('SIGKILL');
  await once(child, 'exit');

  assert.equal(lockFile(path, 'exclusive'), undefined, 'mine is still held');
  assert.equal(mine.change('exclusive'), true);
  assert.equal((await startScript(t, lockAndStay(path, 'shared'))).line, 'refused');
  assert.equal(mine.change('shared'), true);
  assert.equal((await startScript(t, lockAndStay(path, 'shared'))).line, 'held');
  mine.close();
  assert.throws(() => mine.change('shared'), { code: 'EBADF', path });
});

test('a lock file is a regular file, not a link to one', (t) => {
  const folder = scratchFolder(t);
  mkdirSync(join(folder, 'folder'));
  symlinkSync('target', join(folder, 'link'));
  assert.throws(() => lockFile(join(folder, 'link'), 'shared'), { code: 'ELOOP' });
  assert.throws(() => lockFile(join(folder, 'folder'), 'shared'), { code: 'EISDIR' });
  assert.throws(() => lockFile(join(folder, 'none', 'lock'), 'shared'), { code: 'ENOENT' });
});

test('a child that asked for it dies with its parent', async (t) => {
  const grandchild = `
    import { dieWithParent } from '${nativeModule}';
    console.log(process.pid + ' ' + dieWithParent(process.ppid));
    setTimeout(() => {}, 20_000);
  `;
  const { child, line } = await startScript(
    t,
    `import { spawn } from 'node:child_process';
     spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' });
     setTimeout(() => {}, 20_000);`,
  );
  const [pid, alive] = line.split(' ');
  assert.equal(alive, 'true');
  assert.ok(isRunning(Number(pid)));
  child.kill('SIGKILL');
  for (let tries = 0; tries < 100 && isRunning(Number(pid)); tries += 1) await sleep(50);
  assert.equal(isRunning(Number(pid)), false);
});

test('a parent that is gone already is noticed', async (t) => {
  const script = `
    import { dieWithParent } from '${nativeModule}';
    console.log(dieWithParent(process.ppid + 1));
  `;
  assert.equal((await startScript(t, script)).line, 'false');
});

/** A zombie that nobody has waited for yet does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
