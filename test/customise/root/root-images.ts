// File systems that mke2fs makes of a tree, and what debugfs and e2fsck say of them afterwards.

import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Overlay } from '../../../src/customise/overlay.js';
import type { RootEdit } from '../../../src/customise/root/root-edit.js';
import { RootVolume } from '../../../src/customise/root/root-volume.js';
import type { PatchBlock } from '../../../src/protocol.js';
import { imageOf, run, sparseFile, without } from '../../image/allocation/disk.js';
import { isRoot } from '../../native/scratch.js';
import { now, type Tree, type TreeEntry } from './debian-root.js';

export const judged = { skip: without('mke2fs', 'debugfs', 'e2fsck') };
export const mebibyte = 1024 * 1024;
/** Away from 0, so that an offset from the wrong start shows. */
export const startBytes = mebibyte + 512;

/** An image with a file system of this tree at `startBytes`. */
export function rootImage(folder: string, tree: Tree, args: readonly string[], sizeMb = 16): Buffer {
  const source = join(folder, 'tree');
  const file = join(folder, 'fs');
  for (const path of [source, file]) rmSync(path, { recursive: true, force: true });
  mkdirSync(source);
  for (const [path, entry] of tree) makeFile(join(source, path), entry);
  sparseFile(file, sizeMb * mebibyte);
  run('mke2fs', ['-q', '-F', ...args, '-d', source, file]);
  setOwners(file, tree);
  return Buffer.concat([Buffer.alloc(startBytes), readFileSync(file)]);
}

function makeFile(path: string, { kind, content, mode }: TreeEntry): void {
  if (kind === 'directory') mkdirSync(path);
  else if (kind === 'symlink') symlinkSync(Buffer.from(content), path);
  else writeFileSync(path, content);
  if (kind !== 'symlink') chmodSync(path, mode);
}

/** mke2fs gives every file the owner that it has here: whoever runs the test. */
function setOwners(file: string, tree: Tree): void {
  const [me, mine] = [process.getuid?.(), process.getgid?.()];
  const others = [['/', { uid: 0, gid: 0 }] as const, ...tree].filter(([, { uid, gid }]) => uid !== me || gid !== mine);
  const script = `${file}.commands`;
  writeFileSync(
    script,
    others.map(([path, { uid, gid }]) => `sif ${path} uid ${uid}\nsif ${path} gid ${gid}\n`).join(''),
  );
  run('debugfs', ['-w', '-f', script, file]);
}

export const overlayOn = (image: Uint8Array): Overlay => new Overlay(imageOf(image).read);

/** The image with a patch on it. */
export function patched(image: Uint8Array, patch: ReturnType<Overlay['patch']>): Buffer {
  const result = Buffer.from(image);
  for (const { offsetBytes, bytes } of patch) result.set(bytes, offsetBytes);
  return result;
}

/** Edits an image; returns what it has become. */
export function applied(
  image: Buffer,
  list: readonly RootEdit[],
): { readonly image: Buffer; readonly patch: readonly PatchBlock[] } {
  const overlay = overlayOn(image);
  RootVolume.open(overlay, startBytes, image.length - startBytes).apply(list, now);
  const patch = overlay.patch();
  return { image: patched(image, patch), patch };
}

/** An edit of a file; `before` makes it one of a file that is there. */
export const fileEdit = (path: string, bytes: Uint8Array, fields: { readonly before?: Uint8Array } = {}): RootEdit => ({
  ...{ kind: 'file', path, bytes, secrets: [], mode: 0o640, uid: 7, gid: 9 },
  ...fields,
});

/** Writes the file system of an image to a file, for other programs. */
export function fileSystemOf(folder: string, image: Uint8Array): string {
  const file = join(folder, 'looked-at');
  writeFileSync(file, image.subarray(startBytes));
  return file;
}

export function assertClean(folder: string, image: Uint8Array): void {
  const file = fileSystemOf(folder, image);
  try {
    run('e2fsck', ['-fn', file]);
  } catch (error) {
    assert.fail((error as { stdout: string }).stdout);
  }
}

/** A file system as debugfs dumps it. Owners are those of the tree's only as root. */
export function dumped(folder: string, image: Uint8Array): Map<string, TreeEntry> {
  const target = join(folder, 'dump');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  run('debugfs', ['-R', `rdump / ${target}`, fileSystemOf(folder, image)]);
  const found = new Map<string, TreeEntry>();
  collect(found, target, '');
  found.delete('/lost+found');
  return found;
}

/** Not by readdir's own recursion, which goes through symbolic links. */
function collect(found: Map<string, TreeEntry>, folder: string, path: string): void {
  for (const name of readdirSync(join(folder, path))) {
    const entry = entryAt(join(folder, path, name));
    found.set(`${path}/${name}`, entry);
    if (entry.kind === 'directory') collect(found, folder, `${path}/${name}`);
  }
}

function entryAt(path: string): TreeEntry {
  const stat = lstatSync(path);
  const owner = { uid: stat.uid, gid: stat.gid };
  if (stat.isSymbolicLink()) {
    return { kind: 'symlink', content: Buffer.from(readlinkSync(path)), mode: 0o777, ...owner };
  }
  const mode = stat.mode & 0o7777;
  if (stat.isDirectory()) return { kind: 'directory', content: Buffer.alloc(0), mode, ...owner };
  return { kind: 'file', content: readFileSync(path), mode, ...owner };
}

/** Whether two trees have the same files, with content, permissions and owners. */
export function assertSameTree(found: Tree, wanted: Tree): void {
  assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
  for (const [path, entry] of wanted) {
    const { kind, content, mode, uid, gid } = entry;
    const other = found.get(path);
    assert.ok(other !== undefined && other.kind === kind, path);
    // What lies in an inode, debugfs dumps with the zeros that follow it there.
    const rest = Buffer.from(other.content.subarray(content.length));
    const isSame = Buffer.from(other.content.subarray(0, content.length)).equals(Buffer.from(content));
    const isInline = content.length + rest.length === 60 && rest.every((byte) => byte === 0);
    assert.ok(isSame && (rest.length === 0 || isInline), `content of ${path}`);
    // Links have no owner of their own for debugfs, and only root may give files away.
    if (kind === 'symlink') continue;
    assert.equal(other.mode, mode, `mode of ${path}`);
    if (isRoot) assert.deepEqual([other.uid, other.gid], [uid, gid], `owner of ${path}`);
  }
}
