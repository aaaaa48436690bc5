import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as immediately, setTimeout as pause } from 'node:timers/promises';
import { diffRows } from '../../src/devices/changes.js';
import { readSystem } from '../../src/devices/describe.js';
import { diskEvents, lookAtMedium } from '../../src/devices/disk-events.js';
import { type DiskSight, diskRows } from '../../src/devices/rows.js';
import { watchDisks } from '../../src/devices/watch.js';
import { follow } from '../../src/exec.js';
import { scratchFolder, undo } from '../native/scratch.js';
import { load, recorded } from './recorded.js';

const at = '2026-01-02T03:04:05.000Z';
const now = () => new Date(at);

async function rowsOf(machine: string): Promise<DiskSight[]> {
  const options = { protectedPaths: [], allowFixed: false, allowLarge: false, unmount: false };
  return diskRows(await readSystem(recorded(load(machine))), { slots: [] }, options);
}

const edit = (rows: readonly DiskSight[], path: string, changes: Partial<DiskSight>): DiskSight[] =>
  rows.map((row) => (row.path === path ? { ...row, ...changes } : row));

const told = (before: readonly DiskSight[], after: readonly DiskSight[]) =>
  diffRows(before, after, at).map(({ what, path }) => `${what} ${path}`);

test('what came and went between two looks is named', async () => {
  const rows = await rowsOf('vm-readers');
  const without = rows.filter(({ path }) => path !== '/dev/sda');
  const empty = { sizeBytes: 0, hasMedium: false };
  assert.deepEqual(told(rows, rows), []);
  assert.deepEqual(told(rows, without), ['reader-removed /dev/sda']);
  assert.deepEqual(told(without, rows), ['reader-added /dev/sda']);
  assert.deepEqual(told(rows, edit(rows, '/dev/sda', empty)), ['card-out /dev/sda']);
  assert.deepEqual(told(edit(rows, '/dev/sda', empty), rows), ['card-in /dev/sda']);
  assert.deepEqual(told(rows, edit(rows, '/dev/sda', { diskSequence: 77 })), ['card-changed /dev/sda']);
  assert.deepEqual(told(rows, edit(rows, '/dev/sda', { sizeBytes: 1e9 })), ['card-changed /dev/sda']);
  assert.deepEqual(told(rows, edit(rows, '/dev/sda', { serial: 'other' })), ['card-changed /dev/sda']);
  // An empty reader that was looked at again, and a card that was mounted, are no news.
  assert.deepEqual(told(rows, edit(rows, '/dev/sdb', { diskSequence: 78 })), []);
  assert.deepEqual(told(rows, edit(rows, '/dev/sda', { mountpoints: ['/media/pi/x'], kind: 'system' })), []);
  const [change] = diffRows(rows, without, at);
  assert.equal(
    change?.disk,
    rows.find(({ path }) => path === '/dev/sda'),
  );
  assert.equal(change?.at, at);
});

test('a reader under another name went and came, and so did one whose name another has got', async () => {
  const rows = await rowsOf('vm-readers');
  assert.deepEqual(told(rows, edit(rows, '/dev/sda', { path: '/dev/sdx' })), [
    'reader-removed /dev/sda',
    'reader-added /dev/sdx',
  ]);
  const moved = edit(rows, '/dev/sda', { slot: { port: 'elsewhere', number: 9 } });
  assert.deepEqual(told(rows, moved), ['reader-removed /dev/sda', 'reader-added /dev/sda']);
  assert.deepEqual(told(rows, edit(rows, '/dev/sda', { model: 'Other' })), [
    'reader-removed /dev/sda',
    'reader-added /dev/sda',
  ]);
});

test('in an MMC slot the disk is the card', async () => {
  const rows = await rowsOf('vm-card-slot');
  const without = rows.filter(({ path }) => path !== '/dev/mmcblk0');
  assert.deepEqual(told(rows, without), ['card-out /dev/mmcblk0']);
  assert.deepEqual(told(without, rows), ['card-in /dev/mmcblk0']);
  const other = edit(rows, '/dev/mmcblk0', { model: 'SD64G', cid: '0'.repeat(32) });
  assert.deepEqual(told(rows, other), ['card-changed /dev/mmcblk0']);
});

test('a watch tells the first look, then changes alone, with bursts joined', async () => {
  const rows = await rowsOf('vm-readers');
  const changed = edit(rows, '/dev/sda', { diskSequence: 77 });
  const looks = [rows, rows, changed];
  const calls: string[] = [];
  let looked = 0;
  let tell = () => {};
  let isStopped = false;
  const watch = watchDisks(
    (changes, seen) => {
      calls.push(`${changes.map(({ what }) => what).join()} ${seen.length}`);
      if (changes.length > 0) watch.close();
    },
    {
      look: async () => looks[looked++] ?? [],
      trigger: (given) => {
        tell = given;
        return () => {
          isStopped = true;
        };
      },
      now,
      settleMs: 300,
    },
  );
  const burst = async () => {
    const before = looked;
    for (let n = 0; n < 50; n += 1) {
      tell();
      await immediately();
    }
    while (looked === before) await pause(1);
  };
  while (looked === 0) await pause(1);
  await pause(5);
  await burst();
  await pause(20);
  assert.equal(looked, 2, 'fifty events, one look');
  await burst();
  await watch.ended;
  assert.deepEqual(calls, [' 5', 'card-changed 5']);
  assert.ok(isStopped);
});

test('a look that fails ends the watch with its error, and a closed watch looks no more', async () => {
  let stopped = 0;
  const trigger = () => () => {
    stopped += 1;
  };
  const failing = watchDisks(() => {}, { look: () => Promise.reject(new Error('no mounts')), trigger });
  await assert.rejects(failing.ended, /no mounts/);
  assert.equal(stopped, 1);
  let looked = 0;
  const closed = watchDisks(() => {}, {
    look: async () => {
      looked += 1;
      return [];
    },
    trigger,
  });
  while (looked === 0) await pause(1);
  closed.close();
  closed.close();
  await closed.ended;
  assert.deepEqual([looked, stopped], [1, 2]);
});

test('without udev sysfs is polled, and the readers are looked into before', async () => {
  const machine = load('vm-readers');
  let source = recorded(machine);
  const moving = { ...source, readText: (path: string) => source.readText(path) };
  const looked: string[] = [];
  let tell = () => {};
  const happened = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const readers = () => {
    looked.push('looked');
    if (looked.length === 3) {
      source = recorded({ ...machine, block: { ...machine.block, sda: { ...machine.block.sda, diskseq: 9 } } });
    }
    return ['/dev/does-not-exist'];
  };
  let tellings = 0;
  const stop = diskEvents({ source: moving, pollMs: 1, readers })(() => {
    tellings += 1;
    tell();
  });
  await happened;
  stop();
  const seen = looked.length;
  assert.ok(seen >= 3, 'nothing is told while nothing changes');
  await pause(20);
  assert.ok(looked.length <= seen + 1, 'it has stopped');
  assert.equal(tellings, 1);
  await lookAtMedium('/dev/does-not-exist');
});

test('where udev runs its events are told, and its monitor ends with the watch', async (t) => {
  const folder = scratchFolder(t);
  // A stand-in for udevadm, since udev runs in few test machines.
  const script = `#!/bin/sh\necho $$ > ${folder}/pid.new; mv ${folder}/pid.new ${folder}/pid
echo 'monitor will print the received events for:'
echo 'UDEV - the event which udev sends out after rule processing'
echo 'UDEV  [4711.123456] change   /devices/pci0000:00/block/sda (block)'
exec sleep 600\n`;
  writeFileSync(join(folder, 'udevadm'), script);
  chmodSync(join(folder, 'udevadm'), 0o755);
  const path = process.env.PATH;
  undo(t, () => {
    process.env.PATH = path;
  });
  process.env.PATH = `${folder}${delimiter}${path}`;
  const machine = load('vm-readers');
  const control = { kind: 'other' as const, fileId: '0:1:2', sizeBytes: 0 };
  const source = recorded({ ...machine, paths: { '/run/udev/control': control } });
  let tellings = 0;
  let tell = () => {};
  const happened = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const stop = diskEvents({ source, pollMs: 60_000 })(() => {
    tellings += 1;
    tell();
  });
  await happened;
  await pause(20);
  stop();
  assert.equal(tellings, 1, 'the lines of the heading are no events');
  const pid = readFileSync(join(folder, 'pid'), 'utf8').trim();
  for (let n = 0; n < 500 && existsSync(`/proc/${pid}/cmdline`); n += 1) await pause(10);
  assert.ok(!existsSync(`/proc/${pid}/cmdline`) || readFileSync(`/proc/${pid}/cmdline`, 'utf8') === '');
});

test('a program that is followed gives its lines, and none where it is missing', async () => {
  const linesOf = async (program: string, ...args: string[]) => {
    const lines: string[] = [];
    for await (const line of follow(program, args).lines) lines.push(line);
    return lines;
  };
  assert.deepEqual(await linesOf('printf', 'a\\nb b\\n\\nc'), ['a', 'b b', '', 'c']);
  assert.deepEqual(await linesOf('piburn-no-such-program'), []);
  const [line] = await linesOf('head', '-c', '100000', '/dev/zero');
  assert.equal(line?.length, 4096);
});
