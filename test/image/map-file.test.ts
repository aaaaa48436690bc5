// The segment map on disk: whole, or no map at all.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { digestOf } from '../../src/image/digest.js';
import { type MapHeader, readMap, writeMap } from '../../src/image/map-file.js';
import { blockBytes, SegmentTable } from '../../src/image/segment-table.js';
import { scratchFolder } from '../native/scratch.js';

const header: MapHeader = {
  imageBytes: 20 * blockBytes,
  segments: 4,
  layout: ['partition 1: fat32 bootfs', 'partition 2: ext4 "rööt\n"'],
  source: { path: '/images/ä.img', device: '1', inode: '2', sizeBytes: 3, modifiedNs: '4', changedNs: '5' },
};

function sampleTable(): SegmentTable {
  const table = SegmentTable.create(header.imageBytes);
  for (let index = 0; index < 4; index++) {
    const digest = digestOf(Buffer.from([index]));
    table.append({ offsetBytes: index * 4 * blockBytes, lengthBytes: blockBytes, zero: index === 2, digest });
  }
  return table;
}

test('a map comes back as it was written, and only its owner may read it', (t) => {
  const path = join(scratchFolder(t), 'map');
  const table = sampleTable();
  writeMap(path, table, header);
  const back = readMap(path);
  assert.deepEqual(back?.header, header);
  assert.deepEqual(Buffer.from(back?.table.entries() ?? []), Buffer.from(table.entries()));
  assert.equal(back?.table.totalBytes, header.imageBytes);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a map of no segments is a map', (t) => {
  const path = join(scratchFolder(t), 'map');
  writeMap(path, SegmentTable.create(0), { imageBytes: 0, segments: 0, layout: [] });
  assert.equal(readMap(path)?.table.count, 0);
});

test('a map that is cut short anywhere is no map', (t) => {
  const { path, bytes } = sampleFile(scratchFolder(t));
  for (let length = 0; length < bytes.length; length++) {
    writeFileSync(path, bytes.subarray(0, length));
    assert.equal(readMap(path), undefined, `cut to ${length} of ${bytes.length} bytes`);
  }
});

test('a map with one wrong bit anywhere is no map', (t) => {
  const { path, bytes } = sampleFile(scratchFolder(t));
  for (let place = 0; place < bytes.length; place++) {
    const damaged = Buffer.from(bytes);
    damaged[place] = (damaged[place] ?? 0) ^ (1 << (place % 8));
    writeFileSync(path, damaged);
    assert.equal(readMap(path), undefined, `bit ${place % 8} of byte ${place}`);
  }
});

test('a map with something behind it, of another version, or that is no file is no map', (t) => {
  const folder = scratchFolder(t);
  const { path, bytes } = sampleFile(folder);
  writeFileSync(path, Buffer.concat([bytes, Buffer.from([0])]));
  assert.equal(readMap(path), undefined);
  const later = Buffer.concat([Buffer.from('piburn segment map 10\n'), bytes.subarray(21, -16)]);
  writeFileSync(path, Buffer.concat([later, digestOf(later)]));
  assert.equal(readMap(path), undefined);
  assert.equal(readMap(join(folder, 'nothing')), undefined);
  mkdirSync(join(folder, 'directory'));
  assert.equal(readMap(join(folder, 'directory')), undefined);
});

test('a map that is there already is not written over', (t) => {
  const { path, bytes } = sampleFile(scratchFolder(t));
  assert.throws(() => writeMap(path, sampleTable(), header), { code: 'EEXIST' });
  assert.deepEqual(readFileSync(path), bytes);
});

function sampleFile(folder: string): { readonly path: string; readonly bytes: Buffer } {
  const path = join(folder, 'map');
  writeMap(path, sampleTable(), header);
  return { path, bytes: readFileSync(path) };
}
