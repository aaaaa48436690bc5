// `info`, `detect` and `slots` on the machine that runs the tests.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DiskRow } from '../../src/protocol.js';
import { undo } from '../native/scratch.js';
import { programPath } from '../program.js';
import { attachLoop, isRoot, type Ran, workplace } from './support.js';

const piImage = fileURLToPath(new URL('../../../src/demo/pi-like.img.xz', import.meta.url));
const nobody = 65_534;

interface DiskList {
  readonly version: number;
  readonly disks: readonly DiskRow[];
}

const listOf = ({ stdout }: Ran): DiskList => JSON.parse(stdout);

/** The disk that / is mounted from, where the machine shows one. */
function rootDisk(): string | undefined {
  const root = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[4] === '/');
  const name = root?.[root.indexOf('-') + 2]?.match(
    /^\/dev\/((?:sd|vd|xvd)[a-z]+|(?:nvme|mmcblk)[0-9]+(?:n[0-9]+)?)/,
  )?.[1];
  return name === undefined || !existsSync(`/sys/class/block/${name}`) ? undefined : `/dev/${name}`;
}

test('the disk of the running system is listed as refused', async (t) => {
  const disk = rootDisk();
  if (disk === undefined) return t.skip('the root of this machine is on no plain disk');
  const { piburn, store } = workplace(t);
  const ran = await piburn(['info', '--json']);
  assert.equal(ran.code, 0, ran.stderr);
  const { version, disks } = listOf(ran);
  assert.equal(version, 1);
  const row = disks.find(({ path }) => path === disk);
  assert.deepEqual([row?.kind, row?.refusal?.code], ['system', 'SYSTEM_DISK']);
  assert.equal(existsSync(store), false, 'info writes nothing');
  const text = await piburn(['info', disk]);
  assert.deepEqual([text.code, text.stderr], [0, '']);
  assert.match(text.stdout, /^create: +would refuse it: .*holds the running system/m);
});

test('a plain user gets the same list', async (t) => {
  const disk = rootDisk();
  if (!isRoot || disk === undefined) return t.skip('needs root to become somebody else, and a disk');
  const { directory } = workplace(t);
  const args = [programPath, 'info', '--json', '--store', `${directory}/none`];
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };
  const ran = spawnSync(process.execPath, args, { uid: nobody, gid: nobody, env, cwd: '/', encoding: 'utf8' });
  if (ran.stderr.includes('Cannot find module')) return t.skip('nobody may not read this tree');
  assert.equal(ran.status, 0, ran.stderr);
  const row = listOf({ code: 0, ...ran }).disks.find(({ path }) => path === disk);
  assert.equal(row?.refusal?.code, 'SYSTEM_DISK');
});

test('a burned card is known by its host name, image and date', async (t) => {
  if (!isRoot) return t.skip('loop devices need root');
  const { piburn, path } = workplace(t);
  const card = path('card.img');
  writeFileSync(card, '');
  truncateSync(card, 320 * 1024 * 1024);
  const loop = attachLoop(t, card);
  const burned = await piburn(['create', '--image', piImage, '--device', loop, '--hostname', 'red007', '--yes']);
  assert.equal(burned.code, 0, burned.stderr);
  const before = execFileSync('sha256sum', [card], { encoding: 'utf8' });
  const ran = await piburn(['info', loop, '--json']);
  const [row] = listOf(ran).disks;
  assert.deepEqual([row?.path, row?.card?.hostname, row?.card?.image], [loop, 'red007', 'pi-like.img.xz']);
  assert.match(row?.card?.burnedAt ?? '', /^20\d\d-\d\d-\d\dT/);
  assert.match(row?.card?.cardId ?? '', /^mark:[0-9a-f]{32}$/);
  const all = await piburn(['info', '--all']);
  assert.match(all.stdout, new RegExp(`^${loop} .* red007, pi-like\\.img\\.xz, 20\\d\\d-.* ready$`, 'm'));
  assert.equal(execFileSync('sha256sum', [card], { encoding: 'utf8' }), before, 'info only reads');
});

test('an unknown disk is a usage error', async (t) => {
  const { code, stderr } = await workplace(t).piburn(['info', '/dev/nothing-like-this']);
  assert.equal(code, 2);
  assert.match(stderr, /there is no disk "\/dev\/nothing-like-this"/);
});

test('slots as JSON is one object, and an unknown slot a usage error', async (t) => {
  const { piburn } = workplace(t);
  const ran = await piburn(['slots', '--json']);
  assert.equal(ran.code, 0, ran.stderr);
  assert.ok(Array.isArray(JSON.parse(ran.stdout).slots));
  const { code, stderr } = await piburn(['slots', 'blink', 'slot', '99']);
  assert.equal(code, 2);
  assert.match(stderr, /slot 99/);
});

test('without a terminal detect watches until Ctrl-C, and ends well', async (t) => {
  const { directory, store } = workplace(t);
  const env = { PATH: process.env['PATH'] ?? '', HOME: directory, PIBURN_STORE: store };
  const child = spawn(process.execPath, [programPath, 'detect'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  undo(t, () => child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.includes('Watching until Ctrl-C.')) child.kill('SIGINT');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0);
  assert.equal(existsSync(store), false, 'detect writes nothing');
});

const hasScript = spawnSync('script', ['--version']).status === 0;

test('at a terminal detect asks', { skip: hasScript ? false : 'needs script (util-linux)' }, async (t) => {
  const { directory, store } = workplace(t);
  const command = `${process.execPath} ${programPath} detect`;
  const env = { ...process.env, HOME: directory, PIBURN_STORE: store, SHELL: '/bin/sh', TERM: 'xterm' };
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  undo(t, () => child.kill('SIGKILL'));
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const wasAsked = screen.includes('removed? y/n');
    screen += chunk;
    if (!wasAsked && screen.includes('removed? y/n')) child.stdin.write('\x04');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 130, screen);
  assert.match(screen, /Make sure the USB Reader\(s\) is removed \.\.\.\r\nIs the reader\(s\) removed\? y\/n /);
});
