// What `piburn bench` measures: how fast readers write and read, alone and together, and what that says about a set-up.
// `--json` prints a `BenchResult` with `type: "bench"` and the sentences of its verdict.

import type { Failure } from '../errors.js';

export type BenchOperation = 'write' | 'read';

/** Why a step is taken: each reader by itself; other block sizes; the page cache between; several at once. */
export type BenchPart = 'alone' | 'blocks' | 'buffered' | 'together';

/** One place that was measured: a card in its reader, or a file standing in for one. */
export interface BenchReader {
  readonly path: string;
  /** Vendor and model of the reader or card, or `file`. */
  readonly model: string;
  readonly kind: 'block' | 'file';
  /** A file that was made for this and is removed again. */
  readonly fresh: boolean;
  /** Undefined when it could not be opened. */
  readonly sizeBytes?: number;
  /** False where the page cache could not be left out. */
  readonly direct: boolean;
  /** sysfs name of the hub on USB. */
  readonly hub?: string;
  /** Speed of its USB link. */
  readonly linkMbps?: number;
  /** Something was written: the old content is gone, and there is no partition table. */
  readonly touched: boolean;
  /** Why it was left out from then on. */
  readonly failure?: Failure;
  /** Blocks of 4 KiB that read back as something else than what was written. */
  readonly wrong?: BenchWrong;
}

export interface BenchWrong {
  readonly blocks: number;
  readonly firstBytes: number;
}

/** What one reader did in a step. */
export interface BenchRate {
  /** Counts `BenchResult.readers`, from 0. */
  readonly reader: number;
  readonly doneBytes: number;
  /** Time in calls of the kernel, flushing included. */
  readonly elapsedMs: number;
}

/** CPU time during a step. */
export interface BenchCpu {
  /** Of piburn, all threads. */
  readonly userMs: number;
  readonly systemMs: number;
  /** Of the whole machine, the kernel's own threads and other programs included; counted in ticks of 10 ms. */
  readonly machineMs: number;
}

/** One step: some readers, at the same time, one operation. */
export interface BenchMeasure {
  readonly part: BenchPart;
  readonly operation: BenchOperation;
  readonly blockBytes: number;
  /** O_DIRECT; false: through the page cache. */
  readonly direct: boolean;
  /** Ascending by reader; those that failed are missing. */
  readonly rates: readonly BenchRate[];
  /** Readers that failed in this step: the others may have been faster for it. */
  readonly failed: readonly number[];
  /** All readers of the step together. */
  readonly bytesPerSecond: number;
  readonly elapsedMs: number;
  readonly cpu: BenchCpu;
}

/** Ticks of 10 ms say nothing about a short step; then piburn's own time has to do. */
const longEnoughMs = 200;

/** The busy share of `cores` CPUs during a step, 0 to 1. */
export function busyShare({ cpu, elapsedMs }: Pick<BenchMeasure, 'cpu' | 'elapsedMs'>, cores: number): number {
  if (!(elapsedMs > 0)) return 0;
  const ownMs = cpu.userMs + cpu.systemMs;
  const busyMs = elapsedMs < longEnoughMs ? ownMs : Math.max(ownMs, cpu.machineMs);
  return Math.min(1, busyMs / elapsedMs / cores);
}

/** How much of one CPU piburn itself kept busy: about 1 for each thread that never waits for its card. */
export const ownShare = ({ cpu, elapsedMs }: Pick<BenchMeasure, 'cpu' | 'elapsedMs'>): number =>
  elapsedMs > 0 ? (cpu.userMs + cpu.systemMs) / elapsedMs : 0;

/**
 * What keeps a set-up from being faster. `cards`: each card (or its reader, as far as one can tell) at its own speed.
 * `links`: the USB link of the readers. `shared`: a hub, a controller, or the disk under the files. `cpu`: this machine.
 */
export type BenchLimit = 'cards' | 'links' | 'shared' | 'cpu';

export interface BenchVerdict {
  readonly limit: BenchLimit;
  /** The operation that shows it best. */
  readonly operation: BenchOperation;
  /** How many readers were measured together at most. */
  readonly readers: number;
  /** So many at once are as good as all of them (within 5 %, writing and reading back counted). */
  readonly jobs: number;
  /** Speed of `operation` with `jobs` and with all `readers`, and the sum of what these do alone. */
  readonly jobsBytesPerSecond: number;
  readonly allBytesPerSecond: number;
  readonly aloneBytesPerSecond: number;
  /** Busy share of all CPUs, 0 to 1, during `operation` with all readers; of one CPU where there is one reader. */
  readonly cpuShare: number;
  /** The block size to use; the gain over piburn's own default is 0 where that is as good. */
  readonly blockBytes: number;
  readonly blockGain: number;
  /** Readers well below the others (less than 70 % of their median), and that median. */
  readonly slow: readonly { readonly reader: number; readonly bytesPerSecond: number }[];
  readonly usualBytesPerSecond: number;
}

export interface BenchResult {
  /** Nothing was written. */
  readonly readOnly: boolean;
  /** The range of each card that was used begins after 4 MiB and is so long. */
  readonly rangeBytes: number;
  /** CPUs of this machine. */
  readonly cores: number;
  readonly readers: readonly BenchReader[];
  /** In the order in which they were taken. */
  readonly measures: readonly BenchMeasure[];
  /** Absent when too little was measured. */
  readonly verdict?: BenchVerdict;
  /** The person stopped it: there are fewer measures than there would have been. */
  readonly interrupted: boolean;
  readonly elapsedMs: number;
}

/** How far it is. */
export interface BenchSample {
  readonly part: BenchPart;
  readonly operation: BenchOperation;
  readonly blockBytes: number;
  readonly direct: boolean;
  /** The readers of this step. */
  readonly paths: readonly string[];
  readonly stepsDone: number;
  readonly stepsTotal: number;
  /** In this step, so far. */
  readonly doneBytes: number;
  readonly stepMs: number;
  readonly elapsedMs: number;
  readonly remainingMs: number;
}
