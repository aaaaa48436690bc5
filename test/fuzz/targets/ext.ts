// ext2, ext3 and ext4 file systems: looked into by piburn's own reader, and edited by libext2fs, whose work is then read
// by ours again.

import { readOsRelease } from '../../../src/customise/ext/os-release.js';
import { ExtVolume } from '../../../src/customise/ext/volume.js';
import { Overlay } from '../../../src/customise/overlay.js';
import { RootVolume } from '../../../src/customise/root/root-volume.js';
import { attempt, boundedReader } from './judge.js';
import type { Target } from './target.js';

const startBytes = 3 * 1024 * 1024 + 512;

export const ext: Target = { name: 'ext', isText: false, run: lookAtAll };
export const root: Target = { name: 'root', isText: false, run: editRoot };

function lookAtAll(bytes: Buffer): void {
  const volume = attempt(() => ExtVolume.open(boundedReader(bytes, startBytes), startBytes, bytes.length));
  if (volume === undefined) return;
  attempt(() => readOsRelease(volume));
  for (const path of ['etc/os-release', 'sparse', 'long/lib/os-release', 'many/x', 'etc/../../..']) {
    attempt(() => volume.exists(path));
    attempt(() => volume.readFile(path));
  }
  visit(volume, '', 3);
}

function visit(volume: ExtVolume, path: string, depth: number): void {
  for (const { name, kind } of (attempt(() => volume.list(path)) ?? []).slice(0, 20)) {
    const inside = `${path}/${name}`;
    attempt(() => volume.stat(inside));
    attempt(() => volume.readlink(inside));
    if (kind === 'file') attempt(() => volume.readFile(inside));
    if (kind === 'directory' && depth > 0) visit(volume, inside, depth - 1);
  }
}

const owner = { uid: 0, gid: 0 };

function editRoot(bytes: Buffer): void {
  const overlay = new Overlay(boundedReader(bytes, startBytes));
  const volume = attempt(() => RootVolume.open(overlay, startBytes, bytes.length));
  if (volume === undefined) return;
  const now = new Date('2026-03-04T05:06:08Z');
  attempt(() =>
    volume.apply(
      [
        { kind: 'directory', path: '/etc/piburn', isNew: true, mode: 0o755, ...owner },
        {
          kind: 'file',
          path: '/etc/piburn/hostname',
          bytes: Buffer.from('red001\n'),
          mode: 0o644,
          secrets: [],
          ...owner,
        },
        { kind: 'symlink', path: '/etc/localtime', target: '/usr/share/zoneinfo/Europe/Berlin' },
        { kind: 'remove', path: '/etc/os-release' },
      ],
      now,
    ),
  );
}
