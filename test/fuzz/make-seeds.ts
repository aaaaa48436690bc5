// Makes the seeds anew with real programs: `npm run fuzz -- --make-seeds`. Small ones, so that an input takes no time.

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { sparseOf } from '../image/decode/sparse-writer.js';
import { writeSeed } from './seeds.js';
import { textSeeds } from './text-seeds.js';

const sectorBytes = 512;
const env = { ...process.env, LC_ALL: 'C', PATH: [process.env['PATH'], '/usr/sbin', '/sbin'].join(delimiter) };
const uuid = '01234567-89ab-cdef-0123-456789abcdef';
const ext = (...options: string[]): string[] => [
  'mke2fs',
  '-q',
  '-F',
  '-b',
  '1024',
  '-U',
  uuid,
  '-L',
  'rootfs',
  ...options,
];
const fat = (...options: string[]): string[] => ['mkfs.vfat', '-i', '12345678', '-n', 'BOOTFS', ...options];
const plain = '^metadata_csum,^has_journal,^64bit';

export function makeSeeds(): void {
  const folder = mkdtempSync(join(tmpdir(), 'piburn-seeds-'));
  try {
    makeDisks(folder);
    makeFats(folder);
    makeExts(folder);
    makePacked(folder);
    for (const [name, text] of textSeeds()) writeSeed(name, Buffer.from(text));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const run = (folder: string, [program = '', ...args]: readonly string[], input: string | Buffer = ''): Buffer =>
  execFileSync(program, args, { cwd: folder, env, input, stdio: 'pipe', maxBuffer: 1 << 26 });

/** A volume of so many sectors by this command. */
function volume(folder: string, sectors: number, command: readonly string[]): Buffer {
  const path = join(folder, 'volume');
  writeFileSync(path, '');
  truncateSync(path, sectors * sectorBytes);
  run(folder, [...command, 'volume']);
  const bytes = readFileSync(path);
  rmSync(path);
  return bytes;
}

type Part = readonly [startSector: number, sectors: number, command: readonly string[]];

function disk(folder: string, name: string, sectors: number, script: readonly string[], parts: readonly Part[]): void {
  const image = volume(folder, sectors, ['sh', '-c', `sfdisk --quiet "$0" <<'END'\n${script.join('\n')}\nEND`]);
  for (const [start, length, command] of parts) volume(folder, length, command).copy(image, start * sectorBytes);
  writeSeed(name, image);
}

function makeDisks(folder: string): void {
  const fat12 = fat('-F', '12', '-s', '1');
  const small = ext('-t', 'ext4', '-g', '256', '-N', '64', '-O', `${plain},meta_bg,^resize_inode`);
  disk(
    folder,
    'disk-mbr',
    6144,
    [
      'label: dos',
      'start=64, size=1024',
      'start=1088, size=1024',
      'start=2304, size=3500, type=5',
      'start=2368, size=2048',
    ],
    [
      [64, 1024, fat12],
      [1088, 1024, ext('-t', 'ext2', '-N', '64')],
      [2368, 2048, small],
    ],
  );
  disk(
    folder,
    'disk-fat16',
    6144,
    ['label: dos', 'start=64, size=4400, type=c', 'start=4464, size=1600'],
    [
      [64, 4400, fat('-F', '16', '-s', '1')],
      [4464, 1600, ext('-t', 'ext4', '-N', '64', '-O', '^has_journal')],
    ],
  );
  writeSeed('disk-bare', volume(folder, 512, fat12));
  disk(
    folder,
    'gpt-both',
    3072,
    ['label: gpt', 'first-lba: 34', 'start=64, size=1024', 'start=1088, size=1600, name="a b"'],
    [
      [64, 1024, fat12],
      [1088, 1600, small],
    ],
  );
}

function makeFats(folder: string): void {
  const kinds = [
    ['fat-12', 512, ['-F', '12', '-s', '1']],
    ['fat-16', 8400, ['-F', '16', '-s', '1', '-f', '1']],
    ['fat-32', 69_632, ['-F', '32', '-s', '1']],
  ] as const;
  writeFileSync(join(folder, 'file'), Buffer.alloc(2000, 'piburn '));
  for (const [name, sectors, options] of kinds) {
    const bytes = volume(folder, sectors, [
      'sh',
      '-c',
      `${fat(...options).join(' ')} "$0" && export MTOOLSRC=/dev/null && mmd -i "$0" '::long name of a directory' && ` +
        `for to in CMDLINE.TXT second 'long name of a directory/file'; do mcopy -i "$0" file "::$to"; done`,
    ]);
    // Behind the last file there are zeros, which the target adds.
    writeSeed(name, bytes.subarray(0, 1024 * 1024));
  }
}

function makeExts(folder: string): void {
  const tree = join(folder, 'tree');
  for (const name of ['etc', 'usr/lib', 'many']) mkdirSync(join(tree, name), { recursive: true });
  writeFileSync(join(tree, 'usr/lib/os-release'), 'ID=debian\nVERSION_ID="13"\n');
  symlinkSync('../usr/lib/os-release', join(tree, 'etc/os-release'));
  symlinkSync(`${'./'.repeat(40)}usr`, join(tree, 'long'));
  for (let index = 0; index < 30; index++) writeFileSync(join(tree, 'many', `${index}`.padEnd(100, 'n')), '');
  // Each byte that is written is an extent of its own.
  const sparse = openSync(join(tree, 'sparse'), 'w');
  for (let index = 0; index < 50; index++) writeSync(sparse, 'x', index * 4096);
  closeSync(sparse);
  const kinds = {
    ext2: ['-t', 'ext2'],
    ext4: ['-t', 'ext4', '-O', plain],
    inline: ['-t', 'ext4', '-O', `${plain},inline_data`],
  };
  for (const [name, options] of Object.entries(kinds)) {
    const bytes = volume(folder, 1536, [...ext(...options, '-N', '128', '-I', '256', '-d', tree)]);
    writeSeed(`ext-${name}`, bytes);
    writeSeed(`root-${name}`, bytes);
  }
}

function makePacked(folder: string): void {
  const image = Buffer.concat([Buffer.alloc(8192, 'piburn'), Buffer.alloc(16_384), Buffer.alloc(4096, 'abcd')]);
  writeSeed('sparse-image', sparseOf(image, { checksumHeader: true }));
  writeFileSync(join(folder, 'pi.img'), image);
  writeFileSync(join(folder, 'README.txt'), 'hello');
  run(folder, ['zip', '-q', 'out.zip', 'pi.img', 'README.txt']);
  writeSeed('zip-image', readFileSync(join(folder, 'out.zip')));
  const twice = (command: readonly string[]): Buffer =>
    Buffer.concat([image.subarray(0, 8192), image.subarray(8192)].map((part) => run(folder, command, part)));
  writeSeed('gzip-image', twice(['gzip', '-nc']));
  writeSeed('xz-image', twice(['xz', '-c0']));
  writeSeed('zstd-image', Buffer.concat([run(folder, ['zstd', '-qc', 'pi.img']), twice(['zstd', '-qc'])]));
}
