// The image that is burned, decoded or fetched: laid out like Raspberry Pi OS, its root filled with noise, or with
// programs, libraries and data of this machine's /usr, which pack and unpack as those of a real image do.

import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type ByteRange, freeOf } from '../test/e2e/compare-cards.js';
import { MiB } from '../test/e2e/support.js';
import { makePiImage } from '../test/fixtures/pi-image.js';
import { run } from './programs.js';
import { tell } from './rounds.js';
import { sampleOfSystem } from './system-files.js';

export type Contents = 'noise' | 'system';

/** An image, and what its file systems leave unused as dumpe2fs and the FAT tell. */
export interface BenchImage {
  readonly path: string;
  readonly sizeBytes: number;
  readonly free: readonly ByteRange[];
}

/** The smallest image that has room for its partitions. */
export const leastMiB = 128;
const bootMiB = 64;
/** How much of the root partition is filled. pi-gen leaves a fifth and 200 MB free. */
const usedShare: Readonly<Record<Contents, number>> = { noise: 0.6, system: 0.75 };

export async function makeImage(directory: string, sizeMiB: number, contents: Contents): Promise<BenchImage> {
  tell('making the image');
  const path = join(directory, 'image.img');
  const rootMiB = sizeMiB - bootMiB - 8;
  const layout = await makePiImage(path, 'trixie', { bootMb: bootMiB, rootMb: rootMiB });
  const usedBytes = Math.floor(rootMiB * usedShare[contents]) * MiB;
  const files = contents === 'noise' ? [writeNoise(join(directory, 'noise'), usedBytes)] : sampleOfSystem(usedBytes);
  const script = join(directory, 'debugfs-commands');
  writeFileSync(script, files.map((file, index) => `write ${file} file-${index}\n`).join(''));
  const root = `${path}?offset=${layout.root.offsetBytes}`;
  await run(['debugfs', '-w', '-f', script, root]);
  // debugfs ends well whatever became of its commands.
  await run(['e2fsck', '-fn', root]);
  return { path, sizeBytes: statSync(path).size, free: freeOf(path, layout) };
}

/** What the image uses, in whole MiB. */
export function usedMiB({ sizeBytes, free }: BenchImage): number {
  const freeBytes = free.reduce((sum, { startBytes, endBytes }) => sum + endBytes - startBytes, 0);
  return Math.round((sizeBytes - freeBytes) / MiB);
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
