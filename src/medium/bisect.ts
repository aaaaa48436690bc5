// Finds the real end of a card that loses what is written beyond it: writes blocks between the last place known to be good
// and the first known to be lost, something else in between so that no cache answers, and looks which of them stayed.

import type { Assessment } from './assess.js';
import { drawFrom, shuffled } from './draw.js';
import { blockBytes, wholeBlocks } from './medium.js';
import type { Extent } from './quick-plan.js';
import { type Bench, pieceBytes, tryRead, tryWrite, writeStretch } from './stretch.js';

/** Each round makes the unknown part 32 times smaller: six are enough from a petabyte down to a MiB. */
const samples = 32;
const roundsMax = 8;

/** The same assessment with the end as near as it can be told; of other cards unchanged. */
export function findEnd(bench: Bench, assessment: Assessment, seed: number, extent: Extent): Assessment {
  if (assessment.kind !== 'fake' || assessment.how === 'wraparound') return assessment;
  const draw = drawFrom(seed ^ 0x27d4eb2f);
  let { goodBelowBytes, badFromBytes } = assessment;
  bench.around.enter('bisecting', roundsMax * (samples * 2 * blockBytes + extent.fillBytesMin));
  for (let round = 0; round < roundsMax && badFromBytes > goodBelowBytes; round += 1) {
    const offsets = sampleOffsets(goodBelowBytes, badFromBytes, draw);
    for (const at of offsets) {
      bench.around.step(blockBytes);
      tryWrite(bench, at, bench.pattern.make(at, blockBytes));
    }
    defeatCache(bench, goodBelowBytes, extent.fillBytesMin, draw);
    const lost = new Set(shuffled(offsets, draw).filter((at) => !isThere(bench, at)));
    const firstLost = offsets.find((at) => lost.has(at));
    const good = offsets.filter((at) => at < (firstLost ?? badFromBytes));
    goodBelowBytes = (good.at(-1) ?? goodBelowBytes - blockBytes) + blockBytes;
    badFromBytes = firstLost ?? badFromBytes;
  }
  return { ...assessment, goodBelowBytes, badFromBytes };
}

/** Ascending and distinct: one block drawn from each of 32 equal parts, and the first and the last. */
function sampleOffsets(fromBytes: number, toBytes: number, draw: () => number): number[] {
  const part = (toBytes - fromBytes) / samples;
  const drawn = Array.from({ length: samples }, (_, index) => wholeBlocks(fromBytes + (index + draw()) * part));
  return [...new Set([fromBytes, ...drawn, toBytes - blockBytes])]
    .filter((at) => at >= fromBytes && at < toBytes)
    .sort((a, b) => a - b);
}

/** Other data, spread over what is known to be good. Where there is hardly any, all of that is written. */
function defeatCache(bench: Bench, goodBytes: number, amountBytes: number, draw: () => number): void {
  const lengthBytes = wholeBlocks(Math.min(pieceBytes / 4, goodBytes));
  for (let done = 0; lengthBytes > 0 && done < amountBytes; done += lengthBytes) {
    writeStretch(bench, wholeBlocks(draw() * (goodBytes - lengthBytes)), lengthBytes);
  }
  bench.medium.flush();
}

function isThere(bench: Bench, offsetBytes: number): boolean {
  bench.around.step(blockBytes);
  const block = tryRead(bench, offsetBytes, blockBytes);
  return block !== undefined && bench.pattern.judge(block, offsetBytes, bench.medium.sizeBytes).state === 'good';
}
