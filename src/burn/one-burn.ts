// One card in one slot: its worker started, watched and waited for, and given up when it does not come back.

import { CardCounters } from '../card/counters.js';
import { unmountAll } from '../devices/unmount.js';
import { toFailure } from '../errors.js';
import { given } from '../given.js';
import type { OpenImage } from '../image/image.js';
import type { BurnEvent, BurnedMark, CardJob, CardResult, FailedCard, Phase } from '../protocol.js';
import type { Cancellation } from './cancellation.js';
import type { CardPool } from './card-pool.js';
import { type BurnOptions, defaults } from './options.js';
import { nothingDone, stalled } from './outcomes.js';
import { PaceWatch, rateOf } from './pace.js';
import type { Work } from './queue.js';
import { randomId } from './random-id.js';
import type { Slot } from './slot.js';
import type { Target } from './slot-look.js';
import { watchCard } from './watch.js';

export interface BurnRun {
  readonly options: BurnOptions;
  readonly image: OpenImage;
  readonly emit: (event: BurnEvent) => void;
  readonly cancel: Cancellation;
  /** Cards that are good, so that none of them is burned again. */
  readonly burned: BurnedMark[];
  /** Cards that have failed by their own fault. */
  readonly failed: FailedCard[];
  /** Looks at a slot once more, right before its card is opened. */
  readonly lookAgain: (slot: Slot, target: Target) => Promise<Target>;
  /** How fast each slot is at the moment. */
  readonly paces: Map<Slot, { readonly phase: Phase; readonly bytesPerSecond: number }>;
  /** What is to be said of a card whose identity has been seen. */
  readonly warningsOf: (target: Target, cardId: string) => readonly string[];
}

/** Burns one card. Never rejects. */
export async function burnOne(
  run: BurnRun,
  pool: CardPool,
  slot: Slot,
  target: Target,
  work: Work,
  round: number,
): Promise<CardResult> {
  const { path: device } = target.identity;
  const { hostname } = work.card;
  const who = { slot: slot.slot, device, ...given({ place: slot.place, hostname }) };
  run.emit({ type: 'card-start', round, ...who });
  const counters = new CardCounters();
  const forget = run.cancel.on(() => counters.cancel());
  const pace = new PaceWatch();
  const watch = watchCard(counters, run.options.stallTimeoutMs ?? defaults.stallTimeoutMs, {
    onProgress: (sample) => run.emit({ type: 'progress', ...who, ...sample }),
    onStall: (phase, stalledMs) => run.emit({ type: 'stall', ...who, phase, stalledMs }),
    onCard: (cardId) => {
      for (const message of run.warningsOf(target, cardId)) run.emit({ type: 'warning', device, message });
    },
    onPace: (sample) => {
      run.paces.set(slot, { phase: sample.phase, bytesPerSecond: rateOf(sample.doneBytes, sample.phaseMs) });
      const message = pace.look(sample, peersOf(run, slot, sample.phase), run.image.table.state === 'reading');
      if (message !== undefined) run.emit({ type: 'slow', ...who, phase: sample.phase, message });
    },
  });
  let isBegun = false;
  try {
    const now = await run.lookAgain(slot, target);
    await unmountAll(now.description.mountpoints);
    isBegun = true;
    const burned = pool.burn(jobOf(run, now, work, counters));
    const stuck = watch.stuck.then((phase) => {
      counters.cancel();
      pool.abandon();
      return stalled(device, phase, counters);
    });
    return await Promise.race([burned, stuck]);
  } catch (error) {
    return {
      ...nothingDone,
      outcome: 'failed',
      failure: { ...toFailure(error), device },
      bootable: isBegun ? 'unknown' : 'untouched',
    };
  } finally {
    watch.stop();
    forget();
    run.paces.delete(slot);
  }
}

const peersOf = ({ paces }: BurnRun, slot: Slot, phase: Phase): number[] =>
  [...paces].flatMap(([other, pace]) => (other !== slot && pace.phase === phase ? [pace.bytesPerSecond] : []));

function jobOf(run: BurnRun, target: Target, work: Work, counters: CardCounters): CardJob {
  const { options, image } = run;
  const { description, identity } = target;
  return {
    target: identity,
    imagePath: image.path,
    segments: image.table.shared,
    counters: counters.shared,
    patch: work.patch,
    verify: options.verify ?? true,
    full: options.full ?? false,
    delta: options.delta ?? false,
    probe: options.probe ?? true,
    wipeAll: options.wipeAll ?? false,
    eject: options.eject ?? (options.auto === true && description.removable),
    newCardId: randomId(16),
    burned: [...run.burned],
    failed: [...run.failed],
    ...given({
      fileBytes: identity.kind === 'file' ? options.fileBytes : undefined,
      requestBytes: options.blockBytes,
    }),
  };
}
