// Images of some MiB with partitions and file systems that other programs know, so that a card that is not whole and
// mounts all the same would be seen; with so few used bytes that a burn of them is some dozens of calls.

import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { pattern } from '../native/scratch.js';

const mib = 1024 * 1024;

export type DiskKind = 'mbr' | 'gpt';

/**
 * An image of 6 MiB: FAT from 1 MiB on, ext2 from 3 MiB on, and noise in both. The GPT kind has its backup table in its
 * last sectors.
 * @returns its bytes; a string says which program is missing.
 */
export function makeSmallDisk(kind: DiskKind, path: string): Buffer | string {
  const file = openSync(path, 'w');
  ftruncateSync(file, 6 * mib);
  closeSync(file);
  const table = { mbr: 'label: dos\n', gpt: 'label: gpt\n' }[kind];
  const types = { mbr: ['c', '83'], gpt: ['U', 'L'] }[kind];
  const parts = `start=2048, size=4096, type=${types[0]}, bootable\nstart=6144, size=4096, type=${types[1]}\n`;
  const script = table + (kind === 'gpt' ? parts.replace(', bootable', '') : parts);
  for (const [program, args, input] of [
    ['sfdisk', ['--quiet', path], script],
    ['mkfs.vfat', ['-F', '12', '-n', 'PIBOOT', '--offset', '2048', path, '2048'], ''],
    ['mke2fs', ['-q', '-F', '-t', 'ext2', '-L', 'piroot', '-E', `offset=${3 * mib}`, path, '2048'], ''],
  ] as const) {
    const run = spawnSync(program, [...args], { input, encoding: 'utf8' });
    if (run.error !== undefined) return `needs ${program}`;
    if (run.status !== 0) throw new Error(`${program}: ${run.stderr}`);
  }
  addNoise(path);
  const bytes = readFileSync(path);
  rmSync(path);
  return bytes;
}

function addNoise(path: string): void {
  const file = openSync(path, 'r+');
  for (const [seed, atBytes, lengthBytes] of [
    [3, 1.5 * mib, 300 * 1024],
    [4, 2.5 * mib, 4096],
    [5, 4 * mib, 700 * 1024],
  ] as const)
    writeSync(file, pattern(lengthBytes, seed), 0, lengthBytes, atBytes);
  closeSync(file);
}

/** A card with an old life: partitions with file systems of another name, noise all over. */
export function oldCard(kind: DiskKind, sizeBytes: number, image: Buffer): Buffer {
  const card = Buffer.from(pattern(sizeBytes, 9));
  const old = Buffer.from(image);
  for (const name of ['PIBOOT ', 'piroot']) renameAll(old, name, 'x'.repeat(name.length));
  // The disk's own number, so that nobody takes the old table for the new one (UEFI 2.10, 5.2.1).
  old.writeUInt32LE(0xdecade, 440);
  old.copy(card, 0, 0, kind === 'gpt' ? 5 * mib : old.length);
  // Boot loaders lie here, before the first partition.
  pattern(mib / 2, 11).copy(card, mib / 4);
  return card;
}

function renameAll(bytes: Buffer, from: string, to: string): void {
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at, 'latin1');
}
