// What an edit of a FAT volume keeps, what it changes, and what it refuses: one behaviour per test.

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  assertHolds,
  content,
  edit,
  type FatImage,
  type Format,
  geometryOf,
  judged,
  makeImage,
  modified,
  mtools,
  openImage,
  patched,
  poke,
  temporaryDirectory,
  withCode,
} from './fat-images.js';

const fat12: Format = { fat: 12, sectorBytes: 512, sectorsPerCluster: 1, fats: 2, sizeKiB: 1024 };
const fat32: Format = { fat: 32, sectorBytes: 512, sectorsPerCluster: 1, fats: 2, sizeKiB: 34816 };
const fsInfoAt = 512;

const word = (image: FatImage, at: number) => readFileSync(image.path).readUInt32LE(at);

/** Lets mtools fill the volume with one file, so that `leftBytes` remain. */
function filled(t: TestContext, image: FatImage, leftBytes: number): FatImage {
  const filler = join(temporaryDirectory(t), 'filler');
  writeFileSync(filler, content(openImage(image).volume.freeBytes() - leftBytes, 9));
  mtools(image, 'mcopy', filler, '::/filler');
  return image;
}

test('a file grows, shrinks, empties and grows again without losing a cluster', judged, (t) => {
  const other = content(3000, 1);
  let image = makeImage(t, fat32, new Map([['/other', other]]));
  const freeBytes = openImage(image).volume.freeBytes();
  for (const lengthBytes of [1, 511, 512, 513, 40_000, 40_000, 39_000, 5, 0, 0, 2048]) {
    const bytes = content(lengthBytes, lengthBytes);
    image = edit(t, image, new Map(Object.entries({ '/other': other, '/file': bytes })), [], (volume) => {
      volume.writeFile('/file', bytes, modified);
      assert.equal(volume.freeBytes(), freeBytes - Math.ceil(lengthBytes / 512) * 512);
    });
  }
});

test('writing what is already there makes no patch beyond the directory entry', judged, (t) => {
  const image = makeImage(t, fat32, new Map([['/config.txt', content(5000, 1)]]));
  const { overlay, volume } = openImage(image);
  volume.writeFile('/config.txt', content(5000, 1), modified);
  assert.deepEqual(
    overlay.patch().map((block) => block.bytes.length),
    [512],
  );
});

test('nothing of an old file is left behind the end of a new one', judged, (t) => {
  const image = makeImage(t, { ...fat32, sectorsPerCluster: 8, sizeKiB: 266_240 }, new Map([['/a', content(4096, 1)]]));
  const { overlay, volume } = openImage(image);
  volume.writeFile('/a', content(10, 2), modified);
  const data = overlay.patch().find((block) => block.bytes.length >= 4096);
  assert.ok(data !== undefined);
  assert.deepEqual(data.bytes.subarray(-4086), new Uint8Array(4086));
});

test('attributes stay, the archive bit is set, and the time is stored as UTC', judged, (t) => {
  const image = makeImage(t, fat32, new Map([['/config.txt', content(10, 1)]]));
  mtools(image, 'mattrib', '+h', '+r', '-a', '::/config.txt');
  const files = new Map([
    ['/config.txt', content(20, 2)],
    ['/Long Name', content(3, 3)],
  ]);
  const result = edit(t, image, files, [], (volume) => {
    for (const [path, bytes] of files) volume.writeFile(path, bytes, modified);
  });
  assert.match(mtools(result, 'mattrib', '::/config.txt'), /^ +A +HR/);
  const copies = temporaryDirectory(t);
  mtools(result, 'mcopy', '-m', '-n', '::/config.txt', '::/Long Name', copies);
  for (const path of files.keys()) assert.deepEqual(statSync(join(copies, path)).mtime, modified, path);
});

test('a directory grows when it is full, and its deleted slots are used again', judged, (t) => {
  for (const directory of ['', '/overlays']) {
    const directories = directory === '' ? [] : [directory];
    const image = makeImage(t, fat32, new Map([['/gone', content(300_000, 1)]]), directories);
    // What it leaves in the free clusters, which are taken first, must not show up as entries.
    mtools(image, 'mdel', '::/gone');
    poke(image, fsInfoAt + 492, [2, 0, 0, 0]);
    const names = Array.from({ length: 120 }, (_, index) => `${directory}/file with a long name ${index}.txt`);
    const files = new Map(names.map((name, index) => [name, content(index * 9, index)]));
    const grown = edit(t, image, files, directories, (volume) => {
      for (const [name, bytes] of files) volume.writeFile(name, bytes, modified);
    });

    const removed = names.filter((_, index) => index % 3 !== 0);
    const renamed = new Map([...files].filter(([name]) => !removed.includes(name)));
    for (const name of removed) renamed.set(name.replace('file', 'node'), content(100, 1));
    const freeBytes = openImage(grown).volume.freeBytes();
    edit(t, grown, renamed, directories, (volume) => {
      for (const name of removed) assert.equal(volume.removeFile(name), true);
      for (const name of removed) volume.writeFile(name.replace('file', 'node'), content(100, 1), modified);
      const clusters = (list: Iterable<Uint8Array>) =>
        [...list].reduce((sum, bytes) => sum + Math.ceil(bytes.length / 512), 0);
      assert.equal(volume.freeBytes(), freeBytes + (clusters(files.values()) - clusters(renamed.values())) * 512);
    });
  }
});

test('what lies behind the end mark of a directory stays unseen when the mark moves', judged, (t) => {
  const image = makeImage(t, fat12, new Map([['/A', content(5, 1)]]));
  const { root } = geometryOf(image);
  assert.ok('offsetBytes' in root);
  // Slots: the label, A, the end mark, and then an entry that once was.
  const ghost = [...Buffer.from('GHOST      ', 'latin1'), 0x20, ...Array.from({ length: 20 }, () => 0x77)];
  poke(image, root.offsetBytes - image.startBytes + 3 * 32, ghost);
  edit(
    t,
    image,
    new Map([
      ['/A', content(5, 1)],
      ['/B', content(6, 2)],
    ]),
    [],
    (volume) => {
      volume.writeFile('/B', content(6, 2), modified);
      assert.deepEqual(
        volume.list('/').map((entry) => entry.name),
        ['A', 'B'],
      );
    },
  );
});

test('the root directory of FAT12 cannot grow, and says so without changing anything', judged, (t) => {
  const image = makeImage(t, fat12);
  const { overlay, volume } = openImage(image);
  const files = new Map<string, Uint8Array>();
  const fill = () => {
    for (let index = 0; index < 600; index++) {
      volume.writeFile(`/F${index}`, new Uint8Array(), modified);
      files.set(`/F${index}`, new Uint8Array());
    }
  };
  assert.throws(fill, withCode('FAT_DIRECTORY_FULL'));
  assert.equal(files.size, 511);
  assertHolds(t, patched(t, image, overlay.patch()), files);
});

test('a full volume refuses what does not fit, naming both sizes, and stays as it was', judged, (t) => {
  for (const format of [fat12, fat32]) {
    const files = new Map([['/old', content(2000, 1)]]);
    const image = filled(t, makeImage(t, format, files), 1024);
    const { overlay, volume } = openImage(image);
    files.set('/filler', volume.readFile('/filler') ?? new Uint8Array());
    volume.makeDirectory('/directory', modified);
    const before = overlay.patch();
    const attempts: Record<string, () => void> = {
      '/new': () => volume.writeFile('/new', content(513, 3), modified),
      '/old': () => volume.writeFile('/old', content(2049 + 512, 3), modified),
      '/directory/x': () => volume.writeFile('/directory/x', content(513, 3), modified),
    };
    for (const [path, attempt] of Object.entries(attempts)) {
      const message = `The boot partition is full: "${path}" needs 1024 bytes more, 512 are free.`;
      assert.throws(attempt, withCode('BOOT_PARTITION_FULL', message));
    }
    assert.deepEqual(overlay.patch(), before);
    volume.writeFile('/last', content(512, 4), modified);
    assert.equal(volume.freeBytes(), 0);
    assertHolds(t, patched(t, image, overlay.patch()), files.set('/last', content(512, 4)), ['/directory']);
  }
});

test('a directory that has to grow needs room for that as well', judged, (t) => {
  const files = new Map(Array.from({ length: 13 }, (_, index) => [`/d/F${index}`, new Uint8Array()]));
  const image = filled(t, makeImage(t, fat32, files, ['/d']), 512);
  const { overlay, volume } = openImage(image);
  volume.writeFile('/d/F13', new Uint8Array(), modified);
  const before = overlay.patch();
  assert.throws(() => volume.writeFile('/d/ONE', content(1, 1), modified), withCode('BOOT_PARTITION_FULL'));
  assert.deepEqual(overlay.patch(), before);
  volume.writeFile('/d/ONE', new Uint8Array(), modified);
  assert.equal(volume.freeBytes(), 0);
});

test('the free count of FSInfo follows, and stays unknown where it was unknown', judged, (t) => {
  const image = makeImage(t, fat32);
  const freeBefore = word(image, fsInfoAt + 488);
  const write = () =>
    edit(t, image, new Map([['/file', content(5000, 1)]]), [], (volume) => {
      volume.writeFile('/file', content(5000, 1), modified);
    });
  const counted = write();
  assert.equal(word(counted, fsInfoAt + 488), freeBefore - 10);
  assert.equal(word(counted, fsInfoAt + 492), 12);

  poke(image, fsInfoAt + 488, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  const { overlay, volume } = openImage(image);
  volume.writeFile('/file', content(5000, 1), modified);
  const unknown = patched(t, image, overlay.patch());
  assert.deepEqual([word(unknown, fsInfoAt + 488), word(unknown, fsInfoAt + 492)], [0xffffffff, 0xffffffff]);
});

test('the search for free clusters begins at the hint and wraps around', judged, (t) => {
  const image = makeImage(t, fat32);
  const { clusterCount } = geometryOf(image);
  const hint = clusterCount - 2;
  poke(image, fsInfoAt + 492, [hint & 0xff, (hint >>> 8) & 0xff, (hint >>> 16) & 0xff, 0]);
  const result = edit(t, image, new Map([['/file', content(5000, 1)]]), [], (volume) => {
    volume.writeFile('/file', content(5000, 1), modified);
  });
  assert.equal(word(result, fsInfoAt + 492), 8);
});

test('without mirroring only the active FAT changes', judged, (t) => {
  const image = makeImage(t, fat32);
  poke(image, 40, [0x81, 0]);
  const { fatBytes } = geometryOf(image);
  const { overlay, volume } = openImage(image);
  volume.writeFile('/file', content(5000, 1), modified);
  const bytes = readFileSync(patched(t, image, overlay.patch()).path);
  const before = readFileSync(image.path);
  const fat = (source: Buffer, index: number) =>
    source.subarray(32 * 512 + index * fatBytes, 32 * 512 + (index + 1) * fatBytes);
  assert.ok(fat(bytes, 0).equals(fat(before, 0)));
  assert.ok(!fat(bytes, 1).equals(fat(before, 1)));
  assert.deepEqual(volume.readFile('/file'), content(5000, 1));
});

test('the reserved four bits of FAT32 entries stay', judged, (t) => {
  const image = makeImage(t, fat32);
  const { fatBytes } = geometryOf(image);
  for (const fat of [0, 1]) poke(image, 32 * 512 + fat * fatBytes + 4 * 4, [0, 0, 0, 0xa0]);
  const { overlay, volume } = openImage(image);
  volume.writeFile('/file', content(5000, 1), modified);
  const written = patched(t, image, overlay.patch());
  assert.equal(word(written, 32 * 512 + 4 * 4), 0xa0000005);
  assert.equal(word(written, 32 * 512 + fatBytes + 4 * 4), 0xa0000005);
});

test('paths that lead elsewhere are refused in words', judged, (t) => {
  const image = makeImage(t, fat32, new Map([['/file', content(1, 1)]]), ['/directory']);
  const { overlay, volume } = openImage(image);
  const cases: readonly [string, () => unknown][] = [
    ['FAT_NOT_FOUND', () => volume.writeFile('/missing/file', content(1, 1), modified)],
    ['FAT_NOT_FOUND', () => volume.writeFile('/file/file', content(1, 1), modified)],
    ['FAT_NOT_FOUND', () => volume.makeDirectory('/missing/directory', modified)],
    ['FAT_NOT_FOUND', () => volume.list('/missing')],
    ['FAT_NOT_FOUND', () => volume.list('/file')],
    ['FAT_NOT_FOUND', () => volume.writeFile('/directory/../file', content(1, 1), modified)],
    ['FAT_IS_DIRECTORY', () => volume.writeFile('/directory', content(1, 1), modified)],
    ['FAT_IS_DIRECTORY', () => volume.readFile('/directory')],
    ['FAT_IS_DIRECTORY', () => volume.removeFile('/directory')],
    ['FAT_IS_DIRECTORY', () => volume.writeFile('/', content(1, 1), modified)],
    ['FAT_NOT_DIRECTORY', () => volume.makeDirectory('/file', modified)],
    ['FAT_NAME', () => volume.writeFile('/a:b', content(1, 1), modified)],
  ];
  for (const [code, attempt] of cases) assert.throws(attempt, withCode(code), `${attempt}`);
  volume.makeDirectory('/directory', modified);
  volume.makeDirectory('/', modified);
  assert.equal(volume.readFile('/missing/file'), undefined);
  assert.equal(volume.removeFile('/missing/file'), false);
  assert.deepEqual(
    ['/', '', 'directory', '/FILE', '/missing', '/missing/file'].map((path) => volume.exists(path)),
    [true, true, true, true, false, false],
  );
  assert.deepEqual(overlay.patch(), []);
});
