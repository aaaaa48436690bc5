// What a bench says about a set-up, over measures that are made up: a hub with a knee, a CPU that is busy, a slow card.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../src/medium/throughput/judge.js';
import type { BenchMeasure, BenchOperation, BenchReader, BenchResult, BenchVerdict } from '../../src/protocol/bench.js';
import { benchSentences } from '../../src/report/bench-verdict.js';

const cores = 4;
const MB = 1e6;
const usual = 4 * 1024 * 1024;

/** A set-up to be measured: MB/s of each reader alone, and what all together are allowed. */
interface SetUp {
  readonly write?: readonly number[];
  readonly read: readonly number[];
  readonly writeCap?: number;
  readonly readCap?: number;
  /** Of each block size, as a factor of the speed with the usual one. */
  readonly blocks?: Readonly<Record<number, number>>;
  /** Busy share of all CPUs while all work together, and of one CPU for one reader alone. */
  readonly cpu?: number;
  readonly cpuAlone?: number;
}

const measure = (
  part: BenchMeasure['part'],
  operation: BenchOperation,
  speeds: readonly (readonly [reader: number, megabytes: number])[],
  cpuMs: number,
  blockBytes = usual,
): BenchMeasure => ({
  ...{ part, operation, blockBytes, direct: true, failed: [], elapsedMs: 1000 },
  rates: speeds.map(([reader, megabytes]) => ({ reader, doneBytes: megabytes * MB, elapsedMs: 1000 })),
  bytesPerSecond: speeds.reduce((sum, [, megabytes]) => sum + megabytes * MB, 0),
  cpu: { userMs: cpuMs / 2, systemMs: cpuMs / 2, machineMs: cpuMs },
});

function measuresOf({ write, read, writeCap, readCap, blocks = {}, cpu = 0.05, cpuAlone = 0.05 }: SetUp) {
  const operations = [
    ...(write === undefined ? [] : [['write', write, writeCap] as const]),
    ['read', read, readCap] as const,
  ];
  return operations.flatMap(([operation, alone, cap = Number.POSITIVE_INFINITY]) => [
    ...alone.map((megabytes, reader) => measure('alone', operation, [[reader, megabytes]], 1000 * cpuAlone)),
    ...Object.entries(blocks).map(([size, factor]) =>
      measure('blocks', operation, [[0, (alone[0] ?? 0) * factor]], 50, Number(size)),
    ),
    ...alone.slice(1).map((_, index) => {
      const some = alone.slice(0, index + 2);
      const sum = some.reduce((total, each) => total + each, 0);
      const share = Math.min(1, cap / sum);
      const speeds = some.map((each, reader) => [reader, each * share] as const);
      return measure('together', operation, speeds, (1000 * cores * cpu * some.length) / alone.length);
    }),
  ]);
}

const cards = (count: number, more: Partial<BenchReader> = {}): BenchReader[] =>
  Array.from({ length: count }, (_, index) => ({
    path: `/dev/sd${'abcdefgh'[index]}`,
    ...{ model: 'Reader', kind: 'block', fresh: false, sizeBytes: 32e9, direct: true, touched: true, ...more },
  }));

function said(setUp: SetUp, readers = cards(setUp.read.length)) {
  const measures = measuresOf(setUp);
  const verdict = judge(measures, readers, cores);
  assert.ok(verdict !== undefined);
  const readOnly = setUp.write === undefined;
  const result: BenchResult = {
    ...{ readOnly, rangeBytes: 128e6, cores, readers, measures, verdict, interrupted: false, elapsedMs: 1 },
  };
  return { verdict, text: benchSentences(result).join('\n') };
}

const gist = ({ limit, operation, jobs }: BenchVerdict) => ({ limit, operation, jobs });

test('a hub whose aggregate stops growing at three readers is told with its figures', () => {
  const six = { write: Array(6).fill(25), read: Array(6).fill(90), writeCap: 75, readCap: 300 };
  const { verdict, text } = said(six, cards(6, { hub: '3-1' }));
  assert.deepEqual(gist(verdict), { limit: 'shared', operation: 'write', jobs: 3 });
  assert.match(text, /the hub they share \(3-1\): 3 write 75\.0 MB\/s, 6 write 75\.0 MB\/s together/);
  assert.match(text, /one by one they add up to 150\.0 MB\/s/);
  assert.match(text, /--jobs=3 is enough.*--blocksize=4M, the usual one, fits/);
});

test('readers on different hubs share what nobody can name', () => {
  const readers = cards(2).map((reader, index) => ({ ...reader, hub: `3-${index}` }));
  const { text } = said({ write: [25, 25], read: [90, 90], writeCap: 25, readCap: 90 }, readers);
  assert.match(text, /hub or controller/);
});

test('where only reading is held up, reading is what is told', () => {
  const { verdict, text } = said({ write: [20, 20, 20], read: [90, 90, 90], readCap: 90 });
  assert.deepEqual(gist(verdict), { limit: 'shared', operation: 'read', jobs: 3 });
  assert.match(text, /3 read 90\.0 MB\/s together, where one by one they add up to 270\.0 MB\/s/);
});

test('a machine that is busy is the limit, and not the hub', () => {
  const { verdict, text } = said({
    ...{ write: Array(4).fill(300), read: Array(4).fill(400), writeCap: 600, readCap: 800, cpu: 0.96 },
  });
  assert.deepEqual(gist(verdict), { limit: 'cpu', operation: 'write', jobs: 2 });
  assert.match(text, /The CPU is the limit: 96 % of it is busy while 4 write 600\.0 MB\/s together/);
});

test('the same speeds with CPUs at rest are the fault of what is shared', () => {
  const four = { write: Array(4).fill(300), read: Array(4).fill(400), writeCap: 600, readCap: 800, cpu: 0.5 };
  assert.equal(said(four).verdict.limit, 'shared');
});

test('cards that are all equal and as fast together as alone are limits themselves', () => {
  const { verdict, text } = said({ write: Array(4).fill(25), read: Array(4).fill(90) });
  assert.deepEqual(gist(verdict), { limit: 'cards', operation: 'write', jobs: 4 });
  assert.match(text, /Each card by itself is the limit: 4 write 100\.0 MB\/s together, 100 % of what/);
  assert.match(text, /All 4 at once are the fastest, so --jobs can be left out/);
  assert.doesNotMatch(text, /slow/);
});

test('one slow card is named, and is burned with the others all the same', () => {
  const { verdict, text } = said({ write: [25, 25, 25, 1], read: [90, 90, 90, 4] });
  assert.deepEqual(gist(verdict), { limit: 'cards', operation: 'write', jobs: 4 });
  assert.match(text, /\/dev\/sdd is slow: it writes 1\.0 MB\/s alone, where 25\.0 MB\/s are usual here/);
});

test('a single card is its own limit, and more are asked for', () => {
  const { verdict, text } = said({ write: [25], read: [90] });
  assert.deepEqual(gist(verdict), { limit: 'cards', operation: 'write', jobs: 1 });
  assert.match(text, /The card itself is the limit: it writes 25\.0 MB\/s with 5 % of one CPU/);
  assert.match(text, /name several cards/);
});

test('a single file whose thread never waits is limited by the CPU', () => {
  const { verdict, text } = said({ write: [2000], read: [3000], cpuAlone: 0.98 }, cards(1, { kind: 'file' }));
  assert.equal(verdict.limit, 'cpu');
  assert.match(text, /The CPU is the limit of this file: it writes 2000 MB\/s with 98 % of one CPU/);
});

test('files are called files, and share a disk', () => {
  const { verdict, text } = said(
    { write: [500, 500, 500], read: [900, 900, 900], writeCap: 520, readCap: 950 },
    cards(3, { kind: 'file' }),
  );
  assert.deepEqual(gist(verdict), { limit: 'shared', operation: 'write', jobs: 1 });
  assert.match(text, /the disk under the files: 1 writes 500\.0 MB\/s, 3 write 520\.0 MB\/s together/);
  assert.doesNotMatch(text, /card|hub/);
});

test('readers at the speed of their USB 2 links are told to be that', () => {
  const two = { write: [20, 20], read: [38, 38] };
  assert.equal(said(two, cards(2, { linkMbps: 480 })).verdict.limit, 'links');
  assert.match(said(two, cards(2, { linkMbps: 480 })).text, /USB links of the readers are the limit \(480 Mbit\/s\)/);
  assert.equal(said(two, cards(2, { linkMbps: 5000 })).verdict.limit, 'cards');
});

test('another block size is advised only where it is clearly better', () => {
  const blocks = (ofMega: number) => ({ [64 * 1024]: 0.4, [256 * 1024]: 0.8, [1024 * 1024]: ofMega });
  const same = said({ write: [25], read: [90], blocks: blocks(1.03) });
  assert.deepEqual([same.verdict.blockBytes, same.verdict.blockGain], [usual, 0]);
  const better = said({ write: [25], read: [90], blocks: blocks(1.25) });
  assert.equal(better.verdict.blockBytes, 1024 * 1024);
  assert.match(better.text, /--blocksize=1M is 25 % faster than the usual 4M/);
});

test('reading alone is judged by reading', () => {
  const { verdict, text } = said({ read: [90, 90, 90, 90], readCap: 180 });
  assert.deepEqual(gist(verdict), { limit: 'shared', operation: 'read', jobs: 2 });
  assert.doesNotMatch(text, /writ/);
});

test('a step in which a card failed does not count', () => {
  const measures = measuresOf({ write: [25, 25, 25], read: [90, 90, 90] });
  const [whole, ...others] = measures.filter(({ rates }) => rates.length === 3);
  assert.ok(whole !== undefined);
  const spoilt = { ...whole, bytesPerSecond: 10 * MB, failed: [1] };
  const rest = measures.filter((each) => each !== whole && !others.includes(each));
  const verdict = judge([...rest, spoilt, ...others], cards(3), cores);
  assert.deepEqual(verdict && [verdict.readers, verdict.limit], [2, 'cards'], 'what is left are two together');
});

test('what was measured with a card that broke later does not count', () => {
  const measures = measuresOf({ write: [25, 25, 1], read: [90, 90, 4] });
  const verdict = judge(measures, cards(3), cores, [2]);
  assert.deepEqual(verdict && [verdict.readers, verdict.slow], [2, []]);
  assert.equal(judge(measures, cards(3), cores, [0, 1, 2]), undefined);
});

test('nothing measured is no verdict, and no number that is none', () => {
  assert.equal(judge([], cards(2), cores), undefined);
  const stopped = measuresOf({ write: [25], read: [90] }).slice(0, 1);
  const verdict = judge(stopped, cards(1), cores);
  assert.ok(verdict !== undefined && Object.values(verdict).every((value) => !Number.isNaN(value)));
});
