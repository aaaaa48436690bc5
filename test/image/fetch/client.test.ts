// What is between piburn and a server: redirects, credentials, proxies, certificates; and small texts and looks.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';
import { toFailure } from '../../../src/errors.js';
import { fetchText, look, openClient } from '../../../src/image/fetch/client.js';
import { startProxy } from '../../fixtures/web-proxy.js';
import { makeCertificate, startWebServer, times } from '../../fixtures/web-server.js';
import { pattern, scratchFolder } from '../../native/scratch.js';
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

test('a proxy is used for plain addresses, but not for those in NO_PROXY', async (t) => {
  const server = await startWebServer(t, { '/a': { content, first: [{ dropAfterBytes: 50_000 }] } });
  const proxy = await startProxy(t);
  const url = `${server.url}/a`;
  const outcome = await fetchInto(t, newPath(t), url, {}, { HTTP_PROXY: proxy.url });
  assert.ok(outcome.bytes.equals(content));
  assert.deepEqual(proxy.forwarded, [url, url]);
  assert.deepEqual(rangesAsked(server), [undefined, 'bytes=50000-']);
  for (const [name, value] of [
    ['NO_PROXY', 'example.org,127.0.0.1'],
    ['no_proxy', `127.0.0.1:${server.port}`],
    ['NO_PROXY', '*'],
  ] as const)
    await look(newClient(t, { HTTP_PROXY: proxy.url, [name]: value }), url);
  assert.equal(proxy.forwarded.length, 2);
  await look(newClient(t, { http_proxy: proxy.url.replace('http://', ''), NO_PROXY: 'example.org,127.0.0.1:1' }), url);
  assert.equal(proxy.forwarded.length, 3, 'small letters, no scheme, another port');
});

test('only the environment that is handed in counts', async (t) => {
  const server = await startWebServer(t, { '/a': { content } });
  const before = process.env['HTTP_PROXY'];
  process.env['HTTP_PROXY'] = 'http://127.0.0.1:1';
  t.after(() => {
    if (before === undefined) delete process.env['HTTP_PROXY'];
    else process.env['HTTP_PROXY'] = before;
  });
  assert.equal((await look(newClient(t), `${server.url}/a`)).sizeBytes, content.length);
});

test('a proxy gets the credentials that its address has', async (t) => {
  const server = await startWebServer(t, { '/a': { content } });
  const proxy = await startProxy(t, { credentials: 'ada:s3cret' });
  const url = `${server.url}/a`;
  const known = { HTTP_PROXY: proxy.url.replace('//', '//ada:s3cret@') };
  assert.equal((await look(newClient(t, known), url)).sizeBytes, content.length);
  const { error } = await fetchInto(t, newPath(t), url, {}, { HTTP_PROXY: proxy.url });
  assert.equal(error?.failure.code, 'DOWNLOAD_PROXY');
});

test('a proxy whose address makes no sense is refused at once, without its credentials', () => {
  for (const value of ['http://ada:s3cret@[', 'ftp://ada:s3cret@proxy', 'http://ada:s3cret@proxy:99999999'])
    assert.throws(
      () => openClient({ HTTPS_PROXY: value }),
      (error) => toFailure(error).code === 'PROXY_INVALID' && !toFailure(error).message.includes('s3cret'),
    );
});

interface Child {
  readonly code: string;
  readonly message: string;
  readonly bytes: number;
}

/** Looks at a URL in a process of its own, with an environment of its own. */
async function lookInChild(t: TestContext, url: string, env: Record<string, string>): Promise<Child> {
  const script = `
    import { look, openClient } from '${new URL('../../../src/image/fetch/client.js', import.meta.url).href}';
    const client = openClient(process.env);
    const end = await look(client, '${url}').then(
      ({ sizeBytes }) => ({ code: 'OK', message: '', bytes: sizeBytes }),
      (error) => ({ code: error.failure.code, message: error.failure.message + ' ' + error.failure.hint, bytes: 0 }));
    console.log(JSON.stringify(end));
    await client.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(child, 'close');
  return JSON.parse(text);
}

test('a certificate that nobody vouches for is refused, one that NODE_EXTRA_CA_CERTS has is good', async (t) => {
  if (!hasOpenssl(t)) return;
  const certificate = makeCertificate(scratchFolder(t));
  const server = await startWebServer(t, { '/a': { content } }, certificate);
  const url = `${server.url}/a`;
  const known = { NODE_EXTRA_CA_CERTS: certificate.path };
  await assert.rejects(look(newClient(t), url), (error) => {
    assert.equal(toFailure(error).code, 'DOWNLOAD_TLS');
    assert.match(toFailure(error).hint ?? '', /clock.*NODE_EXTRA_CA_CERTS/);
    return true;
  });
  const [careless, friend] = await Promise.all([
    lookInChild(t, url, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
    lookInChild(t, url, known),
  ]);
  assert.equal(careless.code, 'DOWNLOAD_TLS');
  assert.equal(friend.bytes, content.length);
});

test('a certificate for another name is refused', async (t) => {
  if (!hasOpenssl(t)) return;
  const certificate = makeCertificate(scratchFolder(t), 'DNS:example.org');
  const server = await startWebServer(t, { '/a': { content } }, certificate);
  const { code, message } = await lookInChild(t, `${server.url}/a`, { NODE_EXTRA_CA_CERTS: certificate.path });
  assert.equal(code, 'DOWNLOAD_TLS', message);
});

test('https goes through a tunnel of the proxy, and is still verified', async (t) => {
  if (!hasOpenssl(t)) return;
  const certificate = makeCertificate(scratchFolder(t));
  const server = await startWebServer(t, { '/a': { content } }, certificate);
  const proxy = await startProxy(t);
  const url = `${server.url}/a`;
  const known = { NODE_EXTRA_CA_CERTS: certificate.path };
  await assert.rejects(look(newClient(t, { https_proxy: proxy.url }), url), hasCode('DOWNLOAD_TLS'));
  const [through, careless, around] = await Promise.all([
    lookInChild(t, url, { HTTPS_PROXY: proxy.url, ...known }),
    lookInChild(t, url, { HTTPS_PROXY: proxy.url, NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
    lookInChild(t, url, { HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1', ...known }),
  ]);
  assert.equal(through.bytes, content.length);
  assert.equal(careless.code, 'DOWNLOAD_TLS');
  assert.equal(around.bytes, content.length);
  assert.deepEqual(
    proxy.tunnels,
    times(3, {}).map(() => `127.0.0.1:${server.port}`),
  );
  assert.deepEqual(proxy.forwarded, []);
});

test('a proxy that opens no tunnel ends in an error of its own', async (t) => {
  const url = 'https://127.0.0.1:9/a';
  const refusing = await startProxy(t, { refusesTunnels: 403 });
  const locked = await startProxy(t, { credentials: 'ada:s3cret' });
  const failing = await startProxy(t, { refusesTunnels: 502 });
  const rude = await startProxy(t, { refusesTunnels: 'hang up' });
  const codeWith = async (proxyUrl: string) =>
    (await fetchInto(t, newPath(t), url, {}, { HTTPS_PROXY: proxyUrl })).error?.failure.code;
  assert.equal(await codeWith(refusing.url), 'DOWNLOAD_PROXY');
  assert.equal(await codeWith(locked.url), 'DOWNLOAD_PROXY');
  assert.equal(await codeWith(failing.url), 'DOWNLOAD_UNREACHABLE');
  assert.equal(failing.tunnels.length, 3);
  assert.equal(await codeWith('http://127.0.0.1:1'), 'DOWNLOAD_UNREACHABLE');
  assert.equal(await codeWith(rude.url), 'DOWNLOAD_UNREACHABLE');
  assert.equal(rude.tunnels.length, 3);
});

test('encryption is not lost on the way', async (t) => {
  if (!hasOpenssl(t)) return;
  const certificate = makeCertificate(scratchFolder(t));
  const plain = await startWebServer(t, { '/a': { content } });
  const server = await startWebServer(t, { '/a': { redirect: `${plain.url}/a` } }, certificate);
  const entry = await startWebServer(t, { '/a': { redirect: `${server.url}/a` } });
  for (const url of [`${server.url}/a`, `${entry.url}/a`]) {
    const { code } = await lookInChild(t, url, { NODE_EXTRA_CA_CERTS: certificate.path });
    assert.equal(code, 'DOWNLOAD_INSECURE');
  }
  assert.equal(plain.requests.length, 0);
});

function hasOpenssl(t: TestContext): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    t.skip('needs openssl');
    return false;
  }
}
