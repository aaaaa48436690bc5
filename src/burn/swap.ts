// Waiting until a fresh card is in a slot: by asking the person, or by looking once a second (--auto). The card that was
// burned last is not fresh, and neither is one that must not be written.

import { statSync } from 'node:fs';
import { given } from '../given.js';
import type { BurnEvent, CardReport } from '../protocol.js';
import type { Cancellation } from './cancellation.js';
import type { BurnOptions } from './options.js';
import type { Work } from './queue.js';
import type { Slot } from './slot.js';
import type { SlotNow, Target } from './slot-look.js';

export interface SwapRun {
  readonly options: BurnOptions;
  readonly emit: (event: BurnEvent) => void;
  readonly cancel: Cancellation;
  readonly inspect: (slot: Slot) => Promise<SlotNow>;
}

/** What tells the card that was in a slot from the next one, as far as the system says. */
export type Trace = string | undefined;

/** Older kernels do not count media: a card is another one there when the slot was seen empty in between. */
const uncounted = 'uncounted';

export function traceOf({ identity }: Target): Trace {
  const { path, deviceNumber, diskSequence } = identity;
  if (identity.kind === 'block') return diskSequence === undefined ? uncounted : `${deviceNumber} ${diskSequence}`;
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev} ${stats.ino} ${stats.birthtimeMs}`;
}

/** The card that was in a slot before. */
export interface LastCard {
  readonly trace: Trace;
  readonly report?: CardReport;
}

/**
 * The next card of a slot, once it is in and may be written; undefined when the slot is given up: by the person, by the
 * end of the run, after `waitMs`, or by `stop`. `trouble`: why the card that is in it now will not do, if it is not just
 * done with.
 */
export async function nextTarget(
  run: SwapRun,
  slot: Slot,
  work: Work,
  { trace: last, report }: LastCard,
  trouble: string | undefined,
  stop: Cancellation,
): Promise<Target | undefined> {
  if (!run.options.auto) return byAsking(run, slot, work, last, trouble, report);
  const { hostname, address } = work.card;
  const { slot: number, device, place } = slot;
  const tell = (why: string | undefined) =>
    run.emit({ type: 'slot-wait', slot: number, device, ...given({ place, hostname, address, trouble: why }) });
  tell(trouble);
  return byLooking(run, slot, last, stop, trouble, tell, run.options.waitMs);
}

/** The same for a slot that waits for nobody in particular: nothing is said of it. */
export const standBy = (run: SwapRun, slot: Slot, last: Trace, stop: Cancellation): Promise<Target | undefined> =>
  byLooking(run, slot, last, stop, undefined, () => undefined);

async function byAsking(
  { options, cancel, inspect }: SwapRun,
  slot: Slot,
  { card }: Work,
  last: Trace,
  trouble: string | undefined,
  report: CardReport | undefined,
): Promise<Target | undefined> {
  const { device, place } = slot;
  let why = trouble;
  for (;;) {
    if (cancel.requested) return undefined;
    const { hostname, address } = card;
    if (!(await options.nextCard?.({ device, ...given({ place, hostname, address, trouble: why, last: report }) })))
      return undefined;
    const now = await inspect(slot);
    if (now.target !== undefined && (last === uncounted || !isStill(now.target, last))) return now.target;
    why = now.trouble?.failure.message ?? `${place ?? device} still holds the card that was in it before`;
  }
}

const lookMs = 1000;

async function byLooking(
  { cancel, inspect }: SwapRun,
  slot: Slot,
  last: Trace,
  stop: Cancellation,
  trouble: string | undefined,
  tell: (why: string) => void,
  waitMs = Number.POSITIVE_INFINITY,
): Promise<Target | undefined> {
  const startedMs = performance.now();
  let told = trouble;
  let found: Trace;
  let wasEmpty = false;
  while (!(performance.now() - startedMs > waitMs)) {
    // All slots that wait look at the same moments.
    await pause(lookMs - (Date.now() % lookMs), [cancel, stop]);
    if (cancel.requested || stop.requested) return undefined;
    const now = await inspect(slot);
    wasEmpty ||= isEmpty(now);
    if (now.target !== undefined && (!isStill(now.target, last) || (last === uncounted && wasEmpty))) {
      // A card needs a moment until its reader has settled on it: it must be the same twice.
      const trace = traceOf(now.target);
      if (isSettled(now.target, trace, found)) return stop.requested ? undefined : now.target;
      found = trace;
      continue;
    }
    found = undefined;
    const why = now.trouble?.failure;
    if (why === undefined || isEmpty(now) || why.message === told) continue;
    told = why.message;
    tell(told);
  }
  return undefined;
}

const isEmpty = ({ trouble }: SlotNow): boolean =>
  trouble?.failure.code === 'NO_MEDIUM' || trouble?.failure.code === 'READER_GONE';

/** A file that is not there yet has nothing to settle. */
const isSettled = ({ description }: Target, trace: Trace, before: Trace): boolean =>
  description.fresh || trace === undefined || trace === before;

const isStill = (target: Target, last: Trace): boolean => last !== undefined && traceOf(target) === last;

function pause(ms: number, stops: readonly Cancellation[]): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      for (const forget of forgets) forget();
      resolve();
    };
    const timer = setTimeout(end, ms);
    const forgets = stops.map((stop) => stop.on(() => setImmediate(end)));
  });
}
