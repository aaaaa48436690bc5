// What a download does besides bringing the bytes: what its reader sees, what it tells, how it stops, what it needs.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, bytesOf } from '../../../src/image/fetch/ask.js';
import { download } from '../../../src/image/fetch/download.js';
import { Watch } from '../../../src/image/fetch/watch.js';
import { Growth } from '../../../src/image/growth.js';
import { type Route, startWebServer, times } from '../../fixtures/web-server.js';
import { mounted, pattern, scratchFolder } from '../../native/scratch.js';
import { fetchInto, hasCode, hurried, newClient, newPath } from './support.js';

const content = pattern(300_000);
const half = 150_000;

test('a reader of the growing file never sees a byte that changes, whatever the server does', async (t) => {
  const first = [
    { etag: '"one"', dropAfterBytes: 90_000 },
    { dropAfterBytes: 50_000 },
    { shiftsRangeBytes: 7 },
    { ranges: false, dropAfterBytes: 200_000 },
    { status: 503 },
    { stallAfterBytes: 50_000 },
  ];
  const server = await startWebServer(t, { '/a': { content, first, pieceBytes: 9000, pauseMs: 1 } });
  const growth = Growth.create();
  const path = newPath(t);
  const reading = readAlong(path, growth);
  const patience = { ...hurried, stallMs: 1000 };
  const { error, troubles } = await fetchInto(t, path, `${server.url}/a`, { growth, patience });
  assert.equal(error, undefined);
  assert.equal(troubles.length, first.length);
  assert.ok((await reading).equals(content));
});

/** Reads each byte once, as soon as it may be read. */
async function readAlong(path: string, growth: Growth): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const available = await growth.beyond(at);
    if (available === at) return Buffer.concat(pieces);
    pieces.push(readFileSync(path).subarray(at, available));
    at = available;
  }
}

test('a retry is told with where it broke, when it goes on and how often it will', async (t) => {
  const first = [{ dropAfterBytes: half }, { status: 503 }, { hangUp: true }];
  const server = await startWebServer(t, { '/a': { content, first } });
  const patience = { ...hurried, pauseMs: 40, pauseMaxMs: 40, retryAfterMaxMs: 100 };
  const { troubles } = await fetchInto(t, newPath(t), `${server.url}/a`, { patience });
  assert.deepEqual(
    troubles.map((each) => each.replace(/in 0\.0 s/, 'in 0.0 s')),
    [
      'the connection broke at 50 %; trying again in 0.0 s (2 of 8)',
      'the server answered 503; trying again in 0.0 s (3 of 8)',
      'the connection broke at 50 %; trying again in 0.0 s (4 of 8)',
    ],
  );
});

test('what the server says is handed on before the first byte', async (t) => {
  const route = { content, etag: '"tag"', lastModified: 'Mon, 24 Nov 2025 10:00:00 GMT' };
  const server = await startWebServer(t, { '/a': { redirect: '/b?key=1' }, '/b': route });
  const seen: number[] = [];
  const growth = Growth.create();
  const { remote } = await fetchInto(t, newPath(t), `${server.url}/a`, {
    growth,
    onStart: ({ resumedBytes }) => seen.push(resumedBytes, growth.availableBytes),
  });
  const { etag, lastModified } = route;
  assert.deepEqual(remote, { url: `${server.url}/b?key=1`, sizeBytes: content.length, etag, lastModified });
  assert.deepEqual(seen, [0, 0]);
});

test('the file and its state are for their owner only', async (t) => {
  const server = await startWebServer(t, { '/a': { content } });
  const path = newPath(t);
  await fetchInto(t, path, `${server.url}/a`);
  for (const each of [path, `${path}.state`]) assert.equal(statSync(each).mode & 0o777, 0o600);
  assert.ok(!existsSync(`${path}.state.new`));
});

test('credentials in the address reach the server, and neither the messages nor the state', async (t) => {
  const authorization = `Basic ${Buffer.from('ada:s3cr:t/').toString('base64')}`;
  const server = await startWebServer(t, {
    '/a': (request) => (request.headers.authorization === authorization ? { content } : { status: 401 }),
    '/gone': { status: 404 },
  });
  const address = (path: string) => `${server.url.replace('//', '//ada:s3cr:t%2F@')}${path}?sig=t0ken`;
  const path = newPath(t);
  const { bytes, remote, started } = await fetchInto(t, path, address('/a'));
  assert.ok(bytes.equals(content));
  const gone = await fetchInto(t, newPath(t), address('/gone'));
  assert.equal(gone.error?.failure.code, 'DOWNLOAD_MISSING');
  const words = JSON.stringify([remote, started, readFileSync(`${path}.state`, 'utf8'), gone.error?.failure]);
  assert.doesNotMatch(words, /s3cr|ada/);
  assert.doesNotMatch(gone.error?.message ?? '', /t0ken/);
});

test('a cancelled download ends at once, wherever it is, and keeps what has come', async (t) => {
  const routes: Record<string, Route> = {
    'in the midst of a body': { content, stallAfterBytes: half },
    'before the answer': { content, stallAfterBytes: 0 },
    'in a pause': { content, first: [{ dropAfterBytes: half }, ...times(9, { status: 503 })] },
  };
  for (const [where, route] of Object.entries(routes)) {
    const server = await startWebServer(t, { '/a': route });
    const path = newPath(t);
    let isCancelled = false;
    const patience = { ...hurried, stallMs: 60_000, pauseMs: 60_000, pauseMaxMs: 60_000 };
    const fetching = fetchInto(t, path, `${server.url}/a`, { cancelled: () => isCancelled, patience });
    while (server.requests.length === 0 || (route.stallAfterBytes !== 0 && bytesIn(path) < half)) await sleep(5);
    isCancelled = true;
    const { error, growth, bytes } = await fetching;
    assert.equal(error?.failure.code, 'INTERRUPTED', where);
    assert.equal(error?.exitCode, 130);
    assert.equal(growth.state, 'failed');
    assert.ok(bytes.equals(content.subarray(0, growth.availableBytes)));
    if (growth.availableBytes > 0) assert.equal(JSON.parse(readFileSync(`${path}.state`, 'utf8')).syncedBytes, half);
  }
});

const bytesIn = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

test('a client that is closed ends its downloads', async (t) => {
  const server = await startWebServer(t, { '/a': { content, stallAfterBytes: half } });
  const client = newClient(t);
  const path = newPath(t);
  const growth = Growth.create();
  const request = { url: `${server.url}/a`, path, growth, cancelled: () => false, onTrouble: () => {} };
  const fetching = assert.rejects(download(client, request), hasCode('INTERRUPTED'));
  while (bytesIn(path) < half) await sleep(5);
  await client.close();
  await fetching;
  assert.equal(growth.state, 'failed');
});

test('a cancelled download asks nobody', async (t) => {
  const server = await startWebServer(t, { '/a': { content } });
  const { error } = await fetchInto(t, newPath(t), `${server.url}/a`, { cancelled: () => true });
  assert.equal(error?.failure.code, 'INTERRUPTED');
  assert.equal(server.requests.length, 0);
});

test('a full disk is told as such, and the download goes on when there is room', async (t) => {
  const folder = scratchFolder(t);
  if (!mounted(t, folder, ['-t', 'tmpfs', '-o', 'size=256k', 'piburn-test'])) return;
  const server = await startWebServer(t, { '/a': { content } });
  const path = join(folder, 'KEY');
  const full = await fetchInto(t, path, `${server.url}/a`);
  assert.equal(full.error?.failure.code, 'STORE_FULL');
  assert.equal(full.troubles.length, 0);
  assert.equal(full.growth.state, 'failed');
  execFileSync('mount', ['-o', 'remount,size=2m', folder]);
  const { bytes } = await fetchInto(t, path, `${server.url}/a`);
  assert.ok(bytes.equals(content));
});

test('a file that cannot be made is an error of the file', async (t) => {
  const server = await startWebServer(t, { '/a': { content } });
  const growth = Growth.create();
  const request = { url: `${server.url}/a`, path: '/proc/none', growth, cancelled: () => false, onTrouble: () => {} };
  await assert.rejects(download(newClient(t), request), hasCode('ENOENT'));
  assert.equal(growth.state, 'failed');
});

test('what is not on the web is refused, and no file made', async (t) => {
  const path = newPath(t);
  for (const url of ['ftp://a/b', 'file:///etc/passwd', 'nonsense', 'https://', 'http://us:er@[/']) {
    const growth = Growth.create();
    const request = { url, path, growth, cancelled: () => false, onTrouble: () => {} };
    await assert.rejects(download(newClient(t), request), hasCode('URL_INVALID'));
    assert.equal(growth.state, 'failed');
  }
  assert.ok(!existsSync(path));
});

test('a server that nobody can reach is tried three times, and one that was there before eight times', async (t) => {
  const server = await startWebServer(t, { '/a': { content, stallAfterBytes: half } });
  const path = newPath(t);
  const fetching = fetchInto(t, path, `${server.url}/a`);
  while (bytesIn(path) < half) await sleep(5);
  await server.close();
  const outcome = await fetching;
  assert.equal(outcome.error?.failure.code, 'DOWNLOAD_UNREACHABLE');
  assert.equal(outcome.troubles.length, 7);
  const again = await fetchInto(t, path, `${server.url}/a`);
  assert.equal(again.error?.failure.code, 'DOWNLOAD_UNREACHABLE');
  assert.match(again.error?.failure.hint ?? '', /HTTPS_PROXY/);
  assert.equal(again.troubles.length, 2);
});

test('another server program than ours is understood, and continued', async (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'a.img.xz'), content);
  const port = await freePort();
  const server = spawn('busybox', ['httpd', '-f', '-p', `127.0.0.1:${port}`, '-h', folder], { stdio: 'ignore' });
  t.after(() => server.kill('SIGKILL'));
  if ((await Promise.race([once(server, 'spawn'), once(server, 'error')])).length > 0) return t.skip('needs busybox');
  const path = newPath(t);
  const url = `http://127.0.0.1:${port}/a.img.xz`;
  const { bytes, remote } = await fetchInto(t, path, url, {
    patience: { ...hurried, pauseMs: 50, triesUnreached: 50 },
  });
  assert.ok(bytes.equals(content));
  assert.ok(remote?.lastModified !== undefined);
  truncateSync(path, half);
  const again = await fetchInto(t, path, url);
  assert.ok(again.bytes.equals(content));
  assert.equal(again.started[0]?.resumedBytes, half);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test('no more is taken from the network than the disk can take', async (t) => {
  const large = Buffer.alloc(24 * 1024 * 1024, 'x');
  const server = await startWebServer(t, { '/a': { content: large } });
  const client = newClient(t);
  const watch = new Watch(() => false, {});
  const answer = await ask(client, { method: 'GET', url: `${server.url}/a` }, watch);
  let taken = 0;
  for await (const bytes of bytesOf(answer, watch)) {
    assert.ok(bytes.length <= 1024 * 1024 + 64 * 1024, 'what waits in memory is bounded');
    if (taken === 0) await sleep(200);
    if (taken === 0) assert.ok(server.sentBytes < 20 * 1024 * 1024, 'the server has to wait');
    taken += bytes.length;
  }
  watch.close();
  assert.equal(taken, large.length);
});
