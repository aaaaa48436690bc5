// Whose the records are, and what is refused in their place.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { appendRecord, readHistory } from '../../src/records/history.js';
import { beginJournal, listRuns } from '../../src/records/journal.js';
import { readSlotBook, writeSlotBook } from '../../src/records/slot-book.js';
import { isRoot, scratchFolder } from '../native/scratch.js';
import { codeOf, record } from './samples.js';

const beginning = { id: '20261123T152530-a1b2c3', options: {}, hostnames: ['red001'], image: 'latest' };
const book = { slots: [{ port: 'p', number: 1 }] };

/** Every kind of record, written. */
function writeAll(place: { directory: string; uid?: number; gid?: number }): void {
  appendRecord(place, record);
  writeSlotBook(place, book);
  beginJournal(place, beginning).close();
}

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

test('files are made for their owner alone, and so are the directories above them', (t) => {
  const directory = join(scratchFolder(t), 'cache', 'piburn');
  writeAll({ directory });
  for (const name of ['history.jsonl', 'slots.json', 'records.lock', `runs/${beginning.id}.jsonl`])
    assert.equal(modeOf(join(directory, name)), '600', name);
  for (const name of ['', 'runs', '..']) assert.equal(modeOf(join(directory, name)), '700', name);
});

test("what root makes in a person's directory is theirs", { skip: !isRoot && 'needs root' }, (t) => {
  const outer = scratchFolder(t);
  const folder = join(outer, 'home');
  mkdirSync(folder);
  chownSync(folder, 4242, 4242);
  const directory = join(folder, 'cache', 'piburn');
  writeAll({ directory, uid: 4242, gid: 4243 });
  const names = ['history.jsonl', 'slots.json', 'records.lock', `runs/${beginning.id}.jsonl`, 'runs', '', '..'];
  for (const name of names) {
    const { uid, gid } = statSync(join(directory, name));
    assert.deepEqual([uid, gid], [4242, 4243], name);
  }
  assert.equal(statSync(outer).uid, 0, 'a directory that was there already keeps its owner');
});

test("in root's own directory everybody who may call root shares the records", {
  skip: !isRoot && 'needs root',
}, (t) => {
  const directory = join(scratchFolder(t), 'cache', 'piburn');
  for (const person of [{ uid: 4242, gid: 4242 }, {}, { uid: 9999, gid: 9999 }])
    appendRecord({ directory, ...person }, record);
  assert.equal(statSync(join(directory, 'history.jsonl')).uid, 0);
  assert.equal(readHistory({ directory, uid: 4343, gid: 4343 }).records.length, 3);
});

test('a link in the place of a file or directory is not followed', (t) => {
  const folder = scratchFolder(t);
  const place = { directory: join(folder, 'store') };
  mkdirSync(place.directory);
  mkdirSync(join(folder, 'elsewhere'));
  const victim = join(folder, 'victim');
  const acts = {
    'history.jsonl': () => appendRecord(place, record),
    'records.lock': () => appendRecord(place, record),
    runs: () => beginJournal(place, beginning),
  };
  for (const [name, act] of Object.entries(acts)) {
    for (const target of [victim, join(folder, 'elsewhere')]) {
      writeFileSync(victim, 'precious');
      const link = join(place.directory, name);
      rmSync(link, { force: true });
      symlinkSync(target, link);
      assert.equal(codeOf(act), 'RECORDS_UNUSABLE', name);
      assert.equal(readFileSync(victim, 'utf8'), 'precious');
      rmSync(link);
    }
  }
  symlinkSync(victim, join(place.directory, 'slots.json'));
  assert.equal(
    codeOf(() => readSlotBook(place)),
    'RECORDS_UNUSABLE',
  );
  writeSlotBook(place, book);
  assert.equal(readFileSync(victim, 'utf8'), 'precious', 'the link itself was replaced');
  assert.deepEqual(readSlotBook(place), { book });
});

test('a link to the directory of the store is followed: it is where the person wants it', (t) => {
  const folder = scratchFolder(t);
  mkdirSync(join(folder, 'data'));
  symlinkSync(join(folder, 'data'), join(folder, 'store'));
  writeAll({ directory: join(folder, 'store') });
  assert.equal(readHistory({ directory: join(folder, 'data') }).records.length, 1);
});

test('a file with a second name, and one that is none, are refused without waiting', (t) => {
  const directory = scratchFolder(t);
  const path = join(directory, 'history.jsonl');
  writeFileSync(join(directory, 'shadow'), 'precious');
  linkSync(join(directory, 'shadow'), path);
  assert.equal(
    codeOf(() => appendRecord({ directory }, record)),
    'RECORDS_UNUSABLE',
  );
  assert.equal(readFileSync(path, 'utf8'), 'precious');
  rmSync(path);
  execFileSync('mkfifo', [path]);
  assert.equal(
    codeOf(() => appendRecord({ directory }, record)),
    'RECORDS_UNUSABLE',
  );
  assert.equal(
    codeOf(() => readHistory({ directory })),
    'RECORDS_UNUSABLE',
  );
});

test("somebody else's directory or file is refused, the caller's is taken", { skip: !isRoot && 'needs root' }, (t) => {
  const { directory } = foreignStore(t);
  assert.equal(
    codeOf(() => writeAll({ directory })),
    'RECORDS_UNUSABLE',
  );
  assert.equal(
    codeOf(() => writeAll({ directory, uid: 4242, gid: 4242 })),
    'RECORDS_UNUSABLE',
  );
  assert.equal(
    codeOf(() => readHistory({ directory })),
    'RECORDS_UNUSABLE',
  );
  assert.equal(
    codeOf(() => listRuns({ directory })),
    'RECORDS_UNUSABLE',
  );
  writeAll({ directory, uid: 9999, gid: 9999 });
  chownSync(directory, 0, 0);
  chownSync(join(directory, 'runs'), 0, 0);
  assert.equal(
    codeOf(() => appendRecord({ directory }, record)),
    'RECORDS_UNUSABLE',
    'the files are still theirs',
  );
});

function foreignStore(t: TestContext): { directory: string } {
  const directory = join(scratchFolder(t), 'store');
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  chownSync(directory, 9999, 9999);
  return { directory };
}

test('where nothing can be written that is a failure with a hint, and where nothing is there is nothing to read', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'file'), '');
  const place = { directory: join(folder, 'file', 'store') };
  assert.throws(
    () => appendRecord(place, record),
    ({ failure }: { failure: Record<string, string> }) =>
      failure['code'] === 'RECORDS_UNUSABLE' && /ENOTDIR/.test(failure['message'] ?? '') && failure['hint'] !== '',
  );
  const none = { directory: join(folder, 'none') };
  assert.deepEqual(readHistory(none), { records: [], damaged: 0 });
  assert.deepEqual(readSlotBook(none), { book: { slots: [] } });
  assert.deepEqual(listRuns(none), []);
});
