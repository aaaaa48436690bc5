// Root that acts with somebody else's rights: on this thread, for this moment, and with nothing of root's left.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { asFileUser } from '../../src/native.js';
import { nativeModule, undo } from '../native/scratch.js';
import { until } from '../shim/faulty-run.js';
import { needsRoot, person, places } from './support.js';

/** Of a thread: its user for files, and its groups (proc(5), /proc/PID/status). */
function rightsOf(thread: string): string {
  const text = readFileSync(`/proc/${thread}/status`, 'utf8');
  const field = (name: string) => (new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1] ?? '').trim().split(/\s+/);
  return [field('Uid')[3], field('Gid')[3], field('Groups').join(',')].join(' ');
}

test('files are made and refused as for that user, and afterwards as before', { skip: needsRoot }, (t) => {
  const { theirs, roots } = places(t);
  const before = rightsOf('thread-self');
  asFileUser(person, () => {
    assert.equal(rightsOf('thread-self'), '4242 4243 ');
    writeFileSync(join(theirs, 'file'), '');
    assert.throws(() => writeFileSync(join(roots, 'file'), ''), { code: 'EACCES' });
    assert.throws(() => readFileSync('/etc/shadow'), { code: 'EACCES' });
  });
  assert.equal(rightsOf('thread-self'), before);
  const { uid, gid } = statSync(join(theirs, 'file'));
  assert.deepEqual({ uid, gid }, person);
  assert.throws(() => asFileUser(person, () => readFileSync('/etc/shadow')), { code: 'EACCES' });
  assert.equal(rightsOf('thread-self'), before, 'also after an error');
});

test('other threads keep their rights', { skip: needsRoot }, () => {
  const others = () => readdirSync('/proc/self/task').filter((thread) => Number(thread) !== process.pid);
  const before = rightsOf('thread-self');
  assert.ok(others().length > 0);
  asFileUser(person, () => {
    for (const thread of others()) assert.equal(rightsOf(`self/task/${thread}`), before);
  });
});

test('a process that was to die with its parent still does', { skip: needsRoot }, async (t) => {
  const inner = `import { asFileUser, dieWithParent } from '${nativeModule}';
    if (!dieWithParent(process.ppid)) process.exit(1);
    asFileUser({ uid: 4242, gid: 4243 }, () => undefined);
    console.log(process.pid);
    setInterval(() => undefined, 1000);`;
  const outer = `import { spawn } from 'node:child_process';
    spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(inner)}], { stdio: ['ignore', 'inherit', 'inherit'] });`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', outer], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  undo(t, () => parent.kill('SIGKILL'));
  let said = '';
  parent.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until('the child', () => said.includes('\n'));
  const child = Number(said);
  undo(t, () => {
    if (isThere(child)) process.kill(child, 'SIGKILL');
  });
  parent.kill('SIGKILL');
  await until('its end', () => !isThere(child));
});

function isThere(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
