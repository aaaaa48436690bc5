// Cards that are slow or answer late, told while they burn: they may be dying, or worn, or fake. Pure: a look at
// the figures of a card and of the others in, a sentence out.

import { lateAtLeastMs } from '../card/latency.js';
import type { Phase } from '../protocol.js';

export interface Pace {
  readonly phase: Phase;
  readonly doneBytes: number;
  /** Since the phase began. */
  readonly phaseMs: number;
  /** Pieces that took far longer than the others, and the worst of all. */
  readonly latePieces: number;
  readonly slowestMs: number;
}

/** Slower than this on the average and a card is none of the slowest class that is sold for computers (SD class 4). */
const floorBytesPerSecond = { comparing: 4e6, writing: 4e6, verifying: 8e6 } as const; // what differs is written in between
/** Before that an average says little. */
const floorAfterMs = 20_000;
const peersAfterMs = 10_000;
/** A card at less than this part of the others' median is told. */
const peerShare = 1 / 3;
const fewestPeers = 2;
const lateMs = 5000;

type Kind = 'late' | 'slow';

/** Watches one card; says each kind of news once for each phase. */
export class PaceWatch {
  readonly #said = new Set<string>();

  /** `peers`: bytes per second of the other cards in the same phase. `isHeldUp`: it waits for the image, not for the card. */
  look(pace: Pace, peers: readonly number[], isHeldUp: boolean): string | undefined {
    const { phase } = pace;
    if (!isPaced(phase)) return undefined;
    return (
      this.#once('late', phase, lateness(pace)) ??
      (isHeldUp ? undefined : this.#once('slow', phase, slowness(pace, peers)))
    );
  }

  #once(kind: Kind, phase: Phase, message: string | undefined): string | undefined {
    const key = `${kind} ${phase}`;
    if (message === undefined || this.#said.has(key)) return undefined;
    this.#said.add(key);
    return message;
  }
}

const isPaced = (phase: Phase): phase is keyof typeof floorBytesPerSecond => Object.hasOwn(floorBytesPerSecond, phase);

function lateness({ phase, latePieces, slowestMs }: Pace): string | undefined {
  const doing = phase === 'writing' ? 'writing' : 'reading';
  if (slowestMs >= lateMs)
    return `it took ${seconds(slowestMs)} over ${doing} one piece: the card may be dying, or the reader`;
  // While this process stood still, nobody knows how long they took (src/burn/watch.ts).
  if (latePieces >= 4 && slowestMs >= lateAtLeastMs)
    return `${latePieces} pieces took far longer than the others (up to ${seconds(slowestMs)}): the card may be worn`;
  return undefined;
}

function slowness({ phase, doneBytes, phaseMs }: Pace, peers: readonly number[]): string | undefined {
  if (!isPaced(phase)) return undefined;
  const own = rateOf(doneBytes, phaseMs);
  // While it is compared, a card is as slow as much of it differs, which is written in between.
  const isComparable = phase !== 'comparing';
  const median = peers.toSorted((a, b) => a - b)[Math.floor((peers.length - 1) / 2)];
  if (
    isComparable &&
    phaseMs >= peersAfterMs &&
    peers.length >= fewestPeers &&
    median !== undefined &&
    own < median * peerShare
  )
    return `${phase} at ${megabytes(own)}, while the others do ${megabytes(median)}: try another card or slot`;
  if (phaseMs >= floorAfterMs && own < floorBytesPerSecond[phase])
    return `${phase} at ${megabytes(own)}, slower than any card should be: it may be worn or fake, or its reader bad`;
  return undefined;
}

/** Bytes per second. */
export const rateOf = (doneBytes: number, elapsedMs: number): number =>
  elapsedMs > 0 ? (doneBytes * 1000) / elapsedMs : 0;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const megabytes = (bytesPerSecond: number): string => `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`;
