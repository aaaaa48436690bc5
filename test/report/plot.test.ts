// The picture of a card's speed: in characters within its columns, and as an SVG that any XML reader takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sax from 'sax';
import type { SpeedPoint } from '../../src/protocol/probe.js';
import { renderPlot } from '../../src/report/plot.js';
import { renderPlotSvg } from '../../src/report/plot-svg.js';
import { displayWidth } from '../../src/report/width.js';
import { assertHarmless } from './hostile.js';

const points: readonly SpeedPoint[] = [0, 1, 2, 3].map((index) => ({
  offsetBytes: index * 1e9,
  lengthBytes: 1e9,
  writeBytesPerSecond: 20e6,
  readBytesPerSecond: 80e6,
}));

const amount = fc.oneof(
  fc.double({ min: 0, max: 1e12, noNaN: true }),
  fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 1e-300),
);
const anyPoints = fc.array(
  fc.record(
    { offsetBytes: amount, lengthBytes: amount, writeBytesPerSecond: amount, readBytesPerSecond: amount },
    { requiredKeys: ['offsetBytes', 'lengthBytes'] },
  ),
  { maxLength: 30 },
);

test('writing is an area and reading a line, and in ASCII both are letters', () => {
  assert.deepEqual(renderPlot(points, 4e9, { columns: 30, color: false }), [
    '   MB/s  ⣶ write  ⠒ read',
    '80 │⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉',
    '   │',
    '60 │',
    '   │',
    '40 │',
    '   │',
    '20 │⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝⢝',
    '   │⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕⢕',
    ' 0 └──────────────────────────',
    '    0        2.00 GB   4.00 GB',
  ]);
  const ascii = renderPlot(points, 4e9, { columns: 30, color: false, ascii: true });
  assert.deepEqual(
    [ascii[0], ascii[1], ascii[7]],
    ['   MB/s  w write  r read', `80 |${'r'.repeat(26)}`, `20 |${'w'.repeat(26)}`],
  );
  assert.ok(ascii.every((line) => /^[ -~]*$/.test(line)));
});

test('a slow place is lower', () => {
  const slow = points.map((point, index) => (index === 2 ? { ...point, readBytesPerSecond: 1e6 } : point));
  const [, fast = ''] = renderPlot(slow, 4e9, { columns: 60, color: false, ascii: true });
  const marks = fast.slice(4).padEnd(56);
  assert.match(marks, /^r{28} {14}r{14}$/);
});

test('the picture keeps to its columns and shows no number that is none', () => {
  fc.assert(
    fc.property(anyPoints, amount, fc.integer({ min: 30, max: 140 }), fc.boolean(), (some, size, columns, ascii) => {
      for (const line of renderPlot(some, size, { columns, color: false, ascii })) {
        assert.ok(displayWidth(line) <= columns, `${line} (${columns})`);
        assertHarmless(line);
      }
    }),
  );
});

test('on a narrow terminal there is no half-way mark where it has no room', () => {
  const fast = [{ offsetBytes: 0, lengthBytes: 1, writeBytesPerSecond: 9e11 }];
  const lines = renderPlot(fast, 9e15, { columns: 30, color: false });
  assert.ok(lines.every((line) => displayWidth(line) <= 30));
  assert.match(lines.at(-1) ?? '', /^ +0 +9\.00 PB$/);
});

test('nothing measured is no picture', () => {
  assert.deepEqual(renderPlot([], 4e9, { columns: 80, color: false }), []);
  assert.deepEqual(renderPlot([{ offsetBytes: 0, lengthBytes: 1 }], 4e9, { columns: 80, color: false }), []);
});

/** The texts of an SVG, and the data of its paths by class; throws what a strict XML parser throws. */
function readSvg(svg: string) {
  const parser = sax.parser(true);
  const texts: string[] = [];
  const paths = new Map<string, string>();
  parser.onerror = (error) => {
    throw error;
  };
  parser.ontext = (text) => {
    if (text.trim() !== '') texts.push(text.trim());
  };
  parser.onopentag = ({ name, attributes }) => {
    const { class: kind, d } = attributes as { class?: string; d?: string };
    if (name === 'path' && kind !== undefined && !paths.has(kind)) paths.set(kind, d ?? '');
  };
  parser.write(svg).close();
  return { texts, paths };
}

test('the SVG has title, units, legend and both lines', () => {
  const svg = renderPlotSvg(points, { title: 'Generic Reader', subtitle: 'good: all there', sizeBytes: 4e9 });
  const { texts, paths } = readSvg(svg);
  for (const text of [
    'Generic Reader, 4.00 GB',
    'good: all there',
    'position (GB)',
    'speed (MB/s)',
    'write',
    'read',
    '80',
  ])
    assert.ok(texts.includes(text), `${text} in ${texts.join('|')}`);
  assert.equal(paths.get('write'), 'M179,332L393,332L607,332L821,332');
  assert.equal(paths.get('read'), 'M179,80L393,80L607,80L821,80');
});

test('an SVG is well-formed whatever a card calls itself', () => {
  const name = fc.oneof(fc.constantFrom('<script>&"\'', ']]>', '\u0000\ud800\uffff\u001b[31m', '-->'), fc.string());
  fc.assert(
    fc.property(anyPoints, amount, name, name, (some, sizeBytes, title, subtitle) => {
      const svg = renderPlotSvg(some, { title, subtitle, sizeBytes });
      const { paths } = readSvg(svg);
      assert.doesNotMatch(svg, /<script/);
      for (const d of paths.values()) assert.doesNotMatch(d, /NaN|Infinity/);
    }),
  );
});
