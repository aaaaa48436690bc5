// The client: redirects, credentials, small texts, and looks.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fetchText, look } from '../../../src/image/fetch/client.js';
import { startWebServer, times } from '../../fixtures/web-server.js';
import { pattern } from '../../native/scratch.js';
import { fetchInto, hasCode, hurried, newClient, newPath, rangesAsked } from './support.js';

const content = pattern(100_000);

test('a redirect leads to the file, and the part that is asked for survives it', async (t) => {
  const far = await startWebServer(t, { '/file': { content, first: [{ dropAfterBytes: 50_000 }] } });
  const server = await startWebServer(t, {
    '/a': { redirect: 'b', status: 301 },
    '/b': { redirect: '/c', status: 308 },
    '/c': { redirect: `${far.url}/file` },
  });
  const { bytes, remote } = await fetchInto(t, newPath(t), `${server.url}/a`);
  assert.ok(bytes.equals(content));
  assert.equal(remote?.url, `${far.url}/file`);
  assert.deepEqual(rangesAsked(far), [undefined, 'bytes=50000-']);
  assert.equal(far.requests[1]?.headers['accept-encoding'], 'identity');
  assert.equal(server.requests.length, 6, 'the way is asked for again each time');
});

test('a redirect that leads nowhere, or round and round, or too far, is told as such', async (t) => {
  const steps = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`/${n}`, { redirect: `/${n + 1}` }]));
  const server = await startWebServer(t, {
    '/loop': { redirect: '/loop' },
    '/file': { redirect: 'file:///etc/passwd' },
    '/bad': { redirect: 'http://[' },
    '/none': { status: 302 },
    ...steps,
    '/12': { content },
  });
  for (const path of ['/loop', '/file', '/bad', '/none', '/0', '/1']) {
    const { error } = await fetchInto(t, newPath(t), server.url + path);
    assert.equal(error?.failure.code, 'DOWNLOAD_REDIRECTS', path);
  }
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  const { bytes } = await fetchInto(t, newPath(t), `${server.url}/2`);
  assert.ok(bytes.equals(content), 'ten are followed');
  assert.deepEqual(warnings, [], 'and leave nothing behind');
});

test('credentials stay with the server that they were given for', async (t) => {
  const far = await startWebServer(t, { '/file': { content } });
  const server = await startWebServer(t, { '/a': { redirect: '/b' }, '/b': { redirect: `${far.url}/file` } });
  const client = newClient(t);
  await look(client, `${server.url.replace('//', '//ada:secret@')}/a`);
  const seen = [...server.requests, ...far.requests].map(({ headers }) => headers.authorization?.split(' ')[0]);
  assert.deepEqual(seen, ['Basic', 'Basic', undefined]);
  await look(client, `${server.url}/b`);
  assert.equal(server.requests[2]?.headers.authorization, server.requests[0]?.headers.authorization);
});

test('a look tells size and validators and fetches nothing', async (t) => {
  const lastModified = 'Mon, 24 Nov 2025 10:00:00 GMT';
  const answer = { content, etag: '"tag"', lastModified };
  const server = await startWebServer(t, {
    '/a': answer,
    '/no-head': { ...answer, refusesHead: 405 },
    '/signed': { ...answer, refusesHead: 403 },
    '/no-ranges': { ...answer, refusesHead: 501, ranges: false },
    '/empty': { ...answer, content: '', refusesHead: 405 },
    '/unknown': { ...answer, length: 'chunked' },
    '/busy': { ...answer, refusesHead: 405, first: times(2, { status: 503, headers: { 'retry-after': '0' } }) },
    '/moved': { redirect: '/a' },
    '/closed': { status: 403 },
  });
  const client = newClient(t);
  const known = { etag: '"tag"', lastModified };
  const whole = { ...known, sizeBytes: content.length };
  for (const path of ['/a', '/no-head', '/signed', '/no-ranges', '/busy'])
    assert.deepEqual(
      await look(client, server.url + path, { patience: hurried }),
      { url: server.url + path, ...whole },
      path,
    );
  assert.deepEqual(await look(client, `${server.url}/empty`), { url: `${server.url}/empty`, ...known, sizeBytes: 0 });
  assert.deepEqual(await look(client, `${server.url}/unknown`), { url: `${server.url}/unknown`, ...known });
  assert.deepEqual(await look(client, `${server.url}/moved`), { url: `${server.url}/a`, ...whole });
  await assert.rejects(look(client, `${server.url}/gone`), hasCode('DOWNLOAD_MISSING'));
  await assert.rejects(look(client, `${server.url}/closed`), hasCode('DOWNLOAD_FORBIDDEN'));
});

test('a text is fetched whole, or is not there, or is an error', async (t) => {
  const server = await startWebServer(t, {
    '/a': { content: 'grüße', first: [{ dropAfterBytes: 3 }] },
    '/b': { redirect: '/a' },
    '/large': { content: 'x'.repeat(1001) },
    '/large-chunked': { content: 'x'.repeat(1001), length: 'chunked' },
    '/coded': { content: 'x', headers: { 'content-encoding': 'gzip' } },
    '/closed': { status: 403 },
    '/gone': { status: 410 },
    '/login': { status: 401 },
    '/broken': { content: 'some text', dropAfterBytes: 3 },
    '/silent': { content: 'some text', stallAfterBytes: 3 },
  });
  const client = newClient(t);
  const text = (path: string, timeoutMs = 20_000) =>
    fetchText(client, server.url + path, { limitBytes: 1000, timeoutMs, patience: hurried });
  assert.deepEqual(await text('/a'), { text: 'grüße', url: `${server.url}/a` });
  assert.deepEqual(await text('/b'), { text: 'grüße', url: `${server.url}/a` });
  for (const path of ['/closed', '/gone', '/none']) assert.equal(await text(path), undefined);
  await assert.rejects(text('/large'), hasCode('DOWNLOAD_TOO_LARGE'));
  await assert.rejects(text('/large-chunked'), hasCode('DOWNLOAD_TOO_LARGE'));
  await assert.rejects(text('/coded'), hasCode('DOWNLOAD_ENCODED'));
  await assert.rejects(text('/login'), hasCode('DOWNLOAD_FORBIDDEN'));
  await Promise.all([
    assert.rejects(text('/broken'), hasCode('DOWNLOAD_BROKEN')),
    assert.rejects(text('/silent', 100), hasCode('DOWNLOAD_BROKEN')),
    assert.rejects(fetchText(client, `${server.url}/silent`, cancelledSoon()), hasCode('INTERRUPTED')),
  ]);
});

function cancelledSoon() {
  let looks = 0;
  return { limitBytes: 1000, patience: hurried, cancelled: () => ++looks > 3 };
}

test('several questions to one server share connections', async (t) => {
  const server = await startWebServer(t, { '/a': { content: 'text' } });
  const client = newClient(t);
  for (let n = 0; n < 5; n++) await fetchText(client, `${server.url}/a`, { limitBytes: 100 });
  assert.ok(server.connections <= 2, `${server.connections} connections`);
});
