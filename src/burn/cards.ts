// Burns the nodes onto cards: a queue of nodes, and slots that each take the next one as soon as a fresh card is in them.
// Every slot works on its own, one worker at a time, so that nothing that happens to one card reaches another.

import type { Failure } from '../errors.js';
import { given } from '../given.js';
import type { CardReport, CardResult } from '../protocol.js';
import { Cancellation } from './cancellation.js';
import { CardPool } from './card-pool.js';
import { Gate } from './gate.js';
import { marksOf, traceOfCard } from './marks.js';
import { type BurnRun, burnOne } from './one-burn.js';
import { canSwap, defaults } from './options.js';
import { imageBroken, interrupted, isOwnFault, leftOut, notBurned } from './outcomes.js';
import { type Work, WorkQueue } from './queue.js';
import type { Slot } from './slot.js';
import type { SlotNow, Target } from './slot-look.js';
import { nextTarget, type SwapRun, standBy, type Trace, traceOf } from './swap.js';

export interface CardsRun extends BurnRun, SwapRun {
  readonly works: readonly Work[];
  /** Told of every card that has ended, before the next one begins. */
  readonly onEnd: (report: CardReport, target: Target | undefined, slot: Slot | undefined) => void;
}

export interface CardsEnd {
  /** The last card of each node, in the order of the nodes. */
  readonly cards: readonly CardReport[];
  readonly retried: readonly CardReport[];
}

/** Burns all works; the first ones belong to the slots in their order. Never rejects for a card's sake. */
export async function burnCards(run: CardsRun, slots: readonly SlotNow[]): Promise<CardsEnd> {
  const pool = new CardPool(slots.length);
  const table: Table = {
    run,
    pool,
    queue: new WorkQueue(run.works),
    gate: new Gate(run.options.jobs ?? pool.size),
    reports: new Map(),
    retried: [],
    troubles: new Map(),
  };
  const first = slots.map(() => table.queue.take());
  await Promise.all(slots.map((now, index) => workThrough(new SlotWork(now), table, first[index])));
  for (const work of table.queue.left)
    end(table, work, undefined, notBurned(cause(run, work) ?? table.troubles.get(work) ?? leftOut(nameOf(work))));
  await pool.close();
  return {
    cards: [...table.reports].toSorted(([a], [b]) => a.index - b.index).map(([, report]) => report),
    retried: table.retried,
  };
}

/** What all slots share. */
interface Table {
  readonly run: CardsRun;
  readonly pool: CardPool;
  readonly queue: WorkQueue;
  readonly gate: Gate;
  readonly reports: Map<Work, CardReport>;
  readonly retried: CardReport[];
  /** Why works have got no card yet. */
  readonly troubles: Map<Work, Failure>;
}

/** A slot at work. */
class SlotWork {
  readonly slot: Slot;
  /** A card that is in and has not been burned. */
  fresh: Target | undefined;
  /** Why the card that is in will not do. */
  trouble: Failure | undefined;
  /** The card that was burned last. */
  trace: Trace;
  report: CardReport | undefined;
  round = 0;

  constructor({ slot, target, trouble }: SlotNow) {
    this.slot = slot;
    this.fresh = target;
    this.trouble = trouble?.failure;
  }
}

/** One slot: node after node, until there are none or the slot takes no more cards. */
async function workThrough(at: SlotWork, table: Table, first: Work | undefined): Promise<void> {
  let work = first ?? (await nextWork(at, table));
  while (work !== undefined && (await workOn(at, table, work))) work = await nextWork(at, table);
}

/**
 * The next node for a slot; undefined when there is none and none can come any more. With --auto a card that is put into
 * a slot without a node takes over the node of another slot that has no card.
 */
async function nextWork(at: SlotWork, { run, queue }: Table): Promise<Work | undefined> {
  for (;;) {
    const work = queue.take();
    if (work !== undefined || queue.isOver) return work;
    if (run.options.auto && at.fresh !== undefined) {
      const held = queue.takeOver();
      if (held !== undefined) return held;
    }
    if (!run.options.auto || at.fresh !== undefined) {
      await queue.changed();
      continue;
    }
    const stop = new Cancellation();
    const card = standBy(run, at.slot, at.trace, stop);
    const target = await Promise.race([card, queue.changed()]);
    stop.request();
    if (target === undefined) continue;
    const taken = queue.takeOver();
    if (taken === undefined) {
      await queue.changed();
      continue;
    }
    at.fresh = target;
    return taken;
  }
}

/** One node in one slot; false when the slot takes no more cards. */
async function workOn(at: SlotWork, table: Table, work: Work): Promise<boolean> {
  const { run, queue } = table;
  for (;;) {
    const target = at.fresh ?? (await anotherCard(at, table, work));
    at.fresh = undefined;
    if (target === 'taken over') return true;
    const why = cause(run, work);
    if (why === undefined && target === undefined && canSwap(run.options)) {
      // The slot was given up; another one may take its node.
      queue.putBack(work);
      return false;
    }
    if (why !== undefined || target === undefined) {
      end(table, work, { at }, notBurned(why ?? at.trouble ?? leftOut(nameOf(work))));
      queue.settle();
      return false;
    }
    work.attempts++;
    const result = await table.gate.pass(() => burnWhileWanted(at, table, target, work));
    at.trace = traceOf(target);
    at.trouble = wrongCards.includes(result.failure?.code ?? '') ? result.failure : undefined;
    if (at.trouble === undefined) return settle(at, table, work, target, result);
    work.attempts--;
    if (canSwap(run.options)) continue;
    // Another slot may have a card for it.
    table.troubles.set(work, at.trouble);
    queue.putBack(work);
    return false;
  }
}

/** What a worker says of a card that it has not touched. */
const wrongCards: readonly string[] = ['ALREADY_BURNED', 'FAILED_BEFORE'];

/** The queue may have been cancelled while this card waited for its turn. */
async function burnWhileWanted(at: SlotWork, { run, pool }: Table, target: Target, work: Work): Promise<CardResult> {
  const why = cause(run, work);
  return why === undefined ? burnOne(run, pool, at.slot, target, work, at.round) : notBurned(why);
}

/** A card that failed sends its node back to the queue, as often as it may; false when the slot is stuck. */
function settle(at: SlotWork, table: Table, work: Work, target: Target, result: CardResult): boolean {
  const { run, queue } = table;
  const isStuck = result.failure?.code === 'STALLED';
  const isTheCards = result.outcome === 'failed' && cause(run, work) === undefined;
  const willRetry = isTheCards && canSwap(run.options) && work.attempts <= (run.options.retries ?? defaults.retries);
  const report = end(table, work, { at, target }, result, willRetry);
  at.report = report;
  run.burned.push(...marksOf([report]));
  if (report.cardId !== undefined && isOwnFault(report.failure?.code ?? ''))
    run.failed.push({ cardId: report.cardId, ...given({ hostname: report.hostname }) });
  if (willRetry) queue.putBack(work);
  else queue.settle();
  at.round++;
  return !isStuck;
}

/** Waits for the next card of a slot; undefined when it is given up. */
async function anotherCard(at: SlotWork, table: Table, work: Work): Promise<Target | 'taken over' | undefined> {
  const { run, queue } = table;
  if (cause(run, work) !== undefined || !canSwap(run.options)) return undefined;
  const stop = new Cancellation();
  const keep = run.options.auto ? queue.offer(work, () => stop.request()) : () => undefined;
  const last = { trace: at.trace, ...given({ report: at.report }) };
  const target = await nextTarget(run, at.slot, work, last, at.trouble?.message, stop);
  keep();
  if (!stop.requested) return target;
  const { slot, device, place } = at.slot;
  run.emit({ type: 'slot-idle', slot, device, ...given({ place }) });
  return 'taken over';
}

/** Why no further card is begun, whatever lies in the slot. */
function cause({ cancel, image }: CardsRun, work: Work): Failure | undefined {
  if (cancel.requested) return interrupted(nameOf(work));
  return image.table.state === 'broken' ? imageBroken(nameOf(work)) : undefined;
}

const nameOf = ({ card }: Work): string => card.hostname ?? card.device ?? 'a card';

interface Place {
  readonly at: SlotWork;
  readonly target?: Target;
}

function end(table: Table, work: Work, place: Place | undefined, result: CardResult, willRetry = false): CardReport {
  const { run } = table;
  const mark = result.outcome === 'good' ? traceOfCard(work, run.works) : undefined;
  const report: CardReport = {
    ...reportOf(run, work, place, result),
    ...given({ mark, willRetry: willRetry || undefined }),
  };
  if (willRetry) table.retried.push(report);
  else table.reports.set(work, report);
  run.onEnd(report, place?.target, place?.at.slot);
  run.emit({ type: 'card-end', card: report });
  return report;
}

function reportOf(run: CardsRun, { card, attempts }: Work, place: Place | undefined, result: CardResult): CardReport {
  const { hostname, address } = card;
  const slot = place?.at.slot;
  const description = place?.target?.description;
  const madeBytes = description?.fresh ? (run.options.fileBytes ?? run.image.table.totalBytes) : undefined;
  return {
    slot: slot?.slot ?? 0,
    device: description?.path ?? slot?.device ?? '',
    round: place?.at.round ?? 0,
    attempt: attempts,
    model: description?.model ?? '',
    ...given({ place: slot?.place, sizeBytes: description?.sizeBytes ?? madeBytes, hostname, address }),
    ...result,
  };
}
