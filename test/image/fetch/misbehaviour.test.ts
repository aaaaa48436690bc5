// A download from servers that misbehave: every misbehaviour ends with the exact bytes or with its error.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { DownloadRequest } from '../../../src/image/fetch/download.js';
import { type Route, startWebServer, times } from '../../fixtures/web-server.js';
import { pattern } from '../../native/scratch.js';
import { fetchInto, hurried, newPath, rangesAsked } from './support.js';

const content = pattern(300_000);
const other = pattern(300_000, 2);
const half = 150_000;
const impatient = { ...hurried, stallMs: 1000 };

interface Case {
  readonly route: Route;
  readonly changes?: Partial<DownloadRequest>;
  /** Undefined: the exact bytes. */
  readonly code?: string;
  readonly troubles?: number;
  readonly ranges?: readonly (string | undefined)[];
}

const rest = `bytes=${half}-`;
const whole = undefined;

const cases: Readonly<Record<string, Case>> = {
  'a good server': { route: {}, troubles: 0, ranges: [whole] },
  'an empty file': { route: { content: '' } },
  'a body without a length': { route: { length: 'chunked' }, troubles: 0 },
  'a body that ends with the connection': { route: { length: 'until-closed' }, troubles: 0 },
  'a connection that breaks half-way': {
    route: { first: [{ dropAfterBytes: half }] },
    troubles: 1,
    ranges: [whole, rest],
  },
  'a connection that breaks seven times at one place': {
    route: { first: [{ dropAfterBytes: half }, ...times(6, { dropAfterBytes: 0 })] },
    troubles: 7,
  },
  'a connection that breaks twenty times, further each time': {
    route: { first: times(20, { dropAfterBytes: 10_000 }) },
    troubles: 20,
  },
  'a connection that always breaks at one place': {
    route: { dropAfterBytes: 0, first: [{ dropAfterBytes: half }] },
    code: 'DOWNLOAD_BROKEN',
    troubles: 7,
  },
  'a connection that breaks after each byte': {
    route: { dropAfterBytes: 1 },
    code: 'DOWNLOAD_BROKEN',
    troubles: 99,
  },
  'a chunked body that breaks off': { route: { length: 'chunked', first: [{ dropAfterBytes: half }] }, troubles: 1 },
  'a chunked body that breaks off, without validators': {
    route: { length: 'chunked', etag: false, first: [{ dropAfterBytes: half }] },
    troubles: 1,
    ranges: [whole, whole],
  },
  'a body until the end of the connection that breaks off, with a known length': {
    route: { length: 'until-closed', first: [{ dropAfterBytes: half }] },
    changes: { expectedBytes: content.length },
    troubles: 1,
  },
  'a server that closes the connection without a word': { route: { first: times(3, { hangUp: true }) }, troubles: 3 },
  'a server that falls silent before its answer': {
    route: { first: [{ stallAfterBytes: 0 }] },
    changes: { patience: impatient },
    troubles: 1,
  },
  'a server that falls silent half-way': {
    route: { first: [{ stallAfterBytes: half }] },
    changes: { patience: impatient },
    troubles: 1,
    ranges: [whole, rest],
  },
  'a server that is slow, but not silent': {
    route: { pieceBytes: 25_000, pauseMs: 100 },
    changes: { patience: impatient },
    troubles: 0,
  },
  'a server without ranges': {
    route: { ranges: false, first: [{ dropAfterBytes: half }] },
    troubles: 1,
    ranges: [whole, rest],
  },
  'a server without ranges that sends something else the second time': {
    route: { ranges: false, etag: false, content: other, first: [{ content, dropAfterBytes: half }] },
    code: 'DOWNLOAD_CHANGED',
  },
  'a server without ranges and one wrong byte the second time': {
    route: { ranges: false, first: [{ dropAfterBytes: half }, { wrongByteAt: half - 1 }] },
    code: 'DOWNLOAD_CHANGED',
  },
  'a part from another place': {
    route: { first: [{ dropAfterBytes: half }, { shiftsRangeBytes: 512 }] },
    troubles: 2,
    ranges: [whole, rest, whole],
  },
  'a server whose parts are always from another place': {
    route: { shiftsRangeBytes: -1, first: [{ dropAfterBytes: half }] },
    troubles: 2,
  },
  'another ETag for the same bytes': {
    route: { etag: '"two"', first: [{ etag: '"one"', dropAfterBytes: half }] },
    troubles: 1,
    ranges: [whole, rest],
  },
  'another ETag for the same bytes, from a server that knows no If-Range': {
    route: { etag: '"two"', ifRange: false, first: [{ etag: '"one"', dropAfterBytes: half }] },
    troubles: 2,
    ranges: [whole, rest, whole],
  },
  'another ETag for other bytes': {
    route: { etag: '"two"', content: other, first: [{ etag: '"one"', content, dropAfterBytes: half }] },
    code: 'DOWNLOAD_CHANGED',
  },
  'another ETag for other bytes, before any was handed out': {
    route: { etag: '"two"', first: [{ etag: '"one"', content: other, dropAfterBytes: 0 }] },
    troubles: 1,
  },
  'a connection that breaks while the second ETag is compared': {
    route: { etag: '"two"', first: [{ etag: '"one"', dropAfterBytes: half }, { dropAfterBytes: 100_000 }] },
    troubles: 2,
    ranges: [whole, rest, 'bytes=100000-'],
  },
  'something shorter the second time': {
    route: { content: content.subarray(0, 1000), first: [{ content, dropAfterBytes: half }] },
    code: 'DOWNLOAD_CHANGED',
  },
  'a part of something longer': {
    route: { etag: false, content: Buffer.concat([content, other]), first: [{ content, dropAfterBytes: half }] },
    code: 'DOWNLOAD_LENGTH',
    changes: { expectedBytes: content.length },
  },
  'a weak ETag': {
    route: { etag: 'W/"weak"', first: [{ dropAfterBytes: half }] },
    troubles: 1,
    ranges: [whole, rest],
  },
  'a validator that cannot be sent back': {
    route: { etag: '"gr\u00fc\u00dfe"', first: [{ dropAfterBytes: half }] },
    troubles: 1,
    ranges: [whole, rest],
  },
  'a Content-Length that is too large': {
    route: { lieBytes: 10 },
    code: 'DOWNLOAD_SERVER',
    troubles: 7,
  },
  'a Content-Length that is too large, from a server without ranges': {
    route: { lieBytes: 10, ranges: false },
    code: 'DOWNLOAD_BROKEN',
    troubles: 7,
  },
  'a Content-Length that is too small for its list': {
    route: { lieBytes: -10 },
    changes: { expectedBytes: content.length },
    code: 'DOWNLOAD_LENGTH',
  },
  'a chunked part whose end is missing, though all its bytes are there': {
    route: { first: [{ dropAfterBytes: half }, { length: 'chunked', lieBytes: 1 }] },
    troubles: 2,
    ranges: [whole, rest],
  },
  'a 416 with the size of what is there': {
    route: { first: [{ length: 'chunked', lieBytes: 1 }] },
    troubles: 1,
    ranges: [whole, `bytes=${content.length}-`],
  },
  'a 416 for no reason': {
    route: { refusesRange: true, first: [{ dropAfterBytes: half }] },
    troubles: 2,
    ranges: [whole, rest, whole],
  },
  'a server that is overloaded at first': {
    route: { first: [{ status: 503 }, { status: 500 }, { status: 408 }, { status: 502 }] },
    troubles: 4,
  },
  'a server that wants some patience': {
    route: { first: [{ status: 429, headers: { 'retry-after': '3600' } }] },
    troubles: 1,
  },
  'a server that is overloaded half-way': {
    route: { first: [{ dropAfterBytes: half }, { status: 503 }] },
    troubles: 2,
    ranges: [whole, rest, rest],
  },
  'a server that stays overloaded': { route: { status: 503 }, code: 'DOWNLOAD_SERVER', troubles: 7 },
  'no file': { route: { status: 404 }, code: 'DOWNLOAD_MISSING', troubles: 0 },
  'a file that is gone': { route: { status: 410 }, code: 'DOWNLOAD_MISSING', troubles: 0 },
  'a file for others': { route: { status: 403 }, code: 'DOWNLOAD_FORBIDDEN', troubles: 0 },
  'a file for the logged in': { route: { status: 401 }, code: 'DOWNLOAD_FORBIDDEN', troubles: 0 },
  'a strange status': { route: { status: 418 }, code: 'DOWNLOAD_REFUSED', troubles: 0 },
  'a success without a file': { route: { status: 204 }, code: 'DOWNLOAD_REFUSED', troubles: 0 },
  'the length that was expected': { route: {}, changes: { expectedBytes: content.length }, troubles: 0 },
  'another length than was expected': {
    route: {},
    changes: { expectedBytes: content.length + 1 },
    code: 'DOWNLOAD_LENGTH',
    troubles: 0,
  },
  'another length than was expected, told only by the end': {
    route: { length: 'chunked' },
    changes: { expectedBytes: content.length + 1 },
    code: 'DOWNLOAD_LENGTH',
    troubles: 0,
  },
  'more than was expected, without a length': {
    route: { length: 'chunked' },
    changes: { expectedBytes: 1000 },
    code: 'DOWNLOAD_LENGTH',
    troubles: 0,
  },
  'more than is allowed': { route: {}, changes: { limitBytes: 1000 }, code: 'DOWNLOAD_TOO_LARGE', troubles: 0 },
  'more than is allowed, without a length': {
    route: { length: 'chunked' },
    changes: { limitBytes: 100_000 },
    code: 'DOWNLOAD_TOO_LARGE',
    troubles: 0,
  },
  'a coding that nobody asked for: the bytes are kept as they come': {
    route: { headers: { 'content-encoding': 'gzip' } },
    troubles: 0,
  },
};

for (const [name, { route, changes, code, troubles, ranges }] of Object.entries(cases))
  test(`${name} ends with ${code ?? 'the exact bytes'}`, async (t) => {
    const full = { content, ...route };
    const server = await startWebServer(t, { '/a.img.xz': full });
    const outcome = await fetchInto(t, newPath(t), `${server.url}/a.img.xz`, changes);
    assert.equal(outcome.error?.failure.code, code, `${outcome.error?.message} ${outcome.troubles.join('\n')}`);
    if (code === undefined) {
      assert.ok(outcome.bytes.equals(Buffer.from(full.content as Buffer)), 'the bytes are the server’s');
      assert.equal(outcome.remote?.sizeBytes, outcome.bytes.length);
      assert.equal(outcome.growth.availableBytes, outcome.bytes.length);
      assert.equal(outcome.started.length, 1);
    }
    assert.ok(outcome.bytes.length <= Math.min(changes?.expectedBytes ?? Infinity, changes?.limitBytes ?? Infinity));
    assert.equal(outcome.growth.state, code === undefined ? 'complete' : 'failed');
    if (troubles !== undefined) assert.equal(outcome.troubles.length, troubles, outcome.troubles.join('\n'));
    if (ranges !== undefined) assert.deepEqual(rangesAsked(server), ranges);
  });
