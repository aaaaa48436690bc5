// The journal of a run: what is left of it after its end, after a kill, and after a cut at any byte.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { beginJournal, findUnfinished, listRuns, type RunOutcome } from '../../src/records/journal.js';
import { openDescriptors, scratchFolder } from '../native/scratch.js';
import { codeOf, ended, failedCard, goodCard, otherProcess, saidReady } from './samples.js';

const hostnames = ['red001', 'red002', 'red003'];
const options = { image: '/images/a.img', hostname: 'red[001-003]', passwordHash: '$6$salt$digest', retries: 2 };
const beginning = { id: '20261123T152530-a1b2c3', options, hostnames, image: 'latest', startedAt: new Date(1.8e12) };
const idAt = (second: number): string => `20261123T1525${String(second).padStart(2, '0')}-000000`;
const good = (hostname: string) => ({ ...goodCard, hostname });

function scratchPlace(t: TestContext): { directory: string; runs: string; path: string } {
  const directory = scratchFolder(t);
  const runs = join(directory, 'runs');
  return { directory, runs, path: join(runs, `${beginning.id}.jsonl`) };
}

/** A run that has come to its end. */
function finished(place: { directory: string }, id: string, outcome: RunOutcome, cards = [good('red001')]): void {
  const journal = beginJournal(place, { ...beginning, id });
  for (const card of cards) journal.card(card);
  journal.end(outcome);
  journal.close();
}

test('a journal tells which nodes have a good card and which are left, in their order', (t) => {
  const place = scratchPlace(t);
  const journal = beginJournal(place, beginning);
  const again = { ...failedCard('red001'), willRetry: true };
  for (const card of [good('red003'), again, { ...failedCard('red002'), attempt: 2 }, good('red001')])
    journal.card(card);
  journal.end('unfinished');
  journal.close();
  journal.close();
  const expected = {
    id: beginning.id,
    startedAt: beginning.startedAt.toISOString(),
    pid: process.pid,
    image: 'latest',
    options,
    hostnames,
    good: [good('red001'), good('red003')],
    failed: [{ ...failedCard('red002'), attempt: 2 }],
    left: ['red002'],
    outcome: 'unfinished',
  };
  assert.deepEqual(findUnfinished(place), expected);
  assert.deepEqual(listRuns(place), [expected]);
  assert.deepEqual(openDescriptors(place.directory), []);
});

test('its lines are those that are documented', (t) => {
  const place = scratchPlace(t);
  finished(place, beginning.id, 'done');
  const lines = readFileSync(place.path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ type }) => type),
    ['run', 'card', 'end'],
  );
  assert.equal(lines[0].version, 1);
  assert.deepEqual(lines[0].hostnames, hostnames);
  assert.deepEqual(lines[1].report, good('red001'));
  assert.equal(lines[2].outcome, 'done');
  for (const line of lines.slice(1)) assert.match(line.at, /^\d{4}-\d\d-\d\dT.*Z$/);
});

test('a run that is done is not offered, nor one whose nodes all have their cards', (t) => {
  const place = scratchPlace(t);
  assert.equal(findUnfinished(place), undefined);
  finished(place, idAt(1), 'done');
  assert.equal(findUnfinished(place), undefined);
  const killed = beginJournal(place, { ...beginning, id: idAt(2) });
  for (const hostname of hostnames) killed.card(good(hostname));
  killed.close();
  assert.equal(findUnfinished(place), undefined);
});

test('the newest unfinished run is offered, but not one that a later run has gone on with', (t) => {
  const place = scratchPlace(t);
  finished(place, idAt(1), 'unfinished');
  finished(place, idAt(2), 'unfinished');
  finished(place, idAt(3), 'done');
  assert.equal(findUnfinished(place)?.id, idAt(2));
  const next = beginJournal(place, { ...beginning, id: idAt(4), resumes: idAt(2) });
  next.end('done');
  next.close();
  assert.equal(findUnfinished(place)?.id, idAt(1));
});

test('a run that goes on with another has its good cards, even if it was killed before it noted them', (t) => {
  const place = scratchPlace(t);
  finished(place, idAt(1), 'unfinished', [good('red001')]);
  const second = beginJournal(place, { ...beginning, id: idAt(2), resumes: idAt(1) });
  second.card(failedCard('red002'));
  second.close();
  beginJournal(place, { ...beginning, id: idAt(3), resumes: idAt(2) }).close();
  const run = findUnfinished(place);
  assert.deepEqual([run?.id, run?.good, run?.left], [idAt(3), [good('red001')], ['red002', 'red003']]);
  const fourth = beginJournal(place, { ...beginning, id: idAt(4), resumes: idAt(3) });
  for (const hostname of ['red002', 'red003']) fourth.card(good(hostname));
  fourth.close();
  assert.equal(findUnfinished(place), undefined);
});

test('a run that still goes on is refused while its process lives, and offered when it was killed', async (t) => {
  const place = scratchPlace(t);
  const child = otherProcess(
    t,
    ['journal'],
    `const journal = beginJournal(${JSON.stringify(place)}, ${JSON.stringify({ ...beginning, startedAt: undefined })});
     journal.card(${JSON.stringify(good('red002'))});
     console.log('ready');
     setInterval(() => journal, 1000);`,
  );
  await saidReady(child);
  assert.equal(
    codeOf(() => findUnfinished(place)),
    'RUN_GOES_ON',
  );
  assert.throws(() => findUnfinished(place), new RegExp(`process ${child.pid}\\)`));
  assert.deepEqual(
    listRuns(place).map(({ left }) => left),
    [['red001', 'red003']],
  );
  child.kill('SIGKILL');
  await ended(child);
  const run = findUnfinished(place);
  assert.deepEqual([run?.id, run?.left, run?.outcome], [beginning.id, ['red001', 'red003'], undefined]);
});

test('a journal that is cut off at any byte tells what was on disk before', (t) => {
  const place = scratchPlace(t);
  finished(place, beginning.id, 'unfinished', [good('red001'), good('red002')]);
  const whole = readFileSync(place.path);
  const ends = [...whole.entries()].flatMap(([offset, byte]) => (byte === 0x0a ? [offset] : []));
  for (let sizeBytes = whole.length; sizeBytes >= 0; sizeBytes -= sizeBytes % 7 === 0 ? 1 : 6) {
    truncateSync(place.path, sizeBytes);
    const [run] = listRuns(place);
    // A line is whole without its line break, too.
    const lines = ends.filter((end) => end <= sizeBytes).length;
    assert.equal(run?.good.length, lines === 0 ? undefined : Math.min(lines - 1, 2), `${sizeBytes} bytes`);
  }
  assert.equal(findUnfinished(place), undefined);
});

test('lines that are damaged cost only themselves, and files that are no journals nothing', (t) => {
  const place = scratchPlace(t);
  finished(place, beginning.id, 'unfinished', [good('red001'), good('red002'), good('red003')]);
  const [first, , ...others] = readFileSync(place.path, 'utf8').split('\n');
  writeFileSync(place.path, [first, '\0\0\0', '{"type":"card","report":{"hostname":"red001"}}', ...others].join('\n'));
  writeFileSync(join(place.runs, 'notes.txt'), 'x');
  writeFileSync(join(place.runs, `${idAt(9)}.jsonl`), '{"type":"card"}\n');
  assert.deepEqual(
    listRuns(place).map(({ left }) => left),
    [['red001']],
  );
});

test('the newest 20 runs of each kind are kept, and what still goes on', (t) => {
  const place = scratchPlace(t);
  const alive = beginJournal(place, { ...beginning, id: idAt(0) });
  finished(place, idAt(1), 'unfinished');
  for (let second = 2; second < 26; second++) finished(place, idAt(second), 'done');
  writeFileSync(join(place.runs, `${idAt(40)}.jsonl`), '{"type":"ru');
  for (let second = 26; second < 46; second++) if (second !== 40) finished(place, idAt(second), 'unfinished');
  const names = readdirSync(place.runs).toSorted();
  const kept = [0, ...range(6, 26), ...range(26, 46).filter((second) => second !== 40)];
  assert.deepEqual(
    names,
    [...new Set([...kept, 1])].toSorted((a, b) => a - b).map((second) => `${idAt(second)}.jsonl`),
  );
  finished(place, idAt(46), 'unfinished');
  assert.ok(!readdirSync(place.runs).includes(`${idAt(1)}.jsonl`), 'the 21st unfinished one goes');
  alive.card(good('red001'));
  alive.close();
  assert.deepEqual(listRuns(place).at(-1)?.id, idAt(0), 'the one that lived was kept');
  finished(place, idAt(47), 'unfinished');
  assert.ok(!readdirSync(place.runs).includes(`${idAt(0)}.jsonl`), 'and goes when it does not live any more');
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

test('a journal whose file was taken away or whose id is no id is an error, not a crash later', (t) => {
  const place = scratchPlace(t);
  assert.throws(() => beginJournal(place, { ...beginning, id: '../../etc/x' }), TypeError);
  const journal = beginJournal(place, beginning);
  assert.equal(
    codeOf(() => beginJournal(place, beginning)),
    'RECORDS_UNUSABLE',
  );
  rmSync(place.path);
  journal.card(good('red001'));
  journal.close();
  assert.equal(
    codeOf(() => journal.card(good('red002'))),
    'RECORDS_UNUSABLE',
  );
});
