// What the places of a card say together: sound, a few bad places, or a card that claims more than it holds, and how.

import type { FakeKind, PlaceRun } from '../protocol/probe.js';

export type Assessment =
  | { readonly kind: 'sound' }
  | { readonly kind: 'dead' }
  | { readonly kind: 'scattered'; readonly places: number; readonly firstBytes: number }
  | {
      readonly kind: 'fake';
      readonly how: FakeKind;
      /** The real end lies between these: everything below the first was good, the second was not. */
      readonly goodBelowBytes: number;
      readonly badFromBytes: number;
    };

/** Shorter distances between a block and where it was found are no end of a card, but a mix-up. */
const shortestWrapBytes = 1024 * 1024;
/** Of what lies behind the real end so much may seem good: what a cache in the card still holds. */
const cachedShare = 0.1;
/** A card that holds more than this of what it claims is damaged at its end rather than a fake. */
const damagedShare = 0.98;

/** `runs`: ascending, whatever was looked at. */
export function assess(runs: readonly PlaceRun[], sizeBytes: number): Assessment {
  if (runs.length === 0) return { kind: 'dead' };
  const bad = runs.filter(({ state }) => state !== 'good');
  const [first] = bad;
  if (first === undefined) return { kind: 'sound' };
  if (bad.length === runs.length && bad.every(({ state }) => state !== 'elsewhere')) return { kind: 'dead' };
  const wrapBytes = wrapOf(runs);
  const end = realEnd(runs, wrapBytes ?? sizeBytes, sizeBytes);
  if (wrapBytes !== undefined && end === undefined)
    return { kind: 'fake', how: 'wraparound', goodBelowBytes: wrapBytes, badFromBytes: wrapBytes };
  if (end !== undefined && end.badFromBytes <= damagedShare * sizeBytes)
    return { kind: 'fake', how: wrapBytes === undefined ? 'limbo' : 'chain', ...end };
  return { kind: 'scattered', places: bad.length, firstBytes: first.offsetBytes };
}

/** Blocks are found whole multiples of the real size away from their places. */
function wrapOf(runs: readonly PlaceRun[]): number | undefined {
  const shifts = runs.flatMap(({ shiftBytes }) => (shiftBytes === undefined ? [] : [Math.abs(shiftBytes)]));
  if (shifts.length === 0) return undefined;
  const wrapBytes = shifts.reduce(greatestCommonDivisor);
  return wrapBytes >= shortestWrapBytes ? wrapBytes : undefined;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Where a card ends behind which nothing stays; undefined when good and bad are mixed. Addresses count modulo `wrapBytes`. */
function realEnd(
  runs: readonly PlaceRun[],
  wrapBytes: number,
  sizeBytes: number,
): { goodBelowBytes: number; badFromBytes: number } | undefined {
  const folded = runs.flatMap((run) => fold(run, wrapBytes));
  const lost = folded.filter(({ state }) => state !== 'good' && state !== 'elsewhere');
  if (lost.length === 0) return undefined;
  const badFromBytes = lost.reduce((least, { offsetBytes }) => Math.min(least, offsetBytes), sizeBytes);
  const held = folded.filter(({ state }) => state === 'good' || state === 'elsewhere');
  const seemsGood = held.filter(({ offsetBytes }) => offsetBytes >= badFromBytes);
  const share = sum(seemsGood) / (sum(seemsGood) + sum(lost));
  // Only a whole end that is gone is an end: the last place of the card, or what lies before the wrap.
  const last = runs.findLast(({ offsetBytes, lengthBytes }) => offsetBytes + lengthBytes === sizeBytes);
  const endIsHeld = wrapBytes === sizeBytes && (last === undefined || last.state === 'good');
  if (share > cachedShare || endIsHeld) return undefined;
  const below = held.filter(({ offsetBytes }) => offsetBytes < badFromBytes);
  const goodBelowBytes = below.reduce((most, run) => Math.max(most, run.offsetBytes + run.lengthBytes), 0);
  return { goodBelowBytes: Math.min(goodBelowBytes, badFromBytes), badFromBytes };
}

const sum = (runs: readonly PlaceRun[]): number => runs.reduce((total, { lengthBytes }) => total + lengthBytes, 0);

/** A stretch as the stretches below `wrapBytes` that it lies on. */
function fold(run: PlaceRun, wrapBytes: number): PlaceRun[] {
  const folded: PlaceRun[] = [];
  const endBytes = run.offsetBytes + run.lengthBytes;
  for (let at = run.offsetBytes; at < endBytes; ) {
    const next = Math.min(endBytes, (Math.floor(at / wrapBytes) + 1) * wrapBytes);
    folded.push({ ...run, offsetBytes: at % wrapBytes, lengthBytes: next - at });
    at = next;
  }
  return folded;
}
