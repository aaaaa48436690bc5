// CSV: rows with their lines, or the line that is wrong; and whatever can be written comes back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import fc from 'fast-check';
import { parseCsv } from '../../../src/burn/config/csv.js';
import { PiburnError } from '../../../src/errors.js';

const source = { file: 'n.csv', option: '--inventory' } as const;
const parse = (text: string): (readonly [number, ...string[]])[] =>
  parseCsv(text, source).map(({ line, cells }) => [line, ...cells]);

const good: readonly (readonly [text: string, rows: readonly (readonly [number, ...string[]])[]])[] = [
  ['', []],
  ['\n\n', []],
  [
    'a,b\n1,2\n',
    [
      [1, 'a', 'b'],
      [2, '1', '2'],
    ],
  ],
  [
    'a,b\r\n1,2',
    [
      [1, 'a', 'b'],
      [2, '1', '2'],
    ],
  ],
  [
    'a,b\r1,2\r',
    [
      [1, 'a', 'b'],
      [2, '1', '2'],
    ],
  ],
  [
    'a;b\n1,5;2\n',
    [
      [1, 'a', 'b'],
      [2, '1,5', '2'],
    ],
  ],
  [
    'a\tb\n1, x\t\n',
    [
      [1, 'a', 'b'],
      [2, '1, x', ''],
    ],
  ],
  [
    'a\tb\n\t2\n',
    [
      [1, 'a', 'b'],
      [2, '', '2'],
    ],
  ],
  [
    'a\n1\n',
    [
      [1, 'a'],
      [2, '1'],
    ],
  ],
  [
    '# x\n\n  a , b \n   # y\n 1 ,\n,,\n',
    [
      [3, 'a', 'b'],
      [5, '1', ''],
    ],
  ],
  [
    '"a;b;c",d\n1,2\n',
    [
      [1, 'a;b;c', 'd'],
      [2, '1', '2'],
    ],
  ],
  [
    'a,b\n" x ",  "y""z" \n',
    [
      [1, 'a', 'b'],
      [2, ' x ', 'y"z'],
    ],
  ],
  [
    'a,b\n"1\r\n2",3\n4,5\n',
    [
      [1, 'a', 'b'],
      [2, '1\r\n2', '3'],
      [4, '4', '5'],
    ],
  ],
  [
    'a,b\n#1,2\n"#1",2\n',
    [
      [1, 'a', 'b'],
      [3, '#1', '2'],
    ],
  ],
  ['a,b\n,\n"",""\n', [[1, 'a', 'b']]],
];

for (const [text, rows] of good)
  test(`${JSON.stringify(text)} has the rows ${JSON.stringify(rows)}`, () => assert.deepEqual(parse(text), rows));

const bad: readonly (readonly [text: string, message: RegExp])[] = [
  ['a,b\n1,"2\n3,4\n', /^n\.csv:2: the quote that begins a cell here is never closed/],
  ['a,b\n1,2"\n', /^n\.csv:2: there is a quote in a cell that is not quoted/],
  ['a,b\n"1\n2"x,3\n', /^n\.csv:3: there is something behind the closing quote/],
];

for (const [text, message] of bad)
  test(`${JSON.stringify(text)} is refused: ${message.source}`, () =>
    assert.throws(
      () => parse(text),
      (error) => error instanceof PiburnError && message.test(error.message),
    ));

const cell = fc.string({
  unit: fc.constantFrom('a', '1', ' ', ',', ';', '\t', '"', '#', '\n', '\r', 'é', '😀'),
  maxLength: 6,
});
const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;

test('whatever is quoted comes back as it was', () => {
  const table = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 8 });
  const style = fc.record({ separator: fc.constantFrom(',', ';', '\t'), end: fc.constantFrom('\n', '\r\n', '\r') });
  fc.assert(
    fc.property(table, style, (rows, { separator, end }) => {
      const lines = [['x', 'y', 'z'], ...rows].map((row) => row.map(quote).join(separator) + end);
      const kept = rows.filter((row) => row.some((each) => each !== ''));
      assert.deepEqual(
        parseCsv(lines.join(''), source)
          .slice(1)
          .map(({ cells }) => cells),
        kept,
      );
    }),
  );
});

test('cells without quotes, separators and line ends come back without the spaces around them', () => {
  const plain = cell.map((text) => text.replace(/[,;\t"\n\r#]/g, ''));
  fc.assert(
    fc.property(fc.array(fc.tuple(plain, plain), { maxLength: 8 }), (rows) => {
      const text = ['x,y', ...rows.map((row) => row.join(','))].join('\n');
      const kept = rows.map((row) => row.map((each) => each.trim())).filter((row) => row.some((each) => each !== ''));
      assert.deepEqual(
        parseCsv(text, source)
          .slice(1)
          .map(({ cells }) => cells),
        kept,
      );
    }),
  );
});

test('any text is either read or refused with a usage error', () => {
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 20 }), (pieces) => {
      try {
        const rows = parseCsv(pieces.join(''), source);
        assert.ok(rows.every(({ line }, index) => line > (rows[index - 1]?.line ?? 0)));
      } catch (error) {
        assert.ok(error instanceof PiburnError && error.failure.kind === 'usage', String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("Python's csv module writes what is read here", (t) => {
  const rows = [
    ['host', 'a b', 'c'],
    ['red,1', 'say "hi"', ' x '],
    ['two\nlines', "it's", 'é😀'],
  ];
  const program = 'import csv, json, sys; csv.writer(sys.stdout).writerows(json.load(sys.stdin))';
  try {
    const text = execFileSync('python3', ['-c', program], { input: JSON.stringify(rows), encoding: 'utf8' });
    // Python quotes only where it must, so spaces around a cell are lost, as this reader says.
    assert.deepEqual(
      parse(text).map(([, ...cells]) => cells),
      rows.map((row) => row.map((each) => each.replace(/^ x $/, 'x'))),
    );
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    t.skip('python3 is not there');
  }
});
