// How long single small requests take: what a Pi feels when it starts programs and writes its logs.

import type { RandomAccess } from '../protocol/probe.js';
import { blockBytes, type Surroundings } from './medium.js';

/** The milliseconds of one request; undefined when the card refused it. */
export function timed(around: Surroundings, request: () => boolean): number | undefined {
  around.step(blockBytes);
  const startedMs = around.nowMs();
  const went = request();
  return went ? around.nowMs() - startedMs : undefined;
}

/** Undefined when no request went well. */
export function summarise(times: readonly (number | undefined)[]): RandomAccess | undefined {
  const known = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  const totalMs = known.reduce((sum, time) => sum + time, 0);
  const [medianMs, worstMs] = [known[Math.floor(known.length / 2)], known.at(-1)];
  if (medianMs === undefined || worstMs === undefined) return undefined;
  const perSecond = totalMs > 0 ? (known.length / totalMs) * 1000 : 0;
  return { requests: known.length, perSecond, medianMs, worstMs };
}
