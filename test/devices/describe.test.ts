import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { readSystem } from '../../src/devices/describe.js';
import { everythingUnder, mountOf } from '../../src/devices/facts.js';
import { refusals } from '../../src/devices/refuse.js';
import { deviceNumberText, liveSource } from '../../src/devices/system-source.js';
import { describeTarget, identityOf } from '../../src/devices/targets.js';
import { unmountAll } from '../../src/devices/unmount.js';
import { PiburnError } from '../../src/errors.js';
import { run } from '../../src/exec.js';
import { load, recorded } from './recorded.js';

const everything = { protectedPaths: [], allowFixed: true, allowLarge: true, unmount: true };
const originalPath = process.env.PATH;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'piburn-devices-'));
});
afterEach(() => {
  process.env.PATH = originalPath;
  rmSync(directory, { recursive: true, force: true });
});

test('on this machine the disk of the running system is refused', async (t) => {
  const facts = await readSystem();
  const root = facts.mounts.findLast((mount) => mount.mountpoint === '/');
  const device = [...facts.devices.values()].find((candidate) => candidate.deviceNumber === root?.deviceNumber);
  if (device === undefined) return t.skip('/ is on no block device here');
  for (const name of everythingUnder([device.name], facts)) {
    const path = `/dev/${name}`;
    if (liveSource.stat(path)?.kind !== 'block') return t.skip(`there is no ${path} here`);
    assert.deepEqual(
      refusals([path], facts, everything).map((reason) => reason.failure.code),
      ['SYSTEM_DISK'],
    );
  }
});

test('on this machine sizes and numbers are those that lsblk tells', async (t) => {
  const facts = await readSystem();
  const disks = [...facts.devices.values()].filter((device) => device.kind === 'disk' && device.sizeBytes > 0);
  const paths = disks.map((disk) => disk.path);
  const judge = await run('lsblk', [
    '--bytes',
    '--nodeps',
    '--raw',
    '--noheadings',
    '--output',
    'SIZE,MAJ:MIN,RO',
    ...paths,
  ]);
  if (paths.length === 0 || judge?.exitCode !== 0) return t.skip('there is no disk or no lsblk');
  const lines = disks.map((disk) => `${disk.sizeBytes} ${disk.deviceNumber} ${disk.readOnly ? 1 : 0}`);
  assert.deepEqual(judge.stdout.split('\n').sort(), lines.sort());
});

test('device numbers above 255 are split as the kernel joins them', () => {
  const cases: readonly (readonly [bigint, string])[] = [
    [0x800n, '8:0'],
    [0x10302n, '259:2'],
    [0x100800n, '8:256'],
    [0xffffff00n, '4095:1048320'],
    [0x100000000000n, '4096:0'],
  ];
  for (const [number, text] of cases) assert.equal(deviceNumberText(number), text);
});

test('files are seen as they are, symbolic links followed', async () => {
  const facts = await readSystem();
  const file = join(directory, 'card.img');
  writeFileSync(file, 'x'.repeat(5000));
  assert.deepEqual(identityOf(file, facts), { path: file, kind: 'file', sizeBytes: 5000 });
  const fresh = join(directory, 'fresh.img');
  assert.equal(describeTarget(fresh, facts).fresh, true);
  assert.deepEqual(refusals([file, fresh, join(directory, 'made-later/card.img')], facts, everything), []);
  const codes = refusals([directory, '/dev/null', join(file, 'card.img')], facts, everything);
  assert.deepEqual(
    codes.map((reason) => reason.failure.code),
    ['NOT_A_TARGET', 'NOT_A_TARGET', 'NO_DIRECTORY'],
  );
  assert.equal(mountOf('/proc/self/status', facts)?.fileSystem, 'proc');
});

test('a machine that does not tell its mounts is not written to', async () => {
  const machine = recorded(load('pi-with-hub'));
  const blind = {
    ...machine,
    readText: (path: string) => (path.startsWith('/proc') ? undefined : machine.readText(path)),
  };
  await assert.rejects(
    readSystem(blind),
    (error) => error instanceof PiburnError && error.failure.code === 'NO_MOUNTS',
  );
});

test('without lsblk only names are missing, and every refusal stays', async () => {
  const machine = recorded(load('pc-stacked'));
  for (const json of [undefined, '', 'no json', '[]', '{"blockdevices":[null,{"kname":7}]}']) {
    const facts = await readSystem({ ...machine, lsblk: async () => json });
    const codes = (path: string) => refusals([path], facts, everything).map((reason) => reason.failure.code);
    assert.deepEqual(codes('/dev/sda'), ['SYSTEM_DISK']);
    assert.deepEqual(codes('/dev/sdb'), ['IN_USE']);
    assert.equal(describeTarget('/dev/sdb', facts).sizeBytes, 62_333_952 * 512);
  }
});

test('an lsblk that lacks columns is asked for fewer', async () => {
  provide(
    'lsblk',
    `echo "$*" >> ${directory}/calls
     case "$*" in *PTTYPE*) echo 'lsblk: unknown column: PTTYPE' >&2; exit 1;; *SERIAL*) echo 'lsblk: unknown column: SERIAL,LABEL' >&2; exit 1;; esac
     echo '{"blockdevices": []}'`,
  );
  assert.equal(await liveSource.lsblk(), '{"blockdevices": []}');
  const calls = readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');
  assert.equal(calls.length, 3);
  assert.match(calls[2] ?? '', /KNAME,NAME,VENDOR,MODEL,LABEL,FSTYPE$/);
});

test('an lsblk that always fails is given up', async () => {
  provide('lsblk', "echo 'lsblk: failed to access sysfs directory' >&2; exit 1");
  assert.equal(await liveSource.lsblk(), undefined);
});

test('mount points are unmounted from the innermost on', async () => {
  provide('umount', `echo "$@" >> ${directory}/calls`);
  await unmountAll(['/media/pi/a', '/media/pi/a/inner', '/media/pi/-l']);
  const calls = readFileSync(join(directory, 'calls'), 'utf8');
  assert.equal(calls, '-- /media/pi/a/inner\n-- /media/pi/-l\n-- /media/pi/a\n');
});

test('a mount point in use is named with the words of umount', async () => {
  provide('umount', "echo 'umount: /media/pi/a: target is busy.' >&2; exit 32");
  await assert.rejects(
    unmountAll(['/media/pi/a']),
    (error) =>
      error instanceof PiburnError &&
      error.failure.code === 'UNMOUNT_FAILED' &&
      error.failure.message.includes('/media/pi/a: umount: /media/pi/a: target is busy'),
  );
});

/** Puts a shell script before the real program of that name. */
function provide(program: string, script: string): void {
  const path = join(directory, program);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  process.env.PATH = `${directory}${delimiter}${originalPath}`;
}
