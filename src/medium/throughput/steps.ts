// The steps of a bench as data: each reader alone, then block sizes and the page cache on one of them, then two, three and
// more together. Every step writes first, so that what it reads is its own.

import type { BenchOperation, BenchPart } from '../../protocol/bench.js';

export interface BenchStep {
  readonly part: BenchPart;
  readonly operation: BenchOperation;
  readonly blockBytes: number;
  readonly direct: boolean;
  /** Indexes of readers. */
  readonly readers: readonly number[];
}

/** What piburn itself writes with. */
export const usualBlockBytes = 4 * 1024 * 1024;
const otherBlockBytes = [64 * 1024, 256 * 1024, 1024 * 1024];

/** Up to here each number of readers is measured; beyond, only some. */
const everyCountUpTo = 8;
const someCounts = [12, 16, 24, 32];

/** More than any hub has. */
export const mostReaders = 32;

/** `readers`: how many there are. `buffered`: whether they can be measured without O_DIRECT beside O_DIRECT. */
export function planSteps(readers: number, readOnly: boolean): BenchStep[] {
  const all = Array.from({ length: readers }, (_, index) => index);
  const usual = { blockBytes: usualBlockBytes, direct: true };
  const first = all.slice(0, 1);
  const measured: Omit<BenchStep, 'operation'>[] = [
    ...all.map((reader) => ({ part: 'alone' as const, ...usual, readers: [reader] })),
    ...otherBlockBytes.map((blockBytes) => ({ part: 'blocks' as const, blockBytes, direct: true, readers: first })),
    { part: 'buffered', ...usual, direct: false, readers: first },
    ...countsUpTo(readers).map((count) => ({ part: 'together' as const, ...usual, readers: all.slice(0, count) })),
  ];
  const operations: readonly BenchOperation[] = readOnly ? ['read'] : ['write', 'read'];
  return measured.flatMap((step) => operations.map((operation) => ({ ...step, operation })));
}

const countsUpTo = (readers: number): number[] =>
  Array.from({ length: readers + 1 }, (_, count) => count).filter(
    (count) => count >= 2 && (count <= everyCountUpTo || count === readers || someCounts.includes(count)),
  );

/**
 * The step with readers that still work: those that failed are left out, and others take their place in the steps that are
 * not about a certain reader. Undefined when it cannot be taken.
 */
export function withLiving(step: BenchStep, living: readonly number[]): BenchStep | undefined {
  if (step.part === 'alone') return step.readers.every((reader) => living.includes(reader)) ? step : undefined;
  if (living.length < step.readers.length) return undefined;
  return { ...step, readers: living.slice(0, step.readers.length) };
}
