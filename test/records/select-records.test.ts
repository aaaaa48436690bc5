// Which burns are meant, and what is said of a card that has failed before.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { BurnRecord } from '../../src/protocol.js';
import { shortCard } from '../../src/records/card-name.js';
import { failingCards, selectRecords, warningsOf } from '../../src/records/history.js';
import { codeOf, record } from './samples.js';

// Two cards of one model: their CIDs differ in the serial number (and the check sum) only.
const sandisk = ['cid:035344534333324780112233440123', 'cid:035344534333324780556677880145'].map((cid) => `${cid}ab`);
const [cidA = '', cidB = ''] = sandisk;
const markA = 'mark:a1b2c3d4e5f60718293a4b5c6d7e8f90';
const markB = 'mark:a1b2c3d4ffffffffffffffffffffffff';

const burn = (day: number, fields: Partial<BurnRecord>): BurnRecord => ({
  ...record,
  at: `2026-11-${String(day).padStart(2, '0')}T12:00:00.000Z`,
  ...fields,
});
const records = [
  burn(1, { hostname: 'red001', card: cidA, readerSerial: 'R1' }),
  burn(2, { hostname: 'red002', card: cidB, readerSerial: 'R1', outcome: 'failed', code: 'VERIFY_MISMATCH' }),
  burn(3, { hostname: 'red003', card: markA, readerSerial: 'R2', outcome: 'cancelled' }),
  burn(4, { hostname: 'red002', card: markB, readerSerial: 'R2' }),
];
const days = (choice: Parameters<typeof selectRecords>[1]): number[] =>
  selectRecords(records, choice).map(({ at }) => Number(at.slice(8, 10)));

test('a card is known by its id, by a clear beginning, by the serial number in its CID, or by its reader', () => {
  for (const [card, expected] of [
    [cidA, [1]],
    [cidA.slice(4).toUpperCase(), [1]],
    ['11223344', [1]],
    ['112233', [1]],
    ['cid:03534453433332478055', [2]],
    ['a1b2c3d4e', [3]],
    ['mark:a1b2c3d4f', [4]],
    ['R1', [1, 2]],
    ['r2', [3, 4]],
  ] as const)
    assert.deepEqual(days({ card }), expected, card);
});

test('what the table shows of a card is enough to choose it', () => {
  assert.deepEqual(sandisk.map(shortCard), ['11223344', '55667788']);
  assert.equal(shortCard(markA), 'a1b2c3d4');
  assert.deepEqual(days({ card: shortCard(cidB) }), [2]);
});

test('a beginning that is short, unclear or unknown is an error that says so', () => {
  for (const [card, code] of [
    ['a1b2c', 'CARD_SHORT'],
    ['mark:a1', 'CARD_SHORT'],
    ['', 'CARD_SHORT'],
    ['a1b2c3d4', 'CARD_AMBIGUOUS'],
    ['03534453433332', 'CARD_AMBIGUOUS'],
    ['ffffffff', 'CARD_UNKNOWN'],
  ] as const)
    assert.equal(
      codeOf(() => selectRecords(records, { card })),
      code,
      card,
    );
  assert.throws(() => selectRecords(records, { card: '035344' }), /11223344, 55667788/, 'by what tells them apart');
});

test('burns are chosen by node, outcome and time, and the newest of them last', () => {
  assert.deepEqual(days({}), [1, 2, 3, 4]);
  assert.deepEqual(days({ node: 'red[001-002]' }), [1, 2, 4]);
  assert.deepEqual(days({ outcome: 'failed' }), [2]);
  assert.deepEqual(days({ since: '2026-11-03T12:00:00Z' }), [3, 4]);
  assert.deepEqual(days({ since: '2026-11-03T12:00:01Z' }), [4]);
  assert.deepEqual(days({ last: 3 }), [2, 3, 4]);
  assert.deepEqual(days({ last: 9 }), [1, 2, 3, 4]);
  assert.deepEqual(days({ node: 'red002', last: 1 }), [4]);
  assert.deepEqual(days({ node: 'blue' }), []);
  assert.equal(
    codeOf(() => selectRecords(records, { node: 'red[' })),
    'HOSTLIST',
  );
});

const failed = (day: number, code: string, fields: Partial<BurnRecord> = {}) =>
  burn(day, {
    card: markA,
    outcome: 'failed',
    code,
    message: '/dev/sda went wrong',
    hostname: `red00${day}`,
    ...fields,
  });

test('a card that failed before is told of with its days and nodes', () => {
  assert.deepEqual(warningsOf([failed(1, 'VERIFY_MISMATCH')], markA), [
    'this card failed verification once (2026-11-01 as red001)',
  ]);
  const { hostname, ...nameless } = failed(3, 'VERIFY_READ');
  assert.deepEqual(warningsOf([failed(1, 'CARD_WEAK'), burn(2, { card: markA }), nameless], markA), [
    'this card failed verification twice (2026-11-01 as red001, 2026-11-03)',
  ]);
  assert.deepEqual(warningsOf([failed(1, 'EIO'), failed(2, 'EIO'), failed(4, 'FAKE_CAPACITY')], markA), [
    'this card proved to be a fake that holds less than it says once (2026-11-04 as red004)',
    'this card gave errors twice (2026-11-01 as red001, 2026-11-02 as red002)',
  ]);
  const many = [1, 2, 3, 4, 5, 6, 7].map((day) => failed(day, 'VERIFY_MISMATCH'));
  assert.match(
    warningsOf(many, markA)[0] ?? '',
    /^this card failed verification 7 times \(last 2026-11-03 as .*red007\)$/,
  );
});

test("nothing is held against a card that was not its own fault, or another card's", () => {
  const others = [
    burn(1, { card: markA }),
    burn(2, { card: markA, outcome: 'cancelled', code: 'INTERRUPTED' }),
    failed(2, 'STALLED', { outcome: 'cancelled' }),
    failed(3, 'IMAGE_BROKEN'),
    failed(4, 'ENODEV'),
    failed(4, 'ALREADY_BURNED'),
    failed(5, 'EIO', { message: 'EIO: i/o error, read /home/pi/raspios.img' }),
    failed(6, 'VERIFY_MISMATCH', { card: markB }),
  ];
  assert.deepEqual(warningsOf(others, markA), []);
  const { card, ...unknown } = failed(1, 'EIO');
  assert.deepEqual(failingCards([...others, unknown, unknown]), []);
});

test('cards with two failures or more are listed, the worst first', () => {
  const all = [
    failed(1, 'EIO'),
    failed(2, 'EIO', { card: cidA }),
    failed(3, 'VERIFY_MISMATCH', { card: cidA }),
    failed(4, 'EIO', { card: cidB }),
    failed(5, 'EIO', { card: cidA }),
    failed(6, 'EIO'),
  ];
  assert.deepEqual(
    failingCards(all).map(({ card, failures }) => [card, failures]),
    [
      [cidA, 3],
      [markA, 2],
    ],
  );
  assert.deepEqual(failingCards(all)[0]?.faults, [
    'failed verification once (2026-11-03 as red003)',
    'gave errors twice (2026-11-02 as red002, 2026-11-05 as red005)',
  ]);
});
