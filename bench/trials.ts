// The table of trials (`trials`, below the set-ups): what is burned onto what, by whom, and what it may cost.

import {
  again,
  bmaptool,
  type Contender,
  dcfldd,
  dd,
  delta,
  etcher,
  first,
  full,
  limit,
  readLimit,
  tee,
  xzLimit,
} from './contenders.js';
import type { Speeds } from './throttle.js';

/** What is burned onto what. */
export interface SetUp {
  readonly name: string;
  readonly about: string;
  readonly form: 'raw' | 'xz';
  readonly image: 'large' | 'small';
  readonly cards: number;
  /** Not slowed, where there are none. */
  speedsOf?(card: number): Speeds;
  /** Seconds that nothing can beat where the cards are what is slow. `usedBytes`: of the image. */
  idealSeconds?(usedBytes: number): number;
}

/** The figures that are judged. `fast cards`: when the last of the fast cards of a mixed lot was done. */
export type FigureName = 'wall' | 'cpu' | 'rss' | 'fast cards';

/** What a figure is held against: a row, the fastest peer that verifies in its set-up, the ideal, or a size in MB. */
export interface Target {
  readonly figure: FigureName;
  readonly against: string;
  readonly atMost: number;
}

export const bestPeer = 'best peer';
export const ideal = 'ideal';
export const megabytes = 'MB';

export interface Trial {
  /** Set-up and contender: what a filter looks into. */
  readonly name: string;
  readonly setUp: SetUp;
  readonly contender: Contender;
  /** The row, or ideal, that `x` is taken against. */
  readonly baseline: string;
  readonly targets: readonly Target[];
}

const MB = 1e6;
const slowCard: Speeds = { write: 25 * MB, read: 80 * MB };
const slowest: Speeds = { write: 10 * MB, read: 32 * MB };
const quicker: Speeds = { write: 40 * MB, read: 128 * MB };
/** In a mixed lot the cards before this one are the fast ones. */
export const fastCards = 5;

const idealOf =
  ({ write, read }: Speeds) =>
  (usedBytes: number): number =>
    usedBytes / write + usedBytes / read;

const raw = (cards: number): SetUp => {
  return { name: `raw-${cards}`, about: `raw image, ${count(cards)}`, form: 'raw', image: 'large', cards };
};

const xz = (cards: number): SetUp => {
  return { name: `xz-${cards}`, about: `.xz image, ${count(cards)}`, form: 'xz', image: 'large', cards };
};

const slow = (cards: number): SetUp => ({
  name: `slow-${cards}`,
  about: `raw image, ${count(cards)} at 25 MB/s of writing and 80 MB/s of reading`,
  form: 'raw',
  image: 'small',
  cards,
  speedsOf: () => slowCard,
  idealSeconds: idealOf(slowCard),
});

const five: SetUp = {
  name: 'five',
  about: `raw image, ${count(fastCards)} at 40 MB/s of writing and 128 MB/s of reading`,
  form: 'raw',
  image: 'small',
  cards: fastCards,
  speedsOf: () => quicker,
  idealSeconds: idealOf(quicker),
};

const mixed: SetUp = {
  name: 'mixed',
  about: `the same five, and a sixth at 10 MB/s of writing and 32 MB/s of reading`,
  form: 'raw',
  image: 'small',
  cards: fastCards + 1,
  speedsOf: (card) => (card < fastCards ? quicker : slowest),
  idealSeconds: idealOf(slowest),
};

const reburn: SetUp = { ...raw(1), name: 'delta-1', about: 'raw image, one card that holds it with another host name' };

const slowReburn: SetUp = {
  ...slow(1),
  name: 'delta-slow-1',
  about: `${reburn.about}, at 25 MB/s of writing and 80 MB/s of reading`,
  idealSeconds: (usedBytes) => usedBytes / slowCard.read,
};

function count(cards: number): string {
  return cards === 1 ? 'one card' : `${cards} cards`;
}

const atMost = (ratio: number, against: string, figure: FigureName = 'wall'): Target => {
  return { figure, against, atMost: ratio };
};

/** A row; without a baseline of its own `x` is taken against the limit of its set-up. */
function row(setUp: SetUp, contender: Contender, ...targets: readonly Target[]): Trial {
  const [main] = targets;
  const named = main !== undefined && main.figure === 'wall' && main.against !== bestPeer ? main.against : undefined;
  const baseline = named ?? (setUp.idealSeconds === undefined ? `${setUp.name} limit` : ideal);
  return { name: `${setUp.name} ${contender.name}`, setUp, contender, baseline, targets };
}

export const trials: readonly Trial[] = [
  row(raw(1), limit),
  row(raw(1), first, atMost(1.25, 'raw-1 limit')),
  row(raw(1), again, atMost(1.25, 'raw-1 limit')),
  row(raw(1), dd),
  row(raw(1), bmaptool),
  row(raw(1), etcher),

  row(raw(4), limit),
  row(raw(4), first, atMost(1.25, 'raw-4 limit'), atMost(0.5, bestPeer), atMost(0.5, bestPeer, 'cpu')),
  row(raw(4), again, atMost(1.25, 'raw-4 limit')),
  row(raw(4), full),
  row(raw(4), dd),
  row(raw(4), tee),
  row(raw(4), bmaptool),
  row(raw(4), dcfldd),
  row(raw(4), etcher),

  row(raw(6), limit),
  row(raw(6), first, atMost(1.25, 'raw-6 limit'), atMost(200, megabytes, 'rss')),

  row(xz(1), xzLimit),
  row(xz(1), first, atMost(1.15, 'xz-1 limit')),
  row(xz(1), again, atMost(1.25, 'raw-1 limit')),
  row(xz(1), tee),
  row(xz(1), bmaptool),
  row(xz(1), etcher),

  row(xz(4), xzLimit),
  row(xz(4), first, atMost(1.15, 'xz-4 limit'), atMost(0.4, bestPeer), atMost(0.5, bestPeer, 'cpu')),
  row(xz(4), again, atMost(1.25, 'raw-4 limit')),
  row(xz(4), tee),
  row(xz(4), bmaptool),
  row(xz(4), dcfldd),
  row(xz(4), etcher),

  row(slow(1), first, atMost(1.03, ideal)),

  row(slow(4), limit),
  row(slow(4), first, atMost(1.03, ideal)),
  row(slow(4), dd),
  row(slow(4), bmaptool),
  row(slow(4), etcher),

  row(slow(6), first, atMost(1.03, ideal), atMost(200, megabytes, 'rss')),

  row(five, first, atMost(1.03, ideal)),
  row(mixed, first, atMost(1.03, 'five piburn', 'fast cards')),

  row(reburn, readLimit),
  row(reburn, delta, atMost(1.1, 'delta-1 limit')),
  row(slowReburn, delta, atMost(1.1, ideal)),
];

/** The trials whose name holds one of the words, or all, with what they are compared with. */
export function chooseTrials(words: readonly string[], all: readonly Trial[] = trials): Trial[] {
  const chosen = new Set(all.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word))));
  for (const trial of [...chosen])
    for (const against of [trial.baseline, ...trial.targets.map((target) => target.against)])
      for (const other of all) if (other.name === against) chosen.add(other);
  return all.filter((trial) => chosen.has(trial));
}

/** Few rounds tell enough of what takes long, and of what is only there to be compared with. */
export const isRare = ({ contender, setUp }: Trial): boolean =>
  contender.kind === 'peer' || setUp.speedsOf !== undefined;
