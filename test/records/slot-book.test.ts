// The slot book: whole or absent, never half believed.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { changeSlotBook, readSlotBook, writeSlotBook } from '../../src/records/slot-book.js';
import { scratchFolder } from '../native/scratch.js';
import { codeOf, ended, otherProcess } from './samples.js';

const slots = [
  { port: 'pci-0000:00:14.0-usb3-1.4-lun0', number: 1, label: 'left 2' },
  { port: 'mmc-fe340000.mmc', number: 2 },
];

test('what is written is read back, as JSON with a version, and nothing else is left', (t) => {
  const directory = scratchFolder(t);
  writeSlotBook({ directory }, { slots: [] });
  writeSlotBook({ directory }, { slots });
  assert.deepEqual(readSlotBook({ directory }), { book: { slots } });
  assert.deepEqual(JSON.parse(readFileSync(join(directory, 'slots.json'), 'utf8')), { version: 1, slots });
  assert.deepEqual(readdirSync(directory).toSorted(), ['records.lock', 'slots.json']);
});

test('a damaged book counts as empty, with a warning that names it', (t) => {
  const directory = scratchFolder(t);
  const path = join(directory, 'slots.json');
  const [first, second] = slots;
  const json = (book: unknown) => JSON.stringify(book);
  for (const text of [
    '',
    '{',
    json({ version: 2, slots }),
    json({ version: 1 }),
    json({ version: 1, slots: [{ port: 'p' }] }),
    json({ version: 1, slots: [{ port: 'p', number: 1.5 }] }),
    json({ version: 1, slots: [{ port: '', number: 1 }] }),
    json({ version: 1, slots: [first, { ...second, number: 1 }] }),
    json({ version: 1, slots: [first, { ...second, label: 'LEFT 2' }] }),
    json({ version: 1, slots: [first, first] }),
    json({ version: 1, slots, padding: 'x'.repeat(2 * 1024 * 1024) }),
  ]) {
    writeFileSync(path, text);
    const { book, warning } = readSlotBook({ directory });
    assert.deepEqual(book, { slots: [] }, text.slice(0, 100));
    assert.ok(warning?.includes(path));
  }
});

test('a book that could not be read back is not written', (t) => {
  const directory = scratchFolder(t);
  writeSlotBook({ directory }, { slots });
  const many = Array.from({ length: 1001 }, (_, index) => ({ port: `p${index}`, number: index + 1 }));
  for (const wrong of [many, [{ port: 'p', number: 0 }]])
    assert.equal(
      codeOf(() => writeSlotBook({ directory }, { slots: wrong })),
      'RECORDS_UNUSABLE',
    );
  assert.deepEqual(readSlotBook({ directory }).book, { slots });
});

test('changes by several processes at once are all kept', async (t) => {
  const directory = scratchFolder(t);
  writeFileSync(join(directory, 'slots.json'), 'damaged');
  const change = (from: number) => `for (let number = ${from}; number < ${from} + 10; number++)
    changeSlotBook({ directory: ${JSON.stringify(directory)} }, ({ slots }) => ({ slots: [...slots, { port: 'p' + number, number }] }));`;
  const others = [1, 11, 21].map((from) => otherProcess(t, ['slot-book'], change(from)));
  assert.deepEqual(await Promise.all(others.map(ended)), [0, 0, 0]);
  const { book } = changeSlotBook({ directory }, (before) => before);
  assert.deepEqual(
    book.slots.map(({ number }) => number).toSorted((a, b) => a - b),
    Array.from({ length: 30 }, (_, index) => index + 1),
  );
});
