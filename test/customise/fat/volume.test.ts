// The FAT editor on volumes of every kind, each edit judged by fsck.vfat and read back by mtools.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FatVolume } from '../../../src/customise/fat/volume.js';
import { content, edit, type Format, judged, makeImage, modified, openImage } from './fat-images.js';

const formats: readonly (Format & { readonly name: string })[] = [
  { name: 'FAT12, 512-byte clusters', fat: 12, sectorBytes: 512, sectorsPerCluster: 1, fats: 2, sizeKiB: 1024 },
  { name: 'FAT12, one FAT', fat: 12, sectorBytes: 512, sectorsPerCluster: 4, fats: 1, sizeKiB: 4096 },
  { name: 'FAT12, 4096-byte sectors', fat: 12, sectorBytes: 4096, sectorsPerCluster: 1, fats: 2, sizeKiB: 4096 },
  { name: 'FAT16, 512-byte clusters', fat: 16, sectorBytes: 512, sectorsPerCluster: 1, fats: 2, sizeKiB: 8192 },
  {
    name: 'FAT16, 2048-byte sectors, one FAT',
    fat: 16,
    sectorBytes: 2048,
    sectorsPerCluster: 2,
    fats: 1,
    sizeKiB: 32768,
  },
  { name: 'FAT16, 64 KiB clusters', fat: 16, sectorBytes: 4096, sectorsPerCluster: 16, fats: 2, sizeKiB: 300_000 },
  { name: 'FAT32 as on a Raspberry Pi', fat: 32, sectorBytes: 512, sectorsPerCluster: 1, fats: 2, sizeKiB: 34816 },
  { name: 'FAT32, 8 sectors per cluster', fat: 32, sectorBytes: 512, sectorsPerCluster: 8, fats: 2, sizeKiB: 266_240 },
  {
    name: 'FAT32, 1024-byte sectors, one FAT',
    fat: 32,
    sectorBytes: 1024,
    sectorsPerCluster: 2,
    fats: 1,
    sizeKiB: 135_168,
  },
  { name: 'FAT32, 4096-byte sectors', fat: 32, sectorBytes: 4096, sectorsPerCluster: 1, fats: 2, sizeKiB: 266_240 },
];

const originals = new Map([
  ['/config.txt', content(1730, 1)],
  ['/CMDLINE.TXT', content(160, 2)],
  ['/kernel8 long name.img', content(150_000, 3)],
  ['/overlays/vc4-kms-v3d.dtbo', content(4096, 4)],
  ['/empty', new Uint8Array()],
]);

for (const format of formats) {
  test(`${format.name}: files are read, created, replaced and removed`, judged, (t) => {
    const image = makeImage(t, format, originals, ['/overlays']);
    const { volume } = openImage(image);
    assert.equal(volume.kind, `fat${format.fat}`);
    assert.equal(volume.label, 'BOOTFS');
    for (const [path, bytes] of originals) assert.deepEqual(volume.readFile(path), bytes, path);

    const files = new Map(originals);
    const put = (target: FatVolume, path: string, bytes: Uint8Array) => {
      files.set(path, bytes);
      target.writeFile(path, bytes, modified);
      assert.deepEqual(target.readFile(path), bytes);
    };
    const directories = ['/overlays', '/new directory', '/new directory/deeper'];
    edit(t, image, files, directories, (target) => {
      put(target, '/ssh', new Uint8Array());
      put(target, '/userconf.txt', content(90, 5));
      put(target, '/network-config', content(3277, 6));
      put(target, '/overlays/größe 日本.dtbo', content(70_001, 7));
      put(target, '/config.txt', content(90_000, 8));
      put(target, '/kernel8 long name.img', content(4097, 9));
      put(target, '/CMDLINE.TXT', content(160, 10));
      put(target, '/overlays/vc4-kms-v3d.dtbo', new Uint8Array());
      put(target, '/empty', content(1, 11));
      target.makeDirectory('/new directory', modified);
      target.makeDirectory('/new directory/deeper', modified);
      put(target, '/new directory/deeper/file', content(5000, 12));
      assert.equal(target.removeFile('/SSH'), true);
      assert.equal(target.removeFile('/ssh'), false);
      files.delete('/ssh');
    });
  });
}
