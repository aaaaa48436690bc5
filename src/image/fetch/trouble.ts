// What can go wrong with one request, sorted by what to do about it: a `Trouble` is worth another try, a PiburnError is
// not. The codes are those of Node's net, dns and tls, and undici's own.

import { errnoOf, failure, interruption, type PiburnError } from '../../errors.js';

/** No connection came about; it came about and broke; the server asks for patience, or answers nonsense. */
export type TroubleKind = 'unreachable' | 'broken' | 'server';

export class Trouble extends Error {
  override readonly name = 'Trouble';
  readonly kind: TroubleKind;
  /** What the server asked for (Retry-After). */
  readonly retryAfterMs: number | undefined;

  constructor(kind: TroubleKind, message: string, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

const unreachable =
  /^(ENOTFOUND|EAI_\w+|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ETIMEDOUT|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT)$/;
const broken = /^(ECONNRESET|ECONNABORTED|EPIPE|ERR_STREAM_PREMATURE_CLOSE|HPE_\w+|UND_ERR_\w+)$/;
/** The client was closed under a request: nobody wants it any more. */
const closed = /^UND_ERR_(CLOSED|DESTROYED)$/;
/** OpenSSL's verification results and Node's own (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const insecure =
  /^(ERR_TLS_\w+|ERR_SSL_\w+|EPROTO|\w*CERT\w*|\w*CRL\w*|UNABLE_TO_\w+|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|UND_ERR_PRX_TLS)$/;

/** What an error before the answer means: no connection, no trust, or a connection that broke. */
export function connectionTrouble(error: unknown, host: string): unknown {
  const code = errnoOf(error) ?? '';
  const tunnelStatus = /^Proxy (?:response \((\d+)\)|Authentication Required \((\d+)\))/.exec(messageOf(error));
  if (tunnelStatus !== null) return proxyRefused(Number(tunnelStatus[1] ?? tunnelStatus[2]), host);
  if (insecure.test(code)) return untrusted(error, host);
  if (unreachable.test(code)) return new Trouble('unreachable', `${host} cannot be reached (${code})`);
  return bodyTrouble(error);
}

/** What an error in the midst of an answer means; what is no network's error is passed through. */
export function bodyTrouble(error: unknown): unknown {
  const code = errnoOf(error) ?? '';
  if (closed.test(code)) return interruption('the download was interrupted');
  const isNetworks = [unreachable, broken, insecure].some((codes) => codes.test(code));
  return isNetworks && code !== 'UND_ERR_INVALID_ARG' ? new Trouble('broken', 'the connection broke') : error;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');

function proxyRefused(status: number, host: string): PiburnError | Trouble {
  if (status >= 500) return new Trouble('unreachable', `the proxy cannot reach ${host} (${status})`);
  return failure('DOWNLOAD_PROXY', `the proxy refuses to connect to ${host} (${status})`, {
    hint:
      status === 407
        ? 'it wants credentials: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT'
        : 'see HTTPS_PROXY and HTTP_PROXY; NO_PROXY names hosts that are reached without it',
  });
}

const untrusted = (error: unknown, host: string): PiburnError =>
  failure(
    'DOWNLOAD_TLS',
    `the connection to ${host} is not secure: ${reasonOf(error)}`,
    {
      hint: "is this machine's clock right, or a proxy in between? a certificate authority of your own: NODE_EXTRA_CA_CERTS=FILE",
    },
    error,
  );

/** Names in a certificate are whatever its maker likes. */
const reasonOf = (error: unknown): string =>
  (messageOf(error) || errnoOf(error) || 'unknown').replace(/[^\x20-\x7e]/g, '?').slice(0, 200);

/**
 * What a status means that brings nothing of what was asked for. Says `undefined` for those that do.
 * `retryAfter` is the header (RFC 9110, 10.2.3: seconds or a date), `nowMs` the clock.
 */
export function statusTrouble(
  status: number,
  shown: string,
  retryAfter: string | undefined,
  nowMs: number,
): Trouble | PiburnError | undefined {
  if (status === 200 || status === 206 || status === 416) return undefined;
  if (status === 408 || status === 429 || status >= 500)
    return new Trouble('server', `the server answered ${status}`, delayOf(retryAfter, nowMs));
  if (status === 404 || status === 410)
    return failure('DOWNLOAD_MISSING', `there is nothing at ${shown} (${status})`, { hint: 'is the address right?' });
  if (status === 401 || status === 403)
    return failure('DOWNLOAD_FORBIDDEN', `the server does not give ${shown} away (${status})`, {
      hint: 'is the address right? if it takes credentials: https://USER:PASSWORD@HOST/…',
    });
  if (status === 407) return proxyRefused(status, new URL(shown).host) as PiburnError;
  return failure('DOWNLOAD_REFUSED', `the server answered ${status} for ${shown}`, { hint: 'is the address right?' });
}

/** An error for a file that is longer than it may be. */
export const tooLarge = (shown: string, limitBytes: number): PiburnError =>
  failure('DOWNLOAD_TOO_LARGE', `${shown} has more than ${limitBytes} bytes`, { hint: 'is the address right?' });

function delayOf(retryAfter: string | undefined, nowMs: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  const delayMs = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - nowMs;
  return Number.isFinite(delayMs) && delayMs > 0 ? delayMs : undefined;
}
