// Looks at a card's counters ten times a second: tells how far it is, notices when it stands still, and gives it up
// when it stands still too long. A worker inside a system call cannot be stopped; it is left behind, the others go on.

import type { CardCounters } from '../card/counters.js';
import type { Phase } from '../protocol.js';
import { defaults } from './options.js';
import type { Pace } from './pace.js';

export const sampleMs = 100;
const paceMs = 1000;

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
  const startedMs = performance.now();
  let beats = -1;
  let movedMs = startedMs;
  let noticedMs = startedMs;
  let giveUp: (phase: Phase) => void = () => undefined;
  const stuck = new Promise<Phase>((resolve) => {
    giveUp = resolve;
  });
  const tellPace = paceTeller(counters, watcher);
  const tellCard = cardTeller(counters, watcher);
  const look = () => {
    const nowMs = performance.now();
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
        elapsedMs: nowMs - startedMs,
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

function paceTeller(counters: CardCounters, watcher: Watcher): (nowMs: number) => void {
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
    const { doneBytes, latePieces, slowestMs } = counters;
    watcher.onPace?.({ phase, doneBytes, phaseMs: nowMs - phaseStartMs, latePieces, slowestMs });
  };
}
