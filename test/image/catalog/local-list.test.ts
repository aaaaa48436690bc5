// Lists that are files.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { PiburnError } from '../../../src/errors.js';
import { type LoadOptions, loadCatalog } from '../../../src/image/catalog/load.js';
import { scratchFolder } from '../../native/scratch.js';
import { image, listOf } from './samples.js';

function setting(t: TestContext) {
  const folder = scratchFolder(t);
  const directory = join(folder, 'cache');
  mkdirSync(join(folder, 'lists', 'parts'), { recursive: true });
  const path = join(folder, 'lists', 'my images.rpi-imager-manifest');
  const load = (repo = path, fields: Partial<LoadOptions> = {}) => {
    const fetchText = async (): Promise<undefined> => assert.fail('no network for this');
    return loadCatalog({ directory, repo, refresh: 'when-old', fetchText, now: new Date(0), ...fields });
  };
  return { folder, directory, path, load };
}

const named = (code: string) => (error: unknown) => error instanceof PiburnError && error.failure.code === code;

test('a file is read every time, by its path or its URL, and never kept', async (t) => {
  const { path, directory, load } = setting(t);
  for (const name of ['One', 'Two']) {
    writeFileSync(path, listOf(image({ name, url: 'my%20os.img.xz' })));
    for (const repo of [path, pathToFileURL(path).href]) {
      for (const refresh of ['never', 'always'] as const) {
        const { catalog, ageMs, stale } = await load(repo, { refresh });
        assert.deepEqual([catalog.entries[0]?.name, catalog.entries[0]?.tag], [name, 'my-os']);
        assert.equal(catalog.entries[0]?.url, pathToFileURL(join(path, '..', 'my os.img.xz')).href);
        assert.deepEqual([catalog.source, ageMs, stale], [path, 0, undefined]);
      }
    }
  }
  assert.ok(!existsSync(directory));
});

test('its parts may be files beside it and below, and lists on the web', async (t) => {
  const { path, load } = setting(t);
  const part = (url: string) => ({ name: 'Part', subitems_url: url });
  writeFileSync(path, listOf(part('parts/a.json'), part('https://example.org/web.json')));
  writeFileSync(join(path, '..', 'parts', 'a.json'), listOf(image({ url: 'a.img' }), part('../b.json')));
  writeFileSync(join(path, '..', 'b.json'), listOf(image({ url: 'b.img' })));
  const evil = { name: 'Evil', subitems_url: pathToFileURL(path).href };
  const fetchText = async (url: string) => ({ url, text: listOf(image({ url: 'web.img' }), evil) });
  const { catalog } = await load(path, { fetchText });
  assert.deepEqual(
    catalog.entries.map(({ tag }) => tag),
    ['a', 'b', 'web'],
  );
  assert.match(catalog.troubles.join(), /^"Part > Evil": subitems_url is "file:.*, not a URL that can be fetched$/);
  const offline = await load(path, { refresh: 'never' });
  assert.deepEqual(
    offline.catalog.entries.map(({ tag }) => tag),
    ['a', 'b'],
  );
  assert.equal(offline.catalog.troubles.length, 1);
});

test('no part lies outside its directory, not by a link either', async (t) => {
  const { folder, path, load } = setting(t);
  writeFileSync(join(folder, 'secret.json'), listOf(image()));
  mkdirSync(join(folder, 'lists-and-more'));
  writeFileSync(join(folder, 'lists-and-more', 'x.json'), listOf(image()));
  symlinkSync(join(folder, 'secret.json'), join(folder, 'lists', 'link.json'));
  symlinkSync(folder, join(folder, 'lists', 'up'));
  const urls = [
    '../secret.json',
    'link.json',
    'up/secret.json',
    '../lists-and-more/x.json',
    pathToFileURL(folder).href,
  ];
  for (const url of [...urls, '%2e%2e/secret.json', 'file://elsewhere/x.json', 'parts', 'missing.json', 'a%2fb.json']) {
    writeFileSync(path, listOf({ name: 'Part', subitems_url: url }));
    const { catalog } = await load();
    assert.deepEqual([catalog.entries.length, catalog.troubles.length], [0, 1], url);
    assert.match(catalog.troubles[0] ?? '', /^the part "Part" of the list is left out: /, url);
  }
});

test('what cannot be read is an error that names it', async (t) => {
  const { folder, load } = setting(t);
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const large = join(folder, 'large.json');
  writeFileSync(large, '[]');
  truncateSync(large, (32 << 20) + 1);
  const broken = join(folder, 'broken.json');
  writeFileSync(broken, 'not JSON');
  for (const path of [join(folder, 'missing.json'), folder, fifo, large, '/dev/zero', 'file://host/x']) {
    await assert.rejects(load(path), named('LIST_UNREADABLE'), path);
    await assert.rejects(load(path), (error) => error instanceof Error && error.message.includes(path));
  }
  await assert.rejects(load(broken), named('LIST_BROKEN'));
  await assert.rejects(load('ftp://example.org/list.json'), named('LIST_ADDRESS'));
});
