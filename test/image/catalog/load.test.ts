// When a list is fetched, when a copy does, and what a copy is worth: age, no network, damage, parts that are gone.

import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { failure, interruption, PiburnError } from '../../../src/errors.js';
import { defaultRepo, type LoadOptions, loadCatalog } from '../../../src/image/catalog/load.js';
import { latestLiteTag, makeOsList } from '../../fixtures/os-list.js';
import { isRoot, scratchFolder } from '../../native/scratch.js';
import { image, listOf } from './samples.js';

const noon = Date.parse('2026-06-20T12:00:00Z');
const hours = (count: number): number => count * 3_600_000;
const base = 'http://127.0.0.1:1';

/** A server of texts that can be changed, break down, and counts what it is asked for. */
function setting(t: TestContext, texts: Map<string, string> = new Map()) {
  const asked: string[] = [];
  const server = {
    directory: join(scratchFolder(t), 'store', 'lists'),
    texts,
    asked,
    down: undefined as Error | undefined,
    load: (fields: Partial<LoadOptions> & { atMs?: number } = {}) => {
      const { atMs = noon, ...options } = fields;
      asked.length = 0;
      const fetchText = async (url: string) => {
        asked.push(new URL(url).pathname);
        if (server.down !== undefined) throw server.down;
        const text = texts.get(new URL(url).pathname);
        return text === undefined ? undefined : { text, url };
      };
      const repo = `${base}/list.json`;
      return loadCatalog({
        directory: server.directory,
        repo,
        refresh: 'when-old',
        fetchText,
        now: new Date(atMs),
        ...options,
      });
    },
    cacheFile: () => join(server.directory, readdirSync(server.directory).find((name) => name.endsWith('.json')) ?? ''),
  };
  return server;
}

const noNetwork = failure('NETWORK', 'the network is down');
const simple = (name = 'Some OS') => new Map([['/list.json', listOf(image({ name }))]]);
const named = (code: string) => (error: unknown) => error instanceof PiburnError && error.failure.code === code;

test('a list is fetched with all its parts, in the order of its menus', async (t) => {
  const list = makeOsList({ baseUrl: base });
  const server = setting(t, new Map(list.files));
  const { catalog, ageMs, stale } = await server.load({ repo: list.url });
  assert.deepEqual(
    [ageMs, stale, catalog.source, catalog.fetchedAt],
    [0, undefined, list.url, '2026-06-20T12:00:00.000Z'],
  );
  assert.deepEqual(server.asked.toSorted(), [...list.files.keys()].toSorted(), 'each once');
  assert.deepEqual(catalog.entries.map(({ url }) => url).toSorted(), list.imageUrls.toSorted());
  assert.equal(catalog.troubles.length, list.troubles);
  assert.ok(catalog.entries.some(({ tag }) => tag === latestLiteTag()));
  const order = [...new Set(catalog.entries.map(({ path }) => path[0]))];
  assert.deepEqual(order.slice(0, 4), [
    undefined,
    'Raspberry Pi OS (other)',
    'Other general-purpose OS',
    'Media player and gaming OS',
  ]);
  const old = catalog.entries.find(({ tag }) => tag === 'recalbox-rpi2');
  assert.deepEqual(old?.path, ['Media player and gaming OS', 'Recalbox', 'For old models']);
  const copy = await server.load({ repo: list.url, refresh: 'never', atMs: noon + 5 });
  assert.deepEqual(copy, { catalog, ageMs: 5 });
  assert.deepEqual(server.asked, []);
});

test('parts stand between the entries where the list has them', async (t) => {
  const part = (url: string) => ({ name: 'Part', subitems_url: url });
  const server = setting(
    t,
    new Map([
      ['/list.json', listOf(image({ url: '1.img' }), part('a.json'), image({ url: '4.img' }), part('/sub/b.json'))],
      ['/a.json', listOf(image({ url: '2.img' }), part('c.json'))],
      ['/c.json', JSON.stringify({ subitems: [image({ url: '3.img' })] })],
      ['/sub/b.json', listOf(image({ url: '5.img' }), part('../a.json'), part('b.json'), part('../list.json'))],
    ]),
  );
  const { catalog } = await server.load();
  assert.deepEqual(
    catalog.entries.map(({ tag }) => tag),
    ['1', '2', '3', '4', '5'],
  );
  assert.deepEqual(catalog.entries.at(2)?.path, ['Part', 'Part']);
  assert.equal(catalog.entries.at(4)?.url, `${base}/sub/5.img`, 'relative to the part');
  assert.deepEqual(catalog.troubles, []);
  assert.equal(server.asked.length, 4, 'lists that name each other are read once');
});

test('a part that two menus have is read once, and its URLs are relative to where it really is', async (t) => {
  const asked: string[] = [];
  const fetchText = async (url: string) => {
    asked.push(url);
    const part = { subitems_url: 'part.json' };
    if (url.endsWith('list.json')) return { url, text: listOf({ ...part, name: 'A' }, { ...part, name: 'B' }) };
    return { url: 'https://mirror.example/v4/part.json', text: listOf(image({ url: 'os.img' })) };
  };
  const { catalog } = await setting(t).load({ fetchText });
  assert.equal(asked.length, 2);
  assert.deepEqual(
    catalog.entries.map(({ url, path }) => [url, path]),
    [['https://mirror.example/v4/os.img', ['A']]],
  );
});

test("Raspberry Pi's own list is asked for when nothing else is", async (t) => {
  const asked: string[] = [];
  const fetchText = async (url: string) => {
    asked.push(url);
    return { text: listOf(image({ url: 'os.img' })), url: 'https://mirror.example/v4/list.json' };
  };
  const options = { directory: scratchFolder(t), refresh: 'when-old', fetchText, now: new Date(noon) } as const;
  const { catalog } = await loadCatalog(options);
  assert.deepEqual(asked, [defaultRepo]);
  assert.equal(catalog.entries[0]?.url, 'https://mirror.example/v4/os.img', 'relative to where it really is');
  assert.equal((await loadCatalog(options)).catalog.entries[0]?.url, 'https://mirror.example/v4/os.img');
  assert.equal(asked.length, 1);
});

test('a copy is used for 24 hours, and another list has another copy', async (t) => {
  const server = setting(t, simple());
  const times = async (fields: Parameters<typeof server.load>[0]) => {
    await server.load(fields);
    return server.asked.length;
  };
  assert.equal(await times({}), 1);
  assert.equal(await times({ atMs: noon + hours(24) - 1 }), 0);
  assert.equal(await times({ atMs: noon + hours(24) }), 1);
  assert.equal(await times({ atMs: noon + hours(25), refresh: 'always' }), 1);
  assert.equal(await times({ atMs: noon + hours(48) }), 0);
  assert.equal(await times({ atMs: noon, refresh: 'never' }), 0);
  assert.equal(await times({ atMs: noon }), 1, 'a copy from the future');
  server.texts.set('/other.json', listOf(image({ name: 'Other' })));
  assert.equal((await server.load({ repo: `${base}/other.json` })).catalog.entries[0]?.name, 'Other');
  assert.equal((await server.load()).catalog.entries[0]?.name, 'Some OS');
});

test('without network an old copy is used, and why is told', async (t) => {
  const server = setting(t, simple('Old'));
  await server.load();
  server.down = noNetwork;
  for (const refresh of ['always', 'when-old'] as const) {
    const { catalog, ageMs, stale } = await server.load({ refresh, atMs: noon + hours(100) });
    assert.deepEqual([catalog.entries[0]?.name, ageMs, stale], ['Old', hours(100), 'the network is down']);
    assert.equal(catalog.fetchedAt, '2026-06-20T12:00:00.000Z');
  }
  server.down = undefined;
  for (const text of ['<html>log in to the hotel</html>', undefined]) {
    if (text === undefined) server.texts.delete('/list.json');
    else server.texts.set('/list.json', text);
    const { catalog, stale } = await server.load({ refresh: 'always' });
    assert.equal(catalog.entries[0]?.name, 'Old');
    assert.match(stale ?? '', text === undefined ? /there is no OS list at http/ : /is not JSON/);
  }
  assert.equal((await server.load({ refresh: 'never' })).stale, undefined);
});

test('without a copy the failure is an error', async (t) => {
  const server = setting(t);
  await assert.rejects(server.load(), named('LIST_NOT_FOUND'));
  await assert.rejects(server.load({ refresh: 'never' }), named('LIST_NOT_KEPT'));
  assert.deepEqual(server.asked, [], 'never is never');
  server.texts.set('/list.json', '[');
  await assert.rejects(server.load(), named('LIST_BROKEN'));
  server.down = noNetwork;
  await assert.rejects(server.load(), named('NETWORK'));
  assert.ok(!existsSync(server.directory), 'nothing was kept');
});

test('an interruption, or a defect, is never covered by a copy', async (t) => {
  const server = setting(t, simple());
  await server.load();
  for (const down of [interruption('stopped'), new TypeError('a defect')]) {
    server.down = down;
    await assert.rejects(server.load({ refresh: 'always' }), down);
    server.down = undefined;
    const stopping = async (url: string) => {
      if (url.endsWith('p.json')) throw down;
      return { url, text: listOf({ name: 'Part', subitems_url: 'p.json' }) };
    };
    await assert.rejects(server.load({ refresh: 'always', fetchText: stopping }), down, 'not in a part either');
  }
});

test('a part that cannot be had is told of, and its earlier copy stands in', async (t) => {
  const texts = new Map([
    ['/list.json', listOf({ name: 'Games', subitems_url: 'games.json' }, image())],
    ['/games.json', listOf(image({ url: 'game.img' }))],
  ]);
  const server = setting(t, texts);
  texts.delete('/games.json');
  const without = await server.load();
  assert.deepEqual(
    without.catalog.entries.map(({ tag }) => tag),
    ['some-os'],
  );
  assert.deepEqual(without.catalog.troubles, [
    `the part "Games" of the list is left out: there is no OS list at ${base}/games.json`,
  ]);
  assert.deepEqual((await server.load()).catalog.troubles, [
    'the part "Games" of the list is left out: it could not be fetched with the rest',
  ]);
  texts.set('/games.json', listOf(image({ url: 'game.img' })));
  assert.equal((await server.load({ refresh: 'always' })).catalog.troubles.length, 0);
  for (const [day, broken] of ['<html>', '{"os_list":5}', undefined].entries()) {
    if (broken === undefined) texts.delete('/games.json');
    else texts.set('/games.json', broken);
    const { catalog, stale } = await server.load({ refresh: 'always', atMs: noon + hours(24 * (day + 1)) });
    assert.deepEqual(
      catalog.entries.map(({ tag }) => tag),
      ['game', 'some-os'],
    );
    assert.match(catalog.troubles.join(), /^the part "Games" of the list is as it was on 2026-06-20: .*games.json/);
    assert.equal(stale, undefined);
  }
});

test('a damaged copy counts as none, whichever byte it is', async (t) => {
  const server = setting(t, simple());
  await server.load();
  server.down = noNetwork;
  const path = server.cacheFile();
  const whole = readFileSync(path);
  for (let place = 0; place < whole.length; place += 7) {
    const damaged = Buffer.from(whole);
    damaged[place] = (damaged[place] ?? 0) ^ 1;
    writeFileSync(path, damaged);
    await assert.rejects(server.load({ refresh: 'never' }), named('LIST_NOT_KEPT'), `byte ${place}`);
  }
  for (const content of ['', 'null', '[]', '{}', whole.subarray(0, -9)]) {
    writeFileSync(path, content);
    await assert.rejects(server.load(), named('NETWORK'));
  }
  server.down = undefined;
  await server.load();
  assert.deepEqual(readFileSync(path), whole, 'it is kept anew');
  server.texts.set('/other.json', listOf());
  await server.load({ repo: `${base}/other.json` });
  for (const name of readdirSync(server.directory)) copyFileSync(path, join(server.directory, name));
  await assert.rejects(server.load({ repo: `${base}/other.json`, refresh: 'never' }), named('LIST_NOT_KEPT'));
});

test('copies are private and whole: no file of another name is left', async (t) => {
  const server = setting(t, simple());
  const abandoned = join(server.directory, 'x.json.123.partial');
  const inUse = join(server.directory, 'y.json.456.partial');
  mkdirSync(server.directory, { recursive: true, mode: 0o700 });
  for (const path of [abandoned, inUse]) writeFileSync(path, '{');
  utimesSync(abandoned, (noon - hours(2)) / 1000, (noon - hours(2)) / 1000);
  utimesSync(inUse, (noon - hours(0.9)) / 1000, (noon - hours(0.9)) / 1000);
  await Promise.all([server.load(), server.load(), server.load({ refresh: 'always' })]);
  assert.equal(statSync(server.cacheFile()).mode & 0o777, 0o600);
  assert.equal(readdirSync(server.directory).length, 2);
  assert.ok(!existsSync(abandoned) && existsSync(inUse));
  assert.equal((await server.load({ refresh: 'never' })).catalog.entries.length, 1);
});

test('where no copy can be kept the list is used all the same', async (t) => {
  const server = setting(t, simple());
  const parent = join(server.directory, '..');
  mkdirSync(parent, { recursive: true });
  if (isRoot) writeFileSync(server.directory, 'a file in its place');
  else chmodSync(parent, 0o500);
  const { catalog } = await server.load();
  assert.equal(catalog.entries.length, 1);
  assert.match(catalog.troubles.join(), /^no copy of the list can be kept in .* \(E[A-Z]+\)$/);
  if (!isRoot) chmodSync(parent, 0o700);
});

test('never more than four parts at a time, and five hundred at all', async (t) => {
  let running = 0;
  let most = 0;
  let parts = 0;
  const fetchText = async (url: string) => {
    if (url.endsWith('list.json')) {
      const items = Array.from({ length: 400 }, (_, index) => ({ name: 'Part', subitems_url: `${index}.part` }));
      return { url, text: listOf(...items) };
    }
    parts += 1;
    running += 1;
    most = Math.max(most, running);
    await new Promise((done) => setImmediate(done));
    running -= 1;
    return { url, text: listOf({ name: 'Another', subitems_url: `${url}.of` }) };
  };
  const { catalog } = await setting(t).load({ fetchText });
  assert.deepEqual([most, parts], [4, 500]);
  assert.equal(catalog.troubles.length, 201, 'and those that are left out are told of');
});

test('after a failure no further part is asked for, and none is left running', async (t) => {
  let running = 0;
  const asked: string[] = [];
  const fetchText = async (url: string) => {
    const items = Array.from({ length: 50 }, (_, index) => ({ name: 'Part', subitems_url: `${index}.part` }));
    if (url.endsWith('list.json')) return { url, text: listOf(...items) };
    asked.push(url);
    if (asked.length === 4) throw interruption('stopped');
    running += 1;
    await new Promise((done) => setTimeout(done, 5));
    running -= 1;
    return { url, text: listOf() };
  };
  await assert.rejects(setting(t).load({ fetchText }), named('INTERRUPTED'));
  assert.deepEqual([running, asked.length], [0, 4]);
});

test('a list with too many images in its parts is cut off', async (t) => {
  const part = (number: number) =>
    listOf(...Array.from({ length: 30_000 }, (_, index) => ({ url: `${number}-${index}.img` })));
  const items = [1, 2, 3].map((number) => ({ name: `Part ${number}`, subitems_url: `${number}.json` }));
  const fetchText = async (url: string) => ({
    url,
    text: url.endsWith('list.json') ? listOf(...items) : part(Number(url.at(-6))),
  });
  const { catalog } = await setting(t).load({ fetchText });
  assert.equal(catalog.entries.length, 50_000);
  assert.equal(catalog.troubles.length, 2);
  assert.match(catalog.troubles.join(), /10000 images are left out.*30000 images are left out/);
});
