// Addresses: what is one, what is shown of it, and where a redirect may lead.

import assert from 'node:assert/strict';
import test from 'node:test';
import { toFailure } from '../../../src/errors.js';
import { parseAddress, redirected, shownUrl } from '../../../src/image/fetch/web-address.js';
import { hasCode } from './support.js';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('credentials leave the address and become a header', () => {
  const table = [
    ['https://a/b?c#d', 'https://a/b?c', undefined],
    ['http://ada@a/', 'http://a/', basic('ada:')],
    ['http://ada:secret@a:8080/', 'http://a:8080/', basic('ada:secret')],
    ['http://ad%40a:sec%3Aret@a/', 'http://a/', basic('ad@a:sec:ret')],
    ['http://:only%zz@a/', 'http://a/', basic(':only%zz')],
  ] as const;
  for (const [text, href, authorization] of table) {
    const address = parseAddress(text);
    assert.equal(address.url.href, href);
    assert.equal(address.authorization, authorization);
  }
});

test('no secret of an address is shown, even if it is no address', () => {
  const table = [
    ['https://a/b.img.xz', 'https://a/b.img.xz'],
    ['https://ada:secret@a/b?sig=secret#secret', 'https://a/b?…'],
    ['http://ada:secret@[/', 'http://[/'],
    ['http://ada:sec ret@[/', 'http://[/'],
    ['//ada:secret@a', '//a'],
    ['ada:secret@a', 'a'],
  ] as const;
  for (const [text, shown] of table) assert.equal(shownUrl(text), shown);
});

test('what is not on the web is no address', () => {
  for (const text of [
    '',
    'a',
    '/a/b',
    'a.img.xz',
    'ftp://a/b',
    'file:///a',
    'javascript:1',
    'http://',
    'https://ada:secret@',
  ])
    assert.throws(
      () => parseAddress(text),
      (error) => hasCode('URL_INVALID')(error) && !toFailure(error).message.includes('secret'),
      text,
    );
});

test('a redirect is followed as the standard has it, without credentials and without loss of encryption', () => {
  const from = new URL('https://a/b/c?d');
  const table = [
    ['e', 'https://a/b/e'],
    ['/e?f#g', 'https://a/e?f'],
    ['//h/e', 'https://h/e'],
    ['https://ada:secret@h/', 'https://h/'],
  ] as const;
  for (const [location, href] of table) assert.equal(redirected(from, location).href, href);
  assert.equal(redirected(new URL('http://a/'), 'https://a/').href, 'https://a/');
  assert.throws(() => redirected(from, 'http://a/b'), hasCode('DOWNLOAD_INSECURE'));
  for (const location of [undefined, 'http://[', 'ftp://a/', 'data:text/plain,x', 'file:///a'])
    assert.throws(() => redirected(from, location), hasCode('DOWNLOAD_REDIRECTS'));
});
