// os-release(5) files, judged by the shell that they are written for.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseOsRelease, readOsRelease } from '../../../src/customise/ext/os-release.js';
import { run } from '../../image/allocation/disk.js';
import { scratchFolder } from '../../native/scratch.js';
import { judged, makeExt, openExt } from './ext-images.js';

const trixie = [
  'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"',
  'NAME="Debian GNU/Linux"',
  'VERSION_ID="13"',
  'VERSION="13 (trixie)"',
  'VERSION_CODENAME=trixie',
  'ID=debian',
  'HOME_URL="https://www.debian.org/"',
  '',
].join('\n');

test('the system of a root file system is read, through the link that it mostly is', judged, (t) => {
  const folder = scratchFolder(t);
  const tree = join(folder, 'tree');
  for (const path of ['etc', 'usr/lib']) mkdirSync(join(tree, path), { recursive: true });
  writeFileSync(join(tree, 'usr/lib/os-release'), trixie);
  const expected = { id: 'debian', prettyName: 'Debian GNU/Linux 13 (trixie)', codename: 'trixie', versionId: '13' };
  const open = () => openExt(makeExt(folder, tree, ['-t', 'ext4'], 8));
  assert.deepEqual(readOsRelease(open()), expected, 'usr/lib alone');
  symlinkSync('../usr/lib/os-release', join(tree, 'etc/os-release'));
  assert.deepEqual(readOsRelease(open()), expected, 'a link');
  run('rm', [join(tree, 'etc/os-release')]);
  writeFileSync(join(tree, 'etc/os-release'), 'ID=raspbian\n');
  assert.deepEqual(readOsRelease(open()), { id: 'raspbian' }, 'a file of its own');
  run('rm', ['-r', join(tree, 'etc'), join(tree, 'usr')]);
  assert.equal(readOsRelease(open()), undefined, 'none');
});

test('values mean what they mean to a shell', () => {
  const values = [
    'debian',
    '"two words"',
    '\'single "quotes"\'',
    '"a \\"b\\" \\$c \\\\d \\`e\\` \\n"',
    'a\\ b',
    '""',
    "''",
    'ä.b-c_d~1',
  ];
  for (const value of values) {
    const shell = run('sh', ['-c', `ID=${value}\nprintf %s "$ID"`]);
    assert.equal(parseOsRelease(`ID=${value}\n`).id, shell === '' ? undefined : shell, value);
  }
});

test('lines that are no assignments of one word are passed over, and the last value counts', () => {
  const text =
    '# ID=comment\n\nID=first\nID = second\nexport ID=third\nID="open\nID=a b\nID=$(id)\nid=lower\n  VERSION_ID=1\r\nVERSION_ID=2';
  assert.deepEqual(parseOsRelease(text), { id: 'first', versionId: '2' });
  assert.deepEqual(parseOsRelease('\0\0\0'), {});
  assert.deepEqual(parseOsRelease(''), {});
});

test('nothing in a value can move a terminal', () => {
  const { prettyName } = parseOsRelease('PRETTY_NAME="\u001b[2Jno\u202ename\u0007"');
  assert.equal(prettyName, '[2Jnoname');
});
