// What a soak will do, all of it from its seed: runs of as many cards as there are slots, with their faults. The rules of the
// shim are read once, when a process starts, so they tell cards, images and stores by the names that they get here.

import { chance, shuffled } from '../faults/chance.js';
import { type CardFault, type Chance, drawCardFaults, mib } from './card-faults.js';
import { type Form, forms } from './image.js';
import { drawCaller, drawRunFaults, type RunFault } from './run-faults.js';

/** The shim takes 64. */
const rulesMax = 60;

export interface SoakCard {
  /** Without its directory. */
  readonly file: string;
  readonly fault: CardFault | undefined;
}

export interface SoakRun {
  readonly index: number;
  readonly cards: readonly SoakCard[];
  readonly fault: RunFault | undefined;
  readonly form: Form;
  /** Names without directories; each fault has its own. */
  readonly imageName: string;
  readonly storeName: string;
  readonly options: RunOptions;
}

export interface RunOptions {
  readonly full?: boolean;
  readonly delta?: boolean;
  readonly early?: boolean;
  readonly wipeAll?: boolean;
  readonly blockBytes?: number;
}

export interface SoakPlan {
  readonly runs: readonly SoakRun[];
  /** For PIBURN_FAULTS. */
  readonly rules: string;
}

interface Tagged<T> {
  readonly tag: string;
  readonly fault: T;
}

export interface SoakWishes {
  readonly seed: number;
  readonly burns: number;
  readonly slots: number;
}

/** The same plan for the same wishes. */
export function planSoak({ seed, burns, slots }: SoakWishes): SoakPlan {
  const next = chance(seed);
  const runFaults = tagged(drawRunFaults(next), 'r');
  const runRules = runFaults.flatMap(({ tag, fault }) =>
    fault.rules.map((rule) => rule.replace('IMAGE', `image-${tag}-`).replace('STORE', `store-${tag}-`)),
  );
  const cardFaults = tagged(drawCardFaults(next, rulesMax - runRules.length), 'f');
  const cardRules = cardFaults.flatMap(({ tag, fault }) =>
    fault.rules.map((rule) => rule.replace('CARD', `-${tag}-.img`)),
  );
  const supply = new Supply(cardFaults, next);
  const runs: SoakRun[] = [];
  for (let left = burns; left > 0; left -= slots)
    runs.push(planRun(runs.length, Math.min(left, slots), runFaults, supply, next));
  return { runs, rules: [...runRules, ...cardRules].join(';') };
}

const tagged = <T>(faults: readonly T[], letter: string): Tagged<T>[] =>
  faults.map((fault, index) => ({ tag: `${letter}${String(index).padStart(2, '0')}`, fault }));

/** Faults for cards: all of them in a random order, then again those that strike for ever. */
class Supply {
  readonly #next: Chance;
  readonly #lasting: readonly Tagged<CardFault>[];
  #left: Tagged<CardFault>[];

  constructor(faults: readonly Tagged<CardFault>[], next: Chance) {
    this.#next = next;
    this.#lasting = faults.filter(({ fault }) => !fault.once);
    this.#left = shuffled(faults, next);
  }

  take(): Tagged<CardFault> | undefined {
    if (this.#left.length === 0) this.#left = shuffled(this.#lasting, this.#next);
    return this.#left.pop();
  }
}

function planRun(
  index: number,
  cards: number,
  faults: readonly Tagged<RunFault>[],
  supply: Supply,
  next: Chance,
): SoakRun {
  const name = String(index).padStart(3, '0');
  const struck = next(4) === 0 ? faults[next(faults.length)] : undefined;
  const fault = struck?.fault ?? (next(6) === 0 ? drawCaller(next) : undefined);
  const allowed = forms.filter((form) => fault?.forms.includes(form) ?? true);
  const form = allowed[next(allowed.length)] ?? 'raw';
  const tag = struck?.tag;
  // Others share a store, and mostly an image that is known there.
  const imageName = tag !== undefined ? `image-${tag}-${name}` : next(4) === 0 ? `new-${name}` : 'small';
  return {
    index,
    cards: Array.from({ length: cards }, (_, slot) => planCard(`${name}-${slot}`, supply, next)),
    fault,
    form,
    imageName,
    storeName: tag !== undefined ? `store-${tag}-${name}` : 'store',
    options: drawOptions(next),
  };
}

function planCard(name: string, supply: Supply, next: Chance): SoakCard {
  const taken = next(2) === 0 ? supply.take() : undefined;
  return { file: taken === undefined ? `${name}-calm-.img` : `${name}-${taken.tag}-.img`, fault: taken?.fault };
}

function drawOptions(next: Chance): RunOptions {
  const blockBytes = [64 * 1024, mib, 4 * mib][next(3)] ?? mib;
  const ways: readonly RunOptions[] = [
    {},
    {},
    { blockBytes },
    { blockBytes, full: true },
    { delta: true },
    { early: true },
    { wipeAll: true },
  ];
  return ways[next(ways.length)] ?? {};
}
