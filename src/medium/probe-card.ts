// One probe, from open to cleared, as it runs on a worker's own thread. A job in, an outcome out; it never throws. However
// it ends, once anything was written the card has no partition table any more.

import { performance } from 'node:perf_hooks';
import { failure, interruption } from '../errors.js';
import type { Device } from '../native.js';
import type { ProbeFacts, ProbeOutcome } from '../protocol/probe.js';
import type { TargetIdentity } from '../protocol.js';
import { probeFull } from './full.js';
import { type Medium, type Surroundings, wholeBlocks } from './medium.js';
import { deviceFailure, isGone, isPlaceError, isReadOnlyError, openToWrite, zeroEnds } from './open-device.js';
import { Pattern } from './pattern.js';
import { Places } from './places.js';
import { Progress } from './progress.js';
import { type Found, probeQuick } from './quick.js';
import { smallestCardBytes } from './quick-plan.js';
import { type Bench, pieceBytes } from './stretch.js';
import { verdictOf } from './verdict.js';

export interface ProbeJob {
  readonly target: TargetIdentity;
  readonly full: boolean;
  readonly seed: number;
  /** 32 random bytes. */
  readonly salt: Uint8Array;
  /** A `Progress`. */
  readonly progress: SharedArrayBuffer;
}

/** Facts name no more bad stretches than this. */
const toldMax = 1000;

export function probeCard(job: ProbeJob): ProbeOutcome {
  const progress = new Progress(job.progress);
  try {
    progress.enter('opening', 0);
    const device = openToWrite(job.target, pieceBytes);
    try {
      return { facts: probeDevice(job, device, progress), touched: true };
    } finally {
      clear(device, progress);
      device.close();
    }
  } catch (error) {
    return { failure: deviceFailure(error, job.target), touched: progress.touched };
  } finally {
    progress.enter('done', 0);
  }
}

function probeDevice(job: ProbeJob, device: Device, progress: Progress): ProbeFacts {
  const startedMs = performance.now();
  const medium = mediumOf(device);
  if (medium.sizeBytes < smallestCardBytes) throw tooSmall(job.target.path, device.info.sizeBytes);
  const around = surroundings(job, progress);
  progress.enter('wiping', 0);
  around.step(0);
  progress.touch();
  const bench = {
    medium,
    around,
    pattern: new Pattern(job.salt),
    places: new Places(),
    refused: { writes: 0, reads: 0 },
  };
  const found = findOut(job, device, bench);
  const bad = bench.places.list().filter(({ state }) => state !== 'good');
  const { speeds = [], randomWrites, randomReads } = found ?? {};
  return {
    sizeBytes: device.info.sizeBytes,
    full: job.full,
    verdict: found === undefined ? { kind: 'read-only' } : verdictOf(found),
    checkedBytes: Math.min(bench.places.checkedBytes, device.info.sizeBytes),
    bad: bad.slice(0, toldMax),
    badMore: Math.max(0, bad.length - toldMax),
    speeds,
    ...(randomWrites === undefined ? {} : { randomWrites }),
    ...(randomReads === undefined ? {} : { randomReads }),
    seed: job.seed,
    direct: device.info.direct,
    elapsedMs: performance.now() - startedMs,
  };
}

/** Undefined for a card that became read-only. */
function findOut(job: ProbeJob, device: Device, bench: Bench): Found | undefined {
  try {
    zeroEndsIfItLets(device);
    return job.full ? probeFull(bench) : probeQuick(bench, job.seed);
  } catch (error) {
    if (isReadOnlyError(error)) return undefined;
    throw error;
  }
}

/** A card whose first MiB is bad is to be told about, not to be left alone. */
function zeroEndsIfItLets(device: Device): void {
  try {
    zeroEnds(device);
  } catch (error) {
    if (!isPlaceError(error)) throw error;
  }
}

/** Even after Ctrl-C or an error: no half of a table stays behind. What cannot be cleared any more cannot be helped. */
function clear(device: Device, progress: Progress): void {
  if (!progress.touched) return;
  progress.enter('clearing', 0);
  try {
    if (device.info.kind === 'file') device.punch(0, device.info.sizeBytes);
    zeroEnds(device);
    device.rereadPartitions();
  } catch {
    // The outcome says what is wrong with the card.
  }
}

function mediumOf(device: Device): Medium {
  return {
    sizeBytes: wholeBlocks(device.info.sizeBytes),
    read(offsetBytes, lengthBytes) {
      return device.buffer.subarray(0, device.read(offsetBytes, lengthBytes, pieceBytes));
    },
    write(offsetBytes, bytes) {
      device.buffer.set(bytes);
      device.writeBuffer(offsetBytes, bytes.length, pieceBytes);
    },
    flush: () => device.flush(),
  };
}

function surroundings({ target }: ProbeJob, progress: Progress): Surroundings {
  return {
    nowMs: () => performance.now(),
    step(doneBytes) {
      if (progress.cancelled) throw interruption(`the probe of ${target.path} was interrupted`);
      progress.add(doneBytes);
    },
    enter: (step, totalBytes) => progress.enter(step, totalBytes),
    isCardError: (error) => isPlaceError(error) && !isGone(target),
  };
}

const tooSmall = (path: string, sizeBytes: number) =>
  failure('TOO_SMALL', `${path} has ${sizeBytes} bytes, too few to be probed`, {
    device: path,
    hint: `a card, or a file of at least ${smallestCardBytes / 1024 / 1024} MiB (truncate --size=1G card.img)`,
  });
