// The live machine's files, in a scratch folder: whole or not at all, with mode and owner, links kept.

import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { liveSystem } from '../../src/bridge/system.js';
import { renderSteps } from '../../src/report/bridge-text.js';
import { scratchFolder } from '../native/scratch.js';

test('a file is replaced in one go, with its mode', (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'a.conf');
  writeFileSync(join(folder, '.a.conf.piburn-partial'), 'left by a power cut');
  liveSystem.writeFile(path, Buffer.from('one\n'), { mode: 0o600 });
  assert.equal(statSync(path).mode & 0o7777, 0o600);
  const before = liveSystem.readFile(path);
  assert.ok(before !== undefined);
  liveSystem.writeFile(path, Buffer.from('two\n'), { mode: 0o644 });
  liveSystem.writeFile(path, before.bytes, before);
  assert.equal(readFileSync(path, 'utf8'), 'one\n');
  assert.equal(statSync(path).mode & 0o7777, 0o600);
  assert.deepEqual(readdirSync(folder), ['a.conf']);
});

test('a link stays a link', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'real'), 'x');
  symlinkSync('real', join(folder, 'link'));
  liveSystem.writeFile(join(folder, 'link'), Buffer.from('y'), { mode: 0o644 });
  assert.ok(lstatSync(join(folder, 'link')).isSymbolicLink());
  assert.equal(readFileSync(join(folder, 'real'), 'utf8'), 'y');
});

test('directories are made from the outside in, and removed only when they are empty', (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'a/b');
  const missing = liveSystem.missingDirectories(path);
  assert.deepEqual(missing, [join(folder, 'a'), path]);
  for (const each of missing) liveSystem.makeDirectory(each);
  liveSystem.removeDirectory(join(folder, 'a'));
  liveSystem.removeDirectory(path);
  assert.deepEqual(liveSystem.missingDirectories(path), [path]);
});

test('processes are known by their words, and one that is gone is no error', () => {
  assert.ok(liveSystem.commandLine(process.pid)?.[0]?.includes('node'));
  assert.equal(liveSystem.commandLine(2 ** 22 + 1), undefined);
  liveSystem.signal(2 ** 22 + 1, 'SIGTERM');
});

test('steps are shown with their files and programs, as a person would type them', () => {
  const step = { sentence: 'write it', path: '/a', text: 'one\ntwo\n', mode: 0o600, commands: [['x', "it's", '']] };
  assert.equal(renderSteps([step], false), '1. write it.');
  assert.deepEqual(renderSteps([step], true).split('\n'), [
    '1. write it.',
    "     $ x 'it'\\''s' ''",
    '     /a (0600):',
    '     | one',
    '     | two',
  ]);
});
