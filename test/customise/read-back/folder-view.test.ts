// A folder where a card is mounted: links on the card never lead to this machine's own files.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { folderView } from '../../../src/customise/read-back/folder-view.js';
import { textIn } from '../../../src/customise/read-back/view.js';
import { scratchFolder } from '../../native/scratch.js';

test('links are followed inside the folder only', (t) => {
  const folder = join(scratchFolder(t), 'card');
  mkdirSync(join(folder, 'etc'), { recursive: true });
  mkdirSync(join(folder, 'usr/lib'), { recursive: true });
  writeFileSync(join(folder, 'usr/lib/os-release'), 'ID=card\n');
  writeFileSync(join(folder, 'etc/hostname'), 'red001\n');
  symlinkSync('../usr/lib/os-release', join(folder, 'etc/os-release'));
  symlinkSync('/etc/hostname', join(folder, 'absolute'));
  symlinkSync('/etc/hostname', join(folder, 'usr/lib/deep'));
  symlinkSync('../../../../../../etc/passwd', join(folder, 'etc/up'));
  symlinkSync('/etc', join(folder, 'all'));
  symlinkSync('round', join(folder, 'round'));
  const view = folderView(folder);
  assert.equal(textIn(view, '/etc/os-release'), 'ID=card\n');
  assert.equal(textIn(view, 'absolute'), 'red001\n');
  assert.equal(textIn(view, 'usr/lib/deep'), 'red001\n');
  assert.equal(textIn(view, 'etc/up'), undefined);
  assert.equal(textIn(view, 'all/hostname'), 'red001\n');
  assert.equal(textIn(view, 'all/passwd'), undefined);
  assert.equal(textIn(view, '../outside'), undefined);
  assert.equal(textIn(view, 'round'), undefined);
  assert.deepEqual(view.list('all'), ['hostname', 'os-release', 'up']);
  assert.deepEqual([view.stat('absolute')?.kind, view.stat('absolute')?.target], ['symlink', '/etc/hostname']);
});

test('what is no regular file is not read, and a pipe does not make it wait', (t) => {
  const folder = scratchFolder(t);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const view = folderView(folder);
  assert.equal(view.readFile('pipe'), undefined);
  assert.equal(view.readFile('/'), undefined);
  assert.equal(view.list('nothing'), undefined);
});
