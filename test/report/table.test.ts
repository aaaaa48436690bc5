// The final table, as literal text and as a promise about its width.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CardReport } from '../../src/protocol.js';
import { renderFailure } from '../../src/report/failure.js';
import { renderTable } from '../../src/report/table.js';
import { displayWidth } from '../../src/report/width.js';
import { assertHarmless, hostileSummary } from './hostile.js';
import { failedCard, goodCard, sampleSummary } from './samples.js';

const pipe = { columns: Number.POSITIVE_INFINITY, color: false };

test('the table has a row per card, a sentence per failure and a last line', () => {
  assert.equal(
    renderTable(sampleSummary, pipe),
    `\
                                                                               write  verify
slot   card                       size  host    address      written  skipped   MB/s    MB/s  seconds  result
1 sda  Generic STORAGE DEVICE  31.9 GB  red001  10.1.1.2/24  2.10 GB   680 MB   23.3    70.0    124.0  good
2 sdb  Generic STORAGE DEVICE  31.9 GB  red002  10.1.1.2/24  4.19 MB   680 MB    4.2       -      1.2  failed

slot 2 (sdb, red002): writing to /dev/sdb failed at byte 4194304: input/output error. No Pi starts from this card.
  Next: try another card.

1 good, 1 failed in 2 min 10 s; image decoded once`,
  );
});

test('a narrow terminal gets fewer columns, never wider lines', () => {
  const rows = (columns: number): string[] =>
    renderTable(sampleSummary, { columns, color: false }).split('\n').slice(0, 4);
  assert.equal(
    rows(100)[2],
    '1 sda  Generic STOR…  31.9 GB  red001  10.1.1.2/24  2.10 GB   680 MB   23.3    70.0    124.0  good',
  );
  assert.deepEqual(rows(80), [
    '                                              write  verify',
    'slot      size  host    address      written   MB/s    MB/s  seconds  result',
    '1 sda  31.9 GB  red001  10.1.1.2/24  2.10 GB   23.3    70.0    124.0  good',
    '2 sdb  31.9 GB  red002  10.1.1.2/24  4.19 MB    4.2       -      1.2  failed',
  ]);
  assert.deepEqual(rows(40).slice(0, 3), [
    'slot   host    written  seconds  result',
    '1 sda  red001  2.10 GB    124.0  good',
    '2 sdb  red002  4.19 MB      1.2  failed',
  ]);
});

test('repairs and warnings are told, and counted when they are many', () => {
  const repairs = Array.from({ length: 10 }, (_, index) => ({
    offsetBytes: index * 4_194_304,
    lengthBytes: 4_194_304,
    how: index === 0 ? ('reread' as const) : ('rewritten' as const),
  }));
  const card: CardReport = { ...goodCard, repairs, warnings: ['the reader answers slowly'] };
  const lines = renderTable({ ...sampleSummary, cards: [card], failed: 0 }, pipe).split('\n');
  const name = 'slot 1 (sda, red001)';
  assert.equal(lines[4], `${name}: 4.19 MB at byte 0 read back wrong once and right the second time.`);
  assert.equal(
    lines[5],
    `${name}: 4.19 MB at byte 4194304 read back wrong and was right after it had been written again.`,
  );
  assert.deepEqual(lines.slice(12), [
    `${name}: 2 more repairs.`,
    `${name}: the reader answers slowly.`,
    '',
    '1 good in 2 min 10 s; image decoded once',
  ]);
});

test('a cancelled card says whether a Pi can start from it', () => {
  const { failure: _, ...unexplained } = failedCard;
  const cases: [CardReport['bootable'], string][] = [
    ['no', 'slot 2 (sdb, red002): cancelled. No Pi starts from this card.'],
    ['untouched', 'slot 2 (sdb, red002): cancelled. Nothing was written to this card.'],
    ['unknown', 'slot 2 (sdb, red002): cancelled. Whether a Pi starts from this card is unknown.'],
  ];
  for (const [bootable, text] of cases) {
    const cards: CardReport[] = [{ ...unexplained, outcome: 'cancelled', bootable }];
    assert.ok(
      renderTable({ ...sampleSummary, cards }, pipe)
        .split('\n')
        .includes(text),
    );
  }
});

test('the last line counts what there was', () => {
  const last = (parts: Partial<typeof sampleSummary>): string | undefined =>
    renderTable({ ...sampleSummary, cards: [], ...parts }, pipe)
      .split('\n')
      .at(-1);
  assert.equal(
    last({ good: 3, failed: 0, cancelled: 2, decodes: 0 }),
    '3 good, 2 cancelled in 2 min 10 s; image not decoded, it was there already',
  );
  assert.equal(last({ good: 0, failed: 1, decodes: 2 }), '0 good, 1 failed in 2 min 10 s; image decoded 2 times');
});

test('what ended the whole run is said too', () => {
  const failure = { kind: 'failed', code: 'ENOSPC', message: 'no room in the store', hint: 'delete an image' } as const;
  assert.equal(
    renderTable({ ...sampleSummary, cards: [], good: 0, failed: 0, failure }, pipe),
    'no room in the store.\n  Next: delete an image.\n\n0 good in 2 min 10 s; image decoded once',
  );
});

test('rows are coloured by how the card ended', () => {
  const lines = renderTable(sampleSummary, { columns: 40, color: true }).split('\n');
  assert.deepEqual(lines.slice(0, 3), [
    '\u001b[1mslot   host    written  seconds  result\u001b[0m',
    '\u001b[32m1 sda  red001  2.10 GB    124.0  good\u001b[0m',
    '\u001b[31m2 sdb  red002  4.19 MB      1.2  failed\u001b[0m',
  ]);
});

test('an error that ends the program is a sentence and what to do next', () => {
  const refused = {
    kind: 'refused',
    code: 'SYSTEM_DISK',
    message: '/dev/sda holds\u001b[2J /',
    hint: 'choose another',
  } as const;
  assert.equal(renderFailure(refused, { color: false }), 'piburn: /dev/sda holds[2J /.\nNext: choose another.');
  assert.equal(
    renderFailure({ kind: 'failed', code: 'EIO', message: 'it broke' }, { color: true }),
    '\u001b[31mpiburn:\u001b[0m it broke.',
  );
});

test('no row is wider than the terminal, and no text harms it', () => {
  fc.assert(
    fc.property(hostileSummary, fc.integer({ min: 40, max: 200 }), (summary, columns) => {
      const text = renderTable(summary, { columns, color: false });
      const rows = summary.cards.length === 0 ? [] : text.split('\n\n', 1).join('').split('\n');
      for (const row of rows) assert.ok(displayWidth(row) <= columns, `${columns}: ${row}`);
      for (const line of text.split('\n')) assertHarmless(line);
    }),
  );
});
