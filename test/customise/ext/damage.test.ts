// What is wrong with a file system is said: which inode, which block, which checksum.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ExtVolume } from '../../../src/customise/ext/volume.js';
import { scratchFolder } from '../../native/scratch.js';
import { debugfs, judged, makeSmall, openExt, withCode } from './ext-images.js';

/** debugfs changes what a test is about; then this must fail. */
const lies: readonly {
  readonly name: string;
  readonly options?: readonly string[];
  readonly commands: readonly string[];
  readonly look: (volume: ExtVolume) => unknown;
  readonly says: RegExp;
  readonly code?: string;
}[] = [
  {
    name: 'a block outside of it',
    commands: ['sif sparse block[0] 99999'],
    look: (volume) => volume.readFile('sparse'),
    says: /block 99999 is outside/,
  },
  {
    name: 'a list of blocks outside of it',
    commands: ['sif sparse block[IND] 99999'],
    look: (volume) => volume.readFile('sparse'),
    says: /block 99999 is outside/,
  },
  {
    name: 'a root that is no directory',
    commands: ['sif / mode 0100644'],
    look: (volume) => volume.exists('etc'),
    says: /its root is no directory/,
  },
  {
    name: 'a file of no kind',
    commands: ['sif sparse mode 0'],
    look: (volume) => volume.stat('sparse'),
    says: /inode \d+ is of no known kind/,
  },
  {
    name: 'a file of 2^62 bytes',
    commands: ['sif sparse size 0x4000000000000000'],
    look: (volume) => volume.readFile('sparse'),
    says: /an impossible size/,
  },
  {
    name: 'a file of 2^52 bytes',
    commands: ['sif sparse size 0x10000000000000'],
    look: (volume) => volume.readFile('sparse'),
    says: /"sparse" \(4503599627370496 bytes\) has more/,
    code: 'EXT_TOO_LARGE',
  },
  {
    name: 'a directory of 2 GiB',
    commands: ['sif many size 0x80000000'],
    look: (volume) => volume.list('many'),
    says: /\(2147483648 bytes\) has more/,
    code: 'EXT_TOO_LARGE',
  },
  {
    name: 'a directory that is a file',
    commands: ['sif usr/lib/os-release mode 040755'],
    look: (volume) => volume.list('usr/lib/os-release'),
    says: /has a broken entry/,
  },
  {
    name: 'a link that is too long for its inode',
    commands: ['sif etc/os-release size 60'],
    look: (volume) => volume.readlink('etc/os-release'),
    says: /too long for a symbolic link/,
  },
  {
    name: 'a link that is too long for any',
    commands: ['sif long size 5000'],
    look: (volume) => volume.readlink('long'),
    says: /too long for a symbolic link/,
  },
  {
    name: 'extents without their magic',
    options: ['-t', 'ext4', '-O', '^metadata_csum'],
    commands: ['sif sparse block[0] 0'],
    look: (volume) => volume.readFile('sparse'),
    says: /broken extent tree/,
  },
  {
    name: 'more extents than fit',
    options: ['-t', 'ext4', '-O', '^metadata_csum'],
    commands: ['sif etc block[0] 0x0005f30a', 'sif etc block[1] 5'],
    look: (volume) => volume.list('etc'),
    says: /broken extent tree/,
  },
  {
    name: 'an extent tree of another depth',
    options: ['-t', 'ext4', '-O', '^metadata_csum'],
    commands: ['sif sparse block[1] 0x00020004'],
    look: (volume) => volume.readFile('sparse'),
    says: /broken extent tree/,
  },
  {
    name: 'an extent tree of depth 6',
    options: ['-t', 'ext4', '-O', '^metadata_csum'],
    commands: ['sif sparse block[1] 0x00060004'],
    look: (volume) => volume.readFile('sparse'),
    says: /broken extent tree/,
  },
  {
    name: 'an extent without blocks',
    options: ['-t', 'ext4', '-O', '^metadata_csum'],
    commands: ['sif etc block[4] 0'],
    look: (volume) => volume.list('etc'),
    says: /extent without blocks/,
  },
  {
    name: 'less inline data than there should be',
    options: ['-t', 'ext4', '-I', '256', '-O', 'inline_data,^metadata_csum'],
    commands: ['sif usr/lib/os-release size 200'],
    look: (volume) => volume.readFile('usr/lib/os-release'),
    says: /less inline data than it says/,
  },
  {
    name: 'inline data that is not there',
    options: ['-t', 'ext4', '-O', 'inline_data,^metadata_csum'],
    commands: ['sif sparse flags 0x10000000'],
    look: (volume) => volume.readFile('sparse'),
    says: /lost its inline data/,
  },
];

for (const { name, options = ['-t', 'ext2'], commands, look, says, code = 'EXT_DAMAGED' } of lies) {
  test(`${name} is an error that says so`, judged, (t) => {
    const path = makeSmall(scratchFolder(t), [...options, '-b', '1024']);
    debugfs(path, ...commands);
    assert.throws(() => look(openExt(path)), withCode(code, says));
  });
}

test('an entry for an inode that does not exist is an error that says so', judged, (t) => {
  const path = makeSmall(scratchFolder(t), ['-t', 'ext2', '-b', '1024']);
  const image = readFileSync(path);
  image.writeUInt32LE(60_000, image.indexOf('sparse') - 8);
  writeFileSync(path, image);
  const volume = openExt(path);
  assert.throws(() => volume.stat('sparse'), withCode('EXT_DAMAGED', /there is no inode 60000/));
  assert.equal(volume.exists('many'), true);
});

test('a changed bit in what has a checksum is noticed, unless the journal may know better', judged, (t) => {
  const path = makeSmall(scratchFolder(t), ['-t', 'ext4', '-b', '1024']);
  const blockOf = (command: string, pattern: RegExp) => Number(pattern.exec(debugfs(path, command))?.[1]) * 1024;
  const inode = /at block (\d+), offset (0x\w+)/.exec(debugfs(path, 'imap sparse'));
  const cases: readonly [string, number, RegExp, (volume: ExtVolume) => unknown][] = [
    ['superblock', 1024 + 0x78, /superblock has a wrong checksum/, () => undefined],
    [
      'inode',
      Number(inode?.[1]) * 1024 + Number(inode?.[2]) + 0x10,
      /inode \d+ has a wrong/,
      (volume) => volume.stat('sparse'),
    ],
    [
      'extents',
      blockOf('dump_extents sparse', /0\/ 1 .* - +\d+ +(\d+)/) + 200,
      /an extent block with a wrong/,
      (volume) => volume.readFile('sparse'),
    ],
    [
      'directory',
      blockOf('blocks etc', /\n(\d+)/) + 0x20,
      /a block with a wrong checksum/,
      (volume) => volume.list('etc'),
    ],
  ];
  for (const [what, at, says, look] of cases) {
    const whole = readFileSync(path);
    const changed = Uint8Array.from(whole);
    changed[at] = (whole[at] ?? 0) ^ 1;
    writeFileSync(path, changed);
    assert.throws(() => look(openExt(path)), withCode('EXT_DAMAGED', says), what);
    writeFileSync(path, whole);
  }
  const damaged = readFileSync(path);
  damaged[Number(inode?.[1]) * 1024 + Number(inode?.[2]) + 0x10] = 0;
  writeFileSync(path, damaged);
  debugfs(path, 'feature needs_recovery');
  assert.equal(openExt(path).stat('sparse')?.kind, 'file');
});

test('a file system that does not fit its partition, or makes no sense, is damaged', judged, (t) => {
  const folder = scratchFolder(t);
  const image = readFileSync(makeSmall(folder, ['-t', 'ext2', '-b', '1024']));
  const open = (bytes: Uint8Array, sizeBytes = bytes.length) =>
    ExtVolume.open((offsetBytes, lengthBytes) => bytes.subarray(offsetBytes, offsetBytes + lengthBytes), 0, sizeBytes);
  assert.throws(
    () => open(image, image.length - 1),
    withCode('EXT_DAMAGED', /at byte 0 is damaged: it is larger than its partition/),
  );
  const cut = open(image.subarray(0, 100_000), image.length);
  assert.throws(() => cut?.readFile('sparse'), withCode('EXT_DAMAGED', /the image ends before its block/));
  // Block size, blocks per group, inodes per group, inode size, first block, number of inodes.
  for (const [at, value] of [
    [0x18, 99],
    [0x20, 0],
    [0x28, 0],
    [0x58, 100],
    [0x14, 7],
    [0x0, 0x7fffffff],
  ] as const) {
    const damaged = Buffer.from(image);
    damaged.writeUInt32LE(value, 1024 + at);
    assert.throws(() => open(damaged), withCode('EXT_DAMAGED', /its superblock makes no sense/), `${at}`);
  }
});
