// The conductor, and the page to read first: options → plan → pool → events → result (ARCHITECTURE.md has the picture).

import { asPiburnError, interruption, type PiburnError, refusal } from '../errors.js';
import { given } from '../given.js';
import type { OpenImage } from '../image/image.js';
import { noteUse } from '../image/kept.js';
import { shownSource } from '../image/resolve.js';
import { storeDirectory } from '../image/store.js';
import type { BurnEvent, BurnSummary, CardReport, Plan } from '../protocol.js';
import type { Cancellation } from './cancellation.js';
import { burnCards, type CardsEnd, type CardsRun } from './cards.js';
import { ImageAccess } from './image-access.js';
import { marksOf } from './marks.js';
import type { BurnOptions } from './options.js';
import { checkCounts, doubts, isChosenByPiburn, type Order } from './order.js';
import { planOf, prepare } from './prepare.js';
import { RunLog } from './run-log.js';
import { readBook } from './slot-book.js';
import { chooseSlots, inspectSlots, type Slot, type SlotNow, SlotWatch } from './slots.js';

/**
 * Carries out an order. Rejects with a PiburnError when nothing was begun; once cards are being burned, everything that
 * happens is in the summary.
 */
export async function conduct(
  order: Order,
  emit: (event: BurnEvent) => void,
  cancel: Cancellation,
): Promise<BurnSummary> {
  const run = beginRun(order, emit, cancel);
  const slots = await slotsOf(run);
  const room = roomOf(await run.inspect(slots));
  for (const message of doubts(order, slots)) emit({ type: 'warning', message });
  const images = new ImageAccess(order.options, process.env, emit, cancel);
  try {
    return await images.use(order.options.image, (image) => burnImage(run, slots, image), room);
  } finally {
    await images.close();
  }
}

interface Run {
  readonly order: Order;
  readonly log: RunLog;
  readonly startedAt: Date;
  readonly emit: (event: BurnEvent) => void;
  readonly cancel: Cancellation;
  readonly directory: string;
  readonly inspect: (slots: readonly Slot[], imageBytes?: number) => Promise<SlotNow[]>;
}

function beginRun(order: Order, emit: (event: BurnEvent) => void, cancel: Cancellation): Run {
  const { options } = order;
  const startedAt = new Date();
  const directory = storeDirectory(options.store, process.env);
  return {
    order,
    log: new RunLog(options.records, emit),
    startedAt,
    emit,
    cancel,
    directory,
    inspect: (slots, imageBytes) => inspectSlots(slots, options, directory, imageBytes),
  };
}

/** The slots that are meant; of those that piburn has chosen itself no more than there are nodes. */
async function slotsOf({ order, directory, emit }: Run): Promise<readonly Slot[]> {
  const { options, devices, nodes } = order;
  const book = readBook(options.records, emit);
  const slots = await chooseSlots(devices, options, directory, book);
  const wanted = isChosenByPiburn(order) && nodes !== undefined ? slots.slice(0, nodes.length) : slots;
  checkCounts(order, wanted);
  return wanted;
}

/** The question, the plan, the cards. */
async function burnImage(run: Run, slots: readonly Slot[], image: OpenImage): Promise<BurnSummary> {
  const { order, emit, cancel } = run;
  const { options } = order;
  const ready = await run.inspect(slots, image.table.totalBytes);
  if (!options.dryRun) await askOnce(order, image, ready);
  const prepared = await prepare(order, image, slots);
  if (options.dryRun || mustBeWhole(image, options)) await run.inspect(slots, (await image.whole).imageBytes);
  const plan = await planOf(order, image, ready, prepared);
  if (cancel.requested) throw interruption('interrupted before any card was written');
  emit({ type: 'plan', plan });
  if (options.dryRun) return summaryOf(run, image, { cards: [], retried: [] });
  const ended = await burnAll(run, image, plan, prepared.works, ready);
  if (ended.cards.some(isGood)) noteUse(image.place, { burnedAt: new Date().toISOString() });
  return summaryOf(run, image, ended, await problemOf(image));
}

async function burnAll(
  { order, log, emit, cancel, directory }: Run,
  image: OpenImage,
  plan: Plan,
  works: CardsRun['works'],
  slots: readonly SlotNow[],
): Promise<CardsEnd> {
  const { options, journal, resumes } = order;
  if (journal !== undefined) log.begin(journal(image.name), plan, resumes);
  const watch = new SlotWatch(options, directory, () => image.table.totalBytes);
  const cards: CardsRun = {
    options,
    image,
    emit,
    cancel,
    works,
    burned: marksOf(order.earlier),
    paces: new Map(),
    inspect: (slot) => watch.look(slot),
    warningsOf: (target, cardId) => log.warningsOf(target, cardId),
    onEnd: (report, target, slot) => log.card(report, target, slot, image),
  };
  const ended = await burnCards(cards, slots);
  log.end(ended.cards.every(isGood) ? 'done' : 'unfinished');
  return ended;
}

const isGood = ({ outcome }: CardReport): boolean => outcome === 'good';

/** No image is larger than the largest disk among the targets; a file takes whatever comes. */
function roomOf(slots: readonly SlotNow[]): number {
  const any = Number.POSITIVE_INFINITY;
  const sizes = slots.map(({ target }) =>
    target?.description.kind === 'block' ? (target.description.sizeBytes ?? any) : any,
  );
  return Math.max(...sizes);
}

/** Cards are left untouched until a compressed image has proved whole, unless the person wants to start early. */
const mustBeWhole = (image: OpenImage, options: BurnOptions): boolean => image.how === 'decode' && !options.early;

/** The one question, before the first write. Nothing is asked when nothing is there that could be lost. */
async function askOnce(order: Order, image: OpenImage, ready: readonly SlotNow[]): Promise<void> {
  const { options } = order;
  const isBlank = ({ target }: SlotNow) => target?.description.fresh || target?.description.sizeBytes === 0;
  if (ready.every(isBlank)) return;
  const preview = await planOf(order, image, ready);
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
  { order, log, startedAt }: Run,
  image: OpenImage,
  { cards, retried }: CardsEnd,
  problem?: PiburnError,
): BurnSummary {
  const all = [...order.earlier, ...cards];
  const count = (outcome: CardReport['outcome']) => all.filter((card) => card.outcome === outcome).length;
  return {
    version: 1,
    run: log.id,
    image: shownSource(order.options.image),
    startedAt: startedAt.toISOString(),
    elapsedMs: Date.now() - startedAt.getTime(),
    decodes: image.how === 'decode' || image.how === 'fetch' ? 1 : 0,
    good: count('good'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    cards: all,
    retried,
    ...given({ failure: problem?.failure }),
  };
}
