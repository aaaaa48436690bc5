// A download that another run began: continued where that is safe, begun again where it is not, killed or not.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DownloadState } from '../../../src/image/fetch/state-file.js';
import { type Route, startWebServer, type WebServer } from '../../fixtures/web-server.js';
import { pattern } from '../../native/scratch.js';
import { fetchInto, newPath, rangesAsked } from './support.js';

const content = pattern(300_000);
const half = 150_000;
const changedOn = 'Mon, 24 Nov 2025 10:00:00 GMT';

/** What a run leaves that gave up half-way. */
async function brokenRun(t: TestContext, route: Route): Promise<{ server: WebServer; path: string; url: string }> {
  const server = await startWebServer(t, {
    '/a': { content, ...route, dropAfterBytes: 0, first: [{ dropAfterBytes: half }] },
  });
  const path = newPath(t);
  const url = `${server.url}/a`;
  const patience = { triesInARow: 1 };
  const { error } = await fetchInto(t, path, url, { patience });
  assert.equal(error?.failure.code, 'DOWNLOAD_BROKEN');
  assert.equal(stateOf(path).syncedBytes, half);
  server.requests.length = 0;
  server.routes['/a'] = { content, ...route };
  return { server, path, url };
}

const stateOf = (path: string): DownloadState => JSON.parse(readFileSync(`${path}.state`, 'utf8'));

function changeState(path: string, changes: object): void {
  writeFileSync(`${path}.state`, JSON.stringify({ ...stateOf(path), ...changes }));
}

interface Case {
  readonly route?: Route;
  /** What happens between the runs. */
  readonly meanwhile?: (path: string, server: WebServer) => void;
  readonly expectedBytes?: number;
  readonly ranges: readonly (string | undefined)[];
  readonly resumedBytes: number;
}

const rest = 'bytes=150000-';
const whole = undefined;
const fromScratch = { ranges: [whole], resumedBytes: 0 };

const cases: Readonly<Record<string, Case>> = {
  'a broken run is continued': { ranges: [rest], resumedBytes: half },
  'Last-Modified alone is enough': {
    route: { etag: false, lastModified: changedOn },
    ranges: [rest],
    resumedBytes: half,
  },
  'a weak ETag is not, since other bytes may have it': { route: { etag: 'W/"weak"' }, ...fromScratch },
  'a weak ETag and Last-Modified are': {
    route: { etag: 'W/"weak"', lastModified: changedOn },
    ranges: [rest],
    resumedBytes: half,
  },
  'without validators it is begun again': { route: { etag: false }, ...fromScratch },
  'an unknown length is no hindrance': { route: { length: 'chunked' }, ranges: [rest], resumedBytes: half },
  'a server that has something else by now sends all of that': {
    meanwhile: (_, server) => {
      server.routes['/a'] = { content, etag: '"new"' };
    },
    ranges: [rest],
    resumedBytes: 0,
  },
  'a server that has something else and does not look at If-Range is asked again': {
    meanwhile: (_, server) => {
      server.routes['/a'] = { content, etag: '"new"', ifRange: false };
    },
    ranges: [rest, whole],
    resumedBytes: 0,
  },
  'a server that has something else of the same name and date, but longer, is asked again': {
    route: { etag: false, lastModified: changedOn },
    meanwhile: (path) => changeState(path, { sizeBytes: 299_999 }),
    ranges: [rest, whole],
    resumedBytes: 0,
  },
  'a file without a state is begun again': {
    meanwhile: (path) => writeFileSync(`${path}.state`, ''),
    ...fromScratch,
  },
  'a damaged state is none': { meanwhile: (path) => changeState(path, { syncedBytes: -1 }), ...fromScratch },
  'a state that is no JSON object is none': {
    meanwhile: (path) => writeFileSync(`${path}.state`, 'null'),
    ...fromScratch,
  },
  'the state of another address is none': {
    meanwhile: (path) => changeState(path, { url: 'http://example.org/a' }),
    ...fromScratch,
  },
  'a file that is longer than the whole is begun again': {
    meanwhile: (path) => writeFileSync(path, Buffer.concat([content, content])),
    ...fromScratch,
  },
  'a file that is shorter than its state is continued where it ends': {
    meanwhile: (path) => truncateSync(path, 1000),
    ranges: ['bytes=1000-'],
    resumedBytes: 1000,
  },
  'a file that is gone is begun again': { meanwhile: (path) => truncateSync(path, 0), ...fromScratch },
  'what was not synced is not trusted': {
    meanwhile: (path) => {
      // As after a power cut: the size is on disk, the bytes are not.
      writeFileSync(path, Buffer.concat([content.subarray(0, half), Buffer.alloc(100_000)]));
    },
    ranges: [rest],
    resumedBytes: half,
  },
  'a list that promises another size by now means another file': {
    meanwhile: (path) => changeState(path, { sizeBytes: 299_999 }),
    expectedBytes: content.length,
    ...fromScratch,
  },
  'a server that has unlearnt ranges sends all': {
    meanwhile: (_, server) => {
      server.routes['/a'] = { content, ranges: false };
    },
    ranges: [rest],
    resumedBytes: 0,
  },
};

for (const [name, { route = {}, meanwhile, expectedBytes, ranges, resumedBytes }] of Object.entries(cases))
  test(`${name}, and the bytes are exact`, async (t) => {
    const { server, path, url } = await brokenRun(t, route);
    meanwhile?.(path, server);
    const outcome = await fetchInto(t, path, url, expectedBytes === undefined ? {} : { expectedBytes });
    assert.equal(outcome.error, undefined);
    assert.ok(outcome.bytes.equals(content));
    assert.deepEqual(rangesAsked(server), ranges);
    assert.deepEqual(
      outcome.started.map((each) => each.resumedBytes),
      [resumedBytes],
    );
  });

test('only the rest is sent, under the condition that it is the rest of the same thing', async (t) => {
  const { server, path, url } = await brokenRun(t, { etag: '"tag"', lastModified: changedOn });
  const before = server.sentBytes;
  await fetchInto(t, path, url);
  assert.equal(server.requests[0]?.headers['if-range'], '"tag"');
  assert.equal(server.sentBytes - before, content.length - half);
});

test('a file that is whole already costs one question and no bytes', async (t) => {
  const server = await startWebServer(t, { '/a': { content } });
  const path = newPath(t);
  await fetchInto(t, path, `${server.url}/a`);
  const { bytes, remote, started, growth } = await fetchInto(t, path, `${server.url}/a`);
  assert.ok(bytes.equals(content));
  assert.equal(remote?.sizeBytes, content.length);
  assert.equal(started[0]?.resumedBytes, content.length);
  assert.equal(growth.availableBytes, content.length);
  assert.deepEqual(rangesAsked(server), [whole, 'bytes=300000-']);
  assert.equal(server.sentBytes, content.length);
});

test('after a change in the midst, the next run begins again', async (t) => {
  const first = [{ content: pattern(300_000, 2), dropAfterBytes: half }];
  const server = await startWebServer(t, { '/a': { content, etag: '"same"', ranges: false, first } });
  const path = newPath(t);
  const { error } = await fetchInto(t, path, `${server.url}/a`);
  assert.equal(error?.failure.code, 'DOWNLOAD_CHANGED');
  assert.ok(!existsSync(`${path}.state`));
  const { bytes } = await fetchInto(t, path, `${server.url}/a`);
  assert.ok(bytes.equals(content));
  assert.deepEqual(rangesAsked(server), [whole, 'bytes=150000-', whole]);
});

const moduleAt = (name: string): string => new URL(`../../../src/image/${name}.js`, import.meta.url).href;

/** A download in a process of its own, for being killed. */
function startChild(t: TestContext, url: string, path: string) {
  const script = `
    import { openClient } from '${moduleAt('fetch/client')}';
    import { download } from '${moduleAt('fetch/download')}';
    import { Growth } from '${moduleAt('growth')}';
    await download(openClient({}), { url: '${url}', path: '${path}', growth: Growth.create(), cancelled: () => false,
      onTrouble: () => undefined, syncBytes: 40_000 });
    process.exit();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  return { kill: () => child.kill('SIGKILL'), ended: once(child, 'exit') };
}

test('what a longer file left is gone when another takes its place', async (t) => {
  const { server, path, url } = await brokenRun(t, {});
  const shorter = pattern(100_000, 2);
  server.routes['/a'] = { content: shorter, dropAfterBytes: 0, first: [{ dropAfterBytes: 50_000 }] };
  const broken = await fetchInto(t, path, url, { patience: { triesInARow: 1 } });
  assert.ok(broken.bytes.equals(shorter.subarray(0, 50_000)));
  server.routes['/a'] = { content: shorter };
  const { bytes, started } = await fetchInto(t, path, url);
  assert.ok(bytes.equals(shorter));
  assert.equal(started[0]?.resumedBytes, 50_000);
});

test('after a kill in the midst of another file, the first one is not mixed with it when it comes back', async (t) => {
  const { server, path, url } = await brokenRun(t, { etag: '"one"' });
  server.routes['/a'] = { content: pattern(300_000, 2), etag: '"two"', stallAfterBytes: 30_000 };
  const child = startChild(t, url, path);
  while (statSync(path).size !== 30_000) await sleep(5);
  child.kill();
  await child.ended;
  server.routes['/a'] = { content, etag: '"one"' };
  const { bytes } = await fetchInto(t, path, url);
  assert.ok(bytes.equals(content));
});

test('after a kill, the next run asks only for what was not safe on disk', async (t) => {
  const server = await startWebServer(t, {
    '/a': { content, stallAfterBytes: 200_000, pieceBytes: 10_000, pauseMs: 1 },
  });
  const path = newPath(t);
  const child = startChild(t, `${server.url}/a`, path);
  while (!existsSync(`${path}.state`) || stateOf(path).syncedBytes < 100_000) await sleep(5);
  child.kill();
  await child.ended;
  const { syncedBytes } = stateOf(path);
  server.routes['/a'] = { content };
  const before = server.sentBytes;
  const { bytes } = await fetchInto(t, path, `${server.url}/a`);
  assert.ok(bytes.equals(content));
  assert.deepEqual(rangesAsked(server), [whole, `bytes=${syncedBytes}-`]);
  assert.equal(server.sentBytes - before, content.length - syncedBytes);
});

test('killed at any time again and again, a download ends with the exact bytes', async (t) => {
  const server = await startWebServer(t, { '/a': { content, pieceBytes: 5000, pauseMs: 5 } });
  const path = newPath(t);
  for (const delayMs of [0, 20, 60, 110, 35, 150]) {
    const asked = server.requests.length;
    const child = startChild(t, `${server.url}/a`, path);
    let isOver = false;
    void child.ended.then(() => {
      isOver = true;
    });
    while (server.requests.length === asked && !isOver) await sleep(2);
    await sleep(delayMs);
    child.kill();
    await child.ended;
  }
  server.routes['/a'] = { content };
  const { bytes } = await fetchInto(t, path, `${server.url}/a`);
  assert.ok(bytes.equals(content));
});
