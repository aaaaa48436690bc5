// Edits in file systems of all kinds that mke2fs makes, judged by debugfs and e2fsck.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RootEdit } from '../../../src/customise/root/root-edit.js';
import { planRootEdits } from '../../../src/customise/root/root-files.js';
import { RootVolume } from '../../../src/customise/root/root-volume.js';
import { run } from '../../image/allocation/disk.js';
import { scratchFolder } from '../../native/scratch.js';
import { debianTree, edits, fullNode, now, withEdits } from './debian-root.js';
import {
  applied,
  assertClean,
  assertSameTree,
  dumped,
  fileEdit,
  fileSystemOf,
  judged,
  mebibyte,
  overlayOn,
  rootImage,
  startBytes,
} from './root-images.js';

/** More names in /etc than fit into one block, so that the directory has an index where there are such. */
const manyNames = Object.fromEntries(
  Array.from({ length: 300 }, (_, index) => [`/etc/conf-${index}-${'x'.repeat(20)}`, `${index}\n`]),
);
const tree = debianTree({ ...manyNames, '/etc/long-link': `-> /${'l'.repeat(90)}` });

const kinds: Readonly<Record<string, readonly string[]>> = {
  'ext4 as it is by default': ['-t', 'ext4'],
  'ext4 as in Raspberry Pi OS': ['-t', 'ext4', '-b', '4096', '-O', '^huge_file,^64bit,metadata_csum,^orphan_file'],
  'ext4 with blocks of 1 KiB': ['-t', 'ext4', '-b', '1024'],
  'ext4 with inline data': ['-t', 'ext4', '-O', 'inline_data'],
  'ext4 with the features of later years': ['-t', 'ext4', '-O', 'orphan_file,metadata_csum_seed,large_dir,ea_inode'],
  'ext4 without checksums and extents': ['-t', 'ext4', '-O', '^metadata_csum,^64bit,^extent,uninit_bg'],
  ext3: ['-t', 'ext3'],
  'ext2 with small inodes': ['-t', 'ext2', '-I', '128', '-b', '2048'],
};

for (const [name, args] of Object.entries(kinds)) {
  test(`${name}: every edit is there, nothing else has changed, and e2fsck is content`, judged, (t) => {
    const folder = scratchFolder(t);
    const before = rootImage(folder, tree, args);
    const { image } = applied(before, edits(fullNode, tree));
    assertClean(folder, image);
    assertSameTree(dumped(folder, image), withEdits(tree, edits(fullNode, tree)));
  });
}

test('a plan made from the file system is that of the tree, and there is none left after its edits', judged, (t) => {
  const image = rootImage(scratchFolder(t), tree, ['-t', 'ext4']);
  const root = RootVolume.open(overlayOn(image), startBytes, image.length - startBytes);
  const plan = planRootEdits(fullNode, root, 'burn-1', now);
  // As JSON: one has Buffers where the other has plain arrays of bytes.
  assert.equal(JSON.stringify(plain(plan)), JSON.stringify(plain(edits(fullNode, tree))));
  root.apply(plan, now);
  assert.deepEqual(planRootEdits(fullNode, root, 'burn-1', now), []);
});

const plain = (list: readonly RootEdit[]) =>
  list.map((edit) =>
    edit.kind === 'file' ? { ...edit, bytes: [...edit.bytes], before: [...(edit.before ?? [])] } : edit,
  );

test('the same edits give the same bytes, with times of the burn and not of the clock', judged, (t) => {
  const folder = scratchFolder(t);
  const before = rootImage(folder, tree, ['-t', 'ext4']);
  const first = applied(before, edits(fullNode, tree)).image;
  assert.ok(first.equals(applied(before, edits(fullNode, tree)).image));
  const file = fileSystemOf(folder, first);
  const seconds = `0x${(now.getTime() / 1000).toString(16)}`;
  const times = (path: string) =>
    run('debugfs', ['-R', `stat ${path}`, file]).match(/^ ?(?:c|m|cr)time: 0x[0-9a-f]+/gm);
  for (const path of ['/usr/local/lib/piburn/firstboot', '/usr/local/lib/piburn', '/etc/localtime']) {
    assert.deepEqual(times(path), [` ctime: ${seconds}`, ` mtime: ${seconds}`, `crtime: ${seconds}`], path);
  }
  assert.deepEqual(times('/etc/hostname')?.slice(0, 2), [` ctime: ${seconds}`, ` mtime: ${seconds}`]);
  assert.match(run('dumpe2fs', ['-h', file]), /Last write time: +Tue Feb {2}3 04:05:06 2026/);
});

test('the patch is small, in order, and all of it inside the partition', judged, (t) => {
  const before = rootImage(scratchFolder(t), tree, ['-t', 'ext4', '-b', '4096'], 64);
  const { patch } = applied(before, edits(fullNode, tree));
  const total = patch.reduce((sum, { bytes }) => sum + bytes.length, 0);
  assert.ok(total > 4096 && total < 160 * 1024, `${total} bytes`);
  let end = startBytes;
  for (const { offsetBytes, bytes } of patch) {
    assert.ok(offsetBytes >= end && offsetBytes % 512 === 0 && bytes.length % 512 === 0);
    end = offsetBytes + bytes.length;
  }
  assert.ok(end <= before.length);
});

test('files of every size are written, grow and shrink', judged, (t) => {
  const folder = scratchFolder(t);
  for (const args of [
    ['-t', 'ext4'],
    ['-t', 'ext4', '-O', 'inline_data'],
  ]) {
    let image = rootImage(folder, debianTree(), args);
    for (const size of [3 * mebibyte + 1, 0, 140, 61, 300_000, 1]) {
      const bytes = Buffer.alloc(size, `${size} bytes `);
      const list = [fileEdit(`/etc/new-${size}`, bytes), fileEdit('/etc/hostname', bytes, { before: bytes })];
      const next = applied(image, list).image;
      const root = RootVolume.open(overlayOn(next), startBytes, next.length - startBytes);
      for (const { path } of list)
        assert.ok(bytes.equals(root.readFile(path, size) ?? Buffer.of(0)), `${path} ${size}`);
      image = next;
    }
    assertClean(folder, image);
  }
});

test('a folder whose block is full takes another folder', judged, (t) => {
  const folder = scratchFolder(t);
  const full = Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`/full/${index}${'n'.repeat(120)}`, '/']));
  let image = rootImage(folder, debianTree(full), ['-t', 'ext4', '-b', '1024']);
  for (let index = 0; index < 10; index++) {
    const edit = { kind: 'directory', path: `/full/new-${index}-${'n'.repeat(120)}`, isNew: true } as const;
    image = applied(image, [{ ...edit, mode: 0o750, uid: 1000, gid: 1000 }]).image;
  }
  assertClean(folder, image);
  assert.equal([...dumped(folder, image).keys()].filter((path) => path.startsWith('/full/')).length, 17);
});
