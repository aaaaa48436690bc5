// Addresses on the web: http and https only, taken apart so that user name and password are never shown, and where a
// redirect may lead.

import { failure, usageError } from '../../errors.js';
import { given } from '../../given.js';
import { unescaped } from '../names.js';

export interface WebAddress {
  /** Without credentials and fragment. */
  readonly url: URL;
  /** What the credentials in the address become: a value for the Authorization header. */
  readonly authorization?: string;
}

/** @throws PiburnError `URL_INVALID`. */
export function parseAddress(text: string): WebAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isWeb(url))
    throw usageError('URL_INVALID', `${shownUrl(text)} is no address on the web`, {
      hint: 'an address begins with https:// or http://',
    });
  const authorization = url.username + url.password === '' ? undefined : basic(url.username, url.password);
  return { url: bare(url), ...given({ authorization }) };
}

const isWeb = (url: URL): boolean => url.protocol === 'https:' || url.protocol === 'http:';

function bare(url: URL): URL {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  copy.hash = '';
  return copy;
}

/** RFC 7617. */
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${unescaped(user)}:${unescaped(password)}`).toString('base64')}`;

/** An address for messages: no credentials, and no query, since signatures and tokens are put there. */
export function shownUrl(address: string | URL): string {
  const text = String(address);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined || !isWeb(parsed)) return text.replace(/^([^/]*\/\/)?.*@/s, '$1');
  const url = bare(parsed);
  const isQueried = url.search !== '';
  url.search = '';
  return isQueried ? `${url.href}?…` : url.href;
}

/**
 * Where a redirect leads.
 * @throws PiburnError `DOWNLOAD_INSECURE` from https to http; `DOWNLOAD_REDIRECTS` when it leads nowhere.
 */
export function redirected(from: URL, location: string | undefined): URL {
  const to = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined || !isWeb(to))
    throw failure('DOWNLOAD_REDIRECTS', `${shownUrl(from)} redirects to ${to ? `${to.protocol}…` : 'nowhere'}`, {
      hint: 'the server is set up wrongly: try the address in a browser, and fetch the file from there',
    });
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw failure('DOWNLOAD_INSECURE', `${shownUrl(from)} redirects to ${shownUrl(to)}, which is not encrypted`, {
      hint: 'if you trust that server and the network in between, give its address itself',
    });
  return bare(to);
}
