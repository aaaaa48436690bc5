// One burn, from open to sealed, as it runs on a worker's own thread. A plan (CardJob) in, a result out. Until the last
// step has read back right, the card has no partition table and nothing boots from it, however the burn ends.

import { performance } from 'node:perf_hooks';
import { given } from '../given.js';
import { SegmentTable } from '../image/segment-table.js';
import { ejectMedium, openImage } from '../native.js';
import type { CardJob, CardResult } from '../protocol.js';
import { type Burn, emptyTally, imageBroken, sizeOf, stopIfCancelled, type Tally } from './burn-state.js';
import { type Ahead, awaitImage, compareAll, mayCompare, writeAhead } from './compare.js';
import { CardCounters } from './counters.js';
import { openCard } from './open-card.js';
import { PieceTimes } from './piece-times.js';
import { type Piece, piecesOf } from './pieces.js';
import { layMarkers, type Markers, zeroMarkers } from './probe-markers.js';
import { explainMismatch, findFake, mayHaveStrayed } from './probe-verdict.js';
import { endFile, flush, put } from './put.js';
import { readBack } from './read-back.js';
import { recognise } from './recognise.js';
import { RequestSize } from './request-size.js';
import { ending } from './trouble.js';
import { checkPiece, checkStillWiped } from './verify.js';
import { isWiped, writesIgnored } from './wiped.js';
import { isWorthComparing } from './worth-comparing.js';
import { type Bench, wipeBetween, wipeEnd, wipeStart } from './write.js';

/** Burns one card. Never throws: how it ended is in the result. */
export function burnCard(job: CardJob): CardResult {
  const startedMs = performance.now();
  const table = new SegmentTable(job.segments);
  const counters = new CardCounters(job.counters);
  const times = new PieceTimes(counters);
  const tally = emptyTally(job.delta);
  let problem: unknown;
  try {
    withCard(job, table, times, tally, (bench) => goThrough({ job, table, counters, bench, tally }));
    eject(job, tally);
  } catch (error) {
    problem = error;
  }
  counters.enter('done', 0);
  const totalMs = performance.now() - startedMs;
  return {
    ...tally,
    ...(problem === undefined ? { outcome: 'good' } : ending(problem, job.target)),
    ...given({ writeLatency: times.writing.summary(), readLatency: times.reading.summary() }),
    skippedBytes: problem === undefined ? skippedBytes(table, tally) : 0,
    totalMs,
  };
}

/** What the image leaves unused. */
const skippedBytes = ({ totalBytes = 0 }: SegmentTable, { writtenBytes, unchangedBytes = 0 }: Tally): number =>
  Math.max(0, totalBytes - writtenBytes - unchangedBytes);

/** The order on the card (DESIGN: "a cut at any moment leaves a card that does not boot"). */
function goThrough(burn: Burn): void {
  recognise(burn);
  const mayBeAlike = mayCompare(burn);
  if (mayBeAlike) awaitImage(burn);
  wipe(burn);
  const isAlike = mayBeAlike && isWorthComparing(burn);
  // Before the image, so that one that comes out in the wrong place is written over them. Where the size of the image is
  // not known yet, nobody knows what lies behind it: then after, and a marker that comes out wrong is found by verifying.
  const early = layMarkers(burn);
  const ahead = isAlike ? writeAhead(burn) : undefined;
  const first = ahead?.first ?? write(burn);
  const markers = early ?? layMarkers(burn);
  flush(burn);
  check(burn, first, markers, ahead);
  seal(burn, first);
}

function withCard(
  job: CardJob,
  table: SegmentTable,
  times: PieceTimes,
  tally: Tally,
  work: (bench: Bench) => void,
): void {
  const card = openCard(job, table);
  const requests = new RequestSize(card.info.queue, job.requestBytes);
  times.requests = requests;
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
      work({
        card,
        image,
        path: job.target.path,
        get requestBytes() {
          return requests.bytes;
        },
        expected: new Map(),
        times,
      });
    } finally {
      image.close();
    }
  } finally {
    card.close();
    tally.warnings.push(...requests.warnings(job.target.path));
  }
}

function wipe(burn: Burn): void {
  const { bench, counters, job, tally } = burn;
  const cardBytes = sizeOf(burn);
  counters.enter('wiping', job.wipeAll ? cardBytes : 0);
  stopIfCancelled(counters);
  tally.bootable = 'unknown';
  wipeStart(bench, cardBytes);
  if (job.verify && !isWiped(bench)) throw writesIgnored(job.target.path);
  tally.bootable = 'no';
  if (job.wipeAll)
    wipeBetween(bench, cardBytes, (stepBytes) => {
      stopIfCancelled(counters);
      counters.add(stepBytes);
    });
  wipeEnd(bench, cardBytes);
}

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

/** Nothing may be written between reading the image back and reading the markers: either could hide the other's fault. */
function check(burn: Burn, first: Piece, markers: Markers | undefined, ahead: Ahead | undefined): void {
  const { job, bench, tally } = burn;
  const probed = job.probe ? markers : undefined;
  try {
    if (job.verify) {
      if (ahead === undefined) readBack(burn);
      else compareAll(burn, ahead);
      checkStillWiped(bench, first);
    }
    const fake = probed && findFake(burn, probed);
    if (fake !== undefined) throw fake;
  } catch (error) {
    const better = explainMismatch(burn, probed, error);
    // What was written elsewhere may have come out in the first MiB.
    if (mayHaveStrayed(better)) tally.bootable = takeBack(burn) ? 'no' : 'unknown';
    throw better;
  }
  if (probed !== undefined) zeroMarkers(burn, probed);
}

/** The first piece last: with it the card has a partition table, and only now. If it does not hold, it is taken back. */
function seal(burn: Burn, first: Piece): void {
  const { bench, counters, tally, job } = burn;
  counters.enter('sealing', first.lengthBytes);
  stopIfCancelled(counters);
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

function takeBack(burn: Burn): boolean {
  try {
    wipeStart(burn.bench, sizeOf(burn));
    return isWiped(burn.bench);
  } catch {
    return false; // The card takes no more writes; the result says `unknown`.
  }
}

/** After the card was closed. It is good whatever comes of this. */
function eject({ eject: isWanted, target }: CardJob, tally: Tally): void {
  if (!isWanted || target.kind !== 'block') return;
  let why = 'its reader has no such command';
  try {
    tally.ejected = ejectMedium(target.path);
  } catch (error) {
    tally.ejected = false;
    why = error instanceof Error ? error.message : String(error);
  }
  if (!tally.ejected) tally.warnings.push(`${target.path} was not ejected: ${why}; it may be pulled out all the same`);
}
