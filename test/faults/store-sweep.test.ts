// A run that is cut at every one of its changes to the store and the records, by a kill and by power cuts: what the store
// takes for whole is whole, what was promised to last has lasted, and the next run works. The states are made from the
// record of a run, in memory; some runs are really killed.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spoolOf } from '../../src/image/kept.js';
import { readMap } from '../../src/image/map-file.js';
import { placeOf } from '../../src/image/store.js';
import { readHistory } from '../../src/records/history.js';
import { listRuns } from '../../src/records/journal.js';
import { readSlotBook } from '../../src/records/slot-book.js';
import { scratchFolder } from '../native/scratch.js';
import { buildShim } from '../shim/build.js';
import { makeSmallImage } from '../shim/card-files.js';
import { type RecordedCall, readRecord } from '../shim/record.js';
import { run } from './card-run.js';
import { isFullSweep, sampled } from './chance.js';
import { readTree, type Tree, type TreeState, treeStates, writeTree } from './file-states.js';
import { keepOnce } from './keep-once.js';

const mib = 1024 * 1024;
const child = fileURLToPath(new URL('./keep-child.js', import.meta.url));
const runIds = ['20261101T095500-00c0de', '20261102T095500-00c0de', '20261103T095500-00c0de'] as const;

interface Bench {
  readonly store: string;
  readonly archive: string;
  readonly shim: string;
  readonly folder: string;
  /** Every image that the archive has been. */
  readonly images: Buffer[];
}

function benchFor(t: TestContext): Bench | undefined {
  const folder = scratchFolder(t);
  const shim = buildShim(folder);
  if (shim === undefined) {
    t.skip('needs a C compiler (cc)');
    return undefined;
  }
  const bench: Bench = {
    folder,
    shim,
    store: join(folder, 'store'),
    archive: join(folder, 'small.img.xz'),
    images: [],
  };
  mkdirSync(bench.store, { mode: 0o700 });
  if (spawnSync('xz', ['--version']).error !== undefined) {
    t.skip('needs xz');
    return undefined;
  }
  packImage(bench, 6 * mib + 4777);
  return bench;
}

/** Puts another image into the archive. */
function packImage({ folder, archive, images }: Bench, lengthBytes: number): void {
  const path = join(folder, 'small.img');
  images.push(makeSmallImage(path, lengthBytes));
  execFileSync('xz', ['--force', '-0', path]);
  assert.ok(existsSync(archive));
}

/** A run in a process of its own; undefined when it was killed. */
async function runChild(bench: Bench, runId: string, rules: readonly string[]): Promise<string | undefined> {
  const order = { directory: bench.store, image: bench.archive, runId };
  const { NODE_TEST_CONTEXT: _context, ...environment } = process.env;
  const faults = {
    LD_PRELOAD: bench.shim,
    PIBURN_FAULTS: rules.join(';'),
    PIBURN_FAULTS_RECORD: join(bench.folder, `record-${runId}`),
  };
  const ended = await run([child, JSON.stringify(order)], { ...environment, ...faults });
  if (ended.signal === 'SIGKILL') return undefined;
  assert.equal(ended.code, 0, ended.err);
  return ended.out;
}

/** How much was in the records before the run. */
interface Before {
  readonly records: number;
  readonly slots: number;
}

/** What piburn counts on by now: it must be there, whatever was lost. */
const promisedAfter = (calls: readonly RecordedCall[]): ReadonlySet<string> =>
  new Set(calls.flatMap(({ call, path }) => (call === 'mkdir' && path.includes('.promised-') ? [basename(path)] : [])));

/** Every image that the store would burn from is one of those that have been; says whether the newest is there. */
function checkImages({ store, images }: Bench, tree: Tree): boolean {
  const directory = join(store, 'images');
  const keys = existsSync(directory) ? readdirSync(directory).filter((name) => !name.endsWith('.partial')) : [];
  let hasNewest = false;
  for (const key of keys) {
    const place = placeOf({ directory: store }, key);
    const map = readMap(join(place.directory, 'map'));
    const path = map && spoolOf(place, map.header);
    if (path === undefined) continue;
    const which = images.findIndex((image) => tree.get(path.slice(store.length + 1))?.equals(image));
    assert.ok(which >= 0, `${path} counts as whole, and is none of the images`);
    hasNewest ||= which === images.length - 1;
  }
  return hasNewest;
}

function checkRecords({ store }: Bench, promised: ReadonlySet<string>, before: Before): void {
  const place = { directory: store };
  const { records, damaged } = readHistory(place);
  const isBetween = (count: number, least: number, name: string) =>
    assert.ok(count <= least + 1 && count >= (promised.has(name) ? least + 1 : least), `${name}: ${count}`);
  isBetween(records.length, before.records, 'record');
  assert.ok(damaged <= 1, `${damaged} damaged lines`);
  const { book, warning } = readSlotBook(place);
  assert.equal(warning, undefined);
  isBetween(book.slots.length, before.slots, 'slots');
  const journal = listRuns(place).find(({ id }) => id === runIds[1]);
  if (promised.has('journal')) assert.deepEqual(journal?.hostnames, ['red001']);
  if (promised.has('card')) assert.deepEqual([journal?.good.length, journal?.left], [1, []]);
  if (promised.has('end')) assert.equal(journal?.outcome, 'done');
}

interface Scenario {
  readonly what: string;
  /** Makes the store as the run finds it; returns what is in it. */
  readonly prepare: (bench: Bench) => Promise<Before>;
}

const keepFirst = async (bench: Bench): Promise<Before> => {
  await keepOnce({ directory: bench.store, image: bench.archive, runId: runIds[0] });
  return { records: 1, slots: 1 };
};

const scenarios: readonly Scenario[] = [
  { what: 'an empty store', prepare: async () => ({ records: 0, slots: 0 }) },
  {
    what: 'a store with an earlier state of the same archive',
    prepare: async (bench) => {
      const was = await keepFirst(bench);
      packImage(bench, 6 * mib + 8777);
      return was;
    },
  },
  {
    what: 'a store whose map is damaged, so that the image is made again in its place',
    prepare: async (bench) => {
      const was = await keepFirst(bench);
      const [key = ''] = readdirSync(join(bench.store, 'images'));
      truncateSync(join(bench.store, 'images', key, 'map'), 100);
      return was;
    },
  },
];

for (const { what, prepare } of scenarios)
  describe(`a run on ${what}`, () => {
    test('leaves a store that knows what is whole, wherever it is cut, and the next run works', async (t) => {
      const bench = benchFor(t);
      if (bench === undefined) return;
      const was = await prepare(bench);
      const before = readTree(bench.store);
      assert.equal(await runChild(bench, runIds[1], [`change path=${bench.store} record`]), 'decode');
      const calls = readRecord(join(bench.folder, `record-${runIds[1]}`));
      checkRecord(bench, before, calls);

      const tally = await sweep(bench, before, calls, was);
      t.diagnostic(`${calls.length} calls, ${tally.states} states, in ${tally.withImage} of them the image is whole`);
      assert.ok(tally.withImage > 0 && tally.withImage < tally.states);

      const cuts = sampled(calls.length - 1, 2);
      for (const count of cuts) {
        reset(bench, before);
        rmSync(`${bench.store}.promised-${runIds[1]}`, { recursive: true, force: true });
        const rules: readonly string[] = [`change path=${bench.store} call=${count} kill`];
        assert.equal(await runChild(bench, runIds[1], rules), undefined, `cut ${count}`);
        checkImages(bench, readTree(bench.store));
        await checkNext(bench, was);
      }
      t.diagnostic(`${cuts.length} runs were really killed`);
    });
  });

function reset(bench: Bench, to: Tree): void {
  writeTree(bench.store, to, readTree(bench.store));
}

/** The record tells the truth: all of it makes what is in the store. */
function checkRecord(bench: Bench, before: Tree, calls: readonly RecordedCall[]): void {
  let last: TreeState | undefined;
  for (const state of treeStates(bench.store, before, calls, 0)) if (state.arrived === 'all') last = state;
  const now = readTree(bench.store);
  assert.deepEqual([...(last?.tree.keys() ?? [])].sort(), [...now.keys()].sort());
  for (const [name, bytes] of now) assert.ok(bytes === undefined || last?.tree.get(name)?.equals(bytes), name);
}

async function sweep(bench: Bench, before: Tree, calls: readonly RecordedCall[], was: Before) {
  const nextAt = new Set(sampled(calls.length, 8));
  let onDisk = readTree(bench.store);
  let [states, withImage] = [0, 0];
  for (const { tree, calls: count, arrived } of treeStates(bench.store, before, calls, isFullSweep ? 20 : 3)) {
    writeTree(bench.store, tree, onDisk);
    onDisk = tree;
    const promised = promisedAfter(calls.slice(0, count));
    try {
      const hasImage = checkImages(bench, tree);
      assert.ok(hasImage || !promised.has('image'), 'the image that was whole is not there any more');
      if (hasImage) withImage++;
      checkRecords(bench, promised, was);
      if (nextAt.has(count) && arrived === (count % 2 === 0 ? 'all' : 'names')) {
        await checkNext(bench, was);
        onDisk = readTree(bench.store);
      }
    } catch (error) {
      const where = `cut after ${count} of ${calls.length} calls, arrived: ${arrived}`;
      throw new Error(`${where}: ${error instanceof Error ? error.stack : error}`);
    }
    states++;
  }
  return { states, withImage };
}

/** The next run works: it finds the image whole or makes it, and leaves nothing half-made. */
async function checkNext(bench: Bench, was: Before): Promise<void> {
  const { store, archive, images } = bench;
  const how = await keepOnce({ directory: store, image: archive, runId: runIds[2] });
  assert.ok(how === 'decode' || how === 'reuse', how);
  const keys = readdirSync(join(store, 'images'));
  assert.ok(keys.every((name) => !name.endsWith('.partial')));
  // One that was being removed may be there in part, and counts as damaged.
  const spools = keys.map((key) => join(store, 'images', key, 'image')).filter((path) => existsSync(path));
  assert.ok(spools.some((spool) => images.at(-1)?.equals(readFileSync(spool))));
  const { records } = readHistory({ directory: store });
  assert.ok(records.length > was.records && records.at(-1)?.run === runIds[2]);
  assert.equal(listRuns({ directory: store })[0]?.outcome, 'done');
}
