// What stands between piburn and a server: proxies and certificates.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';
import { toFailure } from '../../../src/errors.js';
import { look, openClient } from '../../../src/image/fetch/client.js';
import { startProxy } from '../../fixtures/web-proxy.js';
import { makeCertificate, startWebServer, times } from '../../fixtures/web-server.js';
import { pattern, scratchFolder } from '../../native/scratch.js';
import { fetchInto, hasCode, newClient, newPath, rangesAsked } from './support.js';

const content = pattern(100_000);

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
