// A word and the image that it means.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PiburnError } from '../../../src/errors.js';
import type { Catalog } from '../../../src/image/catalog/entry.js';
import { gather } from '../../../src/image/catalog/gather.js';
import { filterCatalog, findInCatalog } from '../../../src/image/catalog/names.js';
import { makeOsList } from '../../fixtures/os-list.js';
import { catalogOf } from './samples.js';

/** All of the list that is like the real one. */
async function realisticCatalog(): Promise<Catalog> {
  const list = makeOsList({ baseUrl: 'http://127.0.0.1:1', directoryDate: '2026-06-19', sound: true });
  const read = async (url: string) => ({ url, text: list.files.get(new URL(url).pathname) ?? '' });
  const { entries, devices } = await gather(await read(list.url), list.url, { read, earlier: () => undefined });
  return { ...catalogOf([]), entries, devices };
}

const catalog = await realisticCatalog();

/** The tag that is found, or how many candidates, or nothing. */
function outcome(word: string, where = catalog): string | number | undefined {
  const found = findInCatalog(where, word);
  if (found.kind === 'one') return found.entry.tag;
  return found.kind === 'many' ? found.candidates.length : undefined;
}

test('latest and its relatives are the newest Raspberry Pi OS of a kind', () => {
  const cases: [word: string, tag: string | undefined][] = [
    ['latest', '2026-06-18-raspios-trixie-arm64-lite'],
    ['LATEST', '2026-06-18-raspios-trixie-arm64-lite'],
    ['latest-lite', '2026-06-18-raspios-trixie-arm64-lite'],
    ['latest-64', '2026-06-18-raspios-trixie-arm64-lite'],
    ['latest-32', '2026-06-18-raspios-trixie-armhf-lite'],
    ['latest-lite-32', '2026-06-18-raspios-trixie-armhf-lite'],
    ['latest-32-lite', '2026-06-18-raspios-trixie-armhf-lite'],
    ['latest-full', '2026-06-18-raspios-trixie-arm64-full'],
    ['latest-full-64', '2026-06-18-raspios-trixie-arm64-full'],
    ['latest-full-32', '2026-06-18-raspios-trixie-armhf-full'],
    ['latest-desktop', '2026-06-18-raspios-trixie-arm64'],
    ['latest-desktop-32', '2026-06-18-raspios-trixie-armhf'],
    ['latest-legacy', '2026-06-18-raspios-bookworm-arm64-lite'],
    ['latest-lite-legacy', '2026-06-18-raspios-bookworm-arm64-lite'],
    ['latest-legacy-full-32', '2026-06-18-raspios-bookworm-armhf-full'],
    ['latest-desktop-legacy-32', '2026-06-18-raspios-bookworm-armhf'],
    ['latest lite', '2026-06-18-raspios-trixie-arm64-lite'],
    ['latest_full', '2026-06-18-raspios-trixie-arm64-full'],
    ['latest-lite-full', undefined],
    ['latest-32-64', undefined],
    ['latest-ubuntu', undefined],
  ];
  for (const [word, tag] of cases) assert.equal(outcome(word), tag, word);
  const found = findInCatalog(catalog, 'latest-legacy-32');
  assert.equal(found.kind === 'one' && found.why, 'the newest legacy Raspberry Pi OS Lite, 32 bit');
});

test('the newest is the greatest date, whatever the order and whoever else is there', () => {
  const lite = (date: string, codename = 'trixie') => {
    const url = `https://example.org/raspios_lite_arm64/images/x/${date}-raspios-${codename}-arm64-lite.img.xz`;
    return { url };
  };
  const entries = [
    lite('2025-10-01'),
    lite('2026-06-18', 'forky'),
    lite('2025-11-24'),
    { url: 'https://example.org/2030-01-01-otheros-trixie-arm64-lite.img.xz' },
    { url: 'https://example.org/raspios_oldstable_lite_arm64/images/x/2031-01-01-raspios-trixie-arm64-lite.img.xz' },
  ];
  assert.equal(outcome('latest', catalogOf(entries)), '2026-06-18-raspios-forky-arm64-lite');
  assert.equal(outcome('latest', catalogOf(entries.reverse())), '2026-06-18-raspios-forky-arm64-lite');
  assert.equal(outcome('latest', catalogOf([])), undefined);
});

test('a mirror without the directories of the server still tells the legacy releases by their names', () => {
  const mirrored = catalogOf([
    {
      url: 'https://mirror.example/2026-07-01-raspios-bookworm-arm64-lite.img.xz',
      name: 'Raspberry Pi OS (Legacy, 64-bit) Lite',
    },
    {
      url: 'https://mirror.example/2026-06-18-raspios-trixie-arm64-lite.img.xz',
      name: 'Raspberry Pi OS Lite (64-bit)',
    },
    { url: 'https://mirror.example/2026-06-18-raspios-bookworm-armhf.img.xz', path: ['Legacy images'] },
  ]);
  assert.equal(outcome('latest', mirrored), '2026-06-18-raspios-trixie-arm64-lite');
  assert.equal(outcome('latest-legacy', mirrored), '2026-07-01-raspios-bookworm-arm64-lite');
  assert.equal(outcome('latest-desktop-legacy-32', mirrored), '2026-06-18-raspios-bookworm-armhf');
});

test('the tags of cloudmesh-pi-burn mean directories', () => {
  const cases: [word: string, tag: string | undefined][] = [
    ['lite-2026-06-19', '2026-06-18-raspios-trixie-armhf-lite'],
    ['lite_arm64-2026-06-19', '2026-06-18-raspios-trixie-arm64-lite'],
    ['full-2026-06-19', '2026-06-18-raspios-trixie-armhf-full'],
    ['arm64-2026-06-19', '2026-06-18-raspios-trixie-arm64'],
    ['oldstable-2026-06-19', '2026-06-18-raspios-bookworm-armhf'],
    ['oldstable_lite-2026-06-19', '2026-06-18-raspios-bookworm-armhf-lite'],
    ['OLDSTABLE_full_arm64-2026-06-19', '2026-06-18-raspios-bookworm-arm64-full'],
    ['lite-2021-01-12', undefined],
  ];
  for (const [word, tag] of cases) assert.equal(outcome(word), tag, word);
});

test('then come tags, names, parts of tags, and words anywhere', () => {
  const cases: [word: string, expected: string | number | undefined][] = [
    ['2026-06-18-raspios-trixie-arm64-lite', '2026-06-18-raspios-trixie-arm64-lite'],
    ['2026-06-18-RASPIOS-trixie-arm64-lite', '2026-06-18-raspios-trixie-arm64-lite'],
    ['2026-06-18-raspios-trixie-arm64-lite.img.xz', '2026-06-18-raspios-trixie-arm64-lite'],
    ['2026-06-18-raspios-trixie-arm64', '2026-06-18-raspios-trixie-arm64'],
    ['2026-06-18-raspios-trixie-arm64.img.xz', '2026-06-18-raspios-trixie-arm64'],
    ['pinn-lite', 'pinn-lite'],
    ['pinn-lite-2', 'pinn-lite-2'],
    ['Raspberry Pi OS Lite (64-bit)', '2026-06-18-raspios-trixie-arm64-lite'],
    [' raspberry pi os (64-bit) ', '2026-06-18-raspios-trixie-arm64'],
    ['PINN', 3],
    ['bookworm-armhf-lite', '2026-06-18-raspios-bookworm-armhf-lite'],
    ['trixie-arm64', 3],
    ['ubuntu', 7],
    ['ubuntu 26.04 server', 'ubuntu-26.04.1-preinstalled-server-arm64+raspi'],
    ['homey', 'Homey-Self-Hosted-Server-for-Raspberry-Pi-2025-12-04'],
    ['smart home platform', 'Homey-Self-Hosted-Server-for-Raspberry-Pi-2025-12-04'],
    ['old models rpi2', 'recalbox-rpi2'],
    ['no-such-image', undefined],
    ['', undefined],
    ['   ', undefined],
  ];
  for (const [word, expected] of cases) assert.equal(outcome(word), expected, word);
});

test('of several releases of one image none is chosen', () => {
  const two = catalogOf([
    { url: 'https://example.org/2025-10-01-raspios-trixie-arm64-lite.img.xz' },
    { url: 'https://example.org/2025-11-24-raspios-trixie-arm64-lite.img.xz' },
  ]);
  const found = findInCatalog(two, 'trixie-arm64-lite');
  assert.deepEqual(found.kind === 'many' && found.candidates.map(({ tag }) => tag), [
    '2025-10-01-raspios-trixie-arm64-lite',
    '2025-11-24-raspios-trixie-arm64-lite',
  ]);
});

test('a word that is none brings tags that look like it, the likeliest first', () => {
  const near = (word: string): readonly string[] => {
    const found = findInCatalog(catalog, word);
    return found.kind === 'none' ? found.near : assert.fail(word);
  };
  assert.equal(near('2026-06-18-raspios-trixy-arm64-lite')[0], '2026-06-18-raspios-trixie-arm64-lite');
  assert.deepEqual(near('pin-lite').slice(0, 3), ['pinn-lite', 'pinn-lite-2', 'pinn-lite-3']);
  assert.equal(near('ubuntu-20.04-server').length, 5);
  assert.ok(near('ubuntu-20.04-server').every((tag) => tag.startsWith('ubuntu')));
  assert.ok(near('latest-lite-full').every((tag) => /lite|full/.test(tag)));
  assert.deepEqual(near('zzzzzz'), []);
  assert.deepEqual(near(''), []);
  assert.ok(near('x'.repeat(100_000)).length <= 5);
});

test('no word and no catalog makes it fail, and what is found is in the catalog', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('latest', 'lite', '32', '-', ' ', '2026-06-19', 'raspios', 'pinn', '(', '\\', '.img', '_'))
      .map((all) => all.join('')),
  );
  fc.assert(
    fc.property(word, (text) => {
      const found = findInCatalog(catalog, text);
      if (found.kind === 'one') assert.ok(catalog.entries.includes(found.entry));
      else if (found.kind === 'many') assert.ok(found.candidates.length > 1);
      else assert.ok(found.near.length <= 5);
    }),
  );
});

test('a filter keeps what has every word somewhere and is for the device', () => {
  const tags = (words: readonly string[], device?: string) =>
    filterCatalog(catalog, words, device).map(({ tag }) => tag);
  assert.equal(tags([]).length, catalog.entries.length);
  assert.deepEqual(tags(['LEGACY', 'lite']), [
    '2026-06-18-raspios-bookworm-arm64-lite',
    '2026-06-18-raspios-bookworm-armhf-lite',
  ]);
  assert.ok(tags(['rpi-preseed']).length > 0, 'how it takes its settings');
  assert.ok(tags(['games']).length === 0 && tags(['gaming']).length > 0, 'the menus');
  const forFive = tags([], 'Raspberry Pi 5');
  assert.ok(forFive.includes('2026-06-18-raspios-trixie-armhf-lite') && !forFive.includes('recalbox-rpi5'));
  assert.deepEqual(tags(['raspios', 'full'], 'PI1-32BIT'), [
    '2026-06-18-raspios-trixie-armhf-full',
    '2026-06-18-raspios-bookworm-armhf-full',
  ]);
  assert.deepEqual(tags(['pinn'], 'raspberry pi zero'), ['pinn-lite', 'pinn-lite-2', 'pinn-lite-3']);
  assert.equal(tags([], 'No filtering').length, catalog.entries.length);
  assert.ok(
    !tags([], 'pi5-64bit').includes('Homey-Self-Hosted-Server-for-Raspberry-Pi-2025-12-04'),
    'names no devices',
  );
});

test('a device that the list does not know is an error that names those it does', () => {
  assert.throws(
    () => filterCatalog(catalog, [], 'Raspberry Pi 7'),
    (error) =>
      error instanceof PiburnError &&
      error.failure.code === 'DEVICE_UNKNOWN' &&
      error.exitCode === 2 &&
      /Raspberry Pi 5, Raspberry Pi 4.*pi5-64bit/.test(error.failure.hint ?? ''),
  );
});
