// exFAT is made by mkfs.exfat, which knows no offset into a disk: in a sparse file, whose beginning (all that mkfs has
// written) is then copied in. So it needs no node of the partition, which comes late, or never for a card file.

import { closeSync, mkdtempSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { errnoOf, failure, type PiburnError } from '../errors.js';
import type { TargetIdentity } from '../protocol.js';
import type { CardLayout } from './layout.js';
import { runTool } from './tools.js';

export interface MadeFileSystem {
  readonly path: string;
  /** How much of its beginning is more than zeros. */
  readonly usedBytes: number;
  remove(): void;
}

/** mkfs.exfat takes a file for a disk with these. */
const sectorBytes = 512;
/** FAT and bitmap of the largest partition that an MBR holds stay below this. */
const usedBytesMax = 512 * 1024 * 1024;

/** @throws PiburnError `NO_SCRATCH_FILE`, `EXFAT_SECTORS`, and as `runTool`. */
export async function makeExfat(
  { path, kind }: TargetIdentity,
  layout: CardLayout,
  cardSectorBytes: number,
): Promise<MadeFileSystem> {
  if (cardSectorBytes !== sectorBytes) throw otherSectors(path, cardSectorBytes);
  const folder = makeFolder(kind === 'file' ? dirname(path) : tmpdir());
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const file = join(folder, 'exfat.img');
    makeSparse(file, layout.sizeBytes);
    await runTool('mkfs.exfat', ['-L', layout.label, file], path);
    return { path: file, usedBytes: usedBytesOf(file), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function makeFolder(place: string): string {
  try {
    return mkdtempSync(join(place, 'piburn-exfat-'));
  } catch (error) {
    throw noScratch(place, error);
  }
}

function makeSparse(file: string, sizeBytes: number): void {
  try {
    writeFileSync(file, '', { mode: 0o600 });
    truncateSync(file, sizeBytes);
  } catch (error) {
    throw noScratch(file, error);
  }
}

/**
 * Boot sectors, FAT, allocation bitmap, upcase table and root directory, which mkfs.exfat puts in this order (fields:
 * Microsoft, exFAT file system specification, 3.1).
 */
function usedBytesOf(file: string): number {
  const boot = Buffer.alloc(sectorBytes);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, boot, 0, boot.length, 0);
  } finally {
    closeSync(descriptor);
  }
  const sector = 2 ** boot.readUInt8(108);
  const clusterBytes = sector * 2 ** boot.readUInt8(109);
  const usedBytes = boot.readUInt32LE(88) * sector + (boot.readUInt32LE(96) - 2 + 1) * clusterBytes;
  if (boot.toString('latin1', 3, 8) === 'EXFAT' && usedBytes <= usedBytesMax) return usedBytes;
  throw failure('PROGRAM_FAILED', `mkfs.exfat made something in ${file} that is not understood`, {
    hint: 'use --fs fat32',
  });
}

const noScratch = (file: string, error: unknown): PiburnError =>
  failure('NO_SCRATCH_FILE', `a scratch file for the exFAT cannot be made at ${file} (${errnoOf(error)})`, {
    hint: 'set TMPDIR to a directory of a file system with large sparse files, such as ext4, or use --fs fat32',
  });

const otherSectors = (path: string, bytes: number): PiburnError =>
  failure('EXFAT_SECTORS', `${path} has sectors of ${bytes} bytes; exFAT is made here for sectors of ${sectorBytes}`, {
    device: path,
    hint: 'use --fs fat32',
  });
