// Numbers and names in words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cardName, shortDevice } from '../../src/report/names.js';
import {
  bytes,
  bytesPerSecond,
  counted,
  duration,
  percentage,
  rate,
  runningTime,
  sentence,
  stripControls,
} from '../../src/report/text.js';

test('a duration has the two units that matter', () => {
  const cases: [number, string][] = [
    [0, '0 s'],
    [400, '0.4 s'],
    [8000, '8 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [130_000, '2 min 10 s'],
    [3_599_499, '59 min 59 s'],
    [3_599_500, '1 h'],
    [3_720_000, '1 h 2 min'],
    [1e300, '999 h 59 min'],
    [-1, '-'],
    [Number.NaN, '-'],
    [Number.POSITIVE_INFINITY, '-'],
  ];
  for (const [elapsedMs, text] of cases) assert.equal(duration(elapsedMs), text);
});

test('a running time has whole seconds', () => {
  assert.equal(runningTime(7900), '8 s');
  assert.equal(runningTime(400), '0 s');
});

test('a size has three digits and the unit that is printed on cards', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [4096, '4.10 kB'],
    [4_194_304, '4.19 MB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [31_914_983_424, '31.9 GB'],
    [512_000_000_000, '512 GB'],
    [Number.MAX_SAFE_INTEGER, '9.01 PB'],
    [1e300, '9.01 PB'],
    [-1, '-'],
    [Number.NaN, '-'],
  ];
  for (const [countBytes, text] of cases) assert.equal(bytes(countBytes), text);
});

test('a speed is in MB/s with one decimal below 1000', () => {
  const cases: [number, string][] = [
    [0, '0.0 MB/s'],
    [23_440_000, '23.4 MB/s'],
    [999_940_000, '999.9 MB/s'],
    [999_960_000, '1000 MB/s'],
    [3_540_000_000, '3540 MB/s'],
    [Number.NaN, '- MB/s'],
  ];
  for (const [speed, text] of cases) assert.equal(rate(speed), text);
});

test('a speed without time, and a percentage without a total, are unknown', () => {
  assert.equal(bytesPerSecond(1000, 0), undefined);
  assert.equal(bytesPerSecond(1000, Number.NaN), undefined);
  assert.equal(bytesPerSecond(1000, 500), 2000);
  assert.equal(percentage(1, 0), undefined);
  assert.equal(percentage(1, undefined), undefined);
  assert.equal(percentage(999, 1000), 99);
  assert.equal(percentage(3, 2), 100);
});

test('one is singular', () => {
  assert.equal(counted(1, 'card'), '1 card');
  assert.equal(counted(0, 'card'), '0 cards');
});

test('control characters never survive', () => {
  const cases: [string, string][] = [
    ['red\u001b[31m001', 'red[31m001'],
    ['a\u009b2Jb', 'a2Jb'],
    ['one\r\ntwo\tthree', 'one two three'],
    ['abc\u202edcba\u202c', 'abcdcba'],
    ['zero\u200bwidth\ufeff', 'zerowidth'],
    ['line\u2028break', 'line break'],
    ['\ud800lone', 'lone'],
    ['Grüße, 漢字 🍓', 'Grüße, 漢字 🍓'],
  ];
  for (const [text, clean] of cases) assert.equal(stripControls(text), clean);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const character of stripControls(text)) assert.ok(!dangerous(character.codePointAt(0) ?? 0));
    }),
  );
});

const dangerousRanges = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
  [0xd800, 0xdfff],
] as const;

const dangerous = (code: number): boolean => dangerousRanges.some(([first, last]) => code >= first && code <= last);

test('a sentence ends with one full stop', () => {
  assert.equal(sentence('it broke'), 'it broke.');
  assert.equal(sentence(' it broke.\n'), 'it broke.');
});

test('a card is called by slot, device and host name', () => {
  assert.equal(cardName({ slot: 3, device: '/dev/sdc', hostname: 'red003' }), 'slot 3 (sdc, red003)');
  assert.equal(cardName({ slot: 3, device: 'cards/one.img' }), 'slot 3 (one.img)');
  assert.equal(shortDevice('/dev/disk/by-id/usb-x'), 'usb-x');
  assert.equal(shortDevice('dir/'), 'dir');
  assert.equal(shortDevice('/'), '/');
});
