// FAT volumes made by mkfs.vfat and mtools, inside an image with other bytes around them, and the judges of what
// piburn makes of them: fsck.vfat, and mtools reading every file back.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type FatGeometry, readGeometry } from '../../../src/customise/fat/bpb.js';
import { FatVolume } from '../../../src/customise/fat/volume.js';
import { Overlay } from '../../../src/customise/overlay.js';
import { PiburnError } from '../../../src/errors.js';
import type { PatchBlock } from '../../../src/protocol.js';

export interface Format {
  readonly fat: 12 | 16 | 32;
  readonly sectorBytes: number;
  readonly sectorsPerCluster: number;
  readonly fats: number;
  readonly sizeKiB: number;
}

/** For `assert.throws`: a PiburnError with this code and, where given, this message. */
export const withCode =
  (code: string, message: string | RegExp = '') =>
  (error: unknown) => {
    assert.ok(error instanceof PiburnError, String(error));
    assert.equal(error.failure.code, code, error.message);
    if (message instanceof RegExp) assert.match(error.message, message);
    else if (message !== '') assert.equal(error.message, message);
    return true;
  };

/** The content of a volume by path, without directories. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** A volume in a sparse file, seen as the partition of an image that begins at `startBytes`. */
export interface FatImage {
  readonly path: string;
  /** The same file, open for reading. */
  readonly file: number;
  readonly startBytes: number;
  readonly sizeBytes: number;
}

const programs = ['mkfs.vfat', 'fsck.vfat', 'mcopy', 'mmd', 'mdel', 'mdir', 'mattrib', 'cp'];
const environment = {
  PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  MTOOLSRC: '/dev/null',
  MTOOLS_SKIP_CHECK: '1',
};
const missing = programs.filter((program) => spawnSync(program, ['--help'], { env: environment }).error !== undefined);

/** The options of every test that needs the judges. */
export const judged = { skip: missing.length > 0 && `not installed: ${missing.join(', ')}` };

/** The time of every edit in these tests. */
export const modified = new Date('2026-03-04T05:06:08Z');

const startBytes = 1024 * 1024;

/** A volume with files and directories; it is gone when the test is over. */
export function makeImage(
  t: TestContext,
  format: Format,
  files: Files = new Map(),
  directories: readonly string[] = [],
): FatImage {
  const path = join(temporaryDirectory(t), 'volume');
  const options = ['-C', '-F', `${format.fat}`, '-S', `${format.sectorBytes}`, '-s', `${format.sectorsPerCluster}`];
  run('mkfs.vfat', [...options, '-f', `${format.fats}`, '-n', 'BOOTFS', path, `${format.sizeKiB}`]);
  for (const directory of directories) run('mmd', ['-i', path, `::${directory}`]);
  for (const [name, bytes] of files) run('mcopy', ['-i', path, '-', `::${name}`], bytes);
  return openFile(t, path);
}

/** An overlay that fails the test when anything outside the partition is read. */
export function overlayOf(image: FatImage): Overlay {
  return new Overlay((offsetBytes, lengthBytes) => {
    const at = offsetBytes - image.startBytes;
    assert.ok(at >= 0 && at + lengthBytes <= image.sizeBytes, `reading ${lengthBytes} bytes at ${at} of the partition`);
    const bytes = Buffer.alloc(lengthBytes);
    return bytes.subarray(0, readSync(image.file, bytes, 0, lengthBytes, at));
  });
}

export function openImage(image: FatImage): { readonly overlay: Overlay; readonly volume: FatVolume } {
  const overlay = overlayOf(image);
  return { overlay, volume: FatVolume.open(overlay, image.startBytes, image.sizeBytes) };
}

export const geometryOf = (image: FatImage): FatGeometry =>
  readGeometry(overlayOf(image), image.startBytes, image.sizeBytes);

/** A copy of the volume with a patch applied, which must stay inside of it. */
export function patched(t: TestContext, image: FatImage, patch: readonly PatchBlock[]): FatImage {
  const path = join(temporaryDirectory(t), 'volume');
  run('cp', ['--sparse=always', image.path, path]);
  const file = openSync(path, 'r+');
  try {
    let end = image.startBytes;
    for (const block of patch) {
      assert.ok(block.offsetBytes >= end, 'patch blocks ascend and stay inside the partition');
      writeSync(file, block.bytes, 0, block.bytes.length, block.offsetBytes - image.startBytes);
      end = block.offsetBytes + block.bytes.length;
    }
    assert.ok(end <= image.startBytes + image.sizeBytes, 'the patch ends inside the partition');
  } finally {
    closeSync(file);
  }
  return openFile(t, path);
}

/** fsck.vfat finds nothing wrong, and mtools reads exactly these files and directories back. */
export function assertHolds(t: TestContext, image: FatImage, files: Files, directories: readonly string[] = []): void {
  const check = spawnSync('fsck.vfat', ['-n', image.path], { encoding: 'utf8', env: environment });
  const lines = check.stdout.trimEnd().split('\n');
  // Its version and its count of files; anything more is a complaint, some of which leave the exit code at 0.
  assert.deepEqual([check.status, lines.length, check.stderr], [0, 2, ''], `fsck.vfat complains:\n${check.stdout}`);

  const copy = temporaryDirectory(t);
  if (files.size + directories.length > 0) run('mcopy', ['-i', image.path, '-s', '-Q', '-b', '::/*', copy]);
  const found = readTree(copy);
  assert.deepEqual([...found.keys()].sort(), [...files.keys(), ...directories].sort());
  for (const [name, bytes] of files) {
    assert.ok(Buffer.compare(found.get(name) ?? Buffer.alloc(0), bytes) === 0, `${name} reads back byte for byte`);
  }
}

/** Applies `work` to a volume and has the result judged: it holds `files`, to which `work` may add, and `directories`. */
export function edit(
  t: TestContext,
  image: FatImage,
  files: Files,
  directories: readonly string[],
  work: (volume: FatVolume) => void,
): FatImage {
  const { overlay, volume } = openImage(image);
  work(volume);
  const result = patched(t, image, overlay.patch());
  assertHolds(t, result, files, directories);
  return result;
}

/** Lets an mtools program look at a volume or change it; returns what it printed. */
export const mtools = (image: FatImage, program: string, ...args: string[]): string =>
  run(program, ['-i', image.path, ...args]);

/** Overwrites bytes of a volume, to make it damaged. */
export function poke(image: FatImage, offsetBytes: number, bytes: readonly number[]): void {
  const volume = readFileSync(image.path);
  volume.set(bytes, offsetBytes);
  writeFileSync(image.path, volume);
}

/** Bytes that tell their place and their seed, so that a wrong cluster shows. */
export const content = (lengthBytes: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: lengthBytes }, (_, index) => (index * 31 + (index >>> 8) * 7 + seed * 101) & 0xff);

/** Files with their bytes, directories with none, by path. */
function readTree(root: string): Map<string, Uint8Array> {
  const entries = readdirSync(root, { withFileTypes: true, recursive: true });
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(root.length), entry.isDirectory() ? new Uint8Array() : readFileSync(path)];
    }),
  );
}

function run(program: string, args: readonly string[], input?: Uint8Array): string {
  const result = spawnSync(program, args, { encoding: 'utf8', env: environment, ...(input && { input }) });
  assert.equal(result.status, 0, `${program} ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

function openFile(t: TestContext, path: string): FatImage {
  const file = openSync(path, 'r');
  t.after(() => closeSync(file));
  return { path, file, startBytes, sizeBytes: statSync(path).size };
}

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'piburn-fat-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
