// Random edits against a plain Map, judged at the end by fsck.vfat and mtools.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PiburnError } from '../../../src/errors.js';
import { assertHolds, content, type Format, judged, makeImage, modified, openImage, patched } from './fat-images.js';

const formats: readonly Format[] = [
  { fat: 12, sectorBytes: 512, sectorsPerCluster: 1, fats: 2, sizeKiB: 256 },
  { fat: 16, sectorBytes: 1024, sectorsPerCluster: 1, fats: 2, sizeKiB: 8192 },
  { fat: 32, sectorBytes: 512, sectorsPerCluster: 1, fats: 2, sizeKiB: 34816 },
];
const directories = ['/overlays', '/overlays/deeper'];
const names = ['ssh', 'cmdline.txt', 'user-data', 'User Data 2', 'größe', 'NETWOR~2', 'network-config', 'a.b.c'];

const path = fc.tuple(fc.constantFrom('', ...directories), fc.constantFrom(...names)).map((parts) => parts.join('/'));
const lengthBytes = fc.oneof(fc.constantFrom(0, 1, 511, 512, 513, 1024), fc.integer({ min: 0, max: 60_000 }));
const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('write' as const), path, lengthBytes, seed: fc.nat(255) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), path }) },
);

for (const format of formats) {
  test(`any sequence of edits leaves a healthy FAT${format.fat} with the expected files`, judged, (t) => {
    const original = content(12_345, 1);
    const image = makeImage(t, format, new Map([['/original.bin', original]]));
    const sequence = fc.array(operation, { minLength: 20, maxLength: 60, size: 'max' });
    const edits = fc.property(sequence, (operations) => {
      const { overlay, volume } = openImage(image);
      const files = new Map([['/original.bin', original]]);
      for (const directory of directories) volume.makeDirectory(directory, modified);
      for (const step of operations) {
        if (step.kind === 'remove') {
          assert.equal(volume.removeFile(step.path), files.delete(step.path));
          continue;
        }
        const bytes = content(step.lengthBytes, step.seed);
        try {
          volume.writeFile(step.path, bytes, modified);
          files.set(step.path, bytes);
        } catch (error) {
          assert.ok(error instanceof PiburnError && error.failure.code === 'BOOT_PARTITION_FULL', `${error}`);
        }
      }
      for (const [name, bytes] of files) assert.deepEqual(volume.readFile(name), bytes);
      assertHolds(t, patched(t, image, overlay.patch()), files, directories);
    });
    fc.assert(edits, { numRuns: 4 });
  });
}
