// Archives as real programs make them, in all their ways of packing, and ones that lie or are closed.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseListing } from '../../../src/image/decode/seven-zip.js';
import { scratchFolder } from '../../native/scratch.js';
import { decoded, failsWith, image, mebibyte, sevenZip, sevenZipOf, skipForms, zipOf } from './support.js';

const skipZip = spawnSync('zip', ['-h']).error === undefined ? false : 'needs zip';
const text = Buffer.from('hello\n');

test('a .zip of every kind gives the same bytes', { skip: skipForms }, async (t) => {
  const kinds: readonly (readonly [what: string, setup: string, each: string])[] = [
    ['deflated', '', ''],
    ['stored', 'how = zipfile.ZIP_STORED', ''],
    ['zip64 in its directory', 'zipfile.ZIP64_LIMIT = 1000', ''],
    ['zip64, stored', 'zipfile.ZIP64_LIMIT = 1000; how = zipfile.ZIP_STORED', ''],
    [
      'sizes behind the data',
      "out = type('Pipe', (io.RawIOBase,), {'writable': lambda self: True, 'write': lambda self, data: open(path, 'ab').write(data)})()",
      '',
    ],
    ['from no Unix', '', 'info.create_system = 0; info.external_attr = 0'],
    ['with a comment', '', "archive.comment = b'PK'"],
    ['with fields of its own', '', "info.extra = b'\\x99\\x99\\x04\\x00abcd'"],
  ];
  for (const [what, setup, each] of kinds) {
    const archive = zipOf(t, [['image.img', image]], setup, each);
    assert.ok((await decoded(t, archive, 'yauzl')).equals(image), what);
    if (what === 'sizes behind the data') assert.equal(archive.readUInt16LE(6) & 8, 8, 'the flag of a data descriptor');
    if (what.startsWith('zip64')) assert.ok(archive.includes(Buffer.from('PK\x06\x06')), 'the record of zip64');
  }
});

test('a .7z of every kind gives the same bytes', { skip: skipForms }, async (t) => {
  const kinds = [
    ['-m0=LZMA'],
    ['-m0=LZMA2'],
    ['-m0=PPMd'],
    ['-m0=BZip2'],
    ['-m0=Copy'],
    ['-mf=BCJ2'],
    ['-ms=off'],
    ['-mhc=off'],
  ];
  for (const args of kinds) {
    const archive = sevenZipOf(
      t,
      [
        ['image.img', image],
        ['readme.txt', text],
      ],
      ...args,
    );
    assert.ok((await decoded(t, archive, sevenZip ?? '7zz')).equals(image), args.join(' '));
  }
});

test('an encrypted archive is told as such', { skip: skipForms }, async (t) => {
  const program = sevenZip ?? '7zz';
  for (const args of [['-psecret'], ['-psecret', '-mhe=on']])
    await assert.rejects(
      decoded(t, sevenZipOf(t, [['os.img', image]], ...args), program),
      failsWith('IMAGE_ENCRYPTED'),
    );
  for (const args of [
    ['-psecret', '-tzip'],
    ['-psecret', '-tzip', '-mem=AES256'],
  ])
    await assert.rejects(
      decoded(t, sevenZipOf(t, [['os.img', image]], ...args), 'yauzl'),
      failsWith('IMAGE_ENCRYPTED'),
    );
});

test('a method of packing that is not read is told as such', { skip: skipForms }, async (t) => {
  for (const how of ['ZIP_LZMA', 'ZIP_BZIP2'])
    await assert.rejects(
      decoded(t, zipOf(t, [['os.img', image]], `how = zipfile.${how}`), 'yauzl'),
      failsWith('IMAGE_COMPRESSED', /method \d+/),
    );
});

test('more memory than there is, is not asked for', () => {
  const methodOf = (method: string) => parseListing(`Path = x\nMethod = ${method}\n`)[0]?.memoryBytes;
  assert.equal(methodOf('LZMA2:24'), 2 ** 24);
  assert.equal(methodOf('BCJ LZMA:1536m'), 1536 * 2 ** 20);
  assert.equal(methodOf('BCJ2 LZMA:20 LZMA:64k'), 2 ** 20 + 2 ** 16);
  assert.equal(methodOf('PPMD:o6:mem24'), 2 ** 24);
  assert.equal(methodOf('Copy'), 0);
});

test('an entry that lies about its size or its checksum is damaged', { skip: skipForms }, async (t) => {
  const archive = zipOf(t, [['os.img', image]]);
  const directory = archive.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
  const lie = (offset: number, by: number) => {
    const lying = Buffer.from(archive);
    lying.writeUInt32LE(lying.readUInt32LE(directory + offset) + by, directory + offset);
    return lying;
  };
  for (const lying of [lie(16, 1), lie(24, 1), lie(24, -1), lie(24, -image.length), lie(20, -1), lie(42, 1)])
    await assert.rejects(decoded(t, lying, 'yauzl'), failsWith('IMAGE_CORRUPT'));
});

test('too many entries are not gone through', { skip: skipForms }, async (t) => {
  const setup =
    "many = zipfile.ZipFile(path, 'w'); [many.writestr(str(index), b'') for index in range(10001)]; many.close(); sys.exit(0)";
  await assert.rejects(
    decoded(t, zipOf(t, [], setup), 'yauzl'),
    failsWith('ARCHIVE_TOO_LARGE', /more than 10000 files/),
  );
});

test('an archive cannot come from a stream', { skip: skipForms }, async (t) => {
  const [zip, archive] = [zipOf(t, [['os.img', image]]), sevenZipOf(t, [['os.img', image]])];
  for (const [decoder, bytes] of [
    ['yauzl', zip],
    [sevenZip ?? '7zz', archive],
  ] as const)
    await assert.rejects(decoded(t, bytes, decoder, { source: 'stream' }), failsWith('IMAGE_STREAM'));
});

test('what Info-ZIP packs is read, in each of its ways', { skip: skipZip }, async (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'os.img'), image);
  for (const [index, way] of [['-q'], ['-q0'], ['-q9', '-fz'], ['-q', '-fd'], ['-q', '-X']].entries()) {
    execFileSync('zip', [...way, `${index}.zip`, 'os.img'], { cwd: folder });
    assert.ok((await decoded(t, readFileSync(join(folder, `${index}.zip`)), 'yauzl')).equals(image), way.join(' '));
  }
  const streamed = execFileSync('zip', ['-q', '-', 'os.img'], { cwd: folder, stdio: 'pipe', maxBuffer: mebibyte });
  assert.ok((await decoded(t, streamed, 'yauzl')).equals(image), 'into a pipe');
});
