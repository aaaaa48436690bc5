// The conductor, and the page to read first: options → plan → pool → events → result (ARCHITECTURE.md has the picture).

import { claimDisks } from '../devices/claims.js';
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
import { checkCounts, checkEffects, doubts, isChosenByPiburn, type Order } from './order.js';
import { type Prepared, planOf, prepare } from './prepare.js';
import { RunLog } from './run-log.js';
import type { Slot } from './slot.js';
import { readBook } from './slot-book.js';
import { inspectSlots, type SlotNow, SlotWatch } from './slot-look.js';
import { chooseSlots } from './slots.js';

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
  const first = await run.inspect(slots);
  checkEffects(order, first);
  const room = roomOf(first);
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
  /** The same moment on the clock that nobody sets. */
  readonly startedMs: number;
  readonly emit: (event: BurnEvent) => void;
  readonly cancel: Cancellation;
  readonly directory: string;
  readonly inspect: (slots: readonly Slot[], imageBytes?: number) => Promise<SlotNow[]>;
}

function beginRun(order: Order, emit: (event: BurnEvent) => void, cancel: Cancellation): Run {
  const { options } = order;
  const startedAt = new Date();
  const startedMs = performance.now();
  const directory = storeDirectory(options.store, process.env);
  return {
    order,
    log: new RunLog(options.records, emit, options.runId),
    startedAt,
    startedMs,
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
  const slots = await chooseSlots(devices, options, directory, book, nodes?.length ?? 0);
  const isToCut = isChosenByPiburn(order) && nodes !== undefined && order.resumes === undefined;
  const wanted = isToCut ? slots.slice(0, nodes.length) : slots;
  checkCounts(order, wanted);
  return wanted;
}

/** The question, the plan, the cards. */
async function burnImage(run: Run, slots: readonly Slot[], image: OpenImage): Promise<BurnSummary> {
  const { options } = run.order;
  const ready = await run.inspect(slots, image.table.totalBytes);
  const giveBack = options.dryRun ? () => undefined : claimDisks(ready.flatMap(({ target }) => target?.identity ?? []));
  try {
    return await burnClaimed(run, slots, ready, image);
  } finally {
    giveBack();
  }
}

async function burnClaimed(
  run: Run,
  slots: readonly Slot[],
  ready: readonly SlotNow[],
  image: OpenImage,
): Promise<BurnSummary> {
  const { order, emit, cancel } = run;
  const { options } = order;
  // What is known of a whole image belongs into the question, and what is wrong with the settings before it.
  const early = image.table.state === 'whole' ? await prepare(order, image, slots) : undefined;
  if (!options.dryRun) await askOnce(order, image, ready, early);
  const prepared = early ?? (await prepare(order, image, slots));
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
  const digest: { sha256?: string } = {};
  image.whole.then(
    ({ imageSha256 }) => Object.assign(digest, given({ sha256: imageSha256 })),
    () => undefined,
  );
  const cards: CardsRun = {
    options,
    image,
    emit,
    cancel,
    works,
    burned: marksOf(order.earlier),
    failed: [],
    lookAgain: (slot, target) => watch.lookAgain(slot, target),
    paces: new Map(),
    inspect: (slot) => watch.look(slot),
    warningsOf: (target, cardId) => log.warningsOf(target, cardId),
    onEnd: (report, target, slot) => log.card(report, target, slot, image, digest.sha256),
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
async function askOnce(
  order: Order,
  image: OpenImage,
  ready: readonly SlotNow[],
  prepared: Prepared | undefined,
): Promise<void> {
  const { options } = order;
  if (options.unasked && order.devices.length === 0) refuseMounted(ready);
  const isBlank = ({ target }: SlotNow) => target?.description.fresh || target?.description.sizeBytes === 0;
  if (ready.every(isBlank)) return;
  const preview = await planOf(order, image, ready, prepared);
  if (await options.confirm?.(preview)) return;
  throw refusal(
    'NOT_CONFIRMED',
    options.confirm === undefined
      ? 'the targets would be erased, and there is no terminal to ask at'
      : 'nothing was written: the question was not answered with yes',
    { hint: 'say --yes when you are sure of the targets' },
  );
}

/** With --yes and without --device nobody has named or seen these disks: one that somebody uses is not taken. */
function refuseMounted(ready: readonly SlotNow[]): void {
  for (const { target } of ready) {
    const { path, mountpoints } = target?.description ?? { path: '', mountpoints: [] };
    if (mountpoints.length > 0)
      throw refusal('NOT_NAMED', `${path} is mounted at ${mountpoints.join(', ')}, and nobody has named it`, {
        device: path,
        hint: 'name the targets with --device (or --device=usb), or leave --yes out and answer the question',
      });
  }
}

/** Why the image broke while cards were following it, if it did. */
async function problemOf(image: OpenImage): Promise<PiburnError | undefined> {
  // Nobody needs what is still coming: the cards are through.
  if (image.table.state !== 'broken') return undefined;
  return image.whole.then(() => undefined, asPiburnError);
}

function summaryOf(
  { order, log, startedAt, startedMs }: Run,
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
    elapsedMs: performance.now() - startedMs,
    decodes: image.how === 'decode' || image.how === 'fetch' ? 1 : 0,
    good: count('good'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    cards: all,
    retried,
    ...given({ failure: problem?.failure }),
  };
}
