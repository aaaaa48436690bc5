// Looks at a card's counters ten times a second: tells how far it is, notices when it stands still, and gives it up
// when it stands still too long. A worker inside a system call cannot be stopped; it is left behind, the others go on.
// Time in which this process stood still itself (Ctrl-Z, a machine that slept) is nobody's fault and does not count.

import type { CardCounters } from '../card/counters.js';
import type { Phase } from '../protocol.js';
import { defaults } from './options.js';
import type { Pace } from './pace.js';

export const sampleMs = 100;
const paceMs = 1000;
/** A look that comes later than this was kept from coming: the rest of the time is not counted. */
const longestTickMs = 500;
/** Hardly any piece takes longer. */
const longestPieceMs = 5000;

export interface Watcher {
  onProgress(sample: { phase: Phase; doneBytes: number; totalBytes: number; elapsedMs: number }): void;
  onStall(phase: Phase, stalledMs: number): void;
  /** Once, when the worker has seen which card it is. */
  onCard?(cardId: string): void;
  /** Once a second. */
  onPace?(pace: Pace): void;
}

export interface Watch {
  /** Resolves with the phase in which the card was given up; never otherwise. */
  readonly stuck: Promise<Phase>;
  stop(): void;
}

/** `waiting` is for the image, not the card: it is never a stall. */
const isTheCards = (phase: Phase): boolean => phase !== 'waiting' && phase !== 'done';

export function watchCard(counters: CardCounters, stallTimeoutMs: number, watcher: Watcher): Watch {
  const clock = new WakingClock();
  const startedMs = performance.now();
  let beats = -1;
  let movedMs = 0;
  let noticedMs = 0;
  let giveUp: (phase: Phase) => void = () => undefined;
  const stuck = new Promise<Phase>((resolve) => {
    giveUp = resolve;
  });
  const tellPace = paceTeller(counters, watcher, clock);
  const tellCard = cardTeller(counters, watcher);
  const look = () => {
    const nowMs = clock.tick();
    const { phase } = counters;
    tellCard();
    tellPace(nowMs);
    if (counters.beats !== beats || !isTheCards(phase)) {
      beats = counters.beats;
      movedMs = nowMs;
      noticedMs = nowMs;
    }
    if (phase !== 'done')
      watcher.onProgress({
        phase,
        doneBytes: counters.doneBytes,
        totalBytes: counters.totalBytes,
        elapsedMs: performance.now() - startedMs,
      });
    if (nowMs - movedMs >= stallTimeoutMs) return giveUp(phase);
    if (nowMs - noticedMs >= defaults.stallNoticeMs) {
      noticedMs = nowMs;
      watcher.onStall(phase, nowMs - movedMs);
    }
  };
  const timer = setInterval(look, sampleMs);
  return { stuck, stop: () => clearInterval(timer) };
}

function cardTeller(counters: CardCounters, watcher: Watcher): () => void {
  let isTold = false;
  return () => {
    const { cardId } = counters;
    if (isTold || cardId === undefined) return;
    isTold = true;
    watcher.onCard?.(cardId);
  };
}

/** Milliseconds since it was made, without those in which this process stood still. */
class WakingClock {
  #lastMs = performance.now();
  #wakingMs = 0;
  /** The longest single stretch of standing still so far. */
  longestSleepMs = 0;

  tick(): number {
    const nowMs = performance.now();
    const passedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    this.#wakingMs += Math.min(passedMs, longestTickMs);
    this.longestSleepMs = Math.max(this.longestSleepMs, passedMs - longestTickMs);
    return this.#wakingMs;
  }
}

function paceTeller(counters: CardCounters, watcher: Watcher, clock: WakingClock): (nowMs: number) => void {
  let slowestAwakeMs = 0;
  let phase: Phase | undefined;
  let phaseStartMs = 0;
  let toldMs = 0;
  return (nowMs) => {
    if (counters.phase !== phase) {
      phase = counters.phase;
      phaseStartMs = nowMs;
    }
    if (nowMs - toldMs < paceMs) return;
    toldMs = nowMs;
    const { doneBytes, latePieces, slowestMs: worstMs } = counters;
    // A piece that was under way while this process stood still took as long as that, and says nothing of the card.
    const beyondSleepMs = worstMs - clock.longestSleepMs;
    const isOfSleep = clock.longestSleepMs > 0 && beyondSleepMs >= 0 && beyondSleepMs < longestPieceMs;
    const slowestMs = isOfSleep ? slowestAwakeMs : worstMs;
    slowestAwakeMs = slowestMs;
    watcher.onPace?.({ phase, doneBytes, phaseMs: nowMs - phaseStartMs, latePieces, slowestMs });
  };
}
