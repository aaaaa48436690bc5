// What the tests of this folder share: a tree of awkward files, file systems that mke2fs makes of it, and a comparison of
// a whole volume with a folder.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type ExtStat, ExtVolume } from '../../../src/customise/ext/volume.js';
import { PiburnError } from '../../../src/errors.js';
import { type Image, imageOf, run, sparseFile, without } from '../../image/allocation/disk.js';
import { isRoot, pattern } from '../../native/scratch.js';

export const judged = { skip: without('mke2fs', 'debugfs', 'e2fsck', 'tune2fs') };
export const mebibyte = 1024 * 1024;

/** Away from 0, so that an offset from the wrong start shows. */
export const startBytes = 3 * mebibyte + 512;

export const longName = `${'n'.repeat(127)}${'ü'.repeat(64)}`;
export const deepPath = Array.from({ length: 40 }, (_, depth) => `level ${depth}`).join('/');

const shared = mkdtempSync(join(tmpdir(), 'piburn-ext-'));
after(() => rmSync(shared, { recursive: true, force: true }));

/** The tree, made once for all tests of a file. */
export const sharedTree = (): string => (existsSync(join(shared, 'tree')) ? join(shared, 'tree') : makeTree(shared));

/** A folder with files of every kind that a plain user may make. */
function makeTree(folder: string): string {
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, deepPath), { recursive: true });
  const file = (path: string, content: string | Buffer) => writeFileSync(join(tree, path), content);
  for (const size of [0, 1, 59, 60, 61, 130, 160, 1023, 1024, 1025, 4096, 12_288, 12_289, 70_000, 400_000]) {
    file(`${size}`, pattern(size, size));
  }
  file(`${deepPath}/bottom`, 'deep');
  file(longName, 'long');
  for (const name of ['grüße', '日本語', 'e\u0301', ' ', 'a"b', 'line\nbreak', '-', '...', '🍓']) file(name, name);
  mkdirSync(join(tree, 'many'));
  for (let index = 0; index < 300; index++) file(`many/entry number ${index} ${'x'.repeat(index % 60)}`, `${index}`);
  mkdirSync(join(tree, 'empty'));
  makeSparse(join(tree, 'sparse'), 900, 2);
  const links = {
    short: '1',
    long: `${'../'.repeat(30)}1`,
    absolute: '/many',
    up: '../../../1',
    through: 'absolute/../grüße',
  };
  const lost = {
    dangling: 'nowhere',
    loop: 'loop',
    ping: 'pong',
    pong: 'ping',
    toFile: '1/x',
    [`${'l'.repeat(59)}`]: 'l'.repeat(59),
  };
  for (const [name, target] of Object.entries({ ...links, ...lost })) symlinkSync(target, join(tree, name));
  symlinkSync('/1', join(tree, 'level 0/absolute'));
  symlinkSync('k'.repeat(60), join(tree, 'k'.repeat(60)));
  chmodSync(join(tree, '1'), 0o4751);
  chmodSync(join(tree, 'empty'), 0o1777);
  if (isRoot) chownSync(join(tree, '60'), 70_001, 200_002);
  utimesSync(join(tree, '61'), 1_000_000_000, 1_234_567_890);
  return tree;
}

/** Writes every `step`-th KiB of a file, for `count` times: each is an extent of its own where blocks have 1 KiB. */
export function makeSparse(path: string, count: number, step: number): void {
  const descriptor = openSync(path, 'w');
  for (let index = 0; index < count; index++) writeSync(descriptor, pattern(1024, index), 0, 1024, index * step * 1024);
  ftruncateSync(descriptor, count * step * 1024 + 5000);
  closeSync(descriptor);
}

export function makeExt(folder: string, tree: string, options: readonly string[], sizeMebibytes: number): string {
  const path = sparseFile(join(folder, 'ext'), sizeMebibytes * mebibyte);
  const label = ['-L', 'rootfs', '-U', '01234567-89ab-cdef-0123-456789abcdef'];
  run('mke2fs', ['-q', '-F', ...label, '-d', tree, ...options, path]);
  return path;
}

/** Little besides metadata: a hash tree, extents or block lists of several levels, links, a few short files. */
export function makeSmall(folder: string, options: readonly string[]): string {
  const tree = join(folder, 'tree');
  for (const name of ['etc', 'usr/lib', 'many']) mkdirSync(join(tree, name), { recursive: true });
  writeFileSync(join(tree, 'usr/lib/os-release'), 'ID=debian\nVERSION_ID="13"\n');
  symlinkSync('../usr/lib/os-release', join(tree, 'etc/os-release'));
  symlinkSync(`${'./'.repeat(40)}usr`, join(tree, 'long'));
  for (let index = 0; index < 60; index++) writeFileSync(join(tree, 'many', `${index}`.padEnd(100, 'n')), '');
  makeSparse(join(tree, 'sparse'), 100, 4);
  const path = makeExt(folder, tree, options, 2);
  change('e2fsck', ['-fyD', path]);
  return path;
}

/** debugfs with these commands; what it prints. */
export const debugfs = (path: string, ...commands: readonly string[]): string =>
  run('debugfs', ['-w', '-f', '-', path], `${commands.join('\n')}\n`);

/** e2fsck ends with 1 when it has changed something. */
export function change(program: string, args: readonly string[]): void {
  try {
    run(program, args);
  } catch (error) {
    if (!(program === 'e2fsck' && error instanceof Error && 'status' in error && error.status === 1)) throw error;
  }
}

/** The file system in an image, at `startBytes`. */
export function openExt(path: string): ExtVolume {
  const volume = ExtVolume.open(readerOf(path), startBytes, lstatSync(path).size);
  assert.ok(volume !== undefined, 'it is an ext file system');
  return volume;
}

/** Bytes of a file that begins at `startBytes`. There is nothing to be read before it. */
export function readerOf(path: string): Image['read'] {
  const image = imageOf(readFileSync(path));
  return (offsetBytes, lengthBytes) => {
    assert.ok(offsetBytes >= startBytes && lengthBytes >= 0, 'reads inside the partition');
    return image.read(offsetBytes - startBytes, lengthBytes);
  };
}

interface Comparison {
  /** The bits of a mode that are compared. */
  readonly modeMask?: number;
  /** A name that is left out. */
  readonly except?: string;
}

/** Compares a folder with a directory, and what is in them (of very many names, some); how many names there were. */
export function compareFolder(volume: ExtVolume, path: string, folder: string, how: Comparison = {}): number {
  const isMeant = (name: string) => name !== 'lost+found' && name !== how.except;
  const names = readdirSync(folder)
    .filter(isMeant)
    .sort((left, right) => (left < right ? -1 : 1));
  const listed = (volume.list(path) ?? []).filter(({ name }) => isMeant(name));
  assert.deepEqual(
    listed.map(({ name }) => name),
    names,
    path,
  );
  let count = names.length;
  const step = Math.ceil(names.length / 400);
  for (const { name, kind } of listed.filter((_, index) => index % step === 0)) {
    const [inside, outside] = [`${path}/${name}`, join(folder, name)];
    const stat = volume.stat(inside);
    assert.ok(stat !== undefined, inside);
    assert.equal(stat.kind, kind, inside);
    compareStat(stat, lstatSync(outside, { bigint: true }), inside, how);
    if (kind === 'directory') count += compareFolder(volume, inside, outside, how);
    if (kind === 'file')
      assert.equal(digest(volume.readFile(inside, 80 * mebibyte)), digest(readFileSync(outside)), inside);
    if (kind === 'symlink') assert.equal(volume.readlink(inside), readlinkSync(outside), inside);
  }
  return count;
}

const digest = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && createHash('sha256').update(bytes).digest('hex');

function compareStat(stat: ExtStat, expected: BigIntStats, path: string, { modeMask = 0o7777 }: Comparison): void {
  const kind = expected.isFile() ? 'file' : expected.isDirectory() ? 'directory' : 'symlink';
  assert.equal(stat.kind, kind, path);
  if (kind !== 'symlink') assert.equal(stat.mode & modeMask, Number(expected.mode) & modeMask, path);
  if (kind !== 'directory') assert.equal(stat.sizeBytes, Number(expected.size), path);
  if (isRoot && kind !== 'symlink')
    assert.deepEqual([stat.uid, stat.gid], [Number(expected.uid), Number(expected.gid)], path);
  // mke2fs keeps whole seconds.
  const secondNs = 1_000_000_000n;
  const seconds = (expected.mtimeNs - (((expected.mtimeNs % secondNs) + secondNs) % secondNs)) / secondNs;
  if (kind === 'file') assert.equal(Math.floor(stat.modifiedAt.getTime() / 1000), Number(seconds), path);
}

export const textOf = (volume: ExtVolume, path: string): string | undefined => {
  const bytes = volume.readFile(path);
  return bytes && Buffer.from(bytes).toString('utf8');
};

/** For assert.throws. */
export const withCode =
  (code: string, message = /./) =>
  (error: unknown): boolean =>
    error instanceof PiburnError &&
    error.failure.code === code &&
    message.test(error.message) &&
    error.failure.hint !== undefined;
