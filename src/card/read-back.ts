// Reads all of a card back but its first piece, which is written last; what had to be written again is a reason to read
// all of it once more.

import { performance } from 'node:perf_hooks';
import { type Burn, stopIfCancelled } from './burn-state.js';
import { type Piece, piecesOf } from './pieces.js';
import { checkAgain, checkPiece } from './verify.js';

/** @throws as `checkPiece`; Cancelled. */
export function readBack(burn: Burn): void {
  const { bench, tally } = burn;
  const startedMs = performance.now();
  const repairedBefore = tally.repairs.length;
  readThrough(burn, (piece) => {
    const repair = checkPiece(bench, piece, tally.repairs);
    if (repair !== undefined) tally.repairs.push(repair);
    tally.verifiedBytes += piece.lengthBytes;
  });
  const isRewritten = tally.repairs.slice(repairedBefore).some(({ how }) => how === 'rewritten');
  if (isRewritten) readThrough(burn, (piece) => checkAgain(bench, piece));
  tally.verifyMs += performance.now() - startedMs;
}

/** One pass over all pieces but the first. */
function readThrough({ job, table, counters, tally }: Burn, check: (piece: Piece) => void): void {
  counters.enter('verifying', tally.writtenBytes + (tally.unchangedBytes ?? 0));
  for (const piece of piecesOf(table, job.patch, job.full, () => counters.cancelled)) {
    stopIfCancelled(counters);
    if (piece.offsetBytes > 0) {
      check(piece);
      counters.add(piece.lengthBytes);
    }
  }
  stopIfCancelled(counters);
}
