// All that a directory may hold when a program is cut: made from its recorded calls, in memory. The model is a file system
// with a journal, as ext4, XFS and btrfs are: names (made, renamed, removed) last in their order, and up to the last
// directory that was synced at least; the bytes of a file last once it is synced, until then each 4 KiB may be there or not.

import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RecordedCall } from '../shim/record.js';
import { chance } from './chance.js';

/** Path below the directory → the file's bytes; a directory has none. */
export type Tree = ReadonlyMap<string, Buffer | undefined>;

export interface TreeState {
  readonly tree: Tree;
  /** How many calls were made before the cut. */
  readonly calls: number;
  readonly arrived: 'all' | 'none' | 'names' | 'bytes' | `seed ${number}`;
}

/** Everything below a directory. */
export function readTree(directory: string): Tree {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    names.map((name) => {
      const path = join(directory, name);
      return [name, lstatSync(path).isDirectory() ? undefined : readFileSync(path)];
    }),
  );
}

/** Makes a directory hold a tree; only what differs from `was`, which it holds, is written. */
export function writeTree(directory: string, tree: Tree, was: Tree): void {
  for (const [name, bytes] of was)
    if (!tree.has(name) || (bytes === undefined) !== (tree.get(name) === undefined))
      rmSync(join(directory, name), { recursive: true, force: true });
  for (const [name, bytes] of [...tree].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const path = join(directory, name);
    if (bytes === undefined) mkdirSync(path, { recursive: true, mode: 0o700 });
    else if (was.get(name) !== bytes) writeFileSync(path, bytes, { mode: 0o600 });
  }
}

/** A file, apart from its name. */
class Inode {
  lasting: Buffer;
  now: Buffer;
  /** What has changed since it was synced. */
  pending: RecordedCall[] = [];

  constructor(bytes: Buffer) {
    this.lasting = bytes;
    this.now = bytes;
  }

  change(call: RecordedCall): void {
    this.now = changed(this.now, [call]);
    this.pending.push(call);
  }

  sync(): void {
    this.lasting = this.now;
    this.pending = [];
  }

  /** After a power cut: what was synced, and some of the rest. */
  afterCut(next: (limit: number) => number): Buffer {
    if (this.pending.length === 0) return this.lasting;
    return changed(
      this.lasting,
      this.pending.flatMap(partsOf).filter(() => next(2) === 0),
    );
  }
}

const sectorBytes = 4096;

function partsOf(call: RecordedCall): RecordedCall[] {
  if (call.call !== 'write') return [call];
  return Array.from({ length: Math.ceil(call.lengthBytes / sectorBytes) }, (_, index) => {
    const at = index * sectorBytes;
    const data = call.data.subarray(at, at + sectorBytes);
    return { ...call, offsetBytes: call.offsetBytes + at, lengthBytes: data.length, data };
  });
}

function changed(before: Buffer, calls: readonly RecordedCall[]): Buffer {
  let bytes = Buffer.from(before);
  for (const { call, offsetBytes, data } of calls) {
    if (call === 'empty') bytes = Buffer.alloc(0);
    else if (call === 'truncate') bytes = resized(bytes, offsetBytes);
    else {
      bytes = resized(bytes, Math.max(bytes.length, offsetBytes + data.length));
      data.copy(bytes, offsetBytes);
    }
  }
  return bytes;
}

/** The same bytes, cut off or followed by zeros. */
const resized = (bytes: Buffer, sizeBytes: number): Buffer<ArrayBuffer> =>
  sizeBytes <= bytes.length
    ? Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, sizeBytes)
    : Buffer.concat([bytes], sizeBytes);

type Names = ReadonlyMap<string, Inode | undefined>;

/** Every state, the earliest first. `seeds`: how many power cuts by chance at each moment. */
export function* treeStates(
  directory: string,
  before: Tree,
  calls: readonly RecordedCall[],
  seeds: number,
): Generator<TreeState> {
  /** The names after each change of names, the last one being now. */
  let history: Names[] = [new Map([...before].map(([name, bytes]) => [name, bytes && new Inode(bytes)]))];
  const nameOf = (path: string): string => path.slice(directory.length + 1);
  for (let count = 0; ; count++) {
    yield* statesNow(history, count, seeds);
    const call = calls[count];
    if (call === undefined) return;
    if (call.path !== directory && !call.path.startsWith(`${directory}/`)) continue;
    const names = history.at(-1) ?? new Map();
    const file = names.get(nameOf(call.path));
    if (call.call === 'flush') {
      if (file === undefined) history = [names];
      else file.sync();
    } else if (call.call === 'write' || call.call === 'truncate' || call.call === 'empty') file?.change(call);
    else {
      const next = renamed(names, call.call, nameOf(call.path), nameOf(call.oldPath ?? ''));
      if (next !== names) history.push(next);
    }
  }
}

function* statesNow(history: readonly Names[], count: number, seeds: number): Generator<TreeState> {
  const [first, last] = [history[0] ?? new Map(), history.at(-1) ?? new Map()];
  const state = (arrived: TreeState['arrived'], names: Names, bytesOf: (file: Inode) => Buffer): TreeState => ({
    tree: new Map([...names].map(([name, file]) => [name, file && bytesOf(file)])),
    calls: count,
    arrived,
  });
  yield state('all', last, (file) => file.now);
  const isSettled = history.length === 1 && [...last.values()].every((file) => (file?.pending.length ?? 0) === 0);
  if (isSettled) return;
  yield state('none', first, (file) => file.lasting);
  yield state('names', last, (file) => file.lasting);
  yield state('bytes', first, (file) => file.now);
  for (let index = 1; index <= seeds; index++) {
    const seed = count * 1000 + index;
    const next = chance(seed);
    const names = history[next(history.length)] ?? last;
    yield state(`seed ${seed}`, names, (file) => file.afterCut(next));
  }
}

/** The names after a call; the same when the kernel would have refused it. */
function renamed(names: Names, call: string, path: string, oldPath: string): Names {
  const isThere = names.has(path);
  const isIn = (name: string, parent: string) => name.startsWith(`${parent}/`);
  const hasParent = dirname(path) === '.' || names.has(dirname(path));
  const next = new Map(names);
  if (call === 'create' || call === 'mkdir') {
    if (isThere || !hasParent) return names;
    return next.set(path, call === 'create' ? new Inode(Buffer.alloc(0)) : undefined);
  }
  if (call === 'unlink') return isThere && names.get(path) !== undefined && next.delete(path) ? next : names;
  if (call === 'rmdir') {
    const isEmpty = ![...names.keys()].some((name) => isIn(name, path));
    return isThere && names.get(path) === undefined && isEmpty && next.delete(path) ? next : names;
  }
  if (call !== 'rename') throw new Error(`a directory is not changed by ${call}`);
  if (!names.has(oldPath)) return names;
  for (const [name, file] of names) {
    if (name !== oldPath && !isIn(name, oldPath)) continue;
    next.delete(name);
    next.set(path + name.slice(oldPath.length), file);
  }
  return next;
}
