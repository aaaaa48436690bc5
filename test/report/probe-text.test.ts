// What a probe says: one sentence for each verdict, a table, and a line while it works.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeFacts, Verdict } from '../../src/protocol/probe.js';
import { renderEjected, renderFormatted, renderMediumQuestion } from '../../src/report/medium-text.js';
import { renderProbe, renderProbeProgress, verdictSentence } from '../../src/report/probe-text.js';
import { displayWidth } from '../../src/report/width.js';
import { assertHarmless } from './hostile.js';
import { sampleTarget } from './samples.js';

const facts: ProbeFacts = {
  sizeBytes: 64e9,
  full: false,
  verdict: { kind: 'good' },
  checkedBytes: 460e6,
  bad: [],
  badMore: 0,
  speeds: [
    { offsetBytes: 0, lengthBytes: 32e9, writeBytesPerSecond: 20e6, readBytesPerSecond: 80e6 },
    { offsetBytes: 32e9, lengthBytes: 32e9, writeBytesPerSecond: 30e6, readBytesPerSecond: 90e6 },
  ],
  randomWrites: { requests: 64, perSecond: 512.4, medianMs: 1.8, worstMs: 22.04 },
  seed: 7,
  direct: true,
  elapsedMs: 61_000,
};

test('every verdict is one sentence', () => {
  const cases: [Verdict, string][] = [
    [{ kind: 'good' }, 'good: 64.0 GB, all of it there'],
    [
      { kind: 'slow', writeBytesPerSecond: 4.2e6 },
      'slow: 64.0 GB, all of it there, but it writes 4.2 MB/s; a Pi wants 10 MB/s',
    ],
    [
      { kind: 'fake', how: 'wraparound', holdsBytes: 7_948_206_080 },
      'fake: claims 64.0 GB, holds 7.95 GB (wraps around)',
    ],
    [{ kind: 'fake', how: 'limbo', holdsBytes: 7.9e9 }, 'fake: claims 64.0 GB, holds 7.90 GB (loses the rest)'],
    [
      { kind: 'fake', how: 'chain', holdsBytes: 7.9e9 },
      'fake: claims 64.0 GB, holds 7.90 GB (loses some of the rest and wraps around)',
    ],
    [{ kind: 'failing', places: 3, firstBytes: 4096 }, 'failing: 3 bad places, the first at byte 4096'],
    [{ kind: 'failing', places: 1, firstBytes: 4096 }, 'failing: 1 bad place, at byte 4096'],
    [{ kind: 'read-only' }, 'read-only: nothing can be written any more; the card has reached the end of its life'],
  ];
  for (const [verdict, sentence] of cases) assert.equal(verdictSentence(verdict, facts), sentence);
  assert.equal(verdictSentence({ kind: 'good' }, { ...facts, full: true }), 'good: 64.0 GB, every block of it there');
});

test('the table says what was looked at and how fast it was; the verdict comes last', () => {
  const lines = renderProbe(facts, { columns: 80, color: false }).split('\n');
  assert.deepEqual(lines.slice(0, 5), [
    'Checked        460 MB of 64.0 GB (less than 1 %), spread over all of it, in 1 min 1 s',
    'Write          30.0 MB/s (slowest place 20.0 MB/s, fastest 30.0 MB/s)',
    'Read           90.0 MB/s (slowest place 80.0 MB/s, fastest 90.0 MB/s)',
    '4 KiB writes   512 a second, 1.8 ms as a rule, 22 ms at worst',
    'Seed           7',
  ]);
  assert.equal(lines.at(-1), 'good: 64.0 GB, all of it there');
  for (const line of lines) assertHarmless(line);
});

test('bad places are listed, but no more than a screen of them', () => {
  const bad = Array.from({ length: 30 }, (_, index) => ({
    offsetBytes: index * 8192,
    lengthBytes: 4096,
    state: 'elsewhere' as const,
    shiftBytes: 1_000_000,
  }));
  const text = renderProbe({ ...facts, bad, badMore: 5 }, { columns: 80, color: false });
  assert.match(text, /^ {2}4\.10 kB at byte 8192: holds what was written to another place \(byte 1008192\)$/m);
  assert.match(text, /^ {2}and 23 more$/m);
});

test('the progress line keeps to its columns', () => {
  const progress = {
    step: 'writing',
    doneBytes: 5e8,
    totalBytes: 1e9,
    elapsedMs: 12_000,
    remainingMs: 30_000,
  } as const;
  assert.equal(
    renderProbeProgress(progress, { columns: 100, ascii: true }),
    '     12 s  ##########..........   50 %  writing  ETA 30 s',
  );
  for (let columns = 20; columns < 70; columns += 1)
    assert.ok(displayWidth(renderProbeProgress(progress, { columns })) <= columns);
});

test('the question names the disk, what is on it, and what will become of it', () => {
  const question = renderMediumQuestion(
    {
      ...sampleTarget,
      path: '/dev/sda',
      model: 'Card\u001b[31m Reader',
      content: 'dos table: boot (vfat)',
      mountpoints: ['/media/a'],
    },
    'will be lost',
  );
  assert.match(question, /^\/dev\/sda: Card\[31m Reader/);
  assert.match(question, /now on it: dos table: boot \(vfat\)/);
  assert.match(question, /mounted at \/media\/a: will be unmounted/);
  assert.match(question, /Everything on it will be lost\. Go on\? \[y\/N\] $/);
  for (const line of question.split('\n')) assertHarmless(line);
});

test('format and eject end in a sentence', () => {
  const partition = { startBytes: 4_194_304, sizeBytes: 31.9e9 };
  assert.equal(
    renderFormatted({ path: '/dev/sda', fileSystem: 'fat32', label: 'SDCARD', partition }),
    '/dev/sda is empty: one partition of 31.9 GB with FAT32 "SDCARD"',
  );
  const medium = { path: '/dev/sda', unmounted: ['/media/a'], ejected: true, transport: 'usb' };
  assert.equal(renderEjected(medium), '/dev/sda: /media/a unmounted; ejected');
  assert.equal(
    renderEjected({ path: '/dev/mmcblk0', unmounted: [], ejected: false, transport: 'mmc' }),
    '/dev/mmcblk0: all is written, and the slot needs no command: the card may be pulled',
  );
});
