// The trees inside a file system, and what a path leads to, looked at closely.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ExtVolume } from '../../../src/customise/ext/volume.js';
import { run } from '../../image/allocation/disk.js';
import { pattern, scratchFolder } from '../../native/scratch.js';
import {
  change,
  compareFolder,
  debugfs,
  judged,
  makeExt,
  makeSparse,
  openExt,
  sharedTree,
  textOf,
  withCode,
} from './ext-images.js';

test('the hash trees are there, and of two levels', judged, (t) => {
  const folder = scratchFolder(t);
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'many'), { recursive: true });
  const names = Array.from({ length: 800 }, (_, index) => `${index}`.padEnd(250, 'x'));
  for (const name of names) writeFileSync(join(tree, 'many', name), '');
  const path = makeExt(folder, tree, ['-t', 'ext4', '-b', '1024', '-N', '4000'], 24);
  change('e2fsck', ['-fyD', path]);
  assert.match(debugfs(path, 'htree_dump /many'), /Indirect levels: 1/);
  const volume = openExt(path);
  assert.deepEqual(
    volume.list('many')?.map(({ name }) => name),
    [...names].sort(),
  );
  for (const name of [names[0], names[700], names[799]]) assert.equal(volume.exists(`/many/${name}`), true);
  assert.equal(volume.exists(`/many/${names[0]}x`), false);
});

test('extent trees of every depth are followed', judged, (t) => {
  const folder = scratchFolder(t);
  const path = makeSparseFiles(folder, [3, 80, 3000, 29_500], ['-t', 'ext4']);
  const depths = [3, 80, 3000, 29_500].map((count) => {
    const extents = 'debugfs -R "dump_extents /$1" "$2" 2>&1 | head -n 3';
    return / 0\/ (\d)/.exec(run('sh', ['-c', extents, 'sh', `${count}`, path]))?.[1];
  });
  assert.deepEqual(depths, ['0', '1', '2', '3']);
  compareFolder(openExt(path), '', join(folder, 'tree'));
});

test('blocks behind one, two and three levels of block lists are found', judged, (t) => {
  const folder = scratchFolder(t);
  // 12, 256, 256² and 256³ blocks of 1 KiB can be listed by level; `far` ends among the last.
  const path = makeSparseFiles(folder, [3, 80, 3000], ['-t', 'ext2']);
  assert.match(debugfs(path, 'stat far'), /\(TIND\)/);
  compareFolder(openExt(path), '', join(folder, 'tree'));
});

function makeSparseFiles(folder: string, counts: readonly number[], options: readonly string[]): string {
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  for (const count of counts) makeSparse(join(tree, `${count}`), count, 2);
  makeSparse(join(tree, 'far'), 8, 9_500);
  return makeExt(folder, tree, [...options, '-b', '1024'], 48);
}

test('symbolic links lead where they would on the running system, and never out of the volume', judged, (t) => {
  const folder = scratchFolder(t);
  const volume = openExt(makeExt(folder, sharedTree(), ['-t', 'ext4', '-b', '1024'], 24));
  const one = readFileSync(join(sharedTree(), '1'));
  for (const path of [
    'short',
    'long',
    'up',
    '/absolute/../1',
    'empty/../../../1',
    '//1',
    './1',
    'absolute/../short',
    'level 0/absolute',
  ]) {
    assert.deepEqual(Buffer.from(volume.readFile(path) ?? []), one, path);
  }
  assert.equal(textOf(volume, 'through'), 'grüße');
  assert.equal(volume.list('absolute')?.length, 300);
  assert.equal(volume.stat('absolute')?.kind, 'symlink');
  assert.equal(volume.stat('absolute/entry number 0 ')?.kind, 'file');
  assert.equal(volume.readlink('absolute'), '/many');
  for (const path of [
    'dangling',
    'loop',
    'ping',
    'toFile',
    '1/x',
    '1/..',
    'nowhere/..',
    'loop/1',
    'k'.repeat(60),
    '\0',
    '',
  ]) {
    const isRoot = path === '';
    assert.equal(volume.exists(path), isRoot, path);
    assert.equal(volume.readFile(path), undefined, path);
    if (!isRoot) assert.equal(volume.list(path), undefined, path);
  }
  assert.equal(volume.stat('loop')?.kind, 'symlink');
  assert.equal(volume.readlink('1'), undefined);
  assert.equal(volume.readFile('many'), undefined);
});

test('twenty links in a row are followed, twenty-one are not', judged, (t) => {
  const folder = scratchFolder(t);
  const path = makeExt(folder, sharedTree(), ['-t', 'ext2', '-b', '1024'], 24);
  const links = Array.from(
    { length: 21 },
    (_, index) => `symlink chain${index + 1} ${index === 0 ? '1' : `chain${index}`}`,
  );
  debugfs(path, ...links);
  assert.equal(openExt(path).exists('chain20'), true);
  assert.equal(openExt(path).exists('chain21'), false);
});

test('a block of attributes does not make a short symbolic link a long one', judged, (t) => {
  const folder = scratchFolder(t);
  const path = makeExt(folder, sharedTree(), ['-t', 'ext3', '-b', '1024', '-I', '128'], 24);
  debugfs(path, 'ea_set up user.name value', 'ea_set long user.name value');
  assert.match(debugfs(path, 'stat up'), /File ACL: [1-9]/);
  const volume = openExt(path);
  assert.equal(volume.readlink('up'), '../../../1');
  assert.equal(volume.readlink('long'), `${'../'.repeat(30)}1`);
});

test('inline data is found behind another attribute', judged, (t) => {
  const folder = scratchFolder(t);
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  writeFileSync(join(tree, 'file'), pattern(100));
  const path = makeExt(folder, tree, ['-t', 'ext4', '-b', '1024', '-I', '256', '-O', 'inline_data,^metadata_csum'], 4);
  const image = readFileSync(path);
  // Magic, then system.data: its 40 bytes lie at 52. The other one, user.abcde with 4 bytes, is put before it.
  const at = image.indexOf(Buffer.from('000002ea0407340000000000', 'hex')) + 4;
  const entry = Buffer.from(image.subarray(at, at + 20));
  image.set(Buffer.from('0501300000000000040000000000000061626364650000000000', 'hex').subarray(0, 24), at);
  image.set(entry, at + 24);
  image.set(Buffer.from('0000000076616c75', 'hex'), at + 44);
  writeFileSync(path, image);
  assert.match(debugfs(path, 'ea_get file user.abcde'), /valu/, 'debugfs reads it so');
  assert.deepEqual(Buffer.from(openExt(path).readFile('file') ?? []), pattern(100));
});

test('encrypted files and directories are told from others', judged, (t) => {
  const folder = scratchFolder(t);
  const path = makeExt(folder, sharedTree(), ['-t', 'ext4', '-b', '1024', '-O', 'encrypt'], 24);
  debugfs(path, 'sif 1 flags 0x80800', 'sif empty flags 0x80800', 'sif short flags 0x800');
  const volume = openExt(path);
  for (const look of [() => volume.readFile('1'), () => volume.list('empty'), () => volume.readlink('short')]) {
    assert.throws(look, withCode('EXT_ENCRYPTED', /inode \d+ .* is encrypted/));
  }
  assert.equal(volume.stat('1')?.sizeBytes, 1);
});

test('special files have their kinds', judged, (t) => {
  const folder = scratchFolder(t);
  const path = makeExt(folder, sharedTree(), ['-t', 'ext4', '-b', '1024'], 24);
  debugfs(path, 'mknod pipe p', 'mknod disk b 8 1', 'mknod tty c 4 64');
  const volume = openExt(path);
  const kinds = ['pipe', 'disk', 'tty'].map((name) => volume.stat(name)?.kind);
  assert.deepEqual(kinds, ['fifo', 'block-device', 'character-device']);
  assert.equal(volume.readFile('disk'), undefined);
  const listed = new Map(volume.list('/')?.map(({ name, kind }) => [name, kind]));
  assert.deepEqual(
    ['pipe', 'disk', 'tty'].map((name) => listed.get(name)),
    kinds,
  );
});

test('space that is reserved but never written to is zeros, even where old data lies', judged, (t) => {
  const folder = scratchFolder(t);
  const path = makeExt(folder, sharedTree(), ['-t', 'ext4', '-b', '1024'], 24);
  debugfs(
    path,
    'rm 400000',
    'rm 70000',
    'write /dev/null reserved',
    'fallocate reserved 0 99',
    'sif reserved size 102400',
  );
  assert.match(debugfs(path, 'dump_extents reserved'), /Uninit/);
  assert.deepEqual(Buffer.from(openExt(path).readFile('reserved') ?? []), Buffer.alloc(102_400));
});

test('a file that is larger than asked for is not read', judged, (t) => {
  const folder = scratchFolder(t);
  const path = makeExt(folder, sharedTree(), ['-t', 'ext4', '-b', '1024'], 24);
  const volume = openExt(path);
  assert.equal(volume.readFile('400000', 400_000)?.length, 400_000);
  assert.throws(
    () => volume.readFile('400000', 399_999),
    withCode('EXT_TOO_LARGE', /"400000" \(400000 bytes\) has more than the 399999/),
  );
  assert.throws(
    () => volume.readFile('sparse'),
    withCode('EXT_TOO_LARGE', /"sparse" \(1848200 bytes\) has more than the 1048576/),
  );
});

test('a journal to recover is told', judged, (t) => {
  const folder = scratchFolder(t);
  const path = makeExt(folder, sharedTree(), ['-t', 'ext4', '-b', '1024'], 24);
  debugfs(path, 'feature needs_recovery');
  const volume = openExt(path);
  assert.equal(volume.needsRecovery, true);
  assert.equal(textOf(volume, '🍓'), '🍓');
});

test('what is no ext file system that can be read is told from one', judged, (t) => {
  const folder = scratchFolder(t);
  const zeros = () => Buffer.alloc(4096);
  assert.equal(
    ExtVolume.open((_, lengthBytes) => Buffer.alloc(lengthBytes), 0, 1_000_000),
    undefined,
  );
  assert.equal(ExtVolume.open(zeros, 0, 2047), undefined);
  assert.equal(
    ExtVolume.open(() => Buffer.alloc(0), 0, 1_000_000),
    undefined,
  );
  for (const feature of ['FEATURE_I27', 'journal_dev', 'compression']) {
    const path = makeExt(folder, folder, ['-t', 'ext2', '-b', '1024'], 4);
    run('debugfs', ['-w', '-R', `feature ${feature}`, path]);
    const bytes = readFileSync(path);
    const read = (offsetBytes: number, lengthBytes: number) => bytes.subarray(offsetBytes, offsetBytes + lengthBytes);
    assert.equal(ExtVolume.open(read, 0, bytes.length), undefined, feature);
    run('rm', [path]);
  }
});
