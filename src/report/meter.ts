// How fast something goes and how long it will still take, from byte counts seen at points in time.
// A few samples per meter: cheap to copy, so that the state that holds it stays immutable.

import { bytesPerSecond } from './text.js';

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** A count of bytes that only grows; one that shrinks starts a new meter. */
export interface Meter {
  readonly start: Sample;
  readonly last: Sample;
  /** Ascending, at least `spacingMs` apart; the first one is where the window of recent time begins. */
  readonly samples: readonly Sample[];
}

const windowMs = 5_000;
const spacingMs = 250;
// A speed over less time than this jumps about too much to be shown.
const soonestMs = 500;
const longestEtaMs = 100 * 3_600_000;

export function startMeter(bytes: number, nowMs: number): Meter {
  const start = { atMs: nowMs, bytes };
  return { start, last: start, samples: [start] };
}

export function advanceMeter(meter: Meter, bytes: number, nowMs: number): Meter {
  if (bytes < meter.last.bytes || nowMs < meter.last.atMs) return startMeter(bytes, nowMs);
  const last = { atMs: nowMs, bytes };
  const newest = meter.samples.at(-1) ?? meter.start;
  if (nowMs - newest.atMs < spacingMs) return { ...meter, last };
  const begin = meter.samples.findLastIndex((sample) => sample.atMs <= nowMs - windowMs);
  return { start: meter.start, last, samples: [...meter.samples.slice(Math.max(0, begin)), last] };
}

/** Bytes per second over the last five seconds; it sinks while nothing arrives. Undefined when it is too early. */
export const recentRate = (meter: Meter, nowMs: number): number | undefined =>
  rateSince(meter.samples[0] ?? meter.start, meter, nowMs);

/** Bytes per second since the meter started. Undefined when it is too early. */
export const overallRate = (meter: Meter, nowMs: number): number | undefined => rateSince(meter.start, meter, nowMs);

function rateSince(begin: Sample, meter: Meter, nowMs: number): number | undefined {
  const elapsedMs = Math.max(nowMs, meter.last.atMs) - begin.atMs;
  return elapsedMs < soonestMs ? undefined : bytesPerSecond(meter.last.bytes - begin.bytes, elapsedMs);
}

/** Milliseconds until `totalBytes`; undefined when it is too early, nothing moves, or it would take days. */
export function etaMs(meter: Meter, totalBytes: number, nowMs: number): number | undefined {
  const recent = recentRate(meter, nowMs);
  const overall = overallRate(meter, nowMs);
  if (recent === undefined || overall === undefined) return undefined;
  // Cards write in bursts: the recent speed alone would make the estimate jump, the overall one would never adapt.
  return durationMs(Math.max(0, totalBytes - meter.last.bytes), (recent + overall) / 2);
}

/** Milliseconds that some bytes take at a speed; undefined when it is no speed, or it would take days. */
export function durationMs(bytes: number, speedBytesPerSecond: number): number | undefined {
  const neededMs = (bytes / speedBytesPerSecond) * 1000;
  return neededMs < longestEtaMs ? neededMs : undefined;
}
