// The image store: found again exactly when the source is the same, never filled with what a killed piburn left.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { PiburnError } from '../../src/errors.js';
import type { FileIdentity } from '../../src/image/identity.js';
import { type MapHeader, writeMap } from '../../src/image/map-file.js';
import { SegmentTable } from '../../src/image/segment-table.js';
import { openSource } from '../../src/image/source.js';
import * as store from '../../src/image/store.js';
import { type FileLock, lockFile } from '../../src/native.js';
import { goodSummary, workplace } from '../e2e/support.js';
import { mounted, nativeModule, pattern, scratchFolder, undo } from '../native/scratch.js';

const identityOf = async (path: string): Promise<FileIdentity> => {
  const source = await openSource(path);
  source.close();
  assert.ok(source.identity !== undefined);
  return source.identity;
};

const hasCode = (code: string) => (error: unknown) => error instanceof PiburnError && error.failure.code === code;

/** A finished place, as a run would leave it. */
function makePlace(inStore: store.Store, identity: FileIdentity): store.StorePlace {
  const place = store.placeFor(inStore, identity);
  store.beginPlace(place);
  writeFileSync(join(place.partial, 'image'), pattern(4096));
  const header: MapHeader = { imageBytes: 4096, segments: 0, layout: [], source: identity };
  writeMap(join(place.partial, 'map'), SegmentTable.create(4096), header);
  store.completePlace(place);
  return place;
}

const names = (inStore: store.Store): string[] => readdirSync(join(inStore.directory, 'images')).sort();

test('an unchanged source has the same place every time', async (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'a.img');
  writeFileSync(path, pattern(5000));
  const inStore = store.openStore(join(folder, 'store'));
  const first = store.placeFor(inStore, await identityOf(path));
  assert.deepEqual(store.placeFor(inStore, await identityOf(path)), first);
});

test('another size, time, inode or path is another place', async (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'a.img');
  const inStore = store.openStore(join(folder, 'store'));
  const seen = new Map<string, string>();
  const look = async (what: string, at = path) => {
    const { key } = store.placeFor(inStore, await identityOf(at));
    assert.equal(seen.get(key), undefined, `${what} has the place of: ${seen.get(key)}`);
    seen.set(key, what);
  };
  writeFileSync(path, pattern(5000));
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  await look('the first file');
  truncateSync(path, 5001);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  await look('one byte more, at the same time');
  utimesSync(path, 1_700_000_000, 1_700_000_000.001);
  await look('a millisecond later');
  writeFileSync(join(folder, 'b.img'), pattern(5001));
  utimesSync(join(folder, 'b.img'), 1_700_000_000, 1_700_000_000.001);
  await look('a twin beside it', join(folder, 'b.img'));
  renameSync(join(folder, 'b.img'), path);
  await look('the twin in its place');
});

test('a stream has a place of its own each time, and leaves nothing when it goes', (t) => {
  const inStore = store.openStore(join(scratchFolder(t), 'store'));
  const [one, two] = [store.placeFor(inStore, undefined), store.placeFor(inStore, undefined)];
  assert.notEqual(one.key, two.key);
  const lock = lockFile(one.lockPath, 'exclusive');
  store.beginPlace(one);
  store.removePlace(one);
  lock?.close();
  assert.deepEqual(names(inStore), []);
  assert.deepEqual(readdirSync(join(inStore.directory, 'locks')), []);
});

test('the store is for its owner alone', (t) => {
  const directory = join(scratchFolder(t), 'deep', 'store');
  const before = process.umask(0);
  undo(t, () => process.umask(before));
  const inStore = store.openStore(directory);
  const place = store.placeFor(inStore, undefined);
  store.beginPlace(place);
  lockFile(place.lockPath, 'exclusive')?.close();
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  for (const path of [directory, join(directory, 'images'), join(directory, 'locks'), place.partial])
    assert.equal(mode(path), '700', path);
  assert.equal(mode(place.lockPath), '600');
});

test('where the store is: the option, PIBURN_STORE, the cache directory', () => {
  const env = { PIBURN_STORE: '/from/env', XDG_CACHE_HOME: '/cache' };
  assert.equal(store.storeDirectory('/from/option', env), '/from/option');
  assert.equal(store.storeDirectory(undefined, env), '/from/env');
  assert.equal(store.storeDirectory(undefined, { XDG_CACHE_HOME: '/cache' }), '/cache/piburn');
  assert.match(store.storeDirectory(undefined, { XDG_CACHE_HOME: 'relative' }), /^\/.*\/\.cache\/piburn$/);
  assert.match(store.storeDirectory(undefined, { PIBURN_STORE: '' }), /^\/.*\/\.cache\/piburn$/);
});

test('what a killed maker left half-made is swept away, what a living one makes is not', async (t) => {
  const folder = scratchFolder(t);
  const inStore = store.openStore(join(folder, 'store'));
  for (const name of ['dead', 'living', 'killed'] as const)
    writeFileSync(join(folder, name), pattern(5000 + name.length));
  const place = async (name: string) => store.placeFor(inStore, await identityOf(join(folder, name)));
  const [dead, living, killed] = [await place('dead'), await place('living'), await place('killed')];
  for (const each of [dead, living, killed]) {
    store.beginPlace(each);
    writeFileSync(join(each.partial, 'image'), pattern(4096));
  }
  const mine = lockFile(living.lockPath, 'exclusive');
  undo(t, () => mine?.close());
  const maker = await startMaker(t, killed.lockPath);

  store.openStore(inStore.directory);
  assert.deepEqual(names(inStore), [`${killed.key}.partial`, `${living.key}.partial`].sort());

  maker.kill('SIGKILL');
  await once(maker, 'exit');
  store.openStore(inStore.directory);
  assert.deepEqual(names(inStore), [`${living.key}.partial`]);
});

test('the spool of a stream whose burner was killed is swept away, a finished image stays', async (t) => {
  const folder = scratchFolder(t);
  const inStore = store.openStore(join(folder, 'store'));
  writeFileSync(join(folder, 'a.img'), pattern(5000));
  const kept = makePlace(inStore, await identityOf(join(folder, 'a.img')));
  const [left, used] = [store.placeFor(inStore, undefined), store.placeFor(inStore, undefined)];
  for (const place of [left, used]) {
    store.beginPlace(place);
    store.completePlace(place);
  }
  const lock = lockFile(used.lockPath, 'shared');
  undo(t, () => lock?.close());
  store.openStore(inStore.directory);
  assert.deepEqual(names(inStore), [kept.key, used.key].sort());
});

test('an older state of the same file is removed, unless somebody burns from it; other files stay', async (t) => {
  const folder = scratchFolder(t);
  const inStore = store.openStore(join(folder, 'store'));
  const path = join(folder, 'a.img');
  const state = async (lengthBytes: number) => {
    writeFileSync(path, pattern(lengthBytes));
    return makePlace(inStore, await identityOf(path));
  };
  writeFileSync(join(folder, 'other.img'), pattern(5000));
  const other = makePlace(inStore, await identityOf(join(folder, 'other.img')));
  const [oldest, burning, current] = [await state(5001), await state(5002), await state(5003)];
  const lock = lockFile(burning.lockPath, 'shared');
  store.removeStale(inStore, current, await identityOf(path));
  assert.deepEqual(names(inStore), [other.key, burning.key, current.key].sort());
  assert.ok(!existsSync(oldest.directory));
  lock?.close();
  store.removeStale(inStore, current, await identityOf(path));
  assert.deepEqual(names(inStore), [other.key, current.key].sort());
});

test('a finished image is there whole or not at all', async (t) => {
  const folder = scratchFolder(t);
  const inStore = store.openStore(join(folder, 'store'));
  writeFileSync(join(folder, 'a.img'), pattern(5000));
  const place = store.placeFor(inStore, await identityOf(join(folder, 'a.img')));
  store.beginPlace(place);
  writeFileSync(join(place.partial, 'image'), 'half');
  assert.ok(!existsSync(place.directory));
  store.completePlace(place);
  assert.deepEqual(readdirSync(place.directory), ['image']);
  assert.ok(!existsSync(place.partial));
});

test('who waits for a place is told once, and can be called off', async (t) => {
  const inStore = store.openStore(join(scratchFolder(t), 'store'));
  const place = store.placeFor(inStore, undefined);
  const held = lockFile(place.lockPath, 'exclusive');
  const use = { reuse: () => undefined, make: async (lock: FileLock) => lock };
  let waits = 0;
  let looks = 0;
  const waiting = store.claimPlace(
    place,
    use,
    () => waits++,
    () => ++looks > 3,
  );
  await assert.rejects(waiting, (error) => error instanceof PiburnError && error.failure.kind === 'interrupted');
  assert.equal(waits, 1);
  const next = store.claimPlace(
    place,
    use,
    () => held?.close(),
    () => false,
  );
  (await next).close();
});

test('a spool that others burn from is shared at once, and never made anew under them', async (t) => {
  const inStore = store.openStore(join(scratchFolder(t), 'store'));
  const place = store.placeFor(inStore, undefined);
  const burning = lockFile(place.lockPath, 'shared');
  const never = () => assert.fail('nobody has to wait');
  const found = store.claimPlace(
    place,
    { reuse: (lock) => lock, make: () => assert.fail('it was there') },
    never,
    () => false,
  );
  (await found).close();
  const absent = { reuse: () => undefined, make: async (lock: FileLock) => lock };
  const made = store.claimPlace(
    place,
    absent,
    () => burning?.close(),
    () => false,
  );
  const own = await made;
  assert.equal(lockFile(place.lockPath, 'shared'), undefined);
  own.close();
});

test('what cannot be made gives its place back', async (t) => {
  const inStore = store.openStore(join(scratchFolder(t), 'store'));
  const place = store.placeFor(inStore, undefined);
  const use = { reuse: () => undefined, make: () => Promise.reject(new Error('no decoder')) };
  await assert.rejects(
    store.claimPlace(
      place,
      use,
      () => undefined,
      () => false,
    ),
    /no decoder/,
  );
  const free = lockFile(place.lockPath, 'exclusive');
  assert.notEqual(free, undefined);
  free?.close();
});

test('a store that cannot be used is an error that says where and what else', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'file'), '');
  for (const directory of [join(folder, 'file'), join(folder, 'file', 'store')])
    assert.throws(
      () => store.openStore(directory),
      (error) => {
        assert.ok(error instanceof PiburnError);
        assert.equal(error.failure.code, 'STORE_UNUSABLE');
        assert.ok(error.failure.message.includes(directory));
        assert.match(error.failure.hint ?? '', /--store/);
        return true;
      },
    );
});

test('a store that may only be read is found out when it is opened', (t) => {
  const folder = join(scratchFolder(t), 'read-only');
  mkdirSync(folder);
  if (!mounted(t, folder, ['-t', 'tmpfs', 'piburn-test'])) return;
  store.openStore(folder);
  execFileSync('mount', ['-o', 'remount,ro', folder]);
  assert.throws(() => store.openStore(folder), hasCode('STORE_UNUSABLE'));
});

test('piburns that want the same image at the same moment decode it once', async (t) => {
  const place = workplace(t);
  const image = place.path('small.img.xz');
  writeFileSync(image, execFileSync('xz', ['--stdout', '-0'], { input: smallDisk(), maxBuffer: 16 * 1024 * 1024 }));
  const ran = await Promise.all(['a', 'b', 'c'].map((name) => place.piburn(['burn', image, `${name}.img`, '--json'])));
  const decodes = ran.map((each) => goodSummary(each).decodes);
  assert.deepEqual(decodes.toSorted(), [0, 0, 1]);
  for (const name of ['a', 'b', 'c']) assert.ok(readFileSync(place.path(`${name}.img`)).equals(smallDisk()), name);
});

test('a store without room is an error before any card is touched, and nothing is left in it', async (t) => {
  const place = workplace(t);
  const image = place.path('small.img.xz');
  writeFileSync(image, execFileSync('xz', ['--stdout', '-0'], { input: smallDisk(), maxBuffer: 16 * 1024 * 1024 }));
  mkdirSync(place.path('tiny'));
  if (!mounted(t, place.path('tiny'), ['-t', 'tmpfs', '-o', 'size=3m', 'piburn-test'])) return;
  const env = { PIBURN_STORE: place.path('tiny/store') };
  for (const more of [[], ['--decoder=lzma-native'], ['--early']]) {
    const { code, stdout, stderr } = await place.piburn(['burn', image, 'card.img', ...more], { env });
    assert.equal(code, 1, stderr);
    assert.match(stdout + stderr, /no room left for the image in .*tiny\/store/);
    assert.match(stdout + stderr, /--store/);
    assert.deepEqual(readdirSync(place.path('tiny/store/images')), []);
    if (!more.includes('--early')) assert.ok(!existsSync(place.path('card.img')));
    else
      assert.ok(
        readFileSync(place.path('card.img'))
          .subarray(0, 1024 * 1024)
          .every((byte) => byte === 0),
      );
  }
});

let disk: Buffer | undefined;

/** 6 MiB of noise behind a partition table. */
function smallDisk(): Buffer {
  disk ??= noiseDisk();
  return disk;
}

function noiseDisk(): Buffer {
  const bytes = randomBytes(6 * 1024 * 1024);
  bytes.fill(0, 0, 512);
  bytes.writeUInt8(0x83, 446 + 4);
  bytes.writeUInt32LE(2048, 446 + 8);
  bytes.writeUInt32LE(bytes.length / 512 - 2048, 446 + 12);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

/** Another process that holds a place's lock until it is killed. */
async function startMaker(t: TestContext, lockPath: string) {
  const program = `import { lockFile } from ${JSON.stringify(nativeModule)};
    globalThis.lock = lockFile(${JSON.stringify(lockPath)}, 'exclusive');
    console.log(globalThis.lock === undefined ? 'refused' : 'held');
    setInterval(() => undefined, 1000);`;
  const maker = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  undo(t, () => maker.kill('SIGKILL'));
  const [said] = await once(maker.stdout, 'data');
  assert.equal(String(said).trim(), 'held');
  return maker;
}
