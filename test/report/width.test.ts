// Terminal columns: what a text takes, and cutting and padding to an exact number of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { alignLeft, alignRight, clip, displayWidth } from '../../src/report/width.js';

test('wide characters take two columns and combining marks none', () => {
  const cases: [string, number][] = [
    ['red001', 6],
    ['Grüße', 5],
    ['e\u0301', 1],
    ['漢字', 4],
    ['ｆｕｌｌ', 8],
    ['한글', 4],
    ['🍓', 2],
    ['✓ █░…', 5],
  ];
  for (const [text, columns] of cases) assert.equal(displayWidth(text), columns, text);
});

test('a text is cut only where it must be, and never through a wide character', () => {
  assert.equal(clip('red001', 6), 'red001');
  assert.equal(clip('red001', 5), 'red0…');
  assert.equal(clip('漢字漢字', 6), '漢字…');
  assert.equal(clip('red001', 1), '…');
  assert.equal(clip('red001', 0), '');
  assert.equal(clip('red001', 5, '~'), 'red0~');
});

test('an aligned text takes exactly its columns', () => {
  assert.equal(alignLeft('ab', 4), 'ab  ');
  assert.equal(alignRight('ab', 4), '  ab');
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'é', '漢', '🍓')), fc.integer({ min: 1, max: 30 }), (pieces, columns) => {
      assert.equal(displayWidth(alignLeft(pieces.join(''), columns)), columns);
      assert.equal(displayWidth(alignRight(pieces.join(''), columns)), columns);
    }),
  );
});
