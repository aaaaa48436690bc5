// How often and how soon something is tried again, without a network.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure, toFailure } from '../../../src/errors.js';
import { type Patience, patient, pauseBefore, persist } from '../../../src/image/fetch/persist.js';
import { bodyTrouble, connectionTrouble, statusTrouble, Trouble } from '../../../src/image/fetch/trouble.js';
import { Watch } from '../../../src/image/fetch/watch.js';
import { hasCode } from './support.js';

const patience: Patience = { ...patient, pauseMs: 0 };

interface Tried {
  readonly tries: number;
  readonly told: readonly string[];
  readonly end: string;
}

/** Tries something that fails as often as there are troubles; `progressAt`: the tries that brought something. */
async function tryWith(troubles: readonly Trouble[], progressAt: readonly number[] = []): Promise<Tried> {
  let tries = 0;
  let progress = 0;
  const told: string[] = [];
  const attempt = async () => {
    const trouble = troubles[tries++];
    if (progressAt.includes(tries)) progress++;
    if (trouble !== undefined) throw trouble;
    return 'done';
  };
  const undertaking = {
    shown: 'http://a/',
    patience,
    cancelled: () => false,
    onTrouble: (message: string) => told.push(message),
    progress: () => progress,
  };
  const end = await persist(attempt, undertaking).catch((error: unknown) => toFailure(error).code);
  return { tries, told, end };
}

const many = (count: number, kind: Trouble['kind']): Trouble[] =>
  Array.from({ length: count }, () => new Trouble(kind, 'it went wrong'));

test('troubles of each kind are put up with for so long and no longer', async () => {
  const table = [
    [many(7, 'broken'), [], 8, 'done'],
    [many(8, 'broken'), [], 8, 'DOWNLOAD_BROKEN'],
    [many(8, 'server'), [], 8, 'DOWNLOAD_SERVER'],
    [many(2, 'unreachable'), [], 3, 'done'],
    [many(3, 'unreachable'), [], 3, 'DOWNLOAD_UNREACHABLE'],
    // A connection that did bring something may come back.
    [[...many(1, 'broken'), ...many(6, 'unreachable')], [1], 8, 'done'],
    [[...many(1, 'broken'), ...many(9, 'unreachable')], [1], 8, 'DOWNLOAD_UNREACHABLE'],
    // Progress begins the count again, but not for ever.
    [many(14, 'broken'), [7], 14, 'DOWNLOAD_BROKEN'],
    [many(13, 'broken'), [7], 14, 'done'],
    [many(200, 'broken'), Array.from({ length: 200 }, (_, n) => n + 1), 100, 'DOWNLOAD_BROKEN'],
  ] as const;
  for (const [troubles, progressAt, tries, end] of table) {
    const tried = await tryWith(troubles, progressAt);
    assert.equal(tried.end, end);
    assert.equal(tried.tries, tries);
    assert.equal(tried.told.length, tries - 1);
  }
});

test('what is no trouble of the network is not tried again', async () => {
  let tries = 0;
  const attempt = async () => {
    tries++;
    throw failure('EIO', 'the disk');
  };
  await assert.rejects(persist(attempt, { shown: '', patience, cancelled: () => false }), hasCode('EIO'));
  assert.equal(tries, 1);
});

test('a pause is waited for, and ends when the person cancels', async () => {
  let tries = 0;
  let looks = 0;
  const attempt = async () => {
    tries++;
    looks = 0;
    throw new Trouble('broken', 'it went wrong');
  };
  const long = { ...patience, pauseMs: 60_000 };
  const cancelled = () => ++looks > 4;
  await assert.rejects(persist(attempt, { shown: '', patience: long, cancelled }), hasCode('INTERRUPTED'));
  assert.equal(tries, 1);
});

test('only waiting for the network counts as silence', async () => {
  const watch = new Watch(() => false, { stallMs: 100 });
  watch.busy();
  await sleep(300);
  assert.ok(!watch.signal.aborted, 'a slow disk is no silent server');
  watch.waiting();
  await once(watch.signal, 'abort');
  assert.match(String(watch.signal.reason), /nothing came for 0.1 s/);
  watch.close();
});

test('pauses grow to a limit, within a quarter, and a server may ask for longer ones within reason', () => {
  const inRange = (pauseMs: number, mostMs: number) =>
    assert.ok(pauseMs >= mostMs * 0.75 && pauseMs <= mostMs, `${pauseMs}`);
  for (const [failures, mostMs] of [
    [1, 1000],
    [2, 2000],
    [5, 16_000],
    [6, 30_000],
    [99, 30_000],
  ] as const)
    inRange(pauseBefore(failures, 0, patient), mostMs);
  assert.equal(pauseBefore(1, 20_000, patient), 20_000);
  assert.equal(pauseBefore(1, 3_600_000, patient), 120_000);
  inRange(pauseBefore(6, 1000, patient), 30_000);
});

test('Retry-After is understood as seconds and as a date', () => {
  const nowMs = Date.parse('Mon, 24 Nov 2025 10:00:00 GMT');
  const askedMs = (header: string | undefined) => {
    const trouble = statusTrouble(503, '', header, nowMs);
    return trouble instanceof Trouble ? trouble.retryAfterMs : NaN;
  };
  assert.equal(askedMs('7'), 7000);
  assert.equal(askedMs('Mon, 24 Nov 2025 10:01:00 GMT'), 60_000);
  for (const header of [undefined, '', 'soon', '-5', 'Mon, 24 Nov 2025 09:00:00 GMT'])
    assert.equal(askedMs(header), undefined);
});

test('an error is sorted by what can be done about it', () => {
  const kindOf = (sorted: unknown) => (sorted instanceof Trouble ? sorted.kind : toFailure(sorted).code);
  const coded = (code: string) => Object.assign(new Error('said'), { code });
  for (const [code, before, inBody] of [
    ['ENOTFOUND', 'unreachable', 'broken'],
    ['EAI_AGAIN', 'unreachable', 'broken'],
    ['ECONNREFUSED', 'unreachable', 'broken'],
    ['ENETUNREACH', 'unreachable', 'broken'],
    ['ETIMEDOUT', 'unreachable', 'broken'],
    ['UND_ERR_CONNECT_TIMEOUT', 'unreachable', 'broken'],
    ['ECONNRESET', 'broken', 'broken'],
    ['EPIPE', 'broken', 'broken'],
    ['UND_ERR_SOCKET', 'broken', 'broken'],
    ['HPE_INVALID_CONSTANT', 'broken', 'broken'],
    ['CERT_HAS_EXPIRED', 'DOWNLOAD_TLS', 'broken'],
    ['CERT_NOT_YET_VALID', 'DOWNLOAD_TLS', 'broken'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'DOWNLOAD_TLS', 'broken'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'DOWNLOAD_TLS', 'broken'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'DOWNLOAD_TLS', 'broken'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'DOWNLOAD_TLS', 'broken'],
    ['UND_ERR_PRX_TLS', 'DOWNLOAD_TLS', 'broken'],
    ['EPROTO', 'DOWNLOAD_TLS', 'broken'],
    ['UND_ERR_DESTROYED', 'INTERRUPTED', 'INTERRUPTED'],
    // Defects are not hidden behind retries.
    ['UND_ERR_INVALID_ARG', 'UND_ERR_INVALID_ARG', 'UND_ERR_INVALID_ARG'],
    ['ERR_ASSERTION', 'ERR_ASSERTION', 'ERR_ASSERTION'],
  ] as const) {
    assert.equal(kindOf(connectionTrouble(coded(code), 'a')), before, code);
    assert.equal(kindOf(bodyTrouble(coded(code))), inBody, code);
  }
});
