// The live picture, as literal screens and as a promise: never too wide, never a harmful character.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { renderBars } from '../../src/report/bars.js';
import { drawBar, glyphsFor } from '../../src/report/glyphs.js';
import { initialState } from '../../src/report/state.js';
import { displayWidth } from '../../src/report/width.js';
import { assertHarmless, hostileRun } from './hostile.js';
import { failedCard, foldAll, goodCard, progress, reading, samplePlan, type TimedEvent } from './samples.js';

const plain = { color: false, nowMs: 10_000 };

const busy = foldAll([
  [0, { type: 'plan', plan: samplePlan }],
  ...Array.from({ length: 101 }, (_, tenth): TimedEvent[] => [
    [tenth * 100, reading(tenth * 12e6, 2.4e9)],
    [tenth * 100, progress(1, tenth * 2e6, 1e9)],
  ]).flat(),
]);

test('on a wide terminal a slot shows bar, percent, speed and both times left', () => {
  assert.deepEqual(renderBars(busy, { ...plain, columns: 110 }), [
    '1  sda  red001  writing    ██▉░░░░░░░░░░░░░░░░░░░░░░░░░░   10 %   20.0 MB/s  ETA 1 min 30 s   card 3 min 10 s',
    '2  sdb  red002  waiting',
    'image  decoding xz  ████████████████████░░░░░░░░░░░░░░░░░░░░   50 %  120.0 MB/s  ETA 10 s',
    '0 of 3 good, 10 s',
  ]);
});

test('on a narrow terminal the least important parts go first', () => {
  assert.deepEqual(renderBars(busy, { ...plain, columns: 60 }), [
    '1  sda  red001  writing    █▍░░░░░░░░░░░░   10 %   20.0 MB/s',
    '2  sdb  red002  waiting',
    'image  decoding xz  █████▌░░░░░   50 %  120.0 MB/s  ETA 10 s',
    '0 of 3 good, 10 s',
  ]);
  assert.deepEqual(renderBars(busy, { ...plain, columns: 1 }), [
    '1  sda  red001  writing     10 %',
    '2  sdb  red002  waiting',
    'image  decoding xz   50 %  120.0 MB/s',
    '0 of 3 good, 10 s',
  ]);
});

const ended = foldAll(
  [
    [10_000, { type: 'card-end', card: goodCard }],
    [10_000, { type: 'slot-wait', slot: 1, device: '/dev/sda', hostname: 'red003' }],
    [10_000, { type: 'card-end', card: failedCard }],
    [10_000, progress(3, 5e8, 1e9)],
    [10_000, { type: 'stall', slot: 3, device: '/dev/sdc', stalledMs: 10_000, phase: 'writing' }],
    [10_000, { type: 'image', state: 'whole', how: 'decode', doneBytes: 2.4e9, elapsedMs: 9000 }],
  ],
  busy,
);

test('ended, failed and stalled slots say so in words', () => {
  assert.deepEqual(renderBars(ended, { ...plain, columns: 80, nowMs: 12_000 }), [
    '1  sda  red001  ✓ good, 2 min 4 s; put in the next card (red003)',
    '2  sdb  red002  ✗ failed, 1.2 s: writing to /dev/sdb failed at byte 4194304: in…',
    '3  sdc          writing 50 %, no progress for 12 s',
    '1 of 3 good, 1 failed, 12 s',
  ]);
});

test('ASCII is enough where a terminal has nothing else', () => {
  assert.deepEqual(renderBars(ended, { ...plain, columns: 40, ascii: true, nowMs: 12_000 }), [
    '1  sda  red001  + good; next card',
    '2  sdb  red002  x failed, 1.2 s: writin~',
    '3  sdc          no progress for 12 s',
    '1 of 3 good, 1 failed, 12 s',
  ]);
  const [line = ''] = renderBars(busy, { ...plain, columns: 60, ascii: true });
  assert.equal(line, '1  sda  red001  writing    #.............   10 %   20.0 MB/s');
});

test('a card seen before any plan has a line, and the total has no goal', () => {
  assert.deepEqual(renderBars(foldAll([[0, progress(1, 0, 0)]]), { ...plain, columns: 80, nowMs: 1000 }), [
    '1  sda  writing',
    '0 good, 1 s',
  ]);
  assert.deepEqual(renderBars(initialState(), { ...plain, columns: 80 }), ['0 good, 0 s']);
});

test('colour changes nothing but the colour', () => {
  const colored = renderBars(ended, { ...plain, columns: 80, color: true });
  assert.equal(colored[0], '1  sda  red001  \u001b[32m✓ good, 2 min 4 s; put in the next card (red003)\u001b[0m');
  assert.deepEqual(colored.map(stripVTControlCharacters), renderBars(ended, { ...plain, columns: 80 }));
});

test('a bar has exactly its columns and is full only at the end', () => {
  const unicode = glyphsFor(false);
  assert.equal(drawBar(0.5, 4, unicode), '██░░');
  assert.equal(drawBar(0.99, 4, unicode), '███▉');
  assert.equal(drawBar(1, 4, unicode), '████');
  assert.equal(drawBar(7, 4, unicode), '████');
  assert.equal(drawBar(Number.NaN, 4, unicode), '░░░░');
  assert.equal(drawBar(0.99, 4, glyphsFor(true)), '###.');
});

test('no line is wider than the terminal or harms it, whatever happened', () => {
  fc.assert(
    fc.property(hostileRun, fc.integer({ min: 40, max: 200 }), fc.boolean(), (events, columns, ascii) => {
      const options = { columns, ascii, nowMs: 150_000 };
      const state = foldAll(events);
      const lines = renderBars(state, { ...options, color: false });
      for (const line of lines) {
        assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
        assertHarmless(line);
      }
      assert.deepEqual(renderBars(state, { ...options, color: true }).map(stripVTControlCharacters), lines);
    }),
    { numRuns: 300 },
  );
});
