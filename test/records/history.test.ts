// The history: lines that last, whatever happens to the last one, and any number of piburns that write them.

import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { appendRecord, readHistory } from '../../src/records/history.js';
import { openDescriptors, scratchFolder } from '../native/scratch.js';
import { ended, otherProcess, record } from './samples.js';

function scratchPlace(t: TestContext): { directory: string; path: string } {
  const directory = scratchFolder(t);
  return { directory, path: join(directory, 'history.jsonl') };
}

const hosts = (place: { directory: string }, limits = {}): (string | undefined)[] =>
  readHistory(place, limits).records.map(({ hostname }) => hostname);

test('what is appended is read back, the oldest first, and no descriptor is left open', (t) => {
  const place = scratchPlace(t);
  const { hostname, address, card, ...bare } = record;
  const all = [record, bare, { ...record, hostname: 'red\u202e"\n007', outcome: 'failed', code: 'EIO' }] as const;
  for (const one of all) appendRecord(place, one);
  assert.deepEqual(readHistory(place), { records: all, damaged: 0 });
  assert.equal(readFileSync(place.path, 'utf8').trimEnd().split('\n').length, 3);
  assert.deepEqual(openDescriptors(place.directory), []);
});

test('unknown fields are left out, a wrong optional one as well, and lines that are no burn are counted', (t) => {
  const place = scratchPlace(t);
  const line = (fields: object) => `${JSON.stringify({ ...record, ...fields })}\n`;
  const lines = [
    line({ hostname: 'red001', later: 'field', card: 7, readLatency: { pieces: 'x' } }),
    line({ version: 2 }),
    line({ at: 'yesterday' }),
    line({ writtenBytes: -1 }),
    line({ outcome: 'fine' }),
    '[]\n',
    'null\n',
    '{"version":1\n',
    '\0\0\0\0\n',
    '\n',
    line({ hostname: 'red002' }),
  ];
  writeFileSync(place.path, lines.join(''));
  const { records, damaged } = readHistory(place);
  const { card, readLatency, ...expected } = record;
  assert.deepEqual(records, [expected, { ...record, hostname: 'red002' }]);
  assert.equal(damaged, 8);
});

test('a line that was cut off anywhere is skipped, and the next one is whole', (t) => {
  const place = scratchPlace(t);
  appendRecord(place, record);
  const firstBytes = statSync(place.path).size;
  for (const lostBytes of [1, 2, 300, firstBytes - 1]) {
    writeFileSync(place.path, '');
    appendRecord(place, record);
    appendRecord(place, record);
    truncateSync(place.path, 2 * firstBytes - lostBytes);
    // Only the line break was lost: the line itself is whole.
    const isWhole = lostBytes === 1;
    assert.equal(readHistory(place).damaged, isWhole ? 0 : 1);
    appendRecord(place, { ...record, hostname: 'red009' });
    assert.deepEqual(hosts(place), ['red001', ...(isWhole ? ['red001'] : []), 'red009']);
  }
});

test('at most so many lines and bytes are read, the newest', (t) => {
  const place = scratchPlace(t);
  for (let index = 0; index < 5; index++) appendRecord(place, { ...record, hostname: `red${index}` });
  assert.deepEqual(hosts(place, { maxRecords: 2 }), ['red3', 'red4']);
  const lineBytes = statSync(place.path).size / 5;
  assert.deepEqual(hosts(place, { maxBytes: 3 * lineBytes + 10 }), ['red2', 'red3', 'red4']);
  assert.equal(
    readHistory(place, { maxBytes: 3 * lineBytes + 10 }).damaged,
    0,
    'the line cut by the limit is not damaged',
  );
  assert.deepEqual(hosts(place, { maxBytes: 10 }), []);
});

test('a history that has grown too large is put aside, and still read', (t) => {
  const place = scratchPlace(t);
  for (let index = 0; index < 9; index++)
    appendRecord(place, { ...record, hostname: `red${index}` }, { maxBytes: 2500 });
  assert.ok(statSync(place.path).size < 2500 + 2000);
  assert.ok(statSync(join(place.directory, 'history.old.jsonl')).size < 2500 + 2000);
  const left = hosts(place);
  assert.ok(left.length >= 3 && left.length < 9, `${left.length} are left`);
  assert.deepEqual(left, ['red0', 'red1', 'red2', 'red3', 'red4', 'red5', 'red6', 'red7', 'red8'].slice(-left.length));
});

test('several processes append at once, and every line is whole', async (t) => {
  const place = scratchPlace(t);
  appendFileSync(place.path, '{"version":1,"cut'); // by a power cut, before
  const code = (name: string) =>
    `for (let index = 0; index < 25; index++)
       appendRecord(${JSON.stringify(place)}, { ...${JSON.stringify(record)}, hostname: '${name}-' + index });`;
  const others = ['a', 'b', 'c', 'd'].map((name) => otherProcess(t, ['history'], code(name)));
  assert.deepEqual(await Promise.all(others.map(ended)), [0, 0, 0, 0]);
  const { records, damaged } = readHistory(place);
  assert.deepEqual([records.length, damaged], [100, 1]);
  for (const name of ['a', 'b', 'c', 'd']) {
    const own = records.filter(({ hostname }) => hostname?.startsWith(name)).map(({ hostname }) => hostname);
    assert.deepEqual(
      own,
      Array.from({ length: 25 }, (_, index) => `${name}-${index}`),
    );
  }
});
