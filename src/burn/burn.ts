// The conductor, and the page to read first: options → plan → pool → events → result (ARCHITECTURE.md has the picture).

import { asPiburnError, failure, interruption, type PiburnError, refusal } from '../errors.js';
import { given } from '../given.js';
import type { OpenImage } from '../image/image.js';
import { noteUse } from '../image/kept.js';
import { shownSource } from '../image/resolve.js';
import { storeDirectory } from '../image/store.js';
import type { BurnEvent, BurnSummary, CardReport, Plan } from '../protocol.js';
import type { Cancellation } from './cancellation.js';
import { burnCards, type CardRun } from './cards.js';
import { ImageAccess } from './image-access.js';
import type { BurnOptions } from './options.js';
import { checkRounds, doubts, type Order } from './order.js';
import { plannedCard, planOf, prepare } from './prepare.js';
import { inspectTargets, type Target } from './targets.js';

/**
 * Carries out an order. Rejects with a PiburnError when nothing was begun; once cards are being burned, everything that
 * happens is in the summary.
 */
export async function conduct(
  order: Order,
  emit: (event: BurnEvent) => void,
  cancel: Cancellation,
): Promise<BurnSummary> {
  const startedAt = new Date();
  const { options, devices } = order;
  const directory = storeDirectory(options.store, process.env);
  const inspect = (imageBytes?: number) => inspectTargets(devices, options, directory, imageBytes);

  if (!options.dryRun) checkRounds(order);
  const room = roomOf(await inspect());
  for (const message of doubts(order)) emit({ type: 'warning', message });
  const images = new ImageAccess(options, process.env, emit, cancel);
  const carryOut = async (image: OpenImage): Promise<BurnSummary> => {
    const targets = await inspect(image.table.totalBytes);
    if (!options.dryRun) await askOnce(order, image, targets);
    const prepared = await prepare(order, image);
    if (options.dryRun || mustBeWhole(image, options)) await inspect((await image.whole).imageBytes);
    const plan = await planOf(order, image, targets, prepared);
    if (cancel.requested) throw interruption('interrupted before any card was written');
    emit({ type: 'plan', plan });
    if (options.dryRun) return summaryOf(order, image, startedAt, []);
    const run: CardRun = {
      options,
      image,
      emit,
      cancel,
      inspect: async (device) => firstOf(await inspectTargets([device], options, directory, image.table.totalBytes)),
    };
    const cards = await burnCards(run, targets, prepared.assignments);
    if (cards.some(({ outcome }) => outcome === 'good')) noteUse(image.place, { burnedAt: new Date().toISOString() });
    return summaryOf(order, image, startedAt, cards, await problemOf(image));
  };
  try {
    return await images.use(options.image, carryOut, room);
  } finally {
    await images.close();
  }
}

/** No image is larger than the largest disk among the targets; a file takes whatever comes. */
function roomOf(targets: readonly Target[]): number {
  const any = Number.POSITIVE_INFINITY;
  return Math.max(
    ...targets.map(({ description }) => (description.kind === 'block' ? description.sizeBytes : undefined) ?? any),
  );
}

/** Cards are left untouched until a compressed image has proved whole, unless the person wants to start early. */
const mustBeWhole = (image: OpenImage, options: BurnOptions): boolean => image.how === 'decode' && !options.early;

/** The one question, before the first write. Nothing is asked when nothing is there that could be lost. */
async function askOnce(order: Order, image: OpenImage, targets: readonly Target[]): Promise<void> {
  const { options, nodes } = order;
  if (targets.every(({ description }) => description.fresh || description.sizeBytes === 0)) return;
  const names = nodes ?? order.devices.map(() => undefined);
  const preview: Plan = {
    image: { source: shownSource(options.image), layout: [], ...given({ sizeBytes: image.table.totalBytes }) },
    targets: targets.map(({ description }) => description),
    cards: names.map((node, index) => plannedCard(order, node, index)),
    verify: options.verify ?? true,
    full: options.full ?? false,
  };
  if (await options.confirm?.(preview)) return;
  throw refusal(
    'NOT_CONFIRMED',
    options.confirm === undefined
      ? 'the targets would be erased, and there is no terminal to ask at'
      : 'nothing was written: the question was not answered with yes',
    { hint: 'say --yes when you are sure of the targets' },
  );
}

/** Why the image broke while cards were following it, if it did. */
async function problemOf(image: OpenImage): Promise<PiburnError | undefined> {
  // Nobody needs what is still coming: the cards are through.
  if (image.table.state !== 'broken') return undefined;
  return image.whole.then(() => undefined, asPiburnError);
}

function summaryOf(
  { options }: Order,
  image: OpenImage,
  startedAt: Date,
  cards: readonly CardReport[],
  problem?: PiburnError,
): BurnSummary {
  const count = (outcome: CardReport['outcome']) => cards.filter((card) => card.outcome === outcome).length;
  return {
    version: 1,
    image: shownSource(options.image),
    startedAt: startedAt.toISOString(),
    elapsedMs: Date.now() - startedAt.getTime(),
    decodes: image.how === 'decode' || image.how === 'fetch' ? 1 : 0,
    good: count('good'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    cards,
    ...given({ failure: problem?.failure }),
  };
}

function firstOf(targets: readonly Target[]): Target {
  const [target] = targets;
  if (target === undefined) throw failure('NO_TARGET', 'no target was given');
  return target;
}
