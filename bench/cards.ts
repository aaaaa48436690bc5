// Cards full of noise, made anew for every trial (loop devices as root, plain files otherwise), and compared with the
// image after it by code that shares nothing with piburn.

import { join } from 'node:path';
import { compareCards, makeNoisyCard } from '../test/e2e/compare-cards.js';
import { isRoot, MiB } from '../test/e2e/support.js';
import type { BenchImage } from './image.js';
import type { Measure } from './measure.js';
import { withDirectory } from './place.js';
import { run } from './programs.js';

export const cardKind = isRoot ? 'loop devices on files' : 'plain files';

export interface Cards {
  readonly paths: readonly string[];
  /** A store with nothing in it. */
  readonly store: string;
}

/** Runs a trial on `count` cards. It does not count when a block is wrong afterwards. */
export const withCards = (
  place: string,
  image: BenchImage,
  count: number,
  trial: (cards: Cards) => Promise<Measure>,
): Promise<Measure> =>
  withDirectory(async (work) => {
    const files = Array.from({ length: count }, (_, index) => join(work, `card${index + 1}.img`));
    for (const file of files) makeNoisyCard(file, image.sizeBytes + 16 * MiB);
    await run(['sync', ...files, image.path]);
    const store = join(work, 'store');
    const measured = isRoot
      ? await withLoops(files, (paths) => trial({ paths, store }))
      : await trial({ paths: files, store });
    if (measured.problem !== undefined) return measured;
    const wrong = compareCards(files, image.path, image).flatMap(({ changed, missed }) => [...changed, ...missed]);
    if (wrong.length === 0) return measured;
    return { ...measured, problem: `${wrong.length} blocks are wrong, the first at byte ${wrong[0]}` };
  }, place);

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
