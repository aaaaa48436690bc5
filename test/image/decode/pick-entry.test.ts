// Which file of an archive is the image, and what is said where there is none, or more than one. Names in an archive
// may be anything; they are shown and compared, no more.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Decoder } from '../../../src/image/decode/index.js';
import { parseListing } from '../../../src/image/decode/seven-zip.js';
import { decoded, type Entry, failsWith, image, sevenZip, sevenZipOf, skipForms, zipOf, zipsOf } from './support.js';

const text = Buffer.from('hello\n');

/** Each of the archives as a .zip and as a .7z. */
const bothOf = (
  t: TestContext,
  ...archives: readonly (readonly Entry[])[]
): readonly (readonly [Decoder, Buffer, readonly Entry[]])[] =>
  zipsOf(t, archives).flatMap((zip, index) => {
    const entries = archives[index] ?? [];
    return [['yauzl', zip, entries] as const, [sevenZip ?? '7zz', sevenZipOf(t, entries), entries] as const];
  });

test('the one image is found among other files', { skip: skipForms }, async (t) => {
  const companies: readonly (readonly Entry[])[] = [
    [['image.img', image]],
    [
      ['IMAGE.IMG', image],
      ['README.txt', text],
    ],
    [
      ['sub/folder/os.wic', image],
      ['sub/folder/os.bmap', text],
      ['sub/SHA256SUMS', text],
    ],
    [
      ['os.iso', image],
      ['os.img.sha256', text],
    ],
    [
      ['os.bin', image],
      ['__MACOSX/._os.bin', text],
      ['.hidden.img', text],
    ],
    [
      ['os.raw', image],
      ['os.img.xz', text],
    ],
    [['noname', image]],
    [
      ['os.dd', image],
      ['README', text],
      ['LICENSE', text],
      ['notes.md', text],
    ],
    [
      ['*.img', image],
      ['.hidden.img', text],
    ],
    [
      ['@list.img', image],
      ['list.txt', text],
    ],
    [['-x.img', image]],
    [['ünïcödé – 像.img', image]],
    [['back\\slash.img', image]],
    [['!i.img', image]],
    [
      ['same.img', image],
      ['deeper/same.txt', text],
    ],
  ];
  for (const [decoder, archive, entries] of bothOf(t, ...companies)) {
    const what = `${decoder}: ${entries.map(([name]) => name).join(', ')}`;
    assert.ok((await decoded(t, archive, decoder)).equals(image), what);
  }
});

test('where more than one could be meant, all are named', { skip: skipForms }, async (t) => {
  for (const [decoder, archive] of bothOf(t, [
    ['one.img', image],
    ['sub/two.iso', image],
    ['readme.txt', text],
  ]))
    await assert.rejects(
      decoded(t, archive, decoder),
      failsWith('IMAGE_AMBIGUOUS', /holds 2 images: one\.img, sub\/two\.iso$/),
    );
  const many = Array.from({ length: 25 }, (_, index) => [`${String(index).padStart(2, '0')}.img`, text] as const);
  for (const [decoder, archive] of bothOf(t, many))
    await assert.rejects(decoded(t, archive, decoder), failsWith('IMAGE_AMBIGUOUS', /00\.img, .*, 09\.img, 15 more$/));
});

test('where there is no image, what is there is told', { skip: skipForms }, async (t) => {
  const cases: readonly (readonly [entries: readonly Entry[], words: RegExp])[] = [
    [
      [
        ['readme.txt', text],
        ['notes.pdf', text],
      ],
      /holds no image, but (readme\.txt, notes\.pdf|notes\.pdf, readme\.txt)$/,
    ],
    [
      [
        ['os', text],
        ['data', text],
      ],
      /holds no image, but (os, data|data, os)$/,
    ],
    [
      [
        ['os.img.xz', text],
        ['readme.txt', text],
      ],
      /holds a file that is packed once more: os\.img\.xz$/,
    ],
    [[['os.zip', text]], /packed once more: os\.zip$/],
    [[['.hidden.img', text]], /holds no image, but \.hidden\.img$/],
    [[['__MACOSX/os.img', text]], /holds no image, but .*__MACOSX/],
  ];
  for (const [index, [decoder, archive]] of bothOf(t, ...cases.map(([entries]) => entries)).entries()) {
    const words = cases[index >> 1]?.[1];
    await assert.rejects(decoded(t, archive, decoder), failsWith('ARCHIVE_WITHOUT_IMAGE', words), decoder);
  }
  await assert.rejects(decoded(t, zipOf(t, []), 'yauzl'), failsWith('ARCHIVE_WITHOUT_IMAGE', /but nothing$/));
});

test('hostile names are names like any other', { skip: skipForms }, async (t) => {
  const names = [
    '../../etc/passwd.img',
    '/etc/passwd.img',
    'C:\\windows.img',
    '..\\up.img',
    'new\nline\x1b[31m.img',
    '\u202egpj.img',
    'x'.repeat(3000).concat('.img'),
  ];
  for (const [index, archive] of zipsOf(
    t,
    names.map((name) => [[name, image]]),
  ).entries())
    assert.ok((await decoded(t, archive, 'yauzl')).equals(image), JSON.stringify(names[index]));
  for (const archive of zipsOf(
    t,
    names.map((name) => [
      [name, image],
      ['b.img', image],
    ]),
  ))
    await assert.rejects(decoded(t, archive, 'yauzl'), (error) => {
      failsWith('IMAGE_AMBIGUOUS')(error);
      assert.ok(error instanceof Error && error.message.length < 250, String(error));
      assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}]/u);
      return true;
    });
});

test('two entries of one name are two', { skip: skipForms }, async (t) => {
  const twins = zipOf(t, [
    ['os.img', image],
    ['os.img', image],
  ]);
  await assert.rejects(decoded(t, twins, 'yauzl'), failsWith('IMAGE_AMBIGUOUS', /os\.img, os\.img/));
});

test('links and folders are no images', { skip: skipForms }, async (t) => {
  const link = zipOf(t, [['os.img', text]], '', 'info.external_attr = 0o120777 << 16');
  const folder = zipOf(t, [['os.img/', Buffer.alloc(0)]]);
  for (const archive of [link, folder])
    await assert.rejects(decoded(t, archive, 'yauzl'), failsWith('ARCHIVE_WITHOUT_IMAGE', /but os\.img/));
  const listing = ['D drwxr-xr-x', 'D_', 'A lrwxrwxrwx', 'AL', 'A_ -rw-r--r--', 'A', ''].map(
    (attributes) => `Path = x\nSize = 1\nAttributes = ${attributes}\nCRC = 00000001\n`,
  );
  assert.deepEqual(
    parseListing(listing.join('\n')).map(({ isFile }) => isFile),
    [false, false, false, false, true, true, true],
  );
});
