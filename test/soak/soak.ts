// A soak: many burns with faults by chance, in one process that lives through all of them. Every card is good, byte by byte,
// or failed with a name that fits its fault; the stores are whole; nothing that the process holds grows.

import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildShim } from '../shim/build.js';
import { differences, makeUsedCard } from '../shim/card-files.js';
import type { BurnReply } from './burner.js';
import { mib } from './card-faults.js';
import { SoakImages } from './image.js';
import { type CardEnd, judgeRun, judgeStore } from './judge.js';
import { LongLife } from './long-life.js';
import { planSoak, type SoakPlan, type SoakRun, type SoakWishes } from './plan.js';
import { growths, loopDevicesOver, openIn, type Resources } from './resources.js';

const cardBytes = 16 * mib;
/** Fewer samples show nothing. */
const growthRunsMin = 9;

export interface SoakEnd {
  readonly cards: readonly CardEnd[];
  /** After each run. */
  readonly samples: readonly Resources[];
  /** Empty when all is well. */
  readonly wrong: readonly string[];
}

/** Told after each run. */
export type OnRun = (run: SoakRun, cards: readonly CardEnd[], resources: Resources) => void;

/**
 * @param stop ends it early; then it rejects, as it does when the burning process ends by itself.
 * @returns undefined where there is no C compiler for the shim.
 */
export async function soak(
  wishes: SoakWishes,
  onRun: OnRun = () => undefined,
  stop: AbortSignal = new AbortController().signal,
): Promise<SoakEnd | undefined> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'piburn-soak-')));
  try {
    const shim = buildShim(folder);
    return shim === undefined ? undefined : await soakIn(folder, shim, planSoak(wishes), onRun, stop);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function soakIn(folder: string, shim: string, plan: SoakPlan, onRun: OnRun, stop: AbortSignal): Promise<SoakEnd> {
  mkdirSync(join(folder, 'cards'));
  const images = new SoakImages(folder);
  const life = new LongLife(shim, plan.rules, folder);
  stop.addEventListener('abort', () => life.end());
  const [cards, samples, wrong]: [CardEnd[], Resources[], string[]] = [[], [], []];
  try {
    for (const run of plan.runs) {
      const done = await doRun({ folder, images, life }, run);
      cards.push(...done.cards);
      samples.push(done.resources);
      wrong.push(...done.wrong.map((each) => `run ${run.index + 1}: ${each}`));
      onRun(run, done.cards, done.resources);
    }
  } finally {
    life.end();
  }
  if (samples.length >= growthRunsMin) wrong.push(...growths(samples));
  return { cards, samples, wrong };
}

interface Bench {
  readonly folder: string;
  readonly images: SoakImages;
  readonly life: LongLife;
}

interface RunEnd {
  readonly cards: readonly CardEnd[];
  readonly resources: Resources;
  readonly wrong: readonly string[];
}

async function doRun(bench: Bench, run: SoakRun): Promise<RunEnd> {
  const { folder, images, life } = bench;
  const cardsFolder = join(folder, 'cards');
  for (const { file } of run.cards) makeUsedCard(join(cardsFolder, file), cardBytes);
  const image = images.copy(run.imageName, run.form);
  const store = join(folder, run.storeName);
  mkdirSync(store, { recursive: true, mode: 0o700 });
  const reply = await life.burn({
    image,
    device: run.cards.map(({ file }) => join(cardsFolder, file)).join(','),
    store,
    options: run.options,
    caller: run.fault?.caller,
  });
  const cards = judgeRun(run, reply, cardsFolder, images);
  const after = await afterwards(bench, run, image);
  const resources = await life.atRest();
  const wrong = [
    ...cards.flatMap((card, index) => card.wrong.map((each) => `${run.cards[index]?.file} (${card.fault}): ${each}`)),
    ...after,
    ...openIn(life.pid, folder).map((path) => `${path} is still open`),
    ...loopDevicesOver(folder).map((name) => `${name} was left behind`),
  ];
  for (const { file } of run.cards) rmSync(join(cardsFolder, file), { force: true });
  if (run.imageName !== 'small') rmSync(image, { force: true });
  return { cards, resources, wrong };
}

/** The store is whole; one that had a fault is used once more under another name, where no rule meets it, and serves. */
async function afterwards({ folder, images, life }: Bench, run: SoakRun, image: string): Promise<string[]> {
  const store = join(folder, run.storeName);
  const wrong = judgeStore(store, images);
  if (run.storeName === 'store') return wrong;
  const [calmStore, calmImage] = [join(folder, 'calm-store'), images.path('calm-image', run.form)];
  const card = join(folder, 'cards', 'calm.img');
  renameSync(store, calmStore);
  renameSync(image, calmImage);
  makeUsedCard(card, cardBytes);
  const reply = await life.burn({ image: calmImage, device: card, store: calmStore, options: {}, caller: undefined });
  wrong.push(...judgeStore(calmStore, images));
  if (!isGood(reply) || differences(card, images.raw, 1).length > 0)
    wrong.push(`a calm run after it did not make a good card: ${JSON.stringify(reply)}`);
  for (const path of [calmStore, calmImage, card]) rmSync(path, { recursive: true, force: true });
  return wrong;
}

const isGood = (reply: BurnReply): boolean => 'summary' in reply && reply.summary.good === 1;
