// Which places of a card a quick probe looks at: plain arithmetic and a seed, decided before the card is touched.

import { drawFrom } from './draw.js';
import { blockBytes, wholeBlocks } from './medium.js';

export interface Stretch {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export interface QuickPlan {
  /** Single blocks: the powers of two, the ends, and a random one in each of 128 equal parts. Ascending. */
  readonly markers: readonly number[];
  /**
   * The end of the card, filled without a gap. On a card that wraps around it lies upon something below, wherever the
   * real end is; and it is more than a small cache holds.
   */
  readonly fill: Stretch;
  /**
   * Single blocks, as far apart as `fill` is long: whatever lies under `fill` contains one of them. (Markers alone miss a
   * card whose real size is no power of two, because hardly two of them meet.)
   */
  readonly glances: readonly number[];
  /** Where the speed is measured. Ascending, none upon another. */
  readonly windows: readonly Stretch[];
  /** Single blocks, in random order. */
  readonly randomPlaces: readonly number[];
}

/** How much is written; tests on simulated cards write less. */
export interface Extent {
  readonly windowBytes: number;
  readonly fillBytesMin: number;
}

export const usualExtent: Extent = { windowBytes: 16 * 1024 * 1024, fillBytesMin: 32 * 1024 * 1024 };

/** A smaller card has no room for it all. */
export const smallestCardBytes = 16 * 1024 * 1024;

const slices = 128;
const windows = 24;
const randomPlaces = 64;
/** The fill of a large card, so that there are about a thousand glances; beyond 256 GiB there are more. */
const glancesWanted = 1024;
const fillBytesMax = 256 * 1024 * 1024;

/** `sizeBytes`: whole blocks, at least `smallestCardBytes`. */
export function planQuick(sizeBytes: number, seed: number, extent: Extent = usualExtent): QuickPlan {
  const draw = drawFrom(seed);
  const randomBlock = (from: number, lengthBytes: number) =>
    from + Math.floor((draw() * lengthBytes) / blockBytes) * blockBytes;
  const fillBytes = fillLength(sizeBytes, extent.fillBytesMin);
  const sliceBytes = wholeBlocks(sizeBytes / slices);
  const random = Array.from({ length: slices }, (_, slice) => randomBlock(slice * sliceBytes, sliceBytes));
  const glances = Math.ceil((sizeBytes - fillBytes) / fillBytes);
  return {
    markers: ascending([0, ...powersOfTwo(sizeBytes), ...random, sizeBytes - blockBytes]),
    fill: { offsetBytes: sizeBytes - fillBytes, lengthBytes: fillBytes },
    glances: Array.from({ length: glances }, (_, glance) => glance * fillBytes),
    windows: windowsOf(sizeBytes, extent.windowBytes),
    randomPlaces: Array.from({ length: randomPlaces }, () => randomBlock(0, sizeBytes)),
  };
}

function fillLength(sizeBytes: number, leastBytes: number): number {
  const wanted = Math.max(leastBytes, sizeBytes / glancesWanted);
  return Math.max(blockBytes, wholeBlocks(Math.min(wanted, fillBytesMax, sizeBytes / 8)));
}

function powersOfTwo(sizeBytes: number): number[] {
  const powers: number[] = [];
  for (let power = blockBytes; power < sizeBytes; power *= 2) powers.push(power);
  return powers;
}

/** From the very beginning to the very end, evenly. */
function windowsOf(sizeBytes: number, windowBytes: number): Stretch[] {
  const lengthBytes = wholeBlocks(Math.min(windowBytes, sizeBytes / windows));
  return Array.from({ length: windows }, (_, index) => ({
    offsetBytes: wholeBlocks(((sizeBytes - lengthBytes) * index) / (windows - 1)),
    lengthBytes,
  }));
}

const ascending = (offsets: readonly number[]): number[] => [...new Set(offsets)].sort((a, b) => a - b);
