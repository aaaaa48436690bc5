// From what was found to the one word that a person wants.

import type { SpeedPoint, Verdict } from '../protocol/probe.js';
import { wholeBlocks } from './medium.js';
import type { Found } from './quick.js';

/** What every card with a speed class of 10, U1 or V10 promises (SD Physical Layer, speed classes). */
export const slowBytesPerSecond = 10e6;

export function verdictOf({ assessment, keepsOld, speeds }: Found): Verdict {
  switch (assessment.kind) {
    case 'dead':
      return keepsOld ? { kind: 'read-only' } : { kind: 'failing', places: 1, firstBytes: 0 };
    case 'scattered':
      return { kind: 'failing', places: assessment.places, firstBytes: assessment.firstBytes };
    case 'fake':
      return { kind: 'fake', how: assessment.how, holdsBytes: wholeBlocks(assessment.goodBelowBytes) };
    case 'sound': {
      const usual = median(speeds);
      if (usual === undefined || usual >= slowBytesPerSecond) return { kind: 'good' };
      return { kind: 'slow', writeBytesPerSecond: usual };
    }
  }
}

function median(speeds: readonly SpeedPoint[]): number | undefined {
  const known = speeds.flatMap(({ writeBytesPerSecond }) => writeBytesPerSecond ?? []).sort((a, b) => a - b);
  return known[Math.floor(known.length / 2)];
}
