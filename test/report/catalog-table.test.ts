// The catalog as people see it, at several widths, with names that mean harm.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CatalogRow, renderCatalog } from '../../src/report/catalog-table.js';
import { stripControls } from '../../src/report/text.js';
import { displayWidth } from '../../src/report/width.js';
import { assertHarmless } from './hostile.js';

const lite: CatalogRow = {
  tag: '2026-06-18-raspios-trixie-arm64-lite',
  name: 'Raspberry Pi OS Lite (64-bit)',
  path: ['Raspberry Pi OS (other)'],
  releaseDate: '2026-06-18',
  archiveBytes: 524_875_608,
  imageBytes: 2_977_955_840,
  architecture: 'arm64',
  initFormat: 'cloudinit-rpi',
  fetched: true,
};
const desktop: CatalogRow = {
  tag: '2026-06-18-raspios-trixie-arm64',
  name: 'Raspberry Pi OS (64-bit)',
  path: [],
  releaseDate: '2026-06-18',
  archiveBytes: 1_344_722_248,
  imageBytes: 6_492_782_592,
  architecture: 'arm64',
  initFormat: 'cloudinit-rpi',
  fetched: false,
};
const ubuntu: CatalogRow = {
  tag: 'ubuntu-24.04.5-preinstalled-server-arm64+raspi',
  name: 'Ubuntu Server 24.04.5 LTS (64-bit)',
  path: ['Other general-purpose OS', 'Ubuntu'],
  releaseDate: '2026-09-08',
  archiveBytes: 1_368_926_404,
  architecture: 'arm64',
  initFormat: 'cloudinit',
  fetched: false,
};
const bare: CatalogRow = { tag: 'pinn-lite', name: 'PINN', path: ['Misc'], fetched: true };
const rows = [desktop, lite, ubuntu, bare];

const lines = (columns: number, tree = false): string[] =>
  renderCatalog(rows, { columns, color: false, tree }).split('\n');

test('without a limit there is a row with everything for each image', () => {
  assert.deepEqual(lines(Number.POSITIVE_INFINITY), [
    'tag                                             name                                date        download    image  arch   flavour             fetched',
    '2026-06-18-raspios-trixie-arm64                 Raspberry Pi OS (64-bit)            2026-06-18   1.34 GB  6.49 GB  arm64  cloudinit',
    '2026-06-18-raspios-trixie-arm64-lite            Raspberry Pi OS Lite (64-bit)       2026-06-18    525 MB  2.98 GB  arm64  cloudinit           ✓',
    'ubuntu-24.04.5-preinstalled-server-arm64+raspi  Ubuntu Server 24.04.5 LTS (64-bit)  2026-09-08   1.37 GB        -  arm64  cloudinit (Ubuntu)',
    'pinn-lite                                       PINN                                -                  -        -  -      -                   ✓',
  ]);
});

test('a narrow terminal gets fewer columns, and a tag too long for its own a line to itself', () => {
  assert.deepEqual(lines(100), [
    'tag                                       name                         date        download  fetched',
    '2026-06-18-raspios-trixie-arm64           Raspberry Pi OS (64-bit)     2026-06-18   1.34 GB',
    '2026-06-18-raspios-trixie-arm64-lite      Raspberry Pi OS Lite (64-b…  2026-06-18    525 MB  ✓',
    'ubuntu-24.04.5-preinstalled-server-arm64+raspi',
    '                                          Ubuntu Server 24.04.5 LTS …  2026-09-08   1.37 GB',
    'pinn-lite                                 PINN                         -                  -  ✓',
  ]);
  assert.deepEqual(lines(80).slice(0, 3), [
    'tag                                       name                 download  fetched',
    '2026-06-18-raspios-trixie-arm64           Raspberry Pi OS (6…   1.34 GB',
    '2026-06-18-raspios-trixie-arm64-lite      Raspberry Pi OS Li…    525 MB  ✓',
  ]);
  assert.deepEqual(lines(50), [
    'tag                                       fetched',
    '2026-06-18-raspios-trixie-arm64',
    '2026-06-18-raspios-trixie-arm64-lite      ✓',
    'ubuntu-24.04.5-preinstalled-server-arm64+raspi',
    'pinn-lite                                 ✓',
  ]);
  assert.deepEqual(lines(8), ['tag', ...rows.map(({ tag }) => tag)]);
});

test('a tree has the menus as headings', () => {
  assert.deepEqual(lines(100, true), [
    'tag                                       name                         date        download  fetched',
    '2026-06-18-raspios-trixie-arm64           Raspberry Pi OS (64-bit)     2026-06-18   1.34 GB',
    'Raspberry Pi OS (other)',
    '  2026-06-18-raspios-trixie-arm64-lite    Raspberry Pi OS Lite (64-b…  2026-06-18    525 MB  ✓',
    'Other general-purpose OS',
    '  Ubuntu',
    '    ubuntu-24.04.5-preinstalled-server-arm64+raspi',
    '                                          Ubuntu Server 24.04.5 LTS …  2026-09-08   1.37 GB',
    'Misc',
    '  pinn-lite                               PINN                         -                  -  ✓',
  ]);
});

test('images of one menu stand together, wherever they are in the list', () => {
  const scattered: CatalogRow[] = [
    { ...bare, tag: 'a1', path: ['A'] },
    { ...bare, tag: 'b', path: ['B'] },
    { ...bare, tag: 'aa', path: ['A', 'AA'] },
    { ...bare, tag: 'a2', path: ['A'] },
    { ...bare, tag: 'top', path: [] },
  ];
  const text = renderCatalog(scattered, { columns: 80, color: false, tree: true });
  assert.deepEqual(
    text
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(' ')[0]),
    ['top', 'A', 'a1', 'a2', 'AA', 'aa', 'B', 'b'],
  );
});

test('menus far below leave room for what is in them', () => {
  const deep: CatalogRow = { ...bare, path: Array(30).fill('menu') };
  const text = renderCatalog([deep], { columns: 30, color: false, tree: true });
  assert.equal(text.split('\n').at(-1), `${' '.repeat(12)}pinn-lite  ✓`);
});

test('the way to customise has the names of the flavours', () => {
  const words: [initFormat: string | undefined, shown: string][] = [
    ['systemd', 'firstrun'],
    ['cloudinit-rpi', 'cloudinit'],
    ['cloudinit', 'cloudinit (Ubuntu)'],
    ['rpi-preseed', 'preseed'],
    ['none', 'none'],
    ['constructor', 'constructor'],
    ['a-very-long-word-of-the-future', 'a-very-long-word-of…'],
    [undefined, '-'],
  ];
  for (const [initFormat, shown] of words) {
    const row: CatalogRow = { ...bare, fetched: false, ...(initFormat === undefined ? {} : { initFormat }) };
    const [, line = ''] = renderCatalog([row], { columns: Number.POSITIVE_INFINITY, color: false }).split('\n');
    assert.equal(line.split('  ').at(-1)?.trim(), shown);
  }
});

test('headings are bold where there is colour, and no images are no text', () => {
  const [title, , menu] = renderCatalog(rows, { columns: 50, color: true, tree: true }).split('\n');
  assert.equal(title, '\u001b[1mtag                                       fetched\u001b[0m');
  assert.equal(menu, '\u001b[1mRaspberry Pi OS (other)\u001b[0m');
  assert.equal(renderCatalog([], { columns: 80, color: true }), '');
  assert.equal(renderCatalog([], { columns: 80, color: true, tree: true }), '');
});

const pieces = ['\u001b[2J', '\n', '\t', '\u202e', '\ud800', 'red', ' ', '漢字', '🍓', 'e\u0301', 'x'.repeat(30)];
const name = fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((all) => all.join(''));
const count = fc.option(fc.oneof(fc.nat(), fc.constantFrom(-1, Number.NaN, Infinity)), { nil: undefined });
const hostileRow = fc
  .record({ name, tag: name, word: name, bytes: count, path: fc.array(name, { maxLength: 20 }), fetched: fc.boolean() })
  .map(
    ({ name: title, tag, word, bytes, path, fetched }): CatalogRow => ({
      ...{ tag, name: title, path, fetched, releaseDate: word, architecture: word, initFormat: word },
      ...(bytes === undefined ? {} : { archiveBytes: bytes, imageBytes: bytes }),
    }),
  );

test('no line but a tag of its own is wider than the terminal, every tag is there whole, and nothing harms', () => {
  const columns = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constant(Number.POSITIVE_INFINITY));
  fc.assert(
    fc.property(fc.array(hostileRow, { maxLength: 8 }), columns, fc.boolean(), (all, width, tree) => {
      const printed = renderCatalog(all, { columns: width, color: false, tree }).split('\n');
      const tags = all.map(({ tag }) => stripControls(tag).trim());
      for (const line of printed) {
        assertHarmless(line);
        assert.ok(displayWidth(line) <= width || tags.includes(line.trim()), `${width}: ${line}`);
      }
      for (const tag of tags)
        assert.ok(
          printed.some((line) => line.includes(tag)),
          tag,
        );
    }),
    { numRuns: 500 },
  );
});
