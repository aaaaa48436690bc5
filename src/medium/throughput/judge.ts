// What the measures of a bench say about a set-up: what limits it, how many cards at once and which block size fit. Pure.

import {
  type BenchLimit,
  type BenchMeasure,
  type BenchOperation,
  type BenchPart,
  type BenchReader,
  type BenchVerdict,
  busyShare,
  ownShare,
} from '../../protocol/bench.js';
import { usualBlockBytes } from './steps.js';

/** From here on readers together are as fast as alone. */
const asAlone = 0.85;
/** CPUs that are busier than this leave nothing to be had. */
const cpuBusy = 0.85;
/** Speeds that differ less are the same. */
const sameSpeed = 0.95;
/** A reader below this share of the others' median is slow. */
const slowShare = 0.7;
/** What a USB link gives to a card reader is about this share of its nominal bits, or more. */
const linkUse = 0.55;

/**
 * Undefined when no reader was measured alone to the end. `cores`: CPUs of the machine. `broken`: readers that failed while
 * they were measured; what was measured with them does not count.
 */
export function judge(
  measures: readonly BenchMeasure[],
  readers: readonly BenchReader[],
  cores: number,
  broken: readonly number[] = [],
): BenchVerdict | undefined {
  const whole = measures.filter(
    ({ failed, rates }) =>
      failed.length === 0 && rates.length > 0 && rates.every(({ reader }) => !broken.includes(reader)),
  );
  const operations = (['write', 'read'] as const).filter((operation) =>
    whole.some((each) => each.operation === operation && each.part === 'alone'),
  );
  const counts = countsOf(whole, operations);
  const most = counts.at(-1);
  if (most === undefined) return undefined;
  const crowds = operations.map((operation) => crowdOf(whole, operation, most));
  // Writing takes most of the time of a burn: where it is held back, that is the news.
  const held = crowds.find(({ efficiency }) => efficiency < asAlone);
  const shown = held ?? crowds[0];
  if (shown === undefined) return undefined;
  // One that is slow by itself adds little, and is to be burned all the same.
  const jobs = held === undefined ? most : fewestAsGood(whole, operations, counts);
  const block = bestBlock(whole, operations);
  return {
    limit: limitOf(shown, held !== undefined, whole, readers, cores),
    operation: shown.operation,
    readers: most,
    jobs,
    jobsBytesPerSecond: crowdOf(whole, shown.operation, jobs).bytesPerSecond,
    allBytesPerSecond: shown.bytesPerSecond,
    aloneBytesPerSecond: shown.aloneBytesPerSecond,
    cpuShare: shareShown(shown, most, cores),
    ...block,
    ...slowOnes(whole, operations[0] ?? 'read'),
  };
}

/** So many readers at once in one operation. */
interface Crowd {
  readonly operation: BenchOperation;
  readonly measure: BenchMeasure | undefined;
  readonly bytesPerSecond: number;
  readonly aloneBytesPerSecond: number;
  readonly efficiency: number;
}

/** The numbers of readers for which every operation was measured, ascending. */
function countsOf(measures: readonly BenchMeasure[], operations: readonly BenchOperation[]): number[] {
  const counts = [...new Set(measures.filter(isCrowd).map(({ rates }) => rates.length))].sort((a, b) => a - b);
  return counts.filter(
    (count) => operations.length > 0 && operations.every((each) => crowdOf(measures, each, count).bytesPerSecond > 0),
  );
}

const isCrowd = ({ part }: { readonly part: BenchPart }): boolean => part === 'alone' || part === 'together';

function crowdOf(measures: readonly BenchMeasure[], operation: BenchOperation, count: number): Crowd {
  const alike = measures.filter((each) => isCrowd(each) && each.operation === operation);
  // Later ones are of readers that still worked. Of one reader, the first is the one that all larger numbers begin with.
  const ofCount = alike.filter(({ rates }) => rates.length === count);
  const measure = count === 1 ? firstOfCrowds(ofCount, alike) : ofCount.at(-1);
  const alone = (measure?.rates ?? []).map(({ reader }) => aloneSpeed(alike, reader));
  const aloneBytesPerSecond = alone.reduce((sum, each) => sum + each, 0);
  const bytesPerSecond = measure?.bytesPerSecond ?? 0;
  const efficiency = aloneBytesPerSecond > 0 ? bytesPerSecond / aloneBytesPerSecond : 1;
  return { operation, measure, bytesPerSecond, aloneBytesPerSecond, efficiency };
}

function firstOfCrowds(alone: readonly BenchMeasure[], alike: readonly BenchMeasure[]): BenchMeasure | undefined {
  const first = alike.findLast(({ part }) => part === 'together')?.rates[0]?.reader;
  return alone.find(({ rates }) => rates[0]?.reader === first) ?? alone[0];
}

const aloneSpeed = (measures: readonly BenchMeasure[], reader: number): number =>
  measures.find(({ part, rates }) => part === 'alone' && rates[0]?.reader === reader)?.bytesPerSecond ?? 0;

/** A card is written and then read back: what counts is the speed of both, one after the other. */
const inSequence = (speeds: readonly number[]): number =>
  1 / speeds.reduce((sum, bytesPerSecond) => sum + 1 / bytesPerSecond, 0);

function fewestAsGood(
  measures: readonly BenchMeasure[],
  operations: readonly BenchOperation[],
  counts: readonly number[],
): number {
  const speeds = counts.map((count) =>
    inSequence(operations.map((operation) => crowdOf(measures, operation, count).bytesPerSecond)),
  );
  const best = Math.max(...speeds);
  return counts[speeds.findIndex((speed) => speed >= best * sameSpeed)] ?? 1;
}

/** The largest of the block sizes that are about as good as the best one; piburn's own, where that is one of them. */
function bestBlock(
  measures: readonly BenchMeasure[],
  operations: readonly BenchOperation[],
): Pick<BenchVerdict, 'blockBytes' | 'blockGain'> {
  const reader = measures.find(({ part }) => part === 'blocks')?.rates[0]?.reader;
  const comparable = measures.filter(
    ({ part, rates }) => (part === 'alone' || part === 'blocks') && rates[0]?.reader === reader,
  );
  const speedOf = (blockBytes: number) =>
    inSequence(
      operations.map(
        (operation) =>
          comparable.find((each) => each.blockBytes === blockBytes && each.operation === operation)?.bytesPerSecond ??
          0,
      ),
    );
  const sizes = [...new Set(comparable.map(({ blockBytes }) => blockBytes))].sort((a, b) => b - a);
  const best = Math.max(...sizes.map(speedOf));
  const blockBytes = sizes.find((size) => speedOf(size) >= best * sameSpeed) ?? usualBlockBytes;
  const usual = speedOf(usualBlockBytes);
  const isOther = blockBytes !== usualBlockBytes && usual > 0;
  return { blockBytes, blockGain: isOther ? speedOf(blockBytes) / usual - 1 : 0 };
}

function limitOf(
  shown: Crowd,
  isHeld: boolean,
  measures: readonly BenchMeasure[],
  readers: readonly BenchReader[],
  cores: number,
): BenchLimit {
  const used = shown.measure?.rates.map(({ reader }) => reader) ?? [];
  if (isHeld) return shareShown(shown, used.length, cores) >= cpuBusy ? 'cpu' : 'shared';
  // A thread that never waits for its card.
  const threads = measures.filter(({ part, operation }) => part === 'alone' && operation === shown.operation);
  if (threads.length > 0 && threads.every((each) => ownShare(each) >= cpuBusy)) return 'cpu';
  const isLink = (reader: number) => {
    const linkBytesPerSecond = ((readers[reader]?.linkMbps ?? 0) * 1e6) / 8;
    const alone = measures.filter(({ part, rates }) => part === 'alone' && rates[0]?.reader === reader);
    return linkBytesPerSecond > 0 && alone.some((each) => each.bytesPerSecond >= linkBytesPerSecond * linkUse);
  };
  return used.length > 0 && used.every(isLink) ? 'links' : 'cards';
}

/** One reader has one thread, and cannot use more than one CPU. */
function shareShown({ measure }: Crowd, readers: number, cores: number): number {
  if (measure === undefined) return 0;
  return readers === 1 ? Math.min(1, ownShare(measure)) : busyShare(measure, cores);
}

function slowOnes(
  measures: readonly BenchMeasure[],
  operation: BenchOperation,
): Pick<BenchVerdict, 'slow' | 'usualBytesPerSecond'> {
  const alone = measures
    .filter((each) => each.part === 'alone' && each.operation === operation)
    .map(({ rates, bytesPerSecond }) => ({ reader: rates[0]?.reader ?? 0, bytesPerSecond }));
  const usualBytesPerSecond = median(alone.map(({ bytesPerSecond }) => bytesPerSecond));
  return { slow: alone.filter((each) => each.bytesPerSecond < usualBytesPerSecond * slowShare), usualBytesPerSecond };
}

/** The upper one of two in the middle: of two cards the faster one. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
