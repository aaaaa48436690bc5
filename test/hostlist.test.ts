import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PiburnError } from '../src/errors.js';
import { compressHostlist, expandHostlist } from '../src/hostlist.js';

/** What a pattern becomes. */
const good: readonly (readonly [pattern: string, items: string])[] = [
  ['red[001-003]', 'red001 red002 red003'],
  ['red00[1-2]', 'red001 red002'],
  ['red[a-c]', 'reda redb redc'],
  ['red[001-003,007]', 'red001 red002 red003 red007'],
  ['blue,blue[002-003]', 'blue blue002 blue003'],
  ['10.1.1.[1-3]', '10.1.1.1 10.1.1.2 10.1.1.3'],
  ['10.1.1.[2-4]/24', '10.1.1.2/24 10.1.1.3/24 10.1.1.4/24'],
  ['10.1.[1-2].[1-3]', '10.1.1.1 10.1.1.2 10.1.1.3 10.1.2.1 10.1.2.2 10.1.2.3'],
  ['red[9-11]', 'red9 red10 red11'],
  ['red[09-11]', 'red09 red10 red11'],
  ['red[098-102]', 'red098 red099 red100 red101 red102'],
  ['10.1.1.1-10.1.1.3', '10.1.1.1-10.1.1.3'],
  ['red[1-2].local', 'red1.local red2.local'],
  ['host[1-2]x[01-02]', 'host1x01 host1x02 host2x01 host2x02'],
  ['local:a,b', 'local:a b'],
  ['local:a,b,local:c', 'local:a b local:c'],
  ['a:b,c:d', 'a:b c:d'],
  ['/dev/sd[a,e,f]', '/dev/sda /dev/sde /dev/sdf'],
  ['/dev/sd[a-f]', '/dev/sda /dev/sdb /dev/sdc /dev/sdd /dev/sde /dev/sdf'],
  ['/dev/sd[a-c,f]', '/dev/sda /dev/sdb /dev/sdc /dev/sdf'],
  ['/dev/sda,/dev/sdb', '/dev/sda /dev/sdb'],
  ['/dev/sd[a-b],/dev/sdz', '/dev/sda /dev/sdb /dev/sdz'],
  ['/dev/disk[2-4]', '/dev/disk2 /dev/disk3 /dev/disk4'],
  ['/dev/mmcblk[0-1]', '/dev/mmcblk0 /dev/mmcblk1'],
  ['/dev/sd[a-b][1-2]', '/dev/sda1 /dev/sda2 /dev/sdb1 /dev/sdb2'],
  ['/dev/disk/by-id/usb-x,/dev/sdb', '/dev/disk/by-id/usb-x /dev/sdb'],
  ['prefix-[a,b,c]-postfix', 'prefix-a-postfix prefix-b-postfix prefix-c-postfix'],
  ['[a,b,c]-postfix', 'a-postfix b-postfix c-postfix'],
  ['prefix-[a-c]-postfix', 'prefix-a-postfix prefix-b-postfix prefix-c-postfix'],
  ['x[a,b-d,g,x-z]', 'xa xb xc xd xg xx xy xz'],
  ['x[a,1-2,north,X-Z]', 'xa x1 x2 xnorth xX xY xZ'],
  ['red[01-02],red', 'red01 red02 red'],
  ['red[7-7]', 'red7'],
  ['red[0-2]', 'red0 red1 red2'],
];

/** What is refused: the pattern, where the caret stands below it, and a word of the reason. */
const bad: readonly (readonly [pattern: string, caret: string, reason: RegExp])[] = [
  ['red[1-01]', '      ^', /padded differently/],
  ['red[001-05]', '        ^', /padded differently/],
  ['red[001-5]', '        ^', /padded differently/],
  ['red[5-3]', '    ^', /backwards/],
  ['red[1,1,2]', '      ^', /'red1' appears twice/],
  ['red[1-3,2]', '        ^', /'red2' appears twice/],
  ['red,red', '    ^', /'red' appears twice/],
  ['a2,a[1-3]', '     ^', /'a2' appears twice/],
  ['/dev/sd[a,a]', '          ^', /appears twice/],
  ['red[1-', '   ^', /never closed/],
  ['red]', '   ^', /without a '\['/],
  ['red[[1-2]]', '    ^', /inside a bracket/],
  ['red[]', '   ^', /empty bracket/],
  ['/dev/sd[]', '       ^', /empty bracket/],
  ['/dev/sd[a-', '       ^', /never closed/],
  ['red[1-2-3]', '       ^', /no range/],
  ['red[ 1-2 ]', '    ^', /space/],
  ['red[1--3]', '      ^', /no range/],
  ['red[1-]', '     ^', /no end/],
  ['red[-3]', '    ^', /no beginning/],
  ['red[1-200000]', '   ^', /too many/],
  ['a[0-999][0-999]', '        ^', /too many/],
  ['a[1-99998],b,c[1-2]', '              ^', /too many/],
  ['a[1-99999999999999999999]', '    ^', /too large/],
  ['red 1, red 2', '   ^', /space/],
  ['red1, red2', '     ^', /space/],
  ['red,,blue,', '    ^', /empty item/],
  ['red,blue,', '        ^', /empty item/],
  [',red', '^', /empty item/],
  ['red[1,,2]', '      ^', /empty item in a bracket/],
  ['red[1,]', '      ^', /empty item in a bracket/],
  ['', '^', /empty/],
  ['/dev/sd[c-a]', '        ^', /backwards/],
  ['/dev/sd[Z-b]', '          ^', /different kinds/],
  ['red[a-3]', '      ^', /different kinds/],
  ['red[3-a]', '      ^', /different kinds/],
  ['red[aa-c]', '    ^', /neither a number nor a single letter/],
  ['red[a-cc]', '      ^', /neither a number nor a single letter/],
  ['red[ä-ö]', '    ^', /neither a number nor a single letter/],
];

test('patterns become the items that a reader of the documentation expects', () => {
  for (const [pattern, items] of good) assert.equal(expandHostlist(pattern, '--hostname').join(' '), items, pattern);
});

test('a wrong pattern is a usage error with a caret under the very character', () => {
  for (const [pattern, caret, reason] of bad) {
    const error = errorOf(pattern);
    const [summary = '', shown, pointer] = error.failure.message.split('\n');
    assert.match(summary, /^--device: /, pattern);
    assert.match(summary, reason, pattern);
    assert.equal(shown, `  ${pattern}`);
    assert.equal(pointer, `  ${caret}`, pattern);
    assert.equal(error.failure.code, 'HOSTLIST');
    assert.equal(error.exitCode, 2);
    assert.ok(error.failure.hint, `${pattern} has a hint`);
  }
});

test('a long pattern is shown around its mistake only', () => {
  const error = errorOf(`${'red,'.repeat(3)}${'x'.repeat(5000)}[3-1]${'y'.repeat(5000)}`);
  const [, shown = '', pointer = ''] = error.failure.message.split('\n');
  assert.ok(shown.length < 120 && pointer.length < 120);
  assert.equal(shown.slice(pointer.length - 1, pointer.length + 2), '3-1');
});

test('control characters of a pattern do not reach the terminal', () => {
  const message = errorOf('red\u001b[31m').failure.message;
  assert.ok(!message.includes('\u001b'));
});

test('patterns that would fill the memory are refused before anything is made', () => {
  assert.match(errorOf('[0-9]'.repeat(20_000)).failure.message, /too many/);
  assert.match(errorOf(`${'x'.repeat(10_000)}[1-99999]`).failure.message, /too long/);
  assert.equal(expandHostlist('red[1-100000]', '--hostname').length, 100_000);
});

test('a number range holds every number between its ends, all of the width of the first', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.nat(200), fc.integer({ min: 1, max: 6 }), (first, more, width) => {
      const left = String(first).padStart(width, '0');
      const right = String(first + more).padStart(left.length, '0');
      const items = expandHostlist(`n[${left}-${right}]`, '--hostname');
      assert.deepEqual(
        items,
        Array.from({ length: more + 1 }, (_, index) => `n${String(first + index).padStart(left.length, '0')}`),
      );
    }),
  );
});

test('any text is either expanded or refused with a usage error', () => {
  const characters = fc.constantFrom('[', ']', ',', '-', 'a', 'b', 'Z', '0', '1', '9', ' ', '.', 'é');
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 12 }), (letters) => {
      try {
        const items = expandHostlist(letters.join(''), '--hostname');
        assert.equal(new Set(items).size, items.length);
      } catch (error) {
        assert.ok(error instanceof PiburnError && error.failure.kind === 'usage', String(error));
      }
    }),
  );
});

/** Items, and the shortest pattern for them. */
const compressed: readonly (readonly [items: string, pattern: string])[] = [
  ['', ''],
  ['10.1.1.1 10.1.1.2 10.1.1.3 10.1.1.4 10.1.1.9', '10.1.1.[1-4,9]'],
  ['10.1.1.254 10.1.2.1 10.1.2.2', '10.1.1.254,10.1.2.[1-2]'],
  ['red001 red002 red003 red010', 'red[001-003,010]'],
  ['red9 red10 red11', 'red[9-11]'],
  ['red09 red10 red100', 'red[09-10,100]'],
  ['red1 red01', 'red[1,01]'],
  ['red2 red1', 'red[2,1]'],
  ['red1.local red2.local blue', 'red[1-2].local,blue'],
  ['mgr 7 8', 'mgr,[7-8]'],
  ['red red red1', 'red,red1'],
];

test('items become the pattern that a person would write', () => {
  for (const [items, pattern] of compressed) {
    assert.equal(compressHostlist(items.split(' ').filter(Boolean)), pattern);
  }
});

test('a compressed list expands to the very same items', () => {
  const digits = fc
    .tuple(fc.nat(120), fc.integer({ min: 1, max: 4 }))
    .map(([n, width]) => String(n).padStart(width, '0'));
  const huge = fc.constantFrom('', '9007199254740991', '9007199254740992', '999999999999999', '1000000000000000');
  const item = fc
    .tuple(
      fc.constantFrom('red', '10.1.1.', 'a-', 'x'),
      fc.oneof({ weight: 9, arbitrary: digits }, huge),
      fc.constantFrom('', '', '.local'),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.uniqueArray(item, { minLength: 1, maxLength: 60 }), fc.boolean(), (items, isSorted) => {
      const list = isSorted ? items.toSorted() : items;
      assert.deepEqual(expandHostlist(compressHostlist(list), '--hostname'), list);
    }),
  );
});

function errorOf(pattern: string): PiburnError {
  try {
    expandHostlist(pattern, '--device');
  } catch (error) {
    if (error instanceof PiburnError) return error;
    throw error;
  }
  throw new Error(`'${pattern.slice(0, 100)}' was accepted`);
}
