// What a list becomes, and what becomes of broken ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PiburnError } from '../../../src/errors.js';
import { parseOsList } from '../../../src/image/catalog/os-list.js';
import { latestLiteTag, makeOsList } from '../../fixtures/os-list.js';
import { image, listOf, source } from './samples.js';

/** The only entry of a list, and what is wrong with it. */
function readOne(fields: Readonly<Record<string, unknown>>, from = source) {
  const { entries, troubles } = parseOsList(listOf(image(fields)), from);
  assert.equal(entries.length, 1);
  return { entry: entries[0], troubles };
}

test('an entry keeps everything that the list says of it', () => {
  const item = {
    name: 'Raspberry Pi OS Lite (64-bit)',
    description: 'A port of Debian Trixie with no desktop environment',
    icon: 'https://example.org/icon.png',
    url: 'https://example.org/raspios_lite_arm64/2025-11-24-raspios-trixie-arm64-lite.img.xz',
    extract_size: 2_977_955_840,
    extract_sha256: 'AB'.repeat(32),
    image_download_size: 517_981_172,
    image_download_sha256: 'cd'.repeat(32),
    release_date: '2025-11-24',
    init_format: 'cloudinit-rpi',
    devices: ['pi5-64bit', 'pi4-64bit'],
    architecture: 'armv8',
    bmap_url: 'lite.bmap',
    a_field_of_the_future: { x: 1 },
  };
  const menu = { name: 'Raspberry Pi OS (other)', subitems: [{ name: 'Lite', subitems: [item] }] };
  assert.deepEqual(parseOsList(listOf(menu), source), {
    entries: [
      {
        tag: '2025-11-24-raspios-trixie-arm64-lite',
        name: item.name,
        description: item.description,
        path: ['Raspberry Pi OS (other)', 'Lite'],
        url: item.url,
        releaseDate: '2025-11-24',
        archiveBytes: 517_981_172,
        imageBytes: 2_977_955_840,
        archiveSha256: 'cd'.repeat(32),
        imageSha256: 'ab'.repeat(32),
        devices: ['pi5-64bit', 'pi4-64bit'],
        architecture: 'arm64',
        initFormat: 'cloudinit-rpi',
        bmapUrl: 'https://downloads.example.org/lists/lite.bmap',
      },
    ],
    more: [],
    devices: [],
    troubles: [],
  });
});

test('a list like the real one is read whole', () => {
  const list = makeOsList({ baseUrl: 'http://127.0.0.1:1' });
  const { entries, more, devices, troubles } = parseOsList(list.files.get(new URL(list.url).pathname) ?? '', list.url);
  assert.equal(troubles.length, list.troubles, troubles.join('\n'));
  assert.deepEqual(
    more.map(({ url, path }) => ({ url, path })),
    [
      { url: 'http://127.0.0.1:1/parts/ubuntu.json', path: ['Other general-purpose OS', 'Ubuntu'] },
      { url: 'http://127.0.0.1:1/parts/games/recalbox.json', path: ['Media player and gaming OS', 'Recalbox'] },
      { url: 'http://127.0.0.1:1/parts/bootloader.json', path: ['Misc utility images', 'Bootloader (Pi 5 family)'] },
    ],
  );
  assert.equal(devices[0]?.name, 'Raspberry Pi 5');
  const lite = entries.find(({ tag }) => tag === latestLiteTag());
  assert.equal(lite?.initFormat, 'cloudinit-rpi');
  assert.equal(lite?.archiveSha256, undefined);
  assert.deepEqual(
    entries.filter(({ tag }) => tag.startsWith('pinn')).map(({ tag }) => tag),
    ['pinn-lite', 'pinn-lite-2', 'pinn-lite-3'],
  );
  assert.ok(entries.every(({ url }) => list.imageUrls.includes(url)));
});

test('a field that makes no sense is left out and told of, the entry stays', () => {
  const cases: [fields: Record<string, unknown>, told: RegExp][] = [
    [{ extract_size: '2977955840' }, /^"Some OS": extract_size is "2977955840", not a number of bytes$/],
    [{ extract_size: 1.5 }, /extract_size is 1.5/],
    [{ image_download_size: -1 }, /image_download_size is -1/],
    [{ image_download_size: 2 ** 60 }, /image_download_size is 1152921504606847000/],
    [{ extract_sha256: 'f5dcc9a192ef4597d73d532046320306' }, /extract_sha256 is "f5dcc.*", not a SHA-256 digest/],
    [{ image_download_sha256: ['ab'.repeat(32)] }, /image_download_sha256 is of the wrong type/],
    [{ release_date: '2025-02-30' }, /release_date is "2025-02-30", not a date/],
    [{ release_date: '24.11.2025' }, /release_date is "24.11.2025"/],
    [{ release_date: 20251124 }, /release_date is 20251124/],
    [{ bmap_url: 'file:///etc/passwd' }, /bmap_url is "file:\/\/\/etc\/passwd", not a URL that can be fetched/],
  ];
  const { entry: plain } = readOne({});
  for (const [fields, told] of cases) {
    const { entry, troubles } = readOne(fields);
    assert.equal(troubles.length, 1, JSON.stringify(fields));
    assert.match(troubles[0] ?? '', told);
    assert.deepEqual(entry, plain, 'only the field is gone');
  }
});

test('a field that is absent, empty or zero is nothing to tell of', () => {
  const empty = {
    extract_size: 0,
    extract_sha256: '',
    release_date: '',
    bmap_url: null,
    subitems_url: '',
    devices: 'all',
  };
  const { entry, troubles } = readOne(empty);
  assert.deepEqual(troubles, []);
  assert.deepEqual(entry, readOne({}).entry);
});

test('what is neither an image nor a menu is left out and told of', () => {
  const items = [7, null, 'text', [image()], { name: 'Nothing' }, { name: 'Bad', url: 'ftp://example.org/x.img' }];
  const { entries, troubles } = parseOsList(
    listOf(...items, { name: 'Menu', subitems: 5 }, { url: 'http://' }),
    source,
  );
  assert.deepEqual(entries, []);
  assert.deepEqual(troubles, [
    ...Array(4).fill('the list has an item that is no object'),
    '"Nothing": url is missing, and so are subitems',
    '"Bad": url is "ftp://example.org/x.img", not a URL that can be fetched',
    '"Menu": subitems are of the wrong type',
    '"an item without name": url is "http://", not a URL that can be fetched',
  ]);
});

test("rpi-imager's own entries are skipped without a word", () => {
  const { entries, troubles } = parseOsList(listOf({ name: 'Erase', url: 'internal://format' }), source);
  assert.deepEqual([entries, troubles], [[], []]);
});

test('the architecture comes from the field, else from the name of the file', () => {
  const cases: [architecture: unknown, file: string, expected: string | undefined][] = [
    ['armv8', 'x.img', 'arm64'],
    ['aarch64', 'x-armhf.img', 'arm64'],
    ['ARMHF', 'x.img', 'armhf'],
    ['armel', 'x.img', 'armel'],
    ['riscv64', 'x-arm64.img', 'arm64'],
    [undefined, '2025-11-24-raspios-trixie-armhf-lite.img.xz', 'armhf'],
    [undefined, 'ubuntu-24.04-preinstalled-server-arm64+raspi.img.xz', 'arm64'],
    [undefined, 'DietPi_RPi-ARMv8-Bookworm.img.xz', 'arm64'],
    [undefined, 'client-rpi-armv7l.img.zip', 'armhf'],
    [undefined, 'charm64k.img', undefined],
    [5, 'image.img', undefined],
  ];
  for (const [architecture, file, expected] of cases) {
    const { entry } = readOne({ architecture, url: `https://example.org/${file}` });
    assert.equal(entry?.architecture, expected, `${architecture} ${file}`);
  }
});

test('the way to customise is kept, unknown words too, and an empty one means none', () => {
  const cases: [unknown, string | undefined][] = [
    ['systemd', 'systemd'],
    ['Cloudinit-RPi', 'cloudinit-rpi'],
    ['of-the-future', 'of-the-future'],
    ['', 'none'],
    [undefined, undefined],
    [7, undefined],
  ];
  for (const [given, expected] of cases) assert.equal(readOne({ init_format: given }).entry?.initFormat, expected);
});

test('a tag is one word to type, and unique', () => {
  const cases: [url: string, tag: string][] = [
    ['https://example.org/2025-11-24-raspios-trixie-arm64-lite.img.xz', '2025-11-24-raspios-trixie-arm64-lite'],
    ['https://example.org/Home%20Server%20(2025-12-04).zip', 'Home-Server-2025-12-04'],
    ['https://example.org/a/octopi-1.1.0.ZIP?x=1#y', 'octopi-1.1.0'],
    ['https://example.org/b/octopi-1.1.0.img.gz', 'octopi-1.1.0-2'],
    ['https://example.org/OCTOPI-1.1.0-3.img', 'OCTOPI-1.1.0-3'],
    ['https://example.org/c/Octopi-1.1.0.img', 'Octopi-1.1.0-4'],
    ['https://example.org/%ff%fe/', 'ff-fe'],
    ['https://example.org/latest.img.xz', 'latest-image'],
    ['https://example.org/latest-lite.zip', 'latest-lite-image'],
    ['https://example.org/..%2f..%2fetc%2fpasswd', 'etc-passwd'],
    ['https://example.org/%E2%80%AE', 'image'],
    ['https://example.org/', 'example.org'],
  ];
  const { entries } = parseOsList(listOf(...cases.map(([url]) => image({ url }))), source);
  assert.deepEqual(
    entries.map(({ tag }) => tag),
    cases.map(([, tag]) => tag),
  );
});

test('two entries of one URL are one entry, the first', () => {
  const first = { name: 'On top', subitems: [image({ name: 'First' })] };
  const { entries, troubles } = parseOsList(listOf(first, image({ name: 'Again' })), source);
  assert.deepEqual(
    entries.map(({ name, path }) => [name, path]),
    [['First', ['On top']]],
  );
  assert.deepEqual(troubles, []);
});

test('URLs are relative to the list, and only a list that is a file may name files', () => {
  assert.equal(readOne({ url: '../os.img.xz' }).entry?.url, 'https://downloads.example.org/os.img.xz');
  assert.equal(readOne({ url: 'os.img.xz' }, '/home/pi/my list.json').entry?.url, 'file:///home/pi/os.img.xz');
  assert.equal(readOne({ url: 'file:///x/os.img' }, 'file:///home/list.json').entry?.url, 'file:///x/os.img');
  assert.deepEqual(parseOsList(listOf(image({ url: 'file:///etc/shadow' })), source).entries, []);
  const part = parseOsList(listOf({ name: 'Part', subitems_url: 'file:///etc/shadow' }), source);
  assert.deepEqual([part.more, part.troubles.length], [[], 1]);
});

test('a part says where its entries go', () => {
  const part = { name: 'Part', subitems_url: 'part.json' };
  const menu = { name: 'Menu', subitems: [image(), part, image({ url: 'b.img' })] };
  assert.deepEqual(parseOsList(listOf(menu), source, ['Above']).more, [
    { url: 'https://downloads.example.org/lists/part.json', path: ['Above', 'Menu', 'Part'], index: 1 },
  ]);
});

test('names are one line without control characters, and not endless', () => {
  const { entry } = readOne({ name: ' \u001b[31mRed\u0007\n\u202eOS ', description: 'x'.repeat(5000), url: 'x.img' });
  assert.equal(entry?.name, '[31mRed OS');
  assert.equal(entry?.description.length, 1000);
  assert.equal(readOne({ name: '\u0007' }).entry?.name, 'some-os', 'its tag stands in for a name');
});

test('too many items, parts, menus and troubles come to an end', () => {
  const deep = (levels: number): unknown => (levels === 0 ? image() : { name: 'm', subitems: [deep(levels - 1)] });
  assert.equal(parseOsList(listOf(deep(16)), source).entries.length, 1);
  const tooDeep = parseOsList(listOf(deep(17)), source);
  assert.deepEqual([tooDeep.entries.length, tooDeep.troubles.length], [0, 1]);
  const parts = Array.from({ length: 501 }, (_, index) => ({ name: 'p', subitems_url: `${index}.json` }));
  const manyParts = parseOsList(listOf(...parts), source);
  assert.deepEqual([manyParts.more.length, manyParts.troubles.length], [500, 1]);
  const broken = parseOsList(listOf(...Array(1000).fill(1)), source);
  assert.equal(broken.troubles.length, 201);
  assert.equal(broken.troubles.at(-1), '800 more entries or fields are broken');
  const images = Array.from({ length: 50_001 }, (_, index) => ({ url: `${index}.img` }));
  const manyImages = parseOsList(listOf(...images), source);
  assert.deepEqual([manyImages.entries.length, manyImages.troubles.length], [50_000, 1]);
  const items = parseOsList(listOf(...Array(100_002).fill({ url: 'internal://x' }), image()), source);
  assert.deepEqual([items.entries.length, items.troubles.length], [0, 1]);
});

test('a list of images with one name gets numbers without taking forever', () => {
  const images = Array.from({ length: 20_000 }, (_, index) => ({ url: `${index}/same.img` }));
  const { entries } = parseOsList(listOf(...images), source);
  assert.equal(entries.at(-1)?.tag, 'same-20000');
  assert.equal(new Set(entries.map(({ tag }) => tag)).size, 20_000);
});

test('a text that is no list is an error that names it', () => {
  const texts = [
    '',
    '<html>',
    '{',
    '7',
    'null',
    '"x"',
    '{}',
    '{"os_list":{}}',
    '{"os_list":"x"}',
    `${'['.repeat(200_000)}`,
  ];
  for (const text of texts) {
    assert.throws(
      () => parseOsList(text, source),
      (error) => error instanceof PiburnError && error.failure.code === 'LIST_BROKEN' && error.message.includes(source),
      text.slice(0, 20),
    );
  }
  assert.throws(() => parseOsList(' '.repeat((32 << 20) + 1), source), /larger than 32 MiB/);
});

test('other shapes of a list are read too', () => {
  for (const text of [JSON.stringify([image()]), JSON.stringify({ subitems: [image()] }), `\ufeff${listOf(image())}`]) {
    assert.equal(parseOsList(text, source).entries.length, 1);
  }
});

const field = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    'https://example.org/a.img',
    'a.img',
    '//',
    'http://[',
    'internal:x',
    'x'.repeat(300),
    '%ff',
    '\ud800',
  ),
  fc.constantFrom('2025-01-01', 'ab'.repeat(32), -1, 0, 1e300, NaN, '__proto__', 'constructor'),
);
const hostileItem = fc.letrec((tie) => ({
  item: fc.oneof(
    { maxDepth: 3 },
    field,
    fc.record(
      Object.fromEntries(
        [
          ...['name', 'description', 'url', 'extract_size', 'extract_sha256', 'image_download_size', 'release_date'],
          ...['image_download_sha256', 'init_format', 'architecture', 'bmap_url', 'devices', 'subitems_url'],
        ].map((name) => [name, field]),
      ),
      { requiredKeys: [] },
    ),
    fc.record({ name: field, subitems: fc.oneof(field, fc.array(tie('item'), { maxLength: 5 })) }),
  ),
})).item;

test('no JSON makes it fail in another way than being no list, and what comes out is what it should be', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.array(hostileItem), fc.record({ imager: field, os_list: fc.array(hostileItem) }), field),
      (top) => {
        const text = JSON.stringify(top);
        try {
          const { entries, devices } = parseOsList(text, source);
          assert.equal(new Set(entries.map(({ tag }) => tag.toLowerCase())).size, entries.length);
          for (const { tag, url, devices: tags, ...fields } of entries) {
            assert.match(tag, /^[\p{L}\p{N}_+][\p{L}\p{N}._+-]*$/u);
            assert.match(url, /^https?:\/\/./);
            assert.doesNotMatch(`${fields.name}${fields.description}${tags.join()}`, /[\p{Cc}\p{Cf}\p{Cs}]/u);
            assert.ok(Object.values(fields).every((value) => value !== undefined));
            assert.match(fields.imageSha256 ?? 'ab'.repeat(32), /^[0-9a-f]{64}$/);
          }
          assert.ok(devices.every(({ name }) => typeof name === 'string'));
        } catch (error) {
          assert.ok(error instanceof PiburnError && error.failure.code === 'LIST_BROKEN', String(error));
          assert.ok(!Array.isArray(top));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('no text at all makes it fail in another way', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        parseOsList(text, source);
      } catch (error) {
        assert.ok(error instanceof PiburnError && error.failure.code === 'LIST_BROKEN');
      }
    }),
  );
});
