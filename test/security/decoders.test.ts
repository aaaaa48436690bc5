// Programs that read archives from anywhere: as root they get nobody's rights, and their input and output only.

import assert from 'node:assert/strict';
import { chmodSync, chownSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Decoder } from '../../src/image/decode/index.js';
import { asReaderOf } from '../../src/image/decode/nobody.js';
import { decodeByXzIntoFile } from '../../src/image/decode/xz-into-file.js';
import { decoded, noise, opened } from '../image/decode/support.js';
import { scratchFolder, undo } from '../native/scratch.js';
import { needsRoot } from './support.js';

/** Puts a program of that name before all others, which tells whose rights it has. */
function pretend(t: TestContext, program: string): void {
  const folder = scratchFolder(t);
  const path = process.env['PATH'];
  undo(t, () => {
    process.env['PATH'] = path;
  });
  writeFileSync(join(folder, program), '#!/bin/sh\ncat >/dev/null\necho "$(id -u) $(id -G)"\n', { mode: 0o755 });
  chmodSync(folder, 0o755);
  process.env['PATH'] = `${folder}:${path}`;
}

for (const program of ['xz', 'zstd'] satisfies Decoder[])
  test(`${program} runs as nobody, in no group of root's`, { skip: needsRoot }, async (t) => {
    pretend(t, program);
    assert.equal((await decoded(t, noise(1000, 3), program)).toString(), '65534 65534\n');
  });

test('so does xz that writes into the spool, which only root can open', { skip: needsRoot }, async (t) => {
  pretend(t, 'xz');
  const path = join(scratchFolder(t), 'spool');
  writeFileSync(path, '', { mode: 0o600 });
  const descriptor = openSync(path, 'r+');
  undo(t, () => closeSync(descriptor));
  await opened(t, noise(1000, 3), async (encoded) => {
    for await (const _ of decodeByXzIntoFile(encoded, { path, descriptor, promisedBytes: 12 }));
  });
  assert.equal(readFileSync(path, 'utf8'), '65534 65534\n');
});

test('7-Zip opens its archive itself, as somebody who may', { skip: needsRoot }, (t) => {
  const path = join(scratchFolder(t), 'x.7z');
  const reader = (mode: number, uid: number) => {
    writeFileSync(path, '');
    chmodSync(path, mode);
    chownSync(path, uid, uid);
    const descriptor = openSync(path, 'r');
    try {
      return asReaderOf(descriptor);
    } finally {
      closeSync(descriptor);
    }
  };
  assert.deepEqual(reader(0o644, 0), { uid: 65_534, gid: 65_534 });
  assert.deepEqual(reader(0o600, 4242), { uid: 4242, gid: 4242 });
  assert.equal(reader(0o600, 0), undefined, 'nobody else can read it');
});
