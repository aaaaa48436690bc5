// The ssh configuration of a person, in homes made for the test: what is added, what stays, and what is left alone.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
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
import { addInclude, applySshConfig, planSshConfig, type SshHome } from '../../src/burn/ssh-config.js';
import { isRoot, scratchFolder } from '../native/scratch.js';

const block = (host: string, address: string): string => `Host ${host}\n  HostName ${address}\n  User pi\n`;
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

function write(blocks: string, who: SshHome): string {
  applySshConfig(planSshConfig(blocks, who), who);
  return readFileSync(join(who.home, '.ssh/config.d/piburn'), 'utf8');
}

test('a home without ssh gets a private directory and a private file', (t) => {
  const home = scratchFolder(t);
  const plan = planSshConfig(block('red1', '10.1.1.2'), { home });
  assert.deepEqual(
    { ...plan, text: '' },
    { path: join(home, '.ssh/config.d/piburn'), text: '', isChanged: true, kept: [], lacksInclude: true },
  );
  assert.ok(!existsSync(join(home, '.ssh')), 'planning changes nothing');
  applySshConfig(plan, { home });
  assert.match(
    readFileSync(plan.path, 'utf8'),
    /^# Made by piburn [^\n]*\n\nHost red1\n {2}HostName 10\.1\.1\.2\n {2}User pi\n$/,
  );
  assert.deepEqual(
    ['.ssh', '.ssh/config.d', '.ssh/config.d/piburn'].map((name) => modeOf(join(home, name))),
    ['700', '700', '600'],
  );
});

test('hosts of earlier runs stay unless they are named again', (t) => {
  const home = scratchFolder(t);
  write(`${block('red1', '10.1.1.2')}\n${block('red2', '10.1.1.3')}`, { home });
  const blocks = `${block('red3', '10.1.1.4')}\n${block('red1', '10.1.1.9')}`;
  assert.deepEqual(planSshConfig(blocks, { home }).kept, ['red2']);
  const text = write(blocks, { home });
  assert.deepEqual(text.match(/Host \w+\n {2}HostName \S+/g), [
    'Host red1\n  HostName 10.1.1.9',
    'Host red2\n  HostName 10.1.1.3',
    'Host red3\n  HostName 10.1.1.4',
  ]);
  assert.equal(planSshConfig(blocks, { home }).isChanged, false);
});

test('what a person wrote into the file stays', (t) => {
  const home = scratchFolder(t);
  const own = 'Compression yes\n\nHost red1 blue\n  Port 2222\n\nMatch host red1\n  Port 23\n\nHost *\n  User bob\n';
  mkdirSync(join(home, '.ssh/config.d'), { recursive: true });
  writeFileSync(join(home, '.ssh/config.d/piburn'), own);
  const text = write(block('red1', '10.1.1.2'), { home });
  assert.equal(text, `${own}\n${block('red1', '10.1.1.2')}`);
});

test('ssh sees the nodes once the file is included', (t) => {
  const home = scratchFolder(t);
  write(block('red1', '10.1.1.2'), { home });
  writeFileSync(join(home, '.ssh/config'), 'Host *\n  Port 2222\n');
  addInclude({ home });
  // ssh looks for ~ in the user database, so the relative Include is made absolute for it.
  const config = readFileSync(join(home, '.ssh/config'), 'utf8').replace('config.d', join(home, '.ssh/config.d'));
  writeFileSync(join(home, 'config'), config);
  const { error, stdout } = spawnSync('ssh', ['-G', '-F', join(home, 'config'), 'red1'], { encoding: 'utf8' });
  if (error !== undefined) return t.skip('ssh is not there');
  assert.match(stdout, /^hostname 10\.1\.1\.2$/m);
  assert.match(stdout, /^port 2222$/m);
});

test('the Include comes first, once, and mode and text of the config stay', (t) => {
  const home = scratchFolder(t);
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  const config = join(home, '.ssh/config');
  writeFileSync(config, '# mine\nHost a\n  Port 1\n', { mode: 0o640 });
  assert.equal(addInclude({ home }), true);
  assert.equal(addInclude({ home }), false);
  assert.equal(readFileSync(config, 'utf8'), 'Include config.d/piburn\n\n# mine\nHost a\n  Port 1\n');
  assert.equal(modeOf(config), '640');
  assert.deepEqual(readdirSync(join(home, '.ssh')), ['config']);
});

test('a config that is not there is made', (t) => {
  const home = scratchFolder(t);
  assert.equal(addInclude({ home }), true);
  assert.equal(readFileSync(join(home, '.ssh/config'), 'utf8'), 'Include config.d/piburn\n');
  assert.equal(modeOf(join(home, '.ssh/config')), '600');
});

test('a config that is a link stays one', (t) => {
  const home = scratchFolder(t);
  mkdirSync(join(home, '.ssh'));
  mkdirSync(join(home, 'dotfiles'));
  writeFileSync(join(home, 'dotfiles/ssh'), 'Port 1\n');
  symlinkSync('../dotfiles/ssh', join(home, '.ssh/config'));
  addInclude({ home });
  assert.ok(lstatSync(join(home, '.ssh/config')).isSymbolicLink());
  assert.equal(readFileSync(join(home, 'dotfiles/ssh'), 'utf8'), 'Include config.d/piburn\n\nPort 1\n');
});

test('a link to a file that is yet to be made is followed', (t) => {
  const home = scratchFolder(t);
  mkdirSync(join(home, '.ssh'));
  mkdirSync(join(home, 'dotfiles'));
  symlinkSync('../dotfiles/ssh', join(home, '.ssh/config'));
  addInclude({ home });
  assert.equal(readFileSync(join(home, 'dotfiles/ssh'), 'utf8'), 'Include config.d/piburn\n');
});

const includes: readonly (readonly [config: string, isIncluded: boolean])[] = [
  ['Include config.d/piburn', true],
  ['include = "config.d/piburn"', true],
  ['Include other config.d/*', true],
  ['Include ~/.ssh/config.d/p?burn', true],
  ['  Include HOME/.ssh/config.d/piburn', true],
  ['Include config.d/*.conf', false],
  ['Include config.d', false],
  ['Include *', false],
  ['#Include config.d/piburn', false],
  ['Host x\n  Include config.d/piburn', false],
  ['Match host x\n  Include config.d/piburn', false],
  ['IncludeX config.d/piburn', false],
];

for (const [config, isIncluded] of includes)
  test(`${JSON.stringify(config)} ${isIncluded ? 'includes' : 'does not include'} the file`, (t) => {
    const home = scratchFolder(t);
    mkdirSync(join(home, '.ssh'));
    writeFileSync(join(home, '.ssh/config'), `Port 22\n${config.replace('HOME', home)}\n`);
    assert.equal(planSshConfig('', { home }).lacksInclude, !isIncluded);
  });

const alice = { uid: 4711, gid: 4712 };

test('under sudo everything belongs to the one who called it', (t) => {
  if (!isRoot) return t.skip('giving files away needs root');
  const home = scratchFolder(t);
  chownSync(home, alice.uid, alice.gid);
  write(block('red1', '10.1.1.2'), { home, ...alice });
  addInclude({ home, ...alice });
  for (const name of ['.ssh', '.ssh/config.d', '.ssh/config.d/piburn', '.ssh/config']) {
    const { uid, gid } = statSync(join(home, name));
    assert.deepEqual({ uid, gid }, alice, name);
  }
});

test('under sudo nothing is written through a link to where the caller could not write', (t) => {
  if (!isRoot) return t.skip('giving files away needs root');
  const home = scratchFolder(t);
  const foreign = scratchFolder(t);
  writeFileSync(join(foreign, 'piburn'), 'Host *\n');
  mkdirSync(join(home, '.ssh'));
  symlinkSync(foreign, join(home, '.ssh/config.d'));
  symlinkSync(join(foreign, 'new'), join(home, '.ssh/config'));
  for (const path of [home, join(home, '.ssh')]) chownSync(path, alice.uid, alice.gid);
  const who = { home, ...alice };
  assert.throws(() => planSshConfig(block('a', '10.1.1.2'), who), /belongs to user 0, not to user 4711/);
  assert.throws(() => addInclude(who), /belongs to user 0, not to user 4711/);
  assert.deepEqual(readdirSync(foreign), ['piburn']);
});

test('a config that is no file is refused, and so is one that leads in circles', (t) => {
  const home = scratchFolder(t);
  mkdirSync(join(home, '.ssh/config'), { recursive: true });
  assert.throws(() => addInclude({ home }), /config is no regular file/);
  const other = scratchFolder(t);
  mkdirSync(join(other, '.ssh'));
  symlinkSync('config', join(other, '.ssh/config'));
  assert.throws(() => addInclude({ home: other }), /leads nowhere/);
});
