// A run while it goes on, as `piburn status` shows it: what its process writes down once a second.

import type { Phase } from './card.js';

/** A slot at some moment. Times are in milliseconds. */
export interface LiveSlot {
  readonly slot: number;
  readonly device: string;
  /** The slot as people call it. */
  readonly place?: string;
  readonly hostname?: string;
  readonly phase: Phase;
  /** Of the current phase; a total of 0 means that the phase does not count bytes. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond?: number;
  /** Until the card is done, reading back included. */
  readonly remainingMs?: number;
  /** Nothing has moved for so long. */
  readonly stalledMs?: number;
  /** How the card ended that is in the slot, or was in it last, and why it is not good. */
  readonly outcome?: 'good' | 'failed' | 'cancelled';
  readonly message?: string;
  /** The slot waits for a card, for this node. */
  readonly waitsFor?: string;
  /** What is wrong with the card that is in it while it waits. */
  readonly trouble?: string;
}

/** The image on its way. */
export interface LiveImage {
  readonly doing: 'fetching' | 'decoding' | 'reading';
  readonly doneBytes: number;
  readonly totalBytes?: number;
  readonly bytesPerSecond?: number;
  readonly remainingMs?: number;
}

export interface LiveState {
  /** Absent once it is whole. */
  readonly image?: LiveImage;
  /** How many cards there are to be; absent before the plan is made. */
  readonly planned?: number;
  readonly good: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly slots: readonly LiveSlot[];
  /** Until all cards that are in their slots are done. */
  readonly remainingMs?: number;
}

/** A process: its number and when it was started, in ticks since the machine was (proc(5), field 22), since numbers come again. */
export interface ProcessName {
  readonly pid: number;
  readonly startTicks: number;
}

/** What never changes of a run. */
export interface LiveFacts {
  /** A time and six hexadecimal digits. */
  readonly id: string;
  readonly command: 'create' | 'burn';
  /** As it may be shown. */
  readonly image: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The process that burns. */
  readonly engine: ProcessName;
  /** The process that takes the wish to stop: the engine itself in the background, else its supervisor. */
  readonly leader: ProcessName;
  /** It was started with --background. */
  readonly background: boolean;
  /** Where its lines go. */
  readonly log?: string;
}

export interface LiveRun extends LiveFacts {
  readonly version: 1;
  /** ISO 8601: when this was written. */
  readonly updatedAt: string;
  readonly elapsedMs: number;
  readonly state: LiveState;
  /** How the command ended. */
  readonly exitCode?: number;
}
