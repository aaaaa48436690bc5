// The full probe: writes every block, reads every block back. Slow, and the only proof of a whole card.

import type { SpeedPoint } from '../protocol/probe.js';
import { assess } from './assess.js';
import { wholeBlocks } from './medium.js';
import type { Found } from './quick.js';
import { type Bench, checkStretch, writeStretch } from './stretch.js';

/** So many points has the picture of the speed. */
const pointsWanted = 200;

export function probeFull(bench: Bench): Found {
  const { medium, around, places } = bench;
  const lengthBytes = Math.max(wholeBlocks(medium.sizeBytes / pointsWanted), 64 * 1024);
  const count = Math.ceil(medium.sizeBytes / lengthBytes);
  const stretches = Array.from({ length: count }, (_, index) => ({
    offsetBytes: index * lengthBytes,
    lengthBytes: Math.min(lengthBytes, medium.sizeBytes - index * lengthBytes),
  }));
  around.enter('writing', medium.sizeBytes);
  const writeMs = stretches.map((stretch) => writeStretch(bench, stretch.offsetBytes, stretch.lengthBytes));
  medium.flush();
  around.enter('reading', medium.sizeBytes);
  const readMs = stretches.map((stretch) =>
    places.hopeless ? undefined : checkStretch(bench, stretch.offsetBytes, stretch.lengthBytes),
  );
  const speeds = stretches.map((stretch, index): SpeedPoint => {
    const [writing = 0, reading = 0] = [writeMs[index], readMs[index]];
    return {
      ...stretch,
      ...(writing > 0 ? { writeBytesPerSecond: (stretch.lengthBytes / writing) * 1000 } : {}),
      ...(reading > 0 ? { readBytesPerSecond: (stretch.lengthBytes / reading) * 1000 } : {}),
    };
  });
  const refusesAll = writeMs.every((elapsed) => elapsed === undefined);
  return { assessment: assess(places.list(), medium.sizeBytes), keepsOld: refusesAll, speeds };
}
