// Burns the nodes onto cards: a queue of nodes, and slots that each take the next one as soon as a fresh card is in them.
// Every slot works on its own, one worker at a time, so that nothing that happens to one card reaches another.

import { Piscina } from 'piscina';
import { type Failure, toFailure } from '../errors.js';
import { given } from '../given.js';
import type { CardReport, CardResult } from '../protocol.js';
import { Gate } from './gate.js';
import { markOf } from './marks.js';
import { type BurnRun, burnOne } from './one-burn.js';
import { defaults } from './options.js';
import { imageBroken, interrupted, leftOut, notBurned } from './outcomes.js';
import { type Work, WorkQueue } from './queue.js';
import type { Slot, SlotNow, Target } from './slots.js';
import { canSwap, nextTarget, type SwapRun, type Trace, traceOf } from './swap.js';

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

/** More workers than this at a time would only crowd memory; further slots wait for one. */
const workersMax = 32;

/** Burns all works; the first ones belong to the slots in their order. Never rejects for a card's sake. */
export async function burnCards(run: CardsRun, slots: readonly SlotNow[]): Promise<CardsEnd> {
  const workers = Math.min(slots.length, workersMax);
  const pool = new Piscina({
    filename: new URL('../card/worker.js', import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY,
    atomics: 'disabled',
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
  });
  const table: Table = {
    run,
    pool,
    queue: new WorkQueue(run.works),
    gate: new Gate(run.options.jobs ?? workers),
    reports: new Map(),
    retried: [],
  };
  const first = slots.map(() => table.queue.take());
  await Promise.all(slots.map((now, index) => workThrough(new SlotWork(now), table, first[index])));
  for (const work of table.queue.left)
    end(table, work, undefined, notBurned(cause(run, work) ?? leftOut(nameOf(work))));
  // A worker that hangs in a system call would never let the pool close; it ends with the process.
  const all = [...table.reports.values(), ...table.retried];
  if (!all.some(({ failure }) => failure?.code === 'STALLED')) await pool.close();
  return {
    cards: [...table.reports].toSorted(([a], [b]) => a.index - b.index).map(([, report]) => report),
    retried: table.retried,
  };
}

/** What all slots share. */
interface Table {
  readonly run: CardsRun;
  readonly pool: Piscina;
  readonly queue: WorkQueue;
  readonly gate: Gate;
  readonly reports: Map<Work, CardReport>;
  readonly retried: CardReport[];
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
  round = 0;

  constructor({ slot, target, trouble }: SlotNow) {
    this.slot = slot;
    this.fresh = target;
    this.trouble = trouble?.failure;
  }
}

/** One slot: node after node, until there are none or the slot takes no more cards. */
async function workThrough(at: SlotWork, table: Table, first: Work | undefined): Promise<void> {
  let work = first ?? (await table.queue.next());
  while (work !== undefined && (await workOn(at, table, work))) work = await table.queue.next();
}

/** One node in one slot; false when the slot takes no more cards. */
async function workOn(at: SlotWork, table: Table, work: Work): Promise<boolean> {
  const { run, queue } = table;
  for (;;) {
    const target = at.fresh ?? (await anotherCard(at, run, work));
    at.fresh = undefined;
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
    at.trouble = result.failure?.code === 'ALREADY_BURNED' ? result.failure : undefined;
    if (at.trouble === undefined || !canSwap(run.options)) return settle(at, table, work, target, result);
    work.attempts--;
  }
}

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
  end(table, work, { at, target }, result, willRetry);
  if (result.outcome === 'good') run.burned.push(...markOf(work, run.works));
  if (willRetry) queue.putBack(work);
  else queue.settle();
  at.round++;
  return !isStuck;
}

/** Waits for the next card; the slot's trouble says why there is none. */
async function anotherCard(at: SlotWork, run: CardsRun, work: Work): Promise<Target | undefined> {
  if (cause(run, work) !== undefined || !canSwap(run.options)) return undefined;
  try {
    const target = await nextTarget(run, at.slot, work, at.trace, at.trouble?.message);
    at.trouble = undefined;
    return target;
  } catch (error) {
    at.trouble = toFailure(error);
    return undefined;
  }
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

function end(table: Table, work: Work, place: Place | undefined, result: CardResult, willRetry = false): void {
  const { run } = table;
  const report: CardReport = { ...reportOf(run, work, place, result), ...(willRetry ? { willRetry } : {}) };
  if (willRetry) table.retried.push(report);
  else table.reports.set(work, report);
  run.onEnd(report, place?.target, place?.at.slot);
  run.emit({ type: 'card-end', card: report });
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
