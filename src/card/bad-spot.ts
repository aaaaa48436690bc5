// Writing a piece to a card that refuses a part of it: once more in ever smaller requests, so that a passing fault is
// mended and a bad spot is named to the block. It never takes long: a bad card may think half a minute over each request.

import { isSystemError, type SystemError } from '../native.js';
import type { Repair } from '../protocol.js';
import type { Piece } from './pieces.js';
import { repairsMax, tooManyRepairs } from './verify.js';
import { type Bench, writePiece, writeRange } from './write.js';

const smallBytes = 128 * 1024;
const smallestBytes = 4096;
/** A piece of 4 MiB in small requests, and one of these in the smallest. */
const requestsMax = 64;

/**
 * Writes a piece.
 * @returns undefined when it went well at once, else how it was repaired.
 * @throws SystemError that names the first place that cannot be written; PiburnError `CARD_WEAK`, `IMAGE_CHANGED`.
 */
export function writePatiently(bench: Bench, piece: Piece, repairs: readonly Repair[]): Repair | undefined {
  try {
    writePiece(bench, piece);
    return undefined;
  } catch (error) {
    if (!isBadSpot(error, bench)) throw error;
    const from = error.offsetBytes ?? piece.offsetBytes;
    if (repairs.length >= repairsMax) throw tooManyRepairs(bench.path, from);
    writeInSmall(bench, piece, from);
    return { offsetBytes: piece.offsetBytes, lengthBytes: piece.lengthBytes, how: 'rewritten' };
  }
}

/** Of the card, not of the image; anything but a medium error is no matter of one place. */
const isBadSpot = (error: unknown, { path }: Bench): error is SystemError =>
  isSystemError(error) && error.path === path && ['EIO', 'EREMOTEIO', 'EILSEQ'].includes(error.code);

function writeInSmall(bench: Bench, piece: Piece, from: number): void {
  const end = piece.offsetBytes + piece.lengthBytes;
  let left = requestsMax;
  for (let at = from; at < end; at += smallBytes) {
    const lengthBytes = Math.min(smallBytes, end - at);
    try {
      left--;
      tryRange(bench, piece, at, lengthBytes);
    } catch (error) {
      if (!isBadSpot(error, bench) || left < smallBytes / smallestBytes) throw error;
      left -= writeInSmallest(bench, piece, at, at + lengthBytes);
    }
  }
}

/** Returns how many requests it took. */
function writeInSmallest(bench: Bench, piece: Piece, start: number, end: number): number {
  let requests = 0;
  for (let at = start; at < end; at += smallestBytes, requests++)
    tryRange(bench, piece, at, Math.min(smallestBytes, end - at));
  return requests;
}

function tryRange(bench: Bench, piece: Piece, offsetBytes: number, lengthBytes: number): void {
  bench.times.beat();
  writeRange(bench, piece, offsetBytes, lengthBytes, lengthBytes);
}
