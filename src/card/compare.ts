// A burn by difference (--delta): what the card has already is not written, and it still ends verified in full.
//
// Why that is sound: the pass that compares is the pass that verifies. Everything that is sure to be written (the wiped
// ends, mark and markers, the pieces of this node's patch) is written and flushed BEFORE it, so when it finds nothing
// else to write, every used byte but the first piece has been read from the medium after the last write that could have
// touched it, as in any burn. Then the markers are read, which were laid before it. That is one reading of what is used.
// When it does find something to write, then what was compared before that write proves nothing any more: on a card that
// wraps around, mending one place may break another. Then all of it is read once more, as it is after any burn.
//
// No knowledge of the card can replace that second reading. Markers behind the image tell of a card that is smaller than it
// claims, but not of one that is smaller than the image or confuses blocks in other ways; and that little was written says
// nothing of where it has landed.

import { performance } from 'node:perf_hooks';
import { blockBytes } from '../image/segment-table.js';
import { type Burn, imageBroken, imageNotRead, sizeOf, stopIfCancelled } from './burn-state.js';
import { checkRoom, isNewFile } from './open-card.js';
import { type Piece, piecesOf } from './pieces.js';
import { cardLimit, flush, put } from './put.js';
import { readBack } from './read-back.js';
import { checkPiece, lookAt, repairsMax } from './verify.js';
import { noteExpected, wipeBytes } from './write.js';

/** Without reading back there is no comparing either; a file that is only just made has nothing to be compared with. */
export const mayCompare = ({ job }: Burn): boolean => job.delta && job.verify && !isNewFile(job.target);

/**
 * Waits until the image is whole, so that a card can be judged as a whole; the card stays untouched until then.
 * @throws PiburnError `IMAGE_BROKEN`, `CARD_TOO_SMALL`; Cancelled.
 */
export function awaitImage(burn: Burn): void {
  const { table, counters, job } = burn;
  const patienceMs = 100;
  if (table.state === 'reading') counters.enter('waiting', 0);
  for (; table.state === 'reading'; table.waitBeyond(table.count, patienceMs)) stopIfCancelled(counters);
  if (table.state === 'broken') throw imageNotRead(job.target.path);
  checkRoom(job.target.path, cardLimit(burn), table.totalBytes);
}

/** What was written before the pass that compares. */
export interface Ahead {
  readonly first: Piece;
  /** By offset. */
  readonly written: ReadonlySet<number>;
}

/** Writes those pieces that are likely to differ, where they do. @throws as `put`. */
export function writeAhead(burn: Burn): Ahead {
  const { job, table, counters, tally, bench } = burn;
  const startedMs = performance.now();
  const likely: Piece[] = [];
  let first: Piece | undefined;
  for (const piece of piecesOf(table, job.patch, job.full, () => counters.cancelled)) {
    if (piece.offsetBytes === 0) first = piece;
    else if (isLikelyToDiffer(burn, piece)) likely.push(piece);
  }
  stopIfCancelled(counters);
  if (first === undefined) throw imageBroken(job.target.path);
  counters.enter('writing', bytesOf(likely));
  const written = new Set<number>();
  for (const piece of likely) {
    stopIfCancelled(counters);
    noteExpected(bench, piece);
    if (lookAt(bench, piece) === 'same') counters.add(piece.lengthBytes);
    else {
      put(burn, piece);
      written.add(piece.offsetBytes);
    }
  }
  tally.writeMs += performance.now() - startedMs;
  return { first, written };
}

const bytesOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);

/** With a part of the patch on it, or in one of the ends, which have just been wiped. */
function isLikelyToDiffer(burn: Burn, { offsetBytes, lengthBytes, patch }: Piece): boolean {
  return (
    patch.length > 0 || offsetBytes < wipeBytes || offsetBytes + lengthBytes > sizeOf(burn) - wipeBytes - blockBytes
  );
}

/**
 * Compares every piece but the first, and writes those that differ; ends with all of them read back.
 * @throws as `put` and `checkPiece`; Cancelled.
 */
export function compareAll(burn: Burn, { written }: Ahead): void {
  const { job, table, counters, tally } = burn;
  const startedMs = performance.now();
  const writeMsBefore = tally.writeMs;
  counters.enter('comparing', job.full ? (table.totalBytes ?? 0) : table.usedBytes);
  const found: Found = { unreadable: 0, isWritten: false };
  for (const piece of piecesOf(table, job.patch, job.full, () => counters.cancelled)) {
    stopIfCancelled(counters);
    if (piece.offsetBytes === 0) continue;
    if (written.has(piece.offsetBytes)) checkOwn(burn, piece, found);
    else compareOne(burn, piece, found);
  }
  stopIfCancelled(counters);
  tally.verifyMs += performance.now() - startedMs - (tally.writeMs - writeMsBefore);
  if (found.unreadable > 0) tally.warnings.push(unreadableText(found.unreadable));
  if (!found.isWritten) return;
  flush(burn);
  tally.verifiedBytes = 0;
  tally.verifyMs = 0;
  readBack(burn);
}

/** What the pass has come upon so far. */
interface Found {
  /** Pieces that could not be read; after so many repairs as a card may need the rest is written unread. */
  unreadable: number;
  isWritten: boolean;
}

/** A piece that this burn has written, as in any burn. */
function checkOwn({ bench, tally, counters }: Burn, piece: Piece, found: Found): void {
  const repair = checkPiece(bench, piece, tally.repairs);
  if (repair !== undefined) tally.repairs.push(repair);
  if (repair?.how === 'rewritten') found.isWritten = true;
  tally.verifiedBytes += piece.lengthBytes;
  counters.add(piece.lengthBytes);
}

function compareOne(burn: Burn, piece: Piece, found: Found): void {
  const { bench, tally, counters } = burn;
  noteExpected(bench, piece);
  const state = found.unreadable < repairsMax ? lookAt(bench, piece) : 'other';
  if (state === 'same') {
    tally.unchangedBytes = (tally.unchangedBytes ?? 0) + piece.lengthBytes;
    tally.verifiedBytes += piece.lengthBytes;
    counters.add(piece.lengthBytes);
    return;
  }
  if (state === 'unreadable') found.unreadable++;
  found.isWritten = true;
  const startedMs = performance.now();
  put(burn, piece);
  tally.writeMs += performance.now() - startedMs;
}

function unreadableText(pieces: number): string {
  const places = pieces < repairsMax ? `${pieces} of its pieces` : `${pieces} of its pieces, the most that are tried,`;
  return `${places} could not be read while it was compared, and were written anew: the card may be failing`;
}
