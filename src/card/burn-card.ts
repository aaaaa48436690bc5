// One burn, from open to sealed, as it runs on a worker's own thread. A plan (CardJob) in, a result out. Until the last
// step has read back right, the card has no partition table and nothing boots from it, however the burn ends.

import { performance } from 'node:perf_hooks';
import { failure, type PiburnError } from '../errors.js';
import { SegmentTable } from '../image/segment-table.js';
import { openImage } from '../native.js';
import type { CardJob, CardResult, Repair } from '../protocol.js';
import { CardCounters } from './counters.js';
import { checkRoom, isNewFile, openCard } from './open-card.js';
import { type Piece, piecesOf } from './pieces.js';
import { Cancelled, ending } from './trouble.js';
import { checkAgain, checkPiece, checkStillWiped } from './verify.js';
import { type Bench, wipeEnd, wipeStart, writePiece } from './write.js';

/** The state of one burn. */
interface Burn {
  readonly job: CardJob;
  readonly table: SegmentTable;
  readonly counters: CardCounters;
  readonly bench: Bench;
  readonly tally: Tally;
}

interface Tally {
  bootable: CardResult['bootable'];
  direct: boolean;
  writtenBytes: number;
  verifiedBytes: number;
  writeMs: number;
  verifyMs: number;
  readonly repairs: Repair[];
  readonly warnings: string[];
}

/** Burns one card. Never throws: how it ended is in the result. */
export function burnCard(job: CardJob): CardResult {
  const startedMs = performance.now();
  const table = new SegmentTable(job.segments);
  const counters = new CardCounters(job.counters);
  const tally: Tally = {
    bootable: 'untouched',
    direct: true,
    writtenBytes: 0,
    verifiedBytes: 0,
    writeMs: 0,
    verifyMs: 0,
    repairs: [],
    warnings: [],
  };
  let problem: unknown;
  try {
    withCard(job, table, tally, (bench) => goThrough({ job, table, counters, bench, tally }));
  } catch (error) {
    problem = error;
  }
  counters.enter('done', 0);
  const totalMs = performance.now() - startedMs;
  return {
    ...tally,
    ...(problem === undefined ? { outcome: 'good' } : ending(problem, job.target)),
    skippedBytes: problem === undefined ? Math.max(0, (table.totalBytes ?? 0) - tally.writtenBytes) : 0,
    totalMs,
  };
}

/** The order on the card (DESIGN: "a cut at any moment leaves a card that does not boot"). */
function goThrough(burn: Burn): void {
  wipe(burn);
  const first = write(burn);
  flush(burn);
  if (burn.job.verify) verify(burn);
  seal(burn, first);
}

function withCard(job: CardJob, table: SegmentTable, tally: Tally, work: (bench: Bench) => void): void {
  const card = openCard(job, table);
  tally.direct = card.info.direct;
  if (!tally.direct && job.verify)
    tally.warnings.push(
      `${job.target.path} has no direct I/O: it was read back through the system's cache, emptied first`,
    );
  if (card.info.logicalBlockBytes > 512 && card.info.kind === 'block')
    tally.warnings.push(
      `${job.target.path} has sectors of ${card.info.logicalBlockBytes} bytes; images of Raspberry Pi OS count in 512, so a Pi may not boot from it`,
    );
  try {
    const image = openImage(job.imagePath);
    try {
      work({ card, image, path: job.target.path, requestBytes: job.requestBytes, expected: new Map() });
    } finally {
      image.close();
    }
  } finally {
    card.close();
  }
}

function wipe({ bench, counters, job, tally }: Burn): void {
  counters.enter('wiping', 0);
  stopIfCancelled(counters);
  tally.bootable = 'unknown';
  wipeStart(bench, sizeOf(bench, job));
  tally.bootable = 'no';
  wipeEnd(bench, sizeOf(bench, job));
}

const sizeOf = (bench: Bench, job: CardJob): number => job.fileBytes ?? bench.card.info.sizeBytes;

/** Writes everything but the first piece, which is returned: unpatched pieces as they come, then the patched ones. */
function write(burn: Burn): Piece {
  const { job, table, counters, tally } = burn;
  const startedMs = performance.now();
  counters.enter(table.count > 0 ? 'writing' : 'waiting', expectedBytes(burn));
  let first: Piece | undefined;
  const patched: Piece[] = [];
  for (const piece of piecesOf(table, job.patch, job.full, () => counters.cancelled)) {
    if (counters.phase === 'waiting') counters.enter('writing', expectedBytes(burn));
    counters.expect(expectedBytes(burn));
    if (piece.offsetBytes === 0) first = piece;
    else if (piece.patch.length > 0) patched.push(piece);
    else put(burn, piece);
  }
  stopIfCancelled(counters);
  if (table.state !== 'whole' || first === undefined) throw imageBroken(job.target.path);
  for (const piece of patched) put(burn, piece);
  tally.writeMs += performance.now() - startedMs;
  return first;
}

/** What will be written, as far as the image is known: the figure under the progress bar. */
function expectedBytes({ table, job }: Burn): number {
  return job.full ? (table.totalBytes ?? table.availableBytes) : table.usedBytes;
}

function put({ bench, counters, tally, job }: Burn, piece: Piece): void {
  stopIfCancelled(counters);
  checkRoom(job.target.path, cardLimit(bench, job), piece.offsetBytes + piece.lengthBytes);
  writePiece(bench, piece);
  tally.writtenBytes += piece.lengthBytes;
  counters.add(piece.lengthBytes);
}

/** A new file grows as it is written; anything else ends where it ends. */
const cardLimit = (bench: Bench, job: CardJob): number | undefined =>
  isNewFile(job.target) ? job.fileBytes : sizeOf(bench, job);

function flush(burn: Burn): void {
  const { bench, counters, tally } = burn;
  counters.enter('flushing', 0);
  const startedMs = performance.now();
  endFile(burn);
  bench.card.flush();
  tally.writeMs += performance.now() - startedMs;
}

/** A file ends where it ended before, or where the image ends; the last sector that was written may reach further. */
function endFile({ bench, job, table }: Burn): void {
  if (job.target.kind === 'block') return;
  const ownBytes = isNewFile(job.target) ? table.totalBytes : job.target.sizeBytes;
  bench.card.truncate(job.fileBytes ?? ownBytes ?? 0);
}

function verify(burn: Burn): void {
  const { bench, tally } = burn;
  const startedMs = performance.now();
  readThrough(burn, (piece) => {
    const repair = checkPiece(bench, piece, tally.repairs);
    if (repair !== undefined) tally.repairs.push(repair);
    tally.verifiedBytes += piece.lengthBytes;
  });
  if (tally.repairs.some(({ how }) => how === 'rewritten')) readThrough(burn, (piece) => checkAgain(bench, piece));
  tally.verifyMs += performance.now() - startedMs;
}

/** One pass over all pieces but the first. */
function readThrough({ job, table, counters, tally }: Burn, check: (piece: Piece) => void): void {
  counters.enter('verifying', tally.writtenBytes);
  for (const piece of piecesOf(table, job.patch, job.full, () => counters.cancelled)) {
    stopIfCancelled(counters);
    if (piece.offsetBytes > 0) {
      check(piece);
      counters.add(piece.lengthBytes);
    }
  }
  stopIfCancelled(counters);
}

/** The first piece last: with it the card has a partition table, and only now. If it does not hold, it is taken back. */
function seal(burn: Burn, first: Piece): void {
  const { bench, counters, tally, job } = burn;
  counters.enter('sealing', first.lengthBytes);
  stopIfCancelled(counters);
  if (job.verify) checkStillWiped(bench, first);
  tally.bootable = 'unknown';
  try {
    put(burn, first);
    endFile(burn);
    bench.card.flush();
    if (job.verify) {
      const repair = checkPiece(bench, first, tally.repairs);
      if (repair !== undefined) tally.repairs.push(repair);
      tally.verifiedBytes += first.lengthBytes;
    }
  } catch (error) {
    tally.bootable = takeBack(burn) ? 'no' : 'unknown';
    throw error;
  }
  tally.bootable = 'yes';
  bench.card.rereadPartitions();
}

function takeBack({ bench, job }: Burn): boolean {
  try {
    wipeStart(bench, sizeOf(bench, job));
    return true;
  } catch {
    return false; // The card takes no more writes; the result says `unknown`.
  }
}

function stopIfCancelled(counters: CardCounters): void {
  if (counters.cancelled) throw new Cancelled();
}

const imageBroken = (path: string): PiburnError =>
  failure('IMAGE_BROKEN', `${path} was left unfinished: the image could not be read to its end`, {
    device: path,
    hint: 'see the message about the image',
  });
