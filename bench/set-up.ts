// Everything that trials need and that is made once, when the first of them asks: images, archives, stores that a burn
// has warmed, a .bmap, and programs.

import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { given } from '../src/given.js';
import { compile } from './compile.js';
import { bmaptool, type Tools } from './contenders.js';
import { etcherDirectory } from './etcher.js';
import { packXzInBlocks } from './forms.js';
import { type BenchImage, makeImage } from './image.js';
import { isThere, piburn, run } from './programs.js';
import { tell } from './rounds.js';
import type { TableOrder } from './table-order.js';
import type { SetUp, Trial } from './trials.js';

/** About 40 % of the image stays unused. */
const share = 0.6;

/** What one set-up's trials share. */
export interface Source {
  readonly image: BenchImage;
  /** What is burned: the image, or it compressed. */
  readonly path: string;
  readonly packedBytes: number;
  /** A store that knows the image, where a trial asks for one. */
  readonly warmStore: string;
}

export interface Workshop {
  readonly tools: Tools;
  sourceOf(setUp: SetUp): Promise<Source>;
}

/** Makes no more than the chosen trials need. */
export async function openWorkshop(directory: string, order: TableOrder, chosen: readonly Trial[]): Promise<Workshop> {
  const tools: Tools = {
    limit: await compile('limit', directory),
    bmapOf: ({ path }) => `${path}.bmap`,
    ...given({ etcher: await etcherDirectory(order.etcher) }),
  };
  const images = new Map<string, Promise<BenchImage>>();
  const sources = new Map<string, Promise<Source>>();
  const imageOf = (size: SetUp['image']) =>
    once(images, size, () => {
      const sizeMiB = size === 'large' ? order.mib : order.slowMib;
      return makeOne(directory, size, sizeMiB, asks(chosen, { image: size }, isByBmap));
    });
  return {
    tools,
    sourceOf: ({ image, form }) =>
      once(sources, `${image} ${form}`, async () =>
        makeSource(directory, await imageOf(image), form, asks(chosen, { image, form }, isWarm)),
      ),
  };
}

const isByBmap = ({ contender }: Trial): boolean => contender === bmaptool && isThere('bmaptool');
const isWarm = ({ contender }: Trial): boolean => contender.isWarm === true;

/** Whether one of the trials with this image is such. */
const asks = (
  chosen: readonly Trial[],
  { image, form }: Partial<Pick<SetUp, 'image' | 'form'>>,
  isSuch: (trial: Trial) => boolean,
): boolean =>
  chosen.some(
    (trial) => trial.setUp.image === image && (form === undefined || trial.setUp.form === form) && isSuch(trial),
  );

function once<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const found = made.get(key) ?? make();
  made.set(key, found);
  return found;
}

async function makeOne(directory: string, name: string, sizeMiB: number, withBmap: boolean): Promise<BenchImage> {
  const image = await makeImage(directory, { sizeMiB, contents: 'system', share, name });
  if (withBmap) await run(['bmaptool', 'create', '--output', `${image.path}.bmap`, image.path]);
  return image;
}

async function makeSource(
  directory: string,
  image: BenchImage,
  form: SetUp['form'],
  withStore: boolean,
): Promise<Source> {
  const path = form === 'raw' ? image.path : `${image.path}.xz`;
  if (form === 'xz') {
    tell('packing');
    await packXzInBlocks(image.path, path, image.sizeBytes);
  }
  const warmStore = join(directory, `store-${form}-${image.sizeBytes}`);
  if (withStore) await warm(directory, path, warmStore);
  return { image, path, packedBytes: statSync(path).size, warmStore };
}

/** By a burn onto a file: what the first burn of an image leaves for the second. */
async function warm(directory: string, source: string, store: string): Promise<void> {
  tell('warming a store');
  const card = join(directory, 'warming.img');
  await run(piburn('burn', source, card, '--yes', `--store=${store}`));
  rmSync(card);
}
