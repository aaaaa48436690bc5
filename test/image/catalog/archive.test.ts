// Where releases that are not in the list any more are looked for: at the places where they really are, as published.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { archiveCandidates } from '../../../src/image/catalog/names.js';

const repo = 'https://downloads.raspberrypi.com/os_list_imagingutility_v4.json';
const pathsFor = (word: string): string[] => archiveCandidates(word, repo).map(({ url }) => new URL(url).pathname);

/** URLs of releases, without their origin, and at which try they are found. */
const published: readonly (readonly [path: string, tries: number])[] = [
  ['raspios_lite_arm64/images/raspios_lite_arm64-2024-11-19/2024-11-19-raspios-bookworm-arm64-lite.img.xz', 1],
  ['raspios_lite_arm64/images/raspios_lite_arm64-2026-06-19/2026-06-18-raspios-trixie-arm64-lite.img.xz', 2],
  ['raspios_arm64/images/raspios_arm64-2026-06-19/2026-06-18-raspios-trixie-arm64.img.xz', 2],
  ['raspios_full_armhf/images/raspios_full_armhf-2025-10-02/2025-10-01-raspios-trixie-armhf-full.img.xz', 2],
  [
    'raspios_oldstable_lite_arm64/images/raspios_oldstable_lite_arm64-2025-11-24/2025-11-24-raspios-bookworm-arm64-lite.img.xz',
    1,
  ],
  [
    'raspios_oldstable_full_arm64/images/raspios_oldstable_full_arm64-2025-10-02/2025-10-01-raspios-bookworm-arm64-full.img.xz',
    2,
  ],
  [
    'raspios_oldstable_lite_armhf/images/raspios_oldstable_lite_armhf-2023-12-06/2023-12-05-raspios-bullseye-armhf-lite.img.xz',
    2,
  ],
  ['raspios_oldstable_armhf/images/raspios_oldstable_armhf-2023-05-03/2023-05-03-raspios-buster-armhf.img.xz', 1],
  [
    'raspios_oldstable_lite_armhf/images/raspios_oldstable_lite_armhf-2022-09-26/2022-09-22-raspios-buster-armhf-lite.img.xz',
    5,
  ],
  ['raspios_lite_arm64/images/raspios_lite_arm64-2023-05-03/2023-05-03-raspios-bullseye-arm64-lite.img.xz', 1],
  ['raspios_lite_arm64/images/raspios_lite_arm64-2022-04-07/2022-04-04-raspios-bullseye-arm64-lite.img.xz', 4],
  [
    'raspios_oldstable_lite_armhf/images/raspios_oldstable_lite_armhf-2022-01-28/2022-01-28-raspios-buster-armhf-lite.zip',
    1,
  ],
  ['raspios_lite_arm64/images/raspios_lite_arm64-2021-11-08/2021-10-30-raspios-bullseye-arm64-lite.zip', 1],
  ['raspios_lite_armhf/images/raspios_lite_armhf-2021-05-28/2021-05-07-raspios-buster-armhf-lite.zip', 1],
  ['raspios_armhf/images/raspios_armhf-2021-03-25/2021-03-04-raspios-buster-armhf.zip', 1],
  ['raspios_arm64/images/raspios_arm64-2021-04-09/2021-03-04-raspios-buster-arm64.zip', 2],
  ['raspios_lite_armhf/images/raspios_lite_armhf-2021-01-12/2021-01-11-raspios-buster-armhf-lite.zip', 2],
  ['raspios_lite_armhf/images/raspios_lite_armhf-2020-08-24/2020-08-20-raspios-buster-armhf-lite.zip', 5],
  ['raspios_lite_armhf/images/raspios_lite_armhf-2020-05-28/2020-05-27-raspios-buster-lite-armhf.zip', 2],
  ['raspios_full_armhf/images/raspios_full_armhf-2020-05-28/2020-05-27-raspios-buster-full-armhf.zip', 2],
  ['raspbian_lite/images/raspbian_lite-2020-02-14/2020-02-13-raspbian-buster-lite.zip', 2],
  ['raspbian_lite/images/raspbian_lite-2019-09-30/2019-09-26-raspbian-buster-lite.zip', 5],
  ['raspbian_full/images/raspbian_full-2019-04-09/2019-04-08-raspbian-stretch-full.zip', 2],
  ['raspbian/images/raspbian-2017-12-01/2017-11-29-raspbian-stretch.zip', 3],
  ['raspbian/images/raspbian-2014-09-12/2014-09-09-wheezy-raspbian.zip', 4],
];

test('every release is looked for where it was published', () => {
  for (const [path, tries] of published) {
    const file = path.split('/').at(-1) ?? '';
    const name = file.replace(/\.(img\.xz|zip)$/, '');
    assert.equal(pathsFor(name).indexOf(`/${path}`) + 1, tries, file);
    assert.deepEqual(pathsFor(file), pathsFor(name), 'with its suffixes too');
  }
});

test('the tags of cloudmesh-pi-burn, which name directories, are looked for too', () => {
  const seedTags: [tag: string, path: string][] = [
    [
      'lite-2021-01-12',
      'raspios_lite_armhf/images/raspios_lite_armhf-2021-01-12/2021-01-11-raspios-buster-armhf-lite.zip',
    ],
    [
      'lite-2020-12-04',
      'raspios_lite_armhf/images/raspios_lite_armhf-2020-12-04/2020-12-02-raspios-buster-armhf-lite.zip',
    ],
    [
      'lite-2020-05-28',
      'raspios_lite_armhf/images/raspios_lite_armhf-2020-05-28/2020-05-27-raspios-buster-lite-armhf.zip',
    ],
    [
      'full-2021-11-08',
      'raspios_full_armhf/images/raspios_full_armhf-2021-11-08/2021-10-30-raspios-bullseye-armhf-full.zip',
    ],
    [
      'lite_arm64-2022-04-07',
      'raspios_lite_arm64/images/raspios_lite_arm64-2022-04-07/2022-04-04-raspios-bullseye-arm64-lite.img.xz',
    ],
    ['arm64-2021-04-09', 'raspios_arm64/images/raspios_arm64-2021-04-09/2021-03-04-raspios-buster-arm64.zip'],
    [
      'oldstable_lite-2022-01-28',
      'raspios_oldstable_lite_armhf/images/raspios_oldstable_lite_armhf-2022-01-28/2022-01-28-raspios-buster-armhf-lite.zip',
    ],
    [
      'oldstable-2024-03-12',
      'raspios_oldstable_armhf/images/raspios_oldstable_armhf-2024-03-12/2024-03-12-raspios-bullseye-armhf.img.xz',
    ],
  ];
  for (const [tag, path] of seedTags) assert.ok(pathsFor(tag).includes(`/${path}`), tag);
});

test('they are under the origin of the list, which is on the web', () => {
  const word = '2024-11-19-raspios-bookworm-arm64-lite';
  const [first] = archiveCandidates(word, 'http://127.0.0.1:8080/some/where/list.json');
  assert.ok(first?.url.startsWith('http://127.0.0.1:8080/raspios_lite_arm64/images/'));
  for (const other of ['/home/pi/list.json', 'file:///home/pi/list.json', 'ftp://x/y', 'http://', '']) {
    assert.deepEqual(archiveCandidates(word, other), [], other);
  }
});

test('a word that is no such name is looked for nowhere', () => {
  const words = [
    '',
    'latest',
    'ubuntu',
    '2024-13-40-raspios-bookworm-arm64-lite',
    '2024-11-19-raspios',
    'lite-',
    '-2021-01-12',
  ];
  for (const word of [
    ...words,
    'lite-2021-02-30',
    '2024-11-19-raspios-../..-arm64-lite',
    'x2024-11-19-raspios-y-arm64',
  ]) {
    assert.deepEqual(pathsFor(word), [], word);
  }
});

test('there are never more than twelve, all different, and none leaves the server', () => {
  assert.equal(pathsFor('2021-03-04-raspios-buster-armhf').length, 12);
  const date = fc.date({ noInvalidDate: true }).map((day) => day.toISOString().slice(0, 10));
  const words = fc.constantFrom(
    'raspios',
    'raspbian',
    'trixie',
    'buster',
    'arm64',
    'armhf',
    'lite',
    'full',
    'oldstable',
    '..',
  );
  const name = fc.tuple(date, fc.array(words, { maxLength: 5 })).map(([day, parts]) => [day, ...parts].join('-'));
  const seedTag = fc.tuple(fc.array(words, { maxLength: 3 }), date).map(([parts, day]) => `${parts.join('_')}-${day}`);
  fc.assert(
    fc.property(fc.oneof(name, seedTag, fc.string()), (word) => {
      const urls = archiveCandidates(word, repo).map(({ url }) => url);
      assert.ok(urls.length <= 12 && new Set(urls).size === urls.length);
      for (const url of urls)
        assert.match(url, /^https:\/\/downloads\.raspberrypi\.com\/rasp[a-z0-9_]+\/images\/[^/]+\/[^/]+$/);
    }),
    { numRuns: 1000 },
  );
});
