// Puts pieces onto a card, counted and repaired where that helps, and sees them through to the medium.

import { performance } from 'node:perf_hooks';
import { writePatiently } from './bad-spot.js';
import { type Burn, sizeOf, stopIfCancelled } from './burn-state.js';
import { checkRoom, isNewFile } from './open-card.js';
import type { Piece } from './pieces.js';

/** @throws PiburnError `CARD_TOO_SMALL`, `CARD_WEAK`, `IMAGE_CHANGED`; SystemError of `pwrite`; Cancelled. */
export function put(burn: Burn, piece: Piece): void {
  const { bench, counters, tally, job } = burn;
  stopIfCancelled(counters);
  checkRoom(job.target.path, cardLimit(burn), piece.offsetBytes + piece.lengthBytes);
  const repair = writePatiently(bench, piece, tally.repairs);
  if (repair !== undefined) tally.repairs.push(repair);
  tally.writtenBytes += piece.lengthBytes;
  counters.add(piece.lengthBytes);
}

/** A new file grows as it is written; anything else ends where it ends. */
export const cardLimit = (burn: Burn): number | undefined =>
  isNewFile(burn.job.target) ? burn.job.fileBytes : sizeOf(burn);

export function flush(burn: Burn): void {
  const { bench, counters, tally } = burn;
  counters.enter('flushing', 0);
  const startedMs = performance.now();
  endFile(burn);
  bench.card.flush();
  tally.writeMs += performance.now() - startedMs;
}

/** A file ends where it ended before, or where the image ends; the last sector that was written may reach further. */
export function endFile({ bench, job, table }: Burn): void {
  if (job.target.kind === 'block') return;
  const ownBytes = isNewFile(job.target) ? table.totalBytes : job.target.sizeBytes;
  bench.card.truncate(job.fileBytes ?? ownBytes ?? 0);
}
