// The quick probe: writes at chosen places, then looks whether all of it stayed, and how long that took. It proves only
// the places that it looks at; what it cannot miss is an end that the card does not have.

import type { ProbeFacts } from '../protocol/probe.js';
import { type Assessment, assess } from './assess.js';
import { findEnd } from './bisect.js';
import { drawFrom, shuffled } from './draw.js';
import { blockBytes } from './medium.js';
import { type Extent, planQuick, type QuickPlan, type Stretch, usualExtent } from './quick-plan.js';
import { summarise, timed } from './random-access.js';
import { type Bench, checkStretch, tryRead, tryWrite, writeStretch } from './stretch.js';

/** What a probe of either kind has found. */
export type Found = Pick<ProbeFacts, 'speeds' | 'randomWrites' | 'randomReads'> & {
  readonly assessment: Assessment;
  /** Writes were taken, or refused, without any effect. */
  readonly keepsOld: boolean;
};

export function probeQuick(bench: Bench, seed: number, extent: Extent = usualExtent): Found {
  const { medium, around, places, refused } = bench;
  const plan = planQuick(medium.sizeBytes, seed, extent);
  const before = oldBlocks(bench, plan);
  writeMarkers(bench, plan);
  if (refused.writes === plan.markers.length) return { assessment: { kind: 'dead' }, keepsOld: true, speeds: [] };
  around.enter('filling', plan.fill.lengthBytes);
  writeStretch(bench, plan.fill.offsetBytes, plan.fill.lengthBytes);
  const writeSpeeds = measure(bench, plan.windows, 'writing');
  around.enter('random-writes', plan.randomPlaces.length * blockBytes);
  const randomWrites = summarise(
    plan.randomPlaces.map((at) => timed(around, () => tryWrite(bench, at, bench.pattern.make(at, blockBytes)))),
  );
  defeatCache(bench, plan, extent);
  checkMarkers(bench, plan, drawFrom(seed ^ 0x5bd1e995));
  checkStretch(bench, plan.fill.offsetBytes, plan.fill.lengthBytes);
  const readSpeeds = measure(bench, plan.windows, 'reading');
  around.enter('random-reads', plan.randomPlaces.length * blockBytes);
  const elsewhere = planQuick(medium.sizeBytes, seed + 1, extent).randomPlaces;
  const randomReads = summarise(
    elsewhere.map((at) => timed(around, () => tryRead(bench, at, blockBytes) !== undefined)),
  );
  const speeds = plan.windows.map((window, index) => ({
    ...window,
    ...speed('writeBytesPerSecond', window, writeSpeeds[index]),
    ...speed('readBytesPerSecond', window, readSpeeds[index]),
  }));
  const assessment = findEnd(bench, assess(places.list(), medium.sizeBytes), seed, extent);
  const keepsOld = assessment.kind === 'dead' && areAsBefore(bench, before);
  return {
    assessment,
    keepsOld,
    speeds,
    ...(randomWrites === undefined ? {} : { randomWrites }),
    ...(randomReads === undefined ? {} : { randomReads }),
  };
}

/** What the first markers' places held: a card at the end of its life takes writes and keeps that. */
function oldBlocks(bench: Bench, { markers }: QuickPlan): ReadonlyMap<number, Uint8Array> {
  bench.around.enter('markers', markers.length * blockBytes);
  const old = new Map<number, Uint8Array>();
  for (const at of markers.slice(0, 8)) {
    bench.around.step(0);
    old.set(at, Buffer.from(tryRead(bench, at, blockBytes) ?? []));
  }
  return old;
}

const areAsBefore = (bench: Bench, before: ReadonlyMap<number, Uint8Array>): boolean =>
  [...before].every(([at, old]) => Buffer.from(old).equals(tryRead(bench, at, blockBytes) ?? Buffer.alloc(1)));

function writeMarkers(bench: Bench, { markers }: QuickPlan): void {
  for (const at of markers) {
    bench.around.step(blockBytes);
    tryWrite(bench, at, bench.pattern.make(at, blockBytes));
  }
}

/** The beginning once more, which every card has: whatever was written elsewhere must come from the medium now. */
function defeatCache(bench: Bench, { fill }: QuickPlan, { fillBytesMin }: Extent): void {
  writeStretch(bench, 0, Math.min(fillBytesMin, fill.lengthBytes));
  bench.medium.flush();
}

/** In random order, because some readers fetch ahead; glances count only where they meet what was written elsewhere. */
function checkMarkers(bench: Bench, plan: QuickPlan, draw: () => number): void {
  const { markers, randomPlaces, glances } = plan;
  const looks = shuffled(
    [
      ...[...markers, ...randomPlaces].map((at) => ({ at, isOurs: true })),
      ...glances.map((at) => ({ at, isOurs: false })),
    ],
    draw,
  );
  bench.around.enter('checking', looks.length * blockBytes + plan.fill.lengthBytes);
  for (const { at, isOurs } of looks) {
    if (isOurs) checkStretch(bench, at, blockBytes);
    else glance(bench, at);
  }
}

function glance(bench: Bench, offsetBytes: number): void {
  const { around, pattern, medium, places } = bench;
  around.step(blockBytes);
  const block = tryRead(bench, offsetBytes, blockBytes);
  const judged = block === undefined ? undefined : pattern.judge(block, offsetBytes, medium.sizeBytes);
  if (judged?.state === 'elsewhere') places.add(offsetBytes, blockBytes, 'elsewhere', judged.shiftBytes);
}

/** Milliseconds for each window, its flush included, so that no cache in the card flatters it. */
function measure(bench: Bench, windows: readonly Stretch[], step: 'writing' | 'reading'): (number | undefined)[] {
  const { around, medium } = bench;
  around.enter(
    step,
    windows.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
  );
  return windows.map(({ offsetBytes, lengthBytes }) => {
    if (step === 'reading') return checkStretch(bench, offsetBytes, lengthBytes);
    const writingMs = writeStretch(bench, offsetBytes, lengthBytes);
    const startedMs = around.nowMs();
    medium.flush();
    return writingMs === undefined ? undefined : writingMs + around.nowMs() - startedMs;
  });
}

function speed<Name extends string>(name: Name, { lengthBytes }: Stretch, elapsedMs: number | undefined) {
  if (elapsedMs === undefined || elapsedMs <= 0) return {};
  return { [name]: (lengthBytes / elapsedMs) * 1000 } as { [key in Name]?: number };
}
