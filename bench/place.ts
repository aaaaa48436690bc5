// Where trials run: a temporary directory with an image, and cards that are made anew for every trial: loop devices as
// root, plain files otherwise.

import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ByteRange, compareCards, freeOf, makeNoisyCard } from '../test/e2e/compare-cards.js';
import { isRoot, MiB } from '../test/e2e/support.js';
import { makePiImage } from '../test/fixtures/pi-image.js';
import type { Measure } from './measure.js';
import type { Job } from './trials.js';

type RunTrial = (job: Job) => Promise<Measure>;
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' }).trim();

/** An image, and what its file systems leave unused as dumpe2fs and the FAT tell. */
export interface BenchImage {
  readonly path: string;
  readonly sizeBytes: number;
  readonly free: readonly ByteRange[];
}

export const makeDirectory = (): string => realpathSync(mkdtempSync(join(tmpdir(), 'piburn-bench-')));
export const removeDirectory = (path: string): void => rmSync(path, { recursive: true, force: true });
export const cardKind = isRoot ? 'loop devices on files' : 'plain files';

const bootMiB = 64;
/** How much of the root partition is filled with data. */
const usedShare = 0.6;

export async function makeImage(directory: string, sizeMiB: number): Promise<BenchImage> {
  const path = join(directory, 'image.img');
  const rootMiB = sizeMiB - bootMiB - 8;
  const layout = await makePiImage(path, 'trixie', { bootMb: bootMiB, rootMb: rootMiB });
  const data = join(directory, 'data');
  writeFileSync(data, randomFillSync(Buffer.alloc(Math.floor(rootMiB * usedShare) * MiB)));
  const root = `${path}?offset=${layout.root.offsetBytes}`;
  run('debugfs', '-w', '-R', `write ${data} data`, root);
  return { path, sizeBytes: statSync(path).size, free: freeOf(path, layout) };
}

/** Runs a trial on cards full of noise. `wrong`: offsets of blocks that are wrong then, found without any part of piburn. */
export async function withCards(place: string, image: BenchImage, count: number, trial: RunTrial) {
  const work = mkdtempSync(join(place, 'trial-'));
  const loops: string[] = [];
  try {
    const files = Array.from({ length: count }, (_, index) => join(work, `card${index + 1}.img`));
    for (const file of files) makeNoisyCard(file, image.sizeBytes + 16 * MiB);
    run('sync', ...files, image.path);
    if (isRoot) for (const file of files) loops.push(run('losetup', '--find', '--show', file));
    const cards = isRoot ? loops.slice() : files;
    const value = await trial({ image: image.path, imageBytes: image.sizeBytes, cards, store: join(work, 'store') });
    detach(loops);
    const wrong = compareCards(files, image.path, image).flatMap(({ changed, missed }) => [...changed, ...missed]);
    return { value, wrong };
  } finally {
    detach(loops);
    removeDirectory(work);
  }
}

const detach = (loops: string[]) => loops.splice(0).forEach((device) => void run('losetup', '--detach', device));
