// A file system that the kernel has written, compared with what the kernel itself copied out of it. Needs root.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../image/allocation/disk.js';
import { loopDevice, pattern, scratchFolder } from '../../native/scratch.js';
import { compareFolder, debugfs, judged, makeExt, openExt, sharedTree } from './ext-images.js';

const times = {
  past: ['1906-08-16 20:26:39.25 UTC', Date.UTC(1906, 7, 16, 20, 26, 39, 250)],
  future: ['2286-11-20 17:46:40.5 UTC', Date.UTC(2286, 10, 20, 17, 46, 40, 500)],
  now: ['2025-06-15 15:06:40.999999999 UTC', Date.UTC(2025, 5, 15, 15, 6, 40, 999)],
} as const;

test('what the kernel writes is read: inline data, hash trees, holes, times', judged, (t) => {
  const folder = scratchFolder(t);
  const [none, mountPoint, copy] = ['none', 'mount', 'copy'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [none, mountPoint]) mkdirSync(path);
  const options = ['-t', 'ext4', '-b', '1024', '-I', '256', '-O', 'inline_data,large_dir,^has_journal'];
  const path = makeExt(folder, none, options, 40);
  const device = loopDevice(t, path);
  if (device === undefined) return;
  try {
    execFileSync('mount', [device, mountPoint], { stdio: 'pipe' });
  } catch (error) {
    t.skip(`no mount: ${String(error)}`);
    return;
  }
  try {
    fill(mountPoint);
    run('cp', ['-a', `${mountPoint}/.`, copy]);
  } finally {
    execFileSync('umount', [mountPoint]);
  }
  run('rmdir', [join(copy, 'lost+found')]);
  const volume = openExt(path);
  assert.match(debugfs(path, 'stat many'), /Flags: 0x81000/, 'there is a hash tree');
  assert.match(
    debugfs(path, 'stat inline', 'stat "size 120"'),
    /Flags: 0x1[01]000000(.|\n)*Flags: 0x1[01]000000/,
    'there is inline data',
  );
  assert.ok(compareFolder(volume, '', copy) > 2300);
  for (const [name, [, milliseconds]] of Object.entries(times)) {
    assert.equal(volume.stat(name)?.modifiedAt.getTime(), milliseconds, name);
  }
});

function fill(folder: string): void {
  run('cp', ['-a', `${sharedTree()}/.`, folder]);
  for (let index = 0; index < 2000; index++) writeFileSync(join(folder, 'many', `by the kernel ${index}`), '');
  for (let size = 0; size < 180; size += 3) writeFileSync(join(folder, `size ${size}`), pattern(size, size));
  // One directory that lies in its inode, one that has just outgrown it.
  for (const [name, count] of [
    ['inline', 5],
    ['outgrown', 20],
  ] as const) {
    mkdirSync(join(folder, name));
    for (let index = 0; index < count; index++) writeFileSync(join(folder, name, `entry ${index}`), '');
  }
  writeFileSync(join(folder, 'punched'), pattern(300_000));
  run('fallocate', ['--punch-hole', '--offset', '5000', '--length', '200000', join(folder, 'punched')]);
  for (const [name, [date]] of Object.entries(times)) run('touch', ['--date', date, join(folder, name)]);
}
