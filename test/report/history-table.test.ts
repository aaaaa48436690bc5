// The history as people see it: at several widths, with names that mean harm and numbers that are none.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { BurnRecord } from '../../src/protocol.js';
import { renderHistory } from '../../src/report/history-table.js';
import { displayWidth } from '../../src/report/width.js';
import { record } from '../records/samples.js';
import { assertHarmless } from './hostile.js';

const good: BurnRecord = {
  ...record,
  at: '2026-11-01T10:00:59.000Z',
  slot: 'left 2',
  card: '00112233',
  totalMs: 140_230,
};
const { slot, card, hostname, ...bare } = good;
const records: readonly BurnRecord[] = [
  good,
  { ...good, hostname: 'red002', outcome: 'failed', code: 'VERIFY_MISMATCH', verifiedBytes: 5_000_000, verifyMs: 1000 },
  { ...bare, outcome: 'cancelled', writtenBytes: 0, writeMs: 0, verifiedBytes: 0, verifyMs: 0, totalMs: 900 },
  { ...good, hostname: 'red003', verified: false, verifiedBytes: 0, verifyMs: 0 },
  { ...good, hostname: 'red004', repairs: 2 },
];
const failing = [{ card: '00112233', faults: ['failed verification twice (2026-11-01 as red002, 2026-11-02)'] }];
const infinite = { columns: Number.POSITIVE_INFINITY, color: false };
const lines = (columns: number) =>
  renderHistory({ records, earlier: 0, failing: [] }, { columns, color: false }).split('\n');

test('without a limit there is a row with everything for each card, the newest last', () => {
  assert.deepEqual(lines(Number.POSITIVE_INFINITY), [
    'when (UTC)        node    slot      card      image                                 result                   write MB/s  verify MB/s  seconds',
    '2026-11-01 10:00  red001  left 2    00112233  2026-06-18-raspios-trixie-arm64-lite  good                           23.3         43.8    140.2',
    '2026-11-01 10:00  red002  left 2    00112233  2026-06-18-raspios-trixie-arm64-lite  failed: VERIFY_MISMATCH        23.3          5.0    140.2',
    '2026-11-01 10:00  -       /dev/sda  -         2026-06-18-raspios-trixie-arm64-lite  cancelled                         -            -      0.9',
    '2026-11-01 10:00  red003  left 2    00112233  2026-06-18-raspios-trixie-arm64-lite  good, not verified             23.3            -    140.2',
    '2026-11-01 10:00  red004  left 2    00112233  2026-06-18-raspios-trixie-arm64-lite  good, 2 repairs                23.3         43.8    140.2',
  ]);
});

test('a narrow terminal gets fewer columns; time, node and result stay', () => {
  assert.deepEqual(lines(90).slice(0, 3), [
    'when (UTC)        node    slot      card      result                   write MB/s  seconds',
    '2026-11-01 10:00  red001  left 2    00112233  good                           23.3    140.2',
    '2026-11-01 10:00  red002  left 2    00112233  failed: VERIFY_MISMATCH        23.3    140.2',
  ]);
  assert.deepEqual(lines(50).slice(0, 3), [
    'when (UTC)        node    result',
    '2026-11-01 10:00  red001  good',
    '2026-11-01 10:00  red002  failed: VERIFY_MISMATCH',
  ]);
});

test('what is not shown is counted, with the option that shows it', () => {
  const text = renderHistory({ records, earlier: 70, failing: [] }, infinite);
  assert.match(text, /\n\n70 earlier burns not shown: say --last=75$/);
});

test('cards that failed again and again stand below', () => {
  const text = renderHistory({ records, earlier: 0, failing }, infinite);
  assert.ok(
    text.endsWith(
      '\n\nCards that failed more than once:\n  00112233  failed verification twice (2026-11-01 as red002, 2026-11-02)',
    ),
  );
  const many = Array.from({ length: 25 }, (_, index) => ({ card: `c${index}`, faults: ['gave errors twice (…)'] }));
  assert.match(renderHistory({ records, earlier: 0, failing: many }, infinite), / c19 .*\n {2}and 5 cards more$/);
});

test('colour marks what went wrong, and only when it is wanted', () => {
  const text = renderHistory({ records, earlier: 0, failing }, { ...infinite, color: true }).split('\n');
  assert.ok(text[2]?.startsWith('\u001b[31m2026-') && text[2].endsWith('\u001b[0m'));
  assert.ok(!text[1]?.includes('\u001b'));
});

test('an empty history is a sentence', () => {
  const text = renderHistory({ records: [], earlier: 0, failing: [] }, infinite);
  assert.equal(text, 'No card has been burned yet: the history begins with the next one.');
});

const nasty = fc.constantFrom('red001', '\u001b[31m', '\n', '\u202e', '漢字'.repeat(9), 'x'.repeat(90), '', 'é\ud800');
const count = fc.oneof(fc.nat(4e9), fc.constantFrom(NaN, Infinity, -1, 1e300));
const anyRecord = fc
  .record({
    nasty,
    other: nasty,
    count,
    outcome: fc.constantFrom('good', 'failed', 'cancelled'),
    verified: fc.boolean(),
  } as const)
  .map(
    ({ nasty: text, other, count: number, outcome, verified }): BurnRecord => ({
      version: 1,
      at: other === '' ? good.at : other,
      run: text,
      hostname: text,
      image: other,
      device: text,
      card: other,
      code: text,
      outcome,
      verified,
      writtenBytes: number,
      writeMs: number,
      verifiedBytes: number,
      verifyMs: number,
      totalMs: number,
      repairs: number,
    }),
  );

test('whatever is in it, no line is too wide or could harm a terminal', () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { minLength: 1, maxLength: 4 }),
      nasty,
      fc.integer({ min: 1, max: 160 }),
      (all, text, columns) => {
        const view = { records: all, earlier: 3, failing: [{ card: text, faults: [text] }] };
        for (const line of renderHistory(view, { columns, color: false }).split('\n')) {
          assertHarmless(line);
          assert.ok(displayWidth(line) <= columns, `${displayWidth(line)} > ${columns}: ${line}`);
        }
      },
    ),
  );
});
