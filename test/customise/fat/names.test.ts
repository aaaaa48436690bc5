// File names: allowed or not, the same or not, short or long; and mtools as a second reader of them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkName, nameKey, plainShortName, shortAlias, showShortName } from '../../../src/customise/fat/name.js';
import { fatTimestamp } from '../../../src/customise/fat/timestamp.js';
import {
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
  withCode,
} from './fat-images.js';

const fat16: Format = { fat: 16, sectorBytes: 512, sectorsPerCluster: 1, fats: 2, sizeKiB: 8192 };

/** Where the root directory begins in the volume. */
function rootOf(image: FatImage): number {
  const { root } = geometryOf(image);
  assert.ok('offsetBytes' in root);
  return root.offsetBytes - image.startBytes;
}

const stored = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

test('names that fit 8.3 in one case each need no long name', () => {
  const cases: readonly [string, string, number][] = [
    ['README.TXT', 'README  TXT', 0x00],
    ['ssh', 'SSH        ', 0x08],
    ['cmdline.txt', 'CMDLINE TXT', 0x18],
    ['cmdline.TXT', 'CMDLINE TXT', 0x08],
    ['CMDLINE.txt', 'CMDLINE TXT', 0x10],
    ['123.456', '123     456', 0x00],
    ['kernel_8.img', 'KERNEL_8IMG', 0x18],
  ];
  for (const [name, bytes, caseFlags] of cases) {
    const short = plainShortName(name);
    assert.ok(short !== undefined, name);
    assert.deepEqual([stored(short.bytes), short.caseFlags], [bytes, caseFlags]);
    assert.equal(showShortName(short.bytes, short.caseFlags), name);
  }
});

test('other names get an alias that is not taken', () => {
  const cases: readonly [string, readonly string[], string][] = [
    ['Readme.txt', [], 'README  TXT'],
    ['Readme.txt', ['README.TXT'], 'README~1TXT'],
    ['user-data', [], 'USER-D~1   '],
    ['user-data', ['USER-D~1', 'USER-D~2'], 'USER-D~3   '],
    ['network-config', ['NETWOR~1'], 'NETWOR~2   '],
    ['.hidden', [], 'HIDDEN~1   '],
    ['a.b.c.txt', [], 'ABC~1   TXT'],
    ['one two.html', [], 'ONETWO~1HTM'],
    ['größe', [], 'GR__E~1    '],
    ['a+b', [], 'A_B~1      '],
    ['ß', [], '_~1        '],
    ['🍓', [], '_~1        '],
    ['..x', [], 'X~1        '],
  ];
  for (const [name, taken, bytes] of cases) {
    assert.equal(plainShortName(name), undefined, name);
    assert.equal(stored(shortAlias(name, (shown) => taken.includes(shown)).bytes), bytes, name);
  }
});

test('an alias makes room for a long number', () => {
  let asked = 0;
  assert.equal(stored(shortAlias('network-config', () => ++asked < 1234).bytes), 'NET~1234   ');
});

test('names are the same when only the case of letters differs', () => {
  for (const [left, right] of [
    ['Config.TXT', 'config.txt'],
    ['GRÖSSE', 'grösse'],
    ['ЁЖ', 'ёж'],
  ] as const) {
    assert.equal(nameKey(left), nameKey(right));
  }
  for (const [left, right] of [
    ['ß', 'ss'],
    ['dım', 'dim'],
    ['a', 'b'],
  ] as const) {
    assert.notEqual(nameKey(left), nameKey(right));
  }
});

test('names that FAT cannot hold are refused with the reason', () => {
  const cases: readonly [string, RegExp][] = [
    ['', /empty/],
    ['x'.repeat(256), /longer than 255/],
    ['a/b', /control character or one of/],
    ['a\nb', /control character or one of/],
    ['a\u009b31m', /control character or one of/],
    ['what?', /control character or one of/],
    ['half \ud83c', /half of a Unicode character/],
    ['dot.', /ends with a dot/],
    ['..', /ends with a dot/],
    ['space ', /ends with a dot or a space/],
  ];
  for (const [name, message] of cases) assert.throws(() => checkName(name), withCode('FAT_NAME', message));
  for (const name of ['x'.repeat(255), '.hidden', 'a.b.c', 'größe 日本 🍓', "it's"]) checkName(name);
});

test('times outside of 1980 to 2107 become the nearest that FAT can hold', () => {
  const cases: readonly [string, { date: number; time: number; hundredths: number }][] = [
    ['1970-01-01T00:00:00Z', { date: (0 << 9) | (1 << 5) | 1, time: 0, hundredths: 0 }],
    ['2026-03-04T05:06:09.870Z', { date: (46 << 9) | (3 << 5) | 4, time: (5 << 11) | (6 << 5) | 4, hundredths: 187 }],
    ['2200-01-01T00:00:00Z', { date: (127 << 9) | (12 << 5) | 31, time: (23 << 11) | (59 << 5) | 29, hundredths: 199 }],
    ['no date', { date: (0 << 9) | (1 << 5) | 1, time: 0, hundredths: 0 }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(fatTimestamp(new Date(text)), expected, text);
});

const manyNames = [
  'ssh',
  'user-data',
  'user-data.1',
  'User-Data.2',
  'Readme.txt',
  'README.md',
  'MiXeD.TxT',
  '.hidden',
  'with spaces in it.conf',
  'größe.txt',
  '日本語のファイル.txt',
  'thirteen-char',
  'twenty-six-characters-long',
  'x'.repeat(240),
];

test('mtools shows the names that were written, and the ones it writes are read as it shows them', judged, (t) => {
  const files = new Map(manyNames.map((name, index) => [`/${name}`, content(index + 1, index)]));
  const written = edit(t, makeImage(t, fat16), files, [], (volume) => {
    for (const [path, bytes] of files) volume.writeFile(path, bytes, modified);
    assert.deepEqual(
      volume.list('/').map((entry) => entry.name),
      manyNames,
    );
  });
  assert.match(mtools(written, 'mdir', '::/user-data'), /^USER-D~1 /m);

  const { volume } = openImage(makeImage(t, fat16, files));
  assert.deepEqual(
    volume.list('/').map((entry) => entry.name),
    manyNames,
  );
  for (const [path, bytes] of files) assert.deepEqual(volume.readFile(path), bytes, path);
});

test('long entries are byte for byte those that mtools writes', judged, (t) => {
  for (const name of ['user-data', 'thirteen-char', 'fourteen--char', 'twenty-six-characters-long', 'grö日本']) {
    const theirs = makeImage(t, fat16, new Map([[`/${name}`, new Uint8Array()]]));
    const image = makeImage(t, fat16);
    const { overlay, volume } = openImage(image);
    volume.writeFile(`/${name}`, new Uint8Array(), modified);
    const ours = patched(t, image, overlay.patch());
    const longEntryBytes = Math.ceil(name.length / 13) * 32;
    const longEntries = (source: FatImage) =>
      readFileSync(source.path)
        .subarray(rootOf(source) + 32)
        .subarray(0, longEntryBytes);
    const checksumsAside = (bytes: Buffer) => bytes.map((byte, index) => (index % 32 === 13 ? 0 : byte));
    assert.deepEqual(checksumsAside(longEntries(ours)), checksumsAside(longEntries(theirs)), name);
  }
});

test('a name of 255 characters and one beyond the basic plane survive', judged, (t) => {
  const names = [`${'y'.repeat(251)}.img`, '🍓🍓.txt'];
  const image = makeImage(t, fat16);
  const { volume } = openImage(image);
  for (const name of names) volume.writeFile(`/${name}`, content(3, 3), modified);
  assert.deepEqual(
    volume.list('/').map((entry) => entry.name),
    names,
  );
});

test('a file is found by its long name, its 8.3 name, and in any case', judged, (t) => {
  const files = new Map([['/Long File Name.txt', content(9, 9)]]);
  edit(t, makeImage(t, fat16, files), new Map([['/Long File Name.txt', content(8, 8)]]), [], (volume) => {
    volume.writeFile('/LONG file NAME.TXT', content(7, 7), modified);
    volume.writeFile('/longfi~1.txt', content(8, 8), modified);
  });
});

test('aliases of names that begin alike count up, past the ones already taken', judged, (t) => {
  const names = Array.from({ length: 25 }, (_, index) => `/same beginning ${index}`);
  const files = new Map(names.map((name, index) => [name, content(index, index)]));
  const image = makeImage(t, fat16, new Map([...files].slice(0, 5)));
  const result = edit(t, image, files, [], (volume) => {
    for (const [path, bytes] of [...files].slice(5)) volume.writeFile(path, bytes, modified);
  });
  assert.match(mtools(result, 'mdir', '::/'), /^SAMEB~25 /m);
});

test(
  'a long name that no longer belongs to its file, or could harm a terminal, gives way to the 8.3 name',
  judged,
  (t) => {
    // Slots of the root: the label, two long entries, the short entry.
    const cases: readonly [string, number, number][] = [
      ['checksum of the first entry', 32 + 13, 0xee],
      ['checksum of the second entry', 64 + 13, 0xee],
      ['order of the entries', 32, 0x43],
      ['terminal code', 64 + 1, 0x1b],
    ];
    for (const [what, at, byte] of cases) {
      const image = makeImage(t, fat16, new Map([['/Long Name of two entries', content(1, 1)]]));
      poke(image, rootOf(image) + at, [byte]);
      assert.deepEqual(
        openImage(image)
          .volume.list('/')
          .map((entry) => entry.name),
        ['LONGNA~1'],
        what,
      );
    }
  },
);
