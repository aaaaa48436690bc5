// Files that piburn makes for others to read: whole or absent, and nobody else's lines are lost.

import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { writeGenerated } from '../../../src/burn/config/generated-file.js';
import { PiburnError } from '../../../src/errors.js';
import {
  hostsBegin as begin,
  hostsEnd as end,
  generatedHeader,
  renderAnsibleInventory,
  renderHosts,
} from '../../../src/report/cluster-files.js';
import { isRoot, scratchFolder } from '../../native/scratch.js';

const markers = { begin, end };
const fragment = renderHosts([{ hostname: 'red', address: '10.1.1.2' }]);
const newer = renderHosts([{ hostname: 'blue', address: '10.1.1.3' }]);

const merges: readonly (readonly [before: string | undefined, after: string])[] = [
  [undefined, newer],
  ['', newer],
  ['127.0.0.1 localhost\n', `127.0.0.1 localhost\n${newer}`],
  ['127.0.0.1 localhost', `127.0.0.1 localhost\n${newer}`],
  [fragment, newer],
  [`# mine\n${fragment}10.9.9.9 nas\n`, `# mine\n${newer}10.9.9.9 nas\n`],
  [`${fragment}no line end`, `${newer}no line end`],
  [`a\n  ${begin}  \nx\n${end}\nb\n`, `a\n${newer}b\n`],
];

for (const [before, after] of merges)
  test(`lines outside of the markers stay: ${JSON.stringify(before)}`, (t) => {
    const path = join(scratchFolder(t), 'hosts');
    if (before !== undefined) writeFileSync(path, before);
    for (const _time of ['first', 'second']) {
      writeGenerated(path, newer, markers);
      assert.equal(readFileSync(path, 'utf8'), after);
    }
  });

const broken = [`${begin}\n`, `${end}\n`, `${end}\n${begin}\n`, fragment + fragment];

for (const text of broken)
  test(`markers that are broken are not guessed at: ${JSON.stringify(text)}`, (t) => {
    const path = join(scratchFolder(t), 'hosts');
    writeFileSync(path, text);
    assert.throws(() => writeGenerated(path, newer, markers), /hosts:\d+: .* do not stand there once/);
    assert.equal(readFileSync(path, 'utf8'), text);
  });

test('a file as a whole is replaced only if piburn made it', (t) => {
  const path = join(scratchFolder(t), 'inventory.yaml');
  const inventory = renderAnsibleInventory([{ hostname: 'red' }]);
  writeGenerated(path, inventory);
  writeGenerated(path, renderAnsibleInventory([{ hostname: 'blue' }]));
  assert.match(readFileSync(path, 'utf8'), /"blue":/);
  assert.ok(inventory.startsWith(`${generatedHeader}\n`));
  writeFileSync(path, 'all: {}\n');
  assert.throws(
    () => writeGenerated(path, inventory),
    (error) => error instanceof PiburnError && error.failure.code === 'FILE_FOREIGN',
  );
  assert.equal(readFileSync(path, 'utf8'), 'all: {}\n');
});

test("this machine's hosts file is refused, whatever it is called", (t) => {
  const folder = scratchFolder(t);
  const before = readFileSync('/etc/hosts', 'utf8');
  symlinkSync('/etc/hosts', join(folder, 'link'));
  const names = ['/etc/hosts', '/etc/../etc/hosts', '//etc/hosts', join(folder, 'link')];
  try {
    linkSync('/etc/hosts', join(folder, 'hard'));
    names.push(join(folder, 'hard'));
  } catch {
    // another file system, or protected_hardlinks
  }
  for (const name of names)
    assert.throws(
      () => writeGenerated(name, newer, markers),
      (error) => error instanceof PiburnError && error.failure.code === 'HOSTS_OF_BURNER' && error.exitCode === 3,
      name,
    );
  assert.equal(readFileSync('/etc/hosts', 'utf8'), before);
});

test('mode, owner and link of a file stay, and nothing is left beside it', (t) => {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'real'), 'x\n');
  chmodSync(join(folder, 'real'), 0o664);
  if (isRoot) chownSync(join(folder, 'real'), 4711, 4712);
  symlinkSync('real', join(folder, 'link'));
  writeGenerated(join(folder, 'link'), newer, markers);
  const { mode, uid, gid } = statSync(join(folder, 'real'));
  assert.equal(mode & 0o777, 0o664);
  if (isRoot) assert.deepEqual([uid, gid], [4711, 4712]);
  assert.ok(lstatSync(join(folder, 'link')).isSymbolicLink());
  assert.deepEqual(readdirSync(folder).sort(), ['link', 'real']);
});

test('a new file belongs to the one it is made for', (t) => {
  if (!isRoot) return t.skip('giving files away needs root');
  const path = join(scratchFolder(t), 'hosts');
  writeGenerated(path, newer, markers, { uid: 4711, gid: 4712 });
  const { uid, gid, mode } = statSync(path);
  assert.deepEqual([uid, gid, mode & 0o777], [4711, 4712, 0o644 & ~process.umask()]);
});

test('a directory, a device and a place that is not there are refused', (t) => {
  const folder = scratchFolder(t);
  mkdirSync(join(folder, 'hosts'));
  assert.throws(() => writeGenerated(join(folder, 'hosts'), newer, markers), /is no regular file/);
  assert.throws(() => writeGenerated('/dev/null', newer, markers), /is no regular file/);
  assert.throws(() => writeGenerated(join(folder, 'none/hosts'), newer, markers), /cannot be read \(ENOENT\)/);
});
