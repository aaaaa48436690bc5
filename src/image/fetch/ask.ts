// One request and its answer, redirects followed by hand: a Range must survive them, credentials must not leave their
// origin, and encryption must not be lost on the way.

import type { Dispatcher } from 'undici';
import { failure } from '../../errors.js';
import { Inflow } from './inflow.js';
import { bodyTrouble, connectionTrouble, statusTrouble } from './trouble.js';
import type { Watch } from './watch.js';
import { parseAddress, redirected, shownUrl } from './web-address.js';

const redirectsMax = 10;
const credentialsMax = 100;
const redirects = [301, 302, 303, 307, 308];

export interface WebClient {
  readonly dispatcher: Dispatcher;
  /** Origin → Authorization: what was given in an address holds for that server, and for no other. */
  readonly credentials: Map<string, string>;
  close(): Promise<void>;
}

export interface Question {
  readonly method: 'GET' | 'HEAD';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  /** After redirects; without credentials. */
  readonly url: string;
  /** By name in lower case; of a header that came twice, the first. */
  header(name: string): string | undefined;
  readonly body: Inflow;
}

/**
 * Asks, and resolves when the headers are there. A body that nobody reads ends with the watch.
 * @throws Trouble; PiburnError `URL_INVALID`, `DOWNLOAD_TLS`, `DOWNLOAD_PROXY`, `DOWNLOAD_INSECURE`, `DOWNLOAD_REDIRECTS`,
 * `INTERRUPTED`.
 */
export async function ask(client: WebClient, question: Question, watch: Watch): Promise<Answer> {
  const { url, authorization } = parseAddress(question.url);
  if (authorization !== undefined) remember(client.credentials, url.origin, authorization);
  for (let at = url, hops = 0; hops <= redirectsMax; hops++) {
    const answer = await askOnce(client, question, at, watch);
    if (!redirects.includes(answer.status)) return answer;
    answer.body.drop(new Error('redirected'));
    at = redirected(at, answer.header('location'));
  }
  throw failure('DOWNLOAD_REDIRECTS', `${shownUrl(url)} redirects more than ${redirectsMax} times`, {
    hint: 'the server is set up wrongly: try the address in a browser, and fetch the file from there',
  });
}

function remember(credentials: Map<string, string>, origin: string, authorization: string): void {
  const [oldest] = credentials.keys();
  if (oldest !== undefined && credentials.size >= credentialsMax) credentials.delete(oldest);
  credentials.set(origin, authorization);
}

async function askOnce(client: WebClient, { method, headers }: Question, url: URL, watch: Watch): Promise<Answer> {
  const authorization = client.credentials.get(url.origin);
  const inflow = new Inflow(watch.signal);
  watch.waiting();
  client.dispatcher.dispatch(
    {
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: {
        'user-agent': 'piburn',
        // No coding on the way: what is stored must be what the server has.
        'accept-encoding': 'identity',
        ...headers,
        ...(authorization !== undefined && { authorization }),
      },
      // The watch has the time-outs.
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    inflow,
  );
  try {
    const head = await inflow.head;
    return { status: head.status, url: url.href, header: (name) => [head.headers[name]].flat()[0], body: inflow };
  } catch (error) {
    throw watch.signal.aborted ? watch.signal.reason : connectionTrouble(error, url.host);
  }
}

/**
 * Throws what a status means that brings nothing of what was asked for.
 * @throws Trouble; PiburnError `DOWNLOAD_MISSING`, `DOWNLOAD_FORBIDDEN`, `DOWNLOAD_PROXY`, `DOWNLOAD_REFUSED`.
 */
export function checkStatus(answer: Answer): void {
  const trouble = statusTrouble(answer.status, shownUrl(answer.url), answer.header('retry-after'), Date.now());
  if (trouble !== undefined) throw trouble;
}

/**
 * The bytes of an answer as they come; no more are taken from the network than are asked for.
 * @throws Trouble; PiburnError `INTERRUPTED`.
 */
export async function* bytesOf(answer: Answer, watch: Watch): AsyncGenerator<Buffer> {
  try {
    watch.waiting();
    for await (const chunk of answer.body) {
      watch.busy();
      yield chunk;
      watch.waiting();
    }
  } catch (error) {
    throw watch.signal.aborted ? watch.signal.reason : bodyTrouble(error);
  }
}
