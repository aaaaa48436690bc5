// The web as the rest of piburn sees it: a client that knows the proxies, small texts, and what a server says of a file
// before it is fetched. Fetching files: download.ts.

import { createRequire } from 'node:module';
import type { Dispatcher } from 'undici';
import { errnoOf, failure, usageError } from '../../errors.js';
import { type Answer, ask, bytesOf, checkStatus, type WebClient } from './ask.js';
import { hasty, type Patience, persist } from './persist.js';
import { type Remote, rangeOf, remoteOf } from './remote.js';
import { Trouble, tooLarge } from './trouble.js';
import { Watch } from './watch.js';
import { shownUrl } from './web-address.js';

export type { WebClient } from './ask.js';
export type { Remote } from './remote.js';

/** Environment variables with proxies, the small one first, as curl has it. */
const proxyNames = { httpProxy: 'http_proxy', httpsProxy: 'https_proxy', noProxy: 'no_proxy' };

/**
 * Opens a client that goes through the proxies of an environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY, in capitals or
 * not). Certificates are always verified; NODE_EXTRA_CA_CERTS adds authorities.
 * @throws PiburnError `PROXY_INVALID`.
 */
export function openClient(env: NodeJS.ProcessEnv): WebClient {
  const set = (name: string) => env[name] || env[name.toUpperCase()] || '';
  const verified = { rejectUnauthorized: true };
  const { EnvHttpProxyAgent } = undici();
  const dispatcher = new EnvHttpProxyAgent({
    // An empty text keeps undici from looking into the environment itself.
    httpProxy: proxyUrl(set(proxyNames.httpProxy), 'HTTP_PROXY'),
    httpsProxy: proxyUrl(set(proxyNames.httpsProxy), 'HTTPS_PROXY'),
    noProxy: set(proxyNames.noProxy),
    connect: verified,
    requestTls: verified,
    proxyTls: verified,
    // Plain requests are forwarded, not tunnelled: many proxies allow tunnels to port 443 only.
    proxyTunnel: false,
    clientFactory: proxyPool,
  });
  return { dispatcher, credentials: new Map(), close: () => dispatcher.destroy() };
}

/** Loaded when there is something to fetch: it takes as long as the rest of piburn together. */
const undici = (): typeof import('undici') => createRequire(import.meta.url)('undici');

/** `proxy:3128` is what many write, and curl understands. */
function proxyUrl(text: string, name: string): string {
  if (text === '') return '';
  const url = /^\w+:\/\//.test(text) ? text : `http://${text}`;
  if (URL.canParse(url) && /^(https?|socks5?):$/.test(new URL(url).protocol)) return url;
  throw usageError('PROXY_INVALID', `${name} is no address of a proxy: ${shownUrl(url)}`, {
    hint: `write ${name}=http://HOST:PORT`,
  });
}

/**
 * Connections to a proxy. One that closes them upon CONNECT is asked again at once by undici, without an end (measured
 * with 7.30.2: thousands of times in a second), unless the error is one that undici does not know.
 */
function proxyPool(origin: URL, options: object): Dispatcher {
  const { Pool } = undici();
  const pool = new Pool(origin, options);
  const connect = pool.connect.bind(pool);
  return Object.assign(pool, {
    connect: async (question: Dispatcher.ConnectOptions) => {
      try {
        return await connect(question);
      } catch (error) {
        throw errnoOf(error) === 'UND_ERR_SOCKET' ? new Trouble('unreachable', 'the proxy breaks connections') : error;
      }
    },
  });
}

export interface AskOptions {
  /** How long one try may take altogether; 30 s, if left out. */
  readonly timeoutMs?: number;
  readonly cancelled?: () => boolean;
  /** What is not as usual in retrying. */
  readonly patience?: Partial<Patience>;
}

/**
 * Fetches a small text (UTF-8). Undefined when the server has none there (403, 404, 410).
 * @throws PiburnError as `download`; `DOWNLOAD_TOO_LARGE`, `DOWNLOAD_ENCODED`.
 */
export async function fetchText(
  client: WebClient,
  url: string,
  options: AskOptions & { readonly limitBytes: number },
): Promise<{ text: string; url: string } | undefined> {
  return tried(url, options, async (watch) => {
    const answer = await ask(client, { method: 'GET', url }, watch);
    if ([403, 404, 410].includes(answer.status)) return undefined;
    checkStatus(answer);
    checkEncoding(answer);
    const chunks: Buffer[] = [];
    let lengthBytes = 0;
    for await (const chunk of bytesOf(answer, watch)) {
      lengthBytes += chunk.length;
      if (lengthBytes > options.limitBytes) throw tooLarge(shownUrl(url), options.limitBytes);
      chunks.push(chunk);
    }
    return { text: new TextDecoder().decode(Buffer.concat(chunks)), url: answer.url };
  });
}

/** A list is read here and now, so a coding that nobody asked for cannot be left to others. */
function checkEncoding(answer: Answer): void {
  const encoding = answer.header('content-encoding') ?? 'identity';
  if (encoding === 'identity') return;
  throw failure(
    'DOWNLOAD_ENCODED',
    `${shownUrl(answer.url)} comes encoded (${encoding}), though that was not asked for`,
    {
      hint: 'the server is set up wrongly: fetch the file by other means, and name the file',
    },
  );
}

/**
 * What a server says of a file, without fetching it.
 * @throws PiburnError as `download`.
 */
export async function look(client: WebClient, url: string, options: AskOptions = {}): Promise<Remote> {
  return tried(url, options, async (watch) => {
    const head = await ask(client, { method: 'HEAD', url }, watch);
    if ([403, 405, 501].includes(head.status)) return lookInside(client, url, watch);
    checkStatus(head);
    return remoteOf(head);
  });
}

/** For a server that answers no HEAD, or whose signed addresses are good for GET only. */
async function lookInside(client: WebClient, url: string, watch: Watch): Promise<Remote> {
  const answer = await ask(client, { method: 'GET', url, headers: { range: 'bytes=0-0' } }, watch);
  const isEmpty = answer.status === 416 && rangeOf(answer)?.sizeBytes === 0;
  if (!isEmpty) checkStatus(answer);
  return remoteOf(answer);
}

async function tried<T>(url: string, options: AskOptions, attempt: (watch: Watch) => Promise<T>): Promise<T> {
  const { timeoutMs = 30_000, cancelled = () => false } = options;
  const once = async () => {
    const watch = new Watch(cancelled, { wholeMs: timeoutMs });
    try {
      return await attempt(watch);
    } finally {
      watch.close();
    }
  };
  return persist(once, { shown: shownUrl(url), patience: { ...hasty, ...options.patience }, cancelled });
}
