// The store of a person who has called sudo: theirs, and no way for them or their programs to have root write elsewhere.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  constants,
  lchownSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { writeCached } from '../../src/image/catalog/cache.js';
import { writeState } from '../../src/image/fetch/state-file.js';
import { noteUse } from '../../src/image/kept.js';
import { beginPlace, openStore, placeFor, storeDirectory } from '../../src/image/store.js';
import { openFileInStore, openInStore, ownerFor } from '../../src/image/store-access.js';
import * as downloads from '../../src/image/store-downloads.js';
import { workplace } from '../e2e/support.js';
import { makePiImage } from '../fixtures/pi-image.js';
import { needsRoot, owners, person, places, pretendSudo, sudo } from './support.js';

const identity = { url: 'https://example.org/x.img' };
const unusable = (error: unknown): boolean =>
  (error as { failure?: { code?: string } }).failure?.code === 'STORE_UNUSABLE';

test('without a name it lies in the home of the person who called', { skip: needsRoot }, () => {
  const env = { ...sudo, SUDO_USER: 'games', XDG_CACHE_HOME: '/root/elsewhere' };
  assert.match(storeDirectory(undefined, env), /games\/\.cache\/piburn$/);
});

test('an image that sudo piburn takes in is theirs, for their eyes only', { skip: needsRoot }, async (t) => {
  const place = workplace(t);
  chmodSync(place.directory, 0o755);
  const store = place.path('theirs/cache/piburn');
  mkdirSync(place.path('theirs'));
  chownSync(place.path('theirs'), person.uid, person.gid);
  await makePiImage(place.path('pi.img'), 'trixie', { bootMb: 36, rootMb: 24 });
  execFileSync('xz', ['-0', place.path('pi.img')]);
  const args = ['burn', place.path('pi.img.xz'), place.path('card.img'), '--yes'];
  const ran = await place.piburn(args, { env: { ...sudo, PIBURN_STORE: store } });
  assert.equal(ran.code, 0, ran.stderr);
  const found = owners(place.path('theirs'));
  assert.ok(found.length > 8, found.join('\n'));
  for (const line of found) assert.match(line, /^4242:4243 (0600|0700) /);
});

test("root's rights are kept for what only root can change", { skip: needsRoot }, (t) => {
  const { theirs, roots } = places(t);
  pretendSudo(t);
  assert.equal(ownerFor(join(roots, 'store')), undefined);
  assert.deepEqual(ownerFor(join(theirs, 'store')), person);
  mkdirSync(join(theirs, 'of-root'));
  assert.deepEqual(ownerFor(join(theirs, 'of-root', 'store')), person, 'they can put another one in its place');
  symlinkSync(roots, join(theirs, 'link'));
  assert.deepEqual(ownerFor(join(theirs, 'link', 'store')), person);
  symlinkSync(theirs, join(roots, 'link'));
  assert.deepEqual(ownerFor(join(roots, 'link', 'store')), person);
  mkdirSync(join(roots, 'open'));
  chmodSync(join(roots, 'open'), 0o777);
  assert.deepEqual(ownerFor(join(roots, 'open', 'store')), person);
});

test('a link in place of a directory of the store is refused', { skip: needsRoot }, (t) => {
  const { theirs, roots } = places(t);
  pretendSudo(t);
  for (const room of ['images', 'locks', 'downloads', 'rejected', 'lists']) {
    openStore(theirs);
    rmSync(join(theirs, room), { recursive: true, force: true });
    symlinkSync(roots, join(theirs, room));
    lchownSync(join(theirs, room), person.uid, person.gid);
    assert.throws(() => openStore(theirs), unusable, room);
    rmSync(join(theirs, room));
  }
  assert.deepEqual(readdirSync(roots), []);
});

test('links that are put there afterwards lead root nowhere', { skip: needsRoot }, async (t) => {
  const { theirs, roots } = places(t);
  pretendSudo(t);
  const store = openStore(theirs);
  const place = placeFor(store, identity);
  writeFileSync(join(roots, 'precious'), 'precious');
  for (const room of ['images', 'downloads', 'lists', 'rejected']) {
    rmSync(join(theirs, room), { recursive: true, force: true });
    symlinkSync(roots, join(theirs, room));
  }
  const list = { url: 'u', text: 't', fetchedAt: '2026-11-23T00:00:00Z' };
  assert.throws(() => beginPlace(place), { code: 'EACCES' });
  assert.throws(() => writeCached(join(theirs, 'lists'), { repo: 'r', list, parts: new Map() }, new Date()));
  await assert.rejects(writeState(join(theirs, 'downloads', place.key), { url: 'u', syncedBytes: 0 }), {
    code: 'EACCES',
  });
  await assert.rejects(openInStore(join(theirs, 'downloads', 'precious'), constants.O_RDWR), { code: 'EACCES' });
  assert.throws(() => downloads.putAside(place, 'x'), { code: 'EACCES' });
  noteUse(place, { burnedAt: 'now' });
  assert.deepEqual(readdirSync(roots), ['precious']);
});

test('a link or a pipe in place of a file is neither followed nor waited for', async (t) => {
  const { theirs } = needsRoot ? { theirs: workplace(t).directory } : places(t);
  writeFileSync(join(theirs, 'file'), 'something');
  symlinkSync(join(theirs, 'file'), join(theirs, 'link'));
  execFileSync('mkfifo', [join(theirs, 'pipe')]);
  assert.throws(() => openFileInStore(join(theirs, 'link'), constants.O_WRONLY | constants.O_CREAT), { code: 'ELOOP' });
  assert.throws(() => openFileInStore(join(theirs, 'pipe'), constants.O_RDONLY), { code: 'EINVAL' });
  await assert.rejects(openInStore(join(theirs, 'link'), constants.O_RDWR), { code: 'ELOOP' });
});

test("somebody else's directory is no store, not even for root", { skip: needsRoot }, (t) => {
  const { theirs, roots } = places(t);
  assert.throws(() => openStore(theirs), unusable, 'root without sudo');
  openStore(roots);
  chownSync(join(roots, 'images'), 5555, 5555);
  assert.throws(() => openStore(roots), unusable);
});
