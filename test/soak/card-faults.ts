// What can happen to one card of a soak: rules of the fault shim (test/shim/fault.c) at a place that chance has chosen, and
// the codes that fit them. `CARD` stands for what the paths of the struck cards have in common.

import { smallImageBytes } from './image.js';

export const mib = 1024 * 1024;
const block = 4096;

/** Returns the next number below a limit. */
export type Chance = (limit: number) => number;

export interface CardFault {
  readonly name: string;
  readonly rules: readonly string[];
  /** What may be said of such a card: codes of failures, or `good`. */
  readonly codes: readonly string[];
  /** Its rules count calls, or strike once: for one card only. */
  readonly once: boolean;
}

interface Kind {
  readonly name: string;
  readonly rules: (next: Chance) => readonly string[];
  readonly codes: readonly string[];
  readonly once?: true;
}

const pulled = ['ENODEV', 'ENOMEDIUM'];

const lasting: readonly Kind[] = [
  {
    name: 'bad cell',
    rules: (next) => [`read path=CARD at=${byteIn(next)} flip=${next(8)}`],
    codes: ['VERIFY_MISMATCH'],
  },
  {
    name: 'bit written wrong',
    rules: (next) => [`write path=CARD at=${byteIn(next)} flip=${next(8)}`],
    codes: ['VERIFY_MISMATCH'],
  },
  {
    name: 'partition table written wrong',
    rules: (next) => [`write path=CARD at=${446 + next(16)} flip=${next(8)}`],
    codes: ['VERIFY_MISMATCH'],
  },
  {
    name: 'write swallowed',
    rules: (next) => [`write path=CARD at=${byteIn(next)} swallow`],
    codes: ['VERIFY_MISMATCH'],
  },
  {
    name: 'fake card that wraps',
    rules: (next) => [`medium path=CARD wrap=${sizeOfFake(next)}`],
    codes: ['VERIFY_MISMATCH', 'CARD_WRAPS'],
  },
  {
    name: 'fake card that forgets',
    rules: (next) => [`medium path=CARD limbo=${sizeOfFake(next)}`],
    codes: ['VERIFY_MISMATCH', 'CARD_WRAPS'],
  },
  { name: 'write error', rules: (next) => [`write path=CARD at=${byteIn(next)} errno=EIO`], codes: ['EIO'] },
  {
    name: 'read error',
    rules: (next) => [`read path=CARD at=${byteIn(next)} errno=EIO`],
    codes: ['VERIFY_READ', 'EIO'],
  },
  { name: 'flush error', rules: () => ['flush path=CARD errno=EIO'], codes: ['EIO'] },
  { name: 'full', rules: (next) => [`write path=CARD from=${byteIn(next)} errno=ENOSPC`], codes: ['ENOSPC'] },
  { name: 'turns read-only', rules: (next) => [`write path=CARD from=${byteIn(next)} errno=EROFS`], codes: ['EROFS'] },
  { name: 'pulled out', rules: (next) => [`medium path=CARD at=${byteIn(next)} errno=ENODEV`], codes: pulled },
  { name: 'no medium any more', rules: (next) => [`read path=CARD at=${byteIn(next)} errno=ENOMEDIUM`], codes: pulled },
  { name: 'may not be opened', rules: () => ['open path=CARD errno=EACCES'], codes: ['EACCES'] },
  { name: 'in use', rules: () => ['open path=CARD errno=EBUSY'], codes: ['EBUSY'] },
  { name: 'locked', rules: () => ['open path=CARD errno=EROFS'], codes: ['EROFS'] },
  { name: 'short writes', rules: (next) => [`write path=CARD short=${blocksIn(next)}`], codes: ['good'] },
  { name: 'short reads', rules: (next) => [`read path=CARD short=${blocksIn(next)}`], codes: ['good'] },
  { name: 'interrupted calls', rules: () => ['medium path=CARD odds=3 errno=EINTR'], codes: ['good'] },
  { name: 'slow', rules: (next) => [`medium path=CARD sleep=${1 + next(4)}`], codes: ['good'] },
  { name: 'flush swallowed', rules: () => ['flush path=CARD swallow'], codes: ['good'] },
];

/** They strike once, and the card can be mended. */
const passing: readonly Omit<Kind, 'once'>[] = [
  {
    name: 'bit written wrong once',
    rules: (next) => [`write path=CARD at=${byteIn(next)} flip=${next(8)} times=1`],
    codes: ['good'],
  },
  {
    name: 'write swallowed once',
    rules: (next) => [`write path=CARD at=${byteIn(next)} swallow times=1`],
    codes: ['good'],
  },
  {
    name: 'bit read wrong once',
    rules: (next) => [`read path=CARD at=${byteIn(next)} flip=${next(8)} times=1`],
    codes: ['good'],
  },
  {
    name: 'read error once',
    rules: (next) => [`read path=CARD at=${byteIn(next)} errno=EIO times=1`],
    codes: ['good'],
  },
  {
    name: 'write error once',
    rules: (next) => [`write path=CARD at=${byteIn(next)} errno=EIO times=1`],
    codes: ['good'],
  },
];

/** Each kind once, then kinds by chance, with no more rules than that. */
export function drawCardFaults(next: Chance, rulesMax: number): CardFault[] {
  const kinds: readonly Kind[] = [...lasting, ...passing.map((kind) => ({ ...kind, once: true as const }))];
  const drawn = kinds.map((kind) => faultOf(kind, next));
  for (let left = rulesMax - count(drawn); left > 0; left = rulesMax - count(drawn)) {
    const kind = kinds[next(kinds.length)];
    if (kind !== undefined) drawn.push(faultOf(kind, next));
  }
  return drawn;
}

const count = (faults: readonly CardFault[]): number => faults.flatMap(({ rules }) => rules).length;

const faultOf = ({ name, rules, codes, once }: Kind, next: Chance): CardFault => ({
  name,
  rules: rules(next),
  codes,
  once: once ?? false,
});

/** A byte of the image that is not among zeros (test/shim/card-files.ts), nor in what is written last. */
function byteIn(next: Chance): number {
  const [head, zeros] = [mib + block, 5 * mib];
  const at = head + next(smallImageBytes - head - mib - block);
  return at < zeros ? at : at + mib;
}

const sizeOfFake = (next: Chance): number => 2 * mib + block * next((6 * mib) / block);
const blocksIn = (next: Chance): number => block * (1 + next(31));
