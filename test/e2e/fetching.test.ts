// Images by name and address, from a web server that behaves, and from one that does not: every fetch ends with the
// right bytes on the card, or with a sentence and nothing on it.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Route, times } from '../fixtures/web-server.js';
import { undo } from '../native/scratch.js';
import { programPath } from '../program.js';
import { eventsOf, goodSummary, isRoot, MiB, planOf, type Ran } from './support.js';
import { imagePath, latest, online, publishedImage, sha256 } from './web-images.js';

const published = publishedImage();
const yes = ['--json', '--yes'];
const nodes = ['--hostname=red[001-002]', '--ipaddr=10.1.1.[2-3]'];

/** A server that takes its time: some seconds. */
const slowly = (): Route => ({ pieceBytes: Math.ceil(published().archive.length / 100), pauseMs: 30 });

const codeOf = ({ stdout, stderr }: Ran): string => `${stdout}\n${stderr}`;

test('versions shows the whole list as a table, and filters it by words and model', async (t) => {
  const { piburn } = await online(t, published());
  const all = await piburn(['image', 'versions']);
  assert.equal(all.code, 0, all.stderr);
  assert.match(all.stdout, new RegExp(latest));
  assert.match(all.stdout, /\d{3} of \d{3} images of http/);
  assert.match(all.stdout, /note: /, 'broken entries are named');
  const some = await piburn(['image', 'versions', 'lite', 'arm64', '--device=pi4-64bit', '--json']);
  const { images } = JSON.parse(some.stdout);
  assert.ok(images.length > 0 && images.length < 50);
  assert.ok(images.every(({ devices }: { devices: string[] }) => devices.includes('pi4-64bit')));
  const unknown = await piburn(['image', 'versions', '--device=pi9']);
  assert.equal(unknown.code, 2, unknown.stderr);
});

test('a list that was fetched once serves without a network', async (t) => {
  const { piburn, server } = await online(t, published());
  assert.equal((await piburn(['image', 'versions'])).code, 0);
  await server.close();
  assert.match((await piburn(['image', 'versions'])).stdout, new RegExp(latest));
  const refreshed = await piburn(['image', 'versions', '--refresh']);
  assert.equal(refreshed.code, 0, refreshed.stderr);
  assert.match(refreshed.stderr, /warning: the list of images is/);
});

test('get latest fetches once, and burns then need no network', async (t) => {
  const { piburn, path, asked, server } = await online(t, published());
  const got = await piburn(['image', 'get', 'latest']);
  assert.equal(got.code, 0, got.stderr);
  assert.match(got.stdout, new RegExp(`${latest} is ready to burn \\(checked with the OS list\\)`));
  assert.match((await piburn(['image', 'get'])).stdout, /is in the store already/);
  assert.equal(asked().length, 1);
  await server.close();
  const burned = goodSummary(await piburn(['burn', 'latest', path('a.img'), ...yes]));
  assert.equal(burned.decodes, 0);
  execFileSync('cmp', [published().path, path('a.img')]);
  goodSummary(await piburn(['burn', latest, path('b.img'), ...yes]));
  assert.match((await piburn(['image', 'versions', latest])).stdout, /✓|yes|fetched/);
});

test('create --image=latest fetches, burns while it fetches, and leaves a kept image behind', async (t) => {
  const { piburn, path, asked } = await online(t, published(), slowly());
  const ran = await piburn(['create', '--image=latest', `--device=${path('c[1-2].img')}`, ...nodes, ...yes]);
  const summary = goodSummary(ran);
  assert.equal(summary.cards.length, 2);
  assert.equal(summary.decodes, 1);
  const events = eventsOf(ran);
  const firstStart = events.findIndex(({ type }) => type === 'card-start');
  const fetched = events.findIndex((event) => event.type === 'fetch' && event.state === 'done');
  assert.ok(firstStart >= 0 && firstStart < fetched, 'cards begin before the download ends');
  assert.equal(planOf(ran).image.name, latest);
  assert.equal(asked().length, 1);
  const ls = await piburn(['image', 'ls', '--json']);
  const [kept] = JSON.parse(ls.stdout).images;
  assert.equal(kept.name, latest);
  assert.equal(kept.imageSha256, published().imageSha256);
  assert.equal(kept.flavour, 'cloudinit');
  assert.ok(kept.burnedAt !== undefined);
});

const fraction = (part: number) => Math.floor(published().archive.length * part);

/** A server that misbehaves and is put up with in the end. */
const mended: readonly (readonly [string, () => Route])[] = [
  [
    'drops the connection at 30 % and at 90 %',
    () => ({ first: [{ dropAfterBytes: fraction(0.3) }, { dropAfterBytes: fraction(0.6) }] }),
  ],
  ['redirects', () => ({ first: [{ redirect: imagePath }] })],
  ['answers 500 and 429 first', () => ({ first: [{ status: 500 }, { status: 429, headers: { 'retry-after': '1' } }] })],
  ['refuses ranges after a drop', () => ({ ranges: false, first: [{ dropAfterBytes: fraction(0.3) }] })],
  ['answers 416 to a range', () => ({ first: [{ dropAfterBytes: fraction(0.3) }, { refusesRange: true }] })],
  ['does not tell the length', () => ({ length: 'chunked' })],
  ['has no validators', () => ({ etag: false, first: [{ dropAfterBytes: fraction(0.5) }] })],
];

for (const [what, route] of mended)
  test(`a server that ${what}: the card is right in the end`, async (t) => {
    const { piburn, path } = await online(t, published(), route());
    goodSummary(await piburn(['burn', 'latest', path('a.img'), ...yes]));
    execFileSync('cmp', [published().path, path('a.img')]);
  });

const wrongDigest = '0'.repeat(64);

/** What cannot be put right: the code of the failure. */
const hopeless: readonly (readonly [string, () => Route, Record<string, string>, RegExp])[] = [
  ['sends a wrong byte', () => ({ wrongByteAt: fraction(0.7) }), {}, /IMAGE_CORRUPT|IMAGE_DIGEST/],
  ['sends another image than the list says', () => ({}), { imageSha256: wrongDigest }, /IMAGE_DIGEST/],
  ['sends another archive than the list says', () => ({}), { archiveSha256: wrongDigest }, /IMAGE_DIGEST/],
  [
    'sends more than the list says',
    () => ({ content: Buffer.concat([published().archive, Buffer.alloc(512)]) }),
    {},
    /DOWNLOAD_LENGTH/,
  ],
  ['has lost the image', () => ({ status: 404 }), {}, /DOWNLOAD_MISSING/],
  ['forbids the image', () => ({ status: 403 }), {}, /DOWNLOAD_FORBIDDEN/],
  ['sends a page instead', () => ({ content: '<html>Please log in</html>' }), {}, /DOWNLOAD_LENGTH|IMAGE_NOT_A_DISK/],
];

for (const [what, route, listed, code] of hopeless)
  test(`a server that ${what}: a sentence, no bootable card, no leftover`, async (t) => {
    const { piburn, path, store } = await online(t, published(), route(), listed);
    const ran = await piburn(['burn', 'latest', path('a.img'), ...yes]);
    assert.equal(ran.code, 1, ran.stdout);
    assert.match(codeOf(ran), /./);
    const end = ran.stdout === '' ? undefined : eventsOf(ran).at(-1);
    const failure = end?.type === 'end' ? end.summary.failure : undefined;
    if (failure !== undefined) {
      assert.match(failure.code, code);
      assert.ok(end?.type === 'end' && end.summary.cards.every(({ bootable }) => bootable !== 'yes'));
      const head = readFileSync(path('a.img')).subarray(0, 4096);
      assert.ok(
        head.every((byte) => byte === 0),
        'the card has no partition table',
      );
    } else assert.ok(!existsSync(path('a.img')), 'no card was begun');
    assert.deepEqual(readdirSync(join(store, 'images')), []);
    const got = await piburn(['image', 'get', 'latest', '--json']);
    assert.equal(got.code, 1);
    assert.deepEqual(existsSync(join(store, 'downloads')) ? readdirSync(join(store, 'downloads')) : [], []);
  });

test('a server that lies about the length is found out', async (t) => {
  const { piburn, path } = await online(t, published(), { lieBytes: 5000, dropAfterBytes: published().archive.length });
  const ran = await piburn(['burn', 'latest', path('a.img'), ...yes]);
  assert.equal(ran.code, 1, ran.stdout);
  assert.ok(
    !existsSync(path('a.img')) ||
      readFileSync(path('a.img'))
        .subarray(0, 4096)
        .every((byte) => byte === 0),
  );
});

test('an address with a .sha256 beside it is checked with that; without one, piburn says so', async (t) => {
  const { archive } = published();
  const { piburn, path, server } = await online(t, published());
  const name = (n: number) => `/own/n${n}.img.xz`;
  server.routes[name(1)] = { content: archive };
  server.routes[`${name(1)}.sha256`] = { content: `${sha256(archive)}  n1.img.xz\n` };
  server.routes[name(2)] = { content: archive };
  server.routes[`${name(2)}.sha256`] = { content: `${wrongDigest}  n2.img.xz\n` };
  server.routes[name(3)] = { content: archive };
  server.routes['/own/SHA256SUMS'] = { content: `${wrongDigest} *other.img\n${sha256(archive)} *n3.img.xz\n` };
  server.routes[name(4)] = { content: archive };
  const get = (n: number, ...more: string[]) => piburn(['image', 'get', `${server.url}${name(n)}`, ...more]);
  assert.match((await get(1)).stdout, /checked with n1\.img\.xz\.sha256/);
  const wrong = await get(2);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /is not what n2\.img\.xz\.sha256 promises/);
  assert.match((await get(3)).stdout, /checked with SHA256SUMS/);
  const unchecked = await get(4);
  assert.equal(unchecked.code, 0, unchecked.stderr);
  assert.match(unchecked.stdout + unchecked.stderr, /nobody says what the SHA-256 of n4 should be/);
  const disproved = await get(4, `--sha256=${wrongDigest}`, '--keep');
  assert.equal(disproved.code, 1, disproved.stdout);
  assert.match(disproved.stderr, /kept aside: /);
  for (const digest of [sha256(archive), published().imageSha256])
    assert.equal((await get(1, `--sha256=${digest}`)).code, 0);
  goodSummary(await piburn(['burn', 'n1', path('a.img'), ...yes]));
});

test('what changes behind an address is fetched again', async (t) => {
  const { piburn, server } = await online(t, published());
  const { archive } = published();
  const url = `${server.url}/own/moving.img.xz`;
  server.routes['/own/moving.img.xz'] = { content: archive, etag: '"one"' };
  assert.equal((await piburn(['image', 'get', url])).code, 0);
  assert.match((await piburn(['image', 'get', url])).stdout, /is in the store already/);
  server.routes['/own/moving.img.xz'] = { content: archive, etag: '"two"' };
  assert.match((await piburn(['image', 'get', url])).stdout, /is ready to burn/);
});

/** Starts `image get latest`, waits until something has been fetched, and kills it. */
async function killedFetch(env: Record<string, string>, directory: string, downloads: string): Promise<void> {
  const child = spawn(process.execPath, [programPath, 'image', 'get', 'latest'], {
    cwd: directory,
    env,
    stdio: 'ignore',
  });
  const closed = once(child, 'close');
  const partial = () =>
    existsSync(downloads) &&
    readdirSync(downloads).some((name) => readFileSync(join(downloads, name)).length > 100_000);
  for (let tries = 0; !partial(); tries++) {
    assert.ok(tries < 1000, 'something is fetched');
    await new Promise((done) => setTimeout(done, 10));
  }
  child.kill('SIGKILL');
  await closed;
}

test('after kill -9 the next fetch continues, and the image is right', async (t) => {
  const { piburn, path, store, directory, repo, server, asked } = await online(t, published(), slowly());
  const env = { PATH: process.env['PATH'] ?? '', HOME: directory, PIBURN_STORE: store, PIBURN_REPO: repo };
  await killedFetch(env, directory, join(store, 'downloads'));
  server.routes[imagePath] = { content: published().archive };
  goodSummary(await piburn(['burn', 'latest', path('a.img'), ...yes]));
  execFileSync('cmp', [published().path, path('a.img')]);
  assert.equal(asked().length, 2);
  assert.deepEqual(readdirSync(join(store, 'downloads')), []);
});

test('two piburns that want the same image fetch it once', async (t) => {
  const { piburn, path, asked } = await online(t, published(), slowly());
  assert.equal((await piburn(['image', 'versions'])).code, 0);
  const [one, two] = await Promise.all([
    piburn(['burn', 'latest', path('a.img'), ...yes]),
    piburn(['burn', 'latest', path('b.img'), ...yes]),
  ]);
  goodSummary(one);
  goodSummary(two);
  assert.equal(asked().length, 1);
});

test('a store without room is told before anything is fetched', {
  skip: isRoot ? false : 'needs root to mount',
}, async (t: TestContext) => {
  const { piburn, path, asked } = await online(t, published());
  const small = path('small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${20 * MiB}`, 'piburn-small', small]);
  undo(t, () => execFileSync('umount', [small]));
  const ran = await piburn(['image', 'get', 'latest', `--store=${small}`]);
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /no room left for the image/);
  assert.ok(asked().length <= 1);
});

test('an ambiguous name lists its candidates, an unknown one what is like it', async (t) => {
  const { piburn, path } = await online(t, published());
  const ambiguous = await piburn(['burn', 'raspios', path('a.img'), ...yes]);
  assert.equal(ambiguous.code, 2);
  assert.match(ambiguous.stderr, /could be any of these images:\n(.*\n)*.*raspios/);
  const unknown = await piburn(['burn', 'latest-litte', path('a.img'), ...yes]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /there is no image 'latest-litte'/);
});

test('verify finds a rotten byte in the store, delete frees it, and get brings it back', async (t) => {
  const { piburn, store } = await online(t, published());
  assert.equal((await piburn(['image', 'get', 'latest'])).code, 0);
  assert.match((await piburn(['image', 'verify'])).stdout, /: good/);
  const [key = ''] = readdirSync(join(store, 'images'));
  const spool = join(store, 'images', key, 'image');
  const bytes = readFileSync(spool);
  const at = published().layout.boot.offsetBytes + 600;
  bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
  writeFileSync(spool, bytes);
  const rotten = await piburn(['image', 'verify', latest]);
  assert.equal(rotten.code, 1);
  assert.match(rotten.stdout, /is damaged: its \d+ bytes from byte \d+/);
  assert.equal((await piburn(['image', 'delete', latest])).code, 0);
  assert.deepEqual(readdirSync(join(store, 'images')), []);
  assert.match((await piburn(['image', 'get', 'latest'])).stdout, /is ready to burn/);
});

test('info says what is in an image: table, partitions, use, system, flavour', async (t) => {
  const { piburn } = await online(t, published());
  const text = await piburn(['image', 'info', published().path]);
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /^Table +MBR$/m);
  assert.match(text.stdout, /^Settings +cloudinit: /m);
  const archive = `${published().path}.copy.xz`;
  writeFileSync(archive, published().archive);
  const { xz, imageBytes, flavour } = JSON.parse(
    (await piburn(['image', 'info', archive, '--json'])).stdout.trim().split('\n').at(-1) ?? '',
  );
  assert.deepEqual(xz, { streams: 1, blocks: Math.ceil(published().imageBytes / (4 * MiB)) });
  assert.deepEqual([imageBytes, flavour], [published().imageBytes, 'cloudinit']);
});

test('what is of no use any more is collected', async (t) => {
  const { piburn, path, store } = await online(t, published(), { ...{}, first: times(1, {}) });
  writeFileSync(path('mine.img.xz'), published().archive);
  assert.equal((await piburn(['image', 'get', path('mine.img.xz')])).code, 0);
  assert.match((await piburn(['store', 'gc'])).stdout, /Nothing was there/);
  writeFileSync(path('mine.img.xz'), 'something else');
  assert.match((await piburn(['image', 'ls'])).stdout, /stale/);
  assert.match((await piburn(['store', 'gc'])).stdout, /mine \(stale\)/);
  assert.deepEqual(readdirSync(join(store, 'images')), []);
  assert.equal((await piburn(['store', 'path'])).stdout, `${store}\n`);
});
