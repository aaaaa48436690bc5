// The image that is burned, decoded or fetched: laid out like Raspberry Pi OS, its root filled with noise, or with
// programs, libraries and data of this machine's /usr, which pack and unpack as those of a real image do.

import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../src/errors.js';
import { type ByteRange, freeOf } from '../test/e2e/compare-cards.js';
import { MiB } from '../test/e2e/support.js';
import { makePiImage, type PiImageLayout } from '../test/fixtures/pi-image.js';
import { run } from './programs.js';
import { tell } from './rounds.js';
import { sampleOfSystem } from './system-files.js';
import { lengthOf, rangesText, usedRanges } from './used.js';

export type Contents = 'noise' | 'system';

/** An image, and what its file systems use and leave unused as dumpe2fs and the FAT tell. */
export interface BenchImage {
  readonly path: string;
  readonly sizeBytes: number;
  readonly layout: PiImageLayout;
  readonly used: readonly ByteRange[];
  readonly usedBytes: number;
  /** A file with a line `OFFSET LENGTH` for each used range, for the bench's C programs. */
  readonly rangesPath: string;
}

/** The smallest image that has room for its partitions. */
export const leastMiB = 128;
const bootMiB = 64;
/** How much of the root partition is filled. pi-gen leaves a fifth and 200 MB free. */
const usedShare = 0.75;

export interface ImageOrder {
  readonly sizeMiB: number;
  readonly contents: Contents;
  /** What part of the root partition is filled. */
  readonly share?: number;
  readonly name?: string;
}

export async function makeImage(
  directory: string,
  { sizeMiB, contents, share = usedShare, name = 'image' }: ImageOrder,
): Promise<BenchImage> {
  tell(`making an image of ${sizeMiB} MiB`);
  const path = join(directory, `${name}.img`);
  const rootMiB = sizeMiB - bootMiB - 8;
  const layout = await makePiImage(path, 'trixie', { bootMb: bootMiB, rootMb: rootMiB });
  const wantedBytes = Math.floor(rootMiB * share) * MiB;
  const files =
    contents === 'noise' ? [writeNoise(join(directory, 'noise'), wantedBytes)] : sampleOfSystem(wantedBytes);
  const script = join(directory, 'debugfs-commands');
  writeFileSync(script, files.map((file, index) => `write ${file} file-${index}\n`).join(''));
  const root = `${path}?offset=${layout.root.offsetBytes}`;
  await run(['debugfs', '-w', '-f', script, root]);
  // debugfs ends well whatever became of its commands.
  await run(['e2fsck', '-fn', root]);
  const { size: sizeBytes } = statSync(path);
  const used = usedRanges(freeOf(path, layout), sizeBytes);
  const rangesPath = `${path}.ranges`;
  writeFileSync(rangesPath, rangesText(used));
  fillHoles(path, used);
  return { path, sizeBytes, layout, used, usedBytes: lengthOf(used), rangesPath };
}

/** What the image uses, in whole MiB. */
export const usedMiB = ({ usedBytes }: BenchImage): number => Math.round(usedBytes / MiB);

/** Used zeros are bytes too; bmaptool takes a hole in the file for something unused. */
function fillHoles(path: string, used: readonly ByteRange[]): void {
  const piece = Buffer.alloc(MiB);
  const file = openSync(path, 'r+');
  try {
    for (const { startBytes, endBytes } of used)
      for (let at = startBytes; at < endBytes; at += piece.length) {
        const count = readSync(file, piece, 0, Math.min(piece.length, endBytes - at), at);
        if (writeSync(file, piece, 0, count, at) !== count) throw failure('SHORT_WRITE', `${path} has no room`);
      }
  } finally {
    closeSync(file);
  }
}

function writeNoise(path: string, sizeBytes: number): string {
  const piece = Buffer.alloc(MiB);
  const file = openSync(path, 'w');
  try {
    for (let doneBytes = 0; doneBytes < sizeBytes; doneBytes += piece.length) writeSync(file, randomFillSync(piece));
  } finally {
    closeSync(file);
  }
  return path;
}
