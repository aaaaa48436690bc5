// Cards for one trial: files whose used blocks all hold something else (loop devices on them as root, plain files
// otherwise), compared with the image after it by a program that shares nothing with piburn (cards.c).

import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type ByteRange, isRoot, MiB } from '../test/e2e/support.js';
import { compile } from './compile.js';
import type { BenchImage } from './image.js';
import type { Measure } from './measure.js';
import { withDirectory } from './place.js';
import { run } from './programs.js';

export const cardKind = isRoot ? 'loop devices on files' : 'plain files';

/** Cards are so much larger than the image. */
const beyondBytes = 16 * MiB;

export interface Cards {
  readonly paths: readonly string[];
  /** A store with nothing in it. */
  readonly store: string;
  /** For whatever the trial needs besides. */
  readonly work: string;
}

/** Where cards may differ from the image, because their node's settings lie there. */
export interface Patched {
  readonly within: ByteRange;
  readonly blocksMost: number;
}

/** Runs a trial on `count` cards. It does not count when a block is wrong afterwards. */
export const withCards = (
  place: string,
  image: BenchImage,
  count: number,
  trial: (cards: Cards) => Promise<Measure>,
  patched?: Patched,
): Promise<Measure> =>
  withDirectory(async (work) => {
    const program = await compile('cards', place);
    const files = Array.from({ length: count }, (_, index) => join(work, `card${index + 1}.img`));
    for (const file of files) makeFile(file, image.sizeBytes + beyondBytes);
    await run([program, 'soil', image.path, image.rangesPath, ...files]);
    const store = join(work, 'store');
    const measured = isRoot
      ? await withLoops(files, (paths) => trial({ paths, store, work }))
      : await trial({ paths: files, store, work });
    if (measured.problem !== undefined) return measured;
    const wrong = wrongIn(await run([program, 'check', image.path, image.rangesPath, ...files]), patched);
    return wrong === undefined ? measured : { ...measured, problem: wrong };
  }, place);

/** What is wrong with cards, from what `cards check` printed; undefined when nothing is. */
export function wrongIn(text: string, patched?: Patched): string | undefined {
  const blocks = [...text.matchAll(/^(.+) (\d+)$/gm)].map(([, card = '', offset]) => ({ card, at: Number(offset) }));
  const isPatch = ({ at }: { readonly at: number }) =>
    patched !== undefined && at >= patched.within.startBytes && at < patched.within.endBytes;
  const [first] = blocks.filter((block) => !isPatch(block));
  if (first !== undefined)
    return `${blocks.filter((block) => !isPatch(block)).length} blocks are wrong, the first on ${first.card} at byte ${first.at}`;
  for (const card of new Set(blocks.map((block) => block.card))) {
    const changed = blocks.filter((block) => block.card === card).length;
    if (changed > (patched?.blocksMost ?? 0)) return `settings for ${card} took ${changed} blocks`;
  }
  return undefined;
}

function makeFile(path: string, sizeBytes: number): void {
  const file = openSync(path, 'w');
  try {
    ftruncateSync(file, sizeBytes);
  } finally {
    closeSync(file);
  }
}

async function withLoops<T>(files: readonly string[], action: (devices: readonly string[]) => Promise<T>): Promise<T> {
  const devices: string[] = [];
  try {
    // Not ended by Ctrl-C: a device whose name nobody hears would stay.
    for (const file of files) devices.push(await run(['losetup', '--find', '--show', file], { cleansUp: true }));
    return await action(devices);
  } finally {
    await Promise.all(devices.map((device) => run(['losetup', '--detach', device], { cleansUp: true })));
  }
}
