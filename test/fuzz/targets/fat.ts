// FAT volumes that are read and edited. After an error the overlay is as it was; what was written reads back; and nothing
// outside of the volume is touched.

import assert from 'node:assert/strict';
import { FatVolume } from '../../../src/customise/fat/volume.js';
import { Overlay } from '../../../src/customise/overlay.js';
import { attempt, boundedReader } from './judge.js';
import type { Target } from './target.js';

const startBytes = 1024 * 1024;
/** Room for the smallest FAT32. A seed is the beginning of a volume, and zeros follow it. */
const sizeBytes = 34 * 1024 * 1024;
const modified = new Date('2026-03-04T05:06:08Z');

export const fat: Target = { name: 'fat', isText: false, run: editAll };

function editAll(bytes: Buffer): void {
  const overlay = new Overlay(boundedReader(bytes, startBytes, sizeBytes));
  const volume = attempt(() => FatVolume.open(overlay, startBytes, sizeBytes));
  if (volume === undefined) return;
  visit(volume, '', 3);
  for (const [path, lengthBytes] of [
    ['user-data', 300],
    ['CMDLINE.TXT', 5000],
    ['long name of a directory/another long name', 700],
    ['long name of a directory/file', 0],
  ] as const) {
    const content = Buffer.alloc(lengthBytes, path);
    if (changes(overlay, () => volume.writeFile(path, content, modified))) {
      assert.deepEqual(Buffer.from(volume.readFile(path) ?? []), content, `${path} reads back`);
    }
  }
  changes(overlay, () => volume.makeDirectory('long name of a directory/below', modified));
  if (changes(overlay, () => volume.removeFile('second'))) assert.equal(volume.exists('second'), false);
  for (const { offsetBytes, bytes: block } of overlay.patch()) {
    const isInside = offsetBytes >= startBytes && offsetBytes + block.length <= startBytes + sizeBytes;
    assert.ok(isInside, 'the patch stays in the volume');
  }
}

/** Whether `work` went through; when it did not, it has changed nothing. */
function changes(overlay: Overlay, work: () => unknown): boolean {
  const before = overlay.patch();
  let isDone = false;
  attempt(() => {
    work();
    isDone = true;
  });
  if (!isDone) assert.deepEqual(overlay.patch(), before, 'an error leaves the overlay as it was');
  return isDone;
}

function visit(volume: FatVolume, path: string, depth: number): void {
  for (const { name, kind } of (attempt(() => volume.list(path)) ?? []).slice(0, 20)) {
    const inside = `${path}/${name}`;
    if (kind === 'file') attempt(() => volume.readFile(inside));
    else if (depth > 0) visit(volume, inside, depth - 1);
  }
}
