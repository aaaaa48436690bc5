// A node's settings in the root of whole images: where the root is, what is shown, and what the image becomes.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { customiseRoot, findRootPlace } from '../../../src/customise/root/customise-root.js';
import type { Node } from '../../../src/protocol.js';
import { makePiImage } from '../../fixtures/pi-image.js';
import { imageOf, imageWith, run, sparseFile, without } from '../../image/allocation/disk.js';
import { scratchFolder } from '../../native/scratch.js';
import { debianTree, fullNode, hash, nodeWith, now, psk } from './debian-root.js';
import { assertClean, dumped, judged, mebibyte, patched, rootImage, startBytes } from './root-images.js';

const customised = async (image: Uint8Array, node: Node) =>
  customiseRoot(imageOf(image).read, { startBytes, sizeBytes: image.length - startBytes }, node, 'burn-1', now);

test('an image like Raspberry Pi OS gets its host name in the root alone', {
  skip: without('sfdisk', 'mkfs.vfat', 'mcopy', 'mke2fs', 'debugfs', 'e2fsck'),
}, async (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'pi.img');
  const { root } = await makePiImage(path, 'bookworm', { rootMb: 32 });
  const image = readFileSync(path);
  const asked: number[] = [];
  const place = await findRootPlace(imageOf(image).read, async (endBytes) => void asked.push(endBytes));
  assert.deepEqual(place, { startBytes: root.offsetBytes, sizeBytes: root.lengthBytes });
  assert.equal(Math.max(...asked), root.offsetBytes + root.lengthBytes);
  const { patch, files } = await customiseRoot(imageOf(image).read, place, nodeWith({ hostname: 'red001' }), 'b', now);
  assert.deepEqual(
    files.map((file) => file.path),
    ['/etc/hostname', '/etc/hosts'],
  );
  assert.ok(patch.every(({ offsetBytes }) => offsetBytes >= root.offsetBytes));
  const at = join(folder, 'root');
  writeFileSync(at, patched(image, [...patch]).subarray(root.offsetBytes));
  run('e2fsck', ['-fn', at]);
  assert.equal(run('debugfs', ['-R', 'cat /etc/hostname', at]), 'red001\n');
  assert.equal(run('debugfs', ['-R', 'cat /etc/hosts', at]), '127.0.0.1\tlocalhost\n127.0.1.1\tred001\n');
});

/** A disk with three partitions, at 1, 10 and 30 MiB. */
function partitionTable(folder: string): string {
  const table = sparseFile(join(folder, 'table'), 64 * mebibyte);
  const lines = ['start=2048, size=16384', 'start=20480, size=32768', 'start=61440, size=32768'];
  run('sfdisk', ['--quiet', table], `label: dos\n${lines.map((line) => `${line}, type=83\n`).join('')}`);
  return table;
}

test('the root is the partition with a system in it, wherever it stands', judged, async (t) => {
  const folder = scratchFolder(t);
  const table = partitionTable(folder);
  const system = rootImage(folder, debianTree({ '/etc/passwd': undefined }), ['-t', 'ext4'], 8).subarray(startBytes);
  // A folder alone is no system: only /etc without /usr.
  const nothing = Object.fromEntries([...debianTree().keys()].map((path) => [path, undefined]));
  const data = rootImage(folder, debianTree({ ...nothing, '/etc/x': 'x' }), ['-t', 'ext4'], 8).subarray(startBytes);
  const image = imageWith(64 * mebibyte, { 0: table, [mebibyte]: data, [10 * mebibyte]: system });
  assert.deepEqual(await findRootPlace(image.read, async () => undefined), {
    startBytes: 10 * mebibyte,
    sizeBytes: 16 * mebibyte,
  });
  const none = imageWith(64 * mebibyte, { 0: table, [mebibyte]: data });
  await assert.rejects(
    findRootPlace(none.read, async () => undefined),
    { name: 'PiburnError', message: /no ext2, ext3 or ext4 partition with a system/ },
  );
});

test('a root that cannot be read is named by what it has, and not called missing', judged, async (t) => {
  const image = rootImage(scratchFolder(t), debianTree(), ['-t', 'ext4'], 8).subarray(startBytes);
  // A feature of years to come.
  image.writeUInt32LE(image.readUInt32LE(1024 + 0x60) | 0x40000000, 1024 + 0x60);
  const disk = imageWith(64 * mebibyte, { 0: partitionTable(scratchFolder(t)), [10 * mebibyte]: image });
  await assert.rejects(
    findRootPlace(disk.read, async () => undefined),
    { name: 'PiburnError', message: /unknown feature 0x40000000/ },
  );
});

test('what is shown has the changed lines of old files, all of new ones, and no secrets', judged, async (t) => {
  const image = rootImage(
    scratchFolder(t),
    debianTree({
      '/etc/skel/\x1b[31mred': '',
      '/etc/skel/blob': Buffer.of(0, 1, 2),
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
      '/home/pi/.bashrc': undefined,
      '/etc/group': 'root:x:0:\nsudo:x:27:\n',
    }),
    ['-t', 'ext4'],
  );
  const { files } = await customised(image, fullNode);
  const shown = new Map(files.map(({ path, text }) => [path, text]));
  assert.equal(shown.size, files.length, 'each path is shown once');
  assert.equal(shown.get('/etc/hostname'), '(changed lines, mode 0644, owner 0:0)\n-raspberrypi\n+red001\n');
  assert.equal(
    shown.get('/etc/group'),
    '(changed lines, mode 0644, owner 0:0)\n-sudo:x:27:\n+sudo:x:27:alice\n+alice:x:1000:\n',
  );
  assert.equal(
    shown.get('/etc/shadow'),
    '(changed lines, mode 0640, owner 0:42)\n+alice:(secret):20487:0:99999:7:::\n',
  );
  assert.equal(shown.get('/etc/localtime'), '(link to /usr/share/zoneinfo/Europe/London)\n');
  assert.equal(shown.get('/home/alice'), '(directory, mode 0700, owner 1000:1000)\n');
  assert.equal(shown.get('/home/alice/blob'), '(new file, mode 0644, owner 1000:1000)\n(a copy of /etc/skel/blob)\n');
  assert.match(shown.get('/usr/local/lib/piburn/firstboot') ?? '', /\(secret\)$/);
  assert.ok(shown.has('/home/alice/?[31mred'), 'names of the image do not reach the terminal as they are');
  const all = JSON.stringify(files);
  for (const secret of [hash, psk, 'oldhash', 'echo hello']) assert.ok(!all.includes(secret), secret);
});

test('the same node gives the same patch, and another node another one', judged, async (t) => {
  const folder = scratchFolder(t);
  const image = rootImage(folder, debianTree(), ['-t', 'ext4']);
  const first = await customised(image, fullNode);
  assert.deepEqual(await customised(image, fullNode), first);
  const other = await customised(image, { ...fullNode, hostname: 'red002' });
  assert.notDeepEqual(other.patch, first.patch);
  const after = patched(image, [...other.patch]);
  assertClean(folder, after);
  assert.equal(Buffer.from(dumped(folder, after).get('/etc/hostname')?.content ?? '').toString(), 'red002\n');
});

test('a node that asks for nothing has no patch', judged, async (t) => {
  const image = rootImage(scratchFolder(t), debianTree(), ['-t', 'ext4']);
  assert.deepEqual(await customised(image, nodeWith({})), { patch: [], files: [] });
});
