// The fresh look after the edits: whatever is not as it was meant is told.

import assert from 'node:assert/strict';
import test from 'node:test';
import { findWrong } from '../../../src/customise/root/find-wrong.js';
import type { RootEdit } from '../../../src/customise/root/root-edit.js';
import { debianTree, edits, FakeRoot, fullNode, type TreeEntry, withEdits } from './debian-root.js';

const owner = { mode: 0o644, uid: 0, gid: 0 };
const hostname: RootEdit = {
  kind: 'file',
  path: '/etc/hostname',
  bytes: Buffer.from('raspberrypi\n'),
  secrets: [],
  ...owner,
};
const folder: RootEdit = { kind: 'directory', path: '/etc/ssh', isNew: false, ...owner, mode: 0o755 };

const wrongIn = (list: readonly RootEdit[], changes: Readonly<Record<string, Partial<TreeEntry>>> = {}) => {
  const tree = new Map(debianTree());
  for (const [path, change] of Object.entries(changes)) {
    const entry = tree.get(path);
    if (entry !== undefined) tree.set(path, { ...entry, ...change });
  }
  return findWrong(new FakeRoot(tree), list);
};

test('nothing is wrong where every edit has been made', () => {
  const tree = debianTree();
  const list = edits(fullNode, tree);
  assert.equal(findWrong(new FakeRoot(withEdits(tree, list)), list), undefined);
  assert.match(findWrong(new FakeRoot(tree), list) ?? '', /is not at/);
});

test('a file is wrong with other bytes, another size, mode or owner, and when it is none', () => {
  assert.equal(wrongIn([hostname]), undefined);
  for (const [change, words] of [
    [{ content: Buffer.from('raspberryPi\n') }, '/etc/hostname has other bytes'],
    [{ content: Buffer.from('raspberrypi') }, '/etc/hostname has 11 bytes, not 12'],
    [{ mode: 0o600 }, '/etc/hostname has other permissions or another owner'],
    [{ uid: 1 }, '/etc/hostname has other permissions or another owner'],
    [{ gid: 1 }, '/etc/hostname has other permissions or another owner'],
    [{ kind: 'symlink' }, '/etc/hostname is no file'],
  ] as const) {
    assert.equal(wrongIn([hostname], { '/etc/hostname': change }), words);
  }
});

test('folders, links, renamed and removed things are looked for too', () => {
  assert.equal(wrongIn([folder]), undefined);
  assert.match(wrongIn([folder], { '/etc/ssh': { uid: 7 } }) ?? '', /another owner/);
  assert.match(wrongIn([{ ...folder, path: '/etc/hosts' }]) ?? '', /is no directory/);
  assert.equal(wrongIn([{ kind: 'symlink', path: '/bin', target: 'usr/bin' }]), undefined);
  assert.match(wrongIn([{ kind: 'symlink', path: '/bin', target: 'usr/sbin' }]) ?? '', /does not point to usr\/sbin/);
  assert.match(wrongIn([{ kind: 'rename', path: '/home/pi', to: '/home' }]) ?? '', /is still there/);
  assert.match(wrongIn([{ kind: 'rename', path: '/home/x', to: '/home/y' }]) ?? '', /is not at \/home\/y/);
  assert.match(wrongIn([{ kind: 'remove', path: '/bin' }]) ?? '', /is still there/);
  assert.equal(wrongIn([{ kind: 'remove', path: '/gone' }]), undefined);
});

test('of several edits of a path only the last one counts', () => {
  assert.equal(wrongIn([{ kind: 'remove', path: '/etc/hostname' }, hostname]), undefined);
});
