// Reading one card back from its medium and comparing it, piece by piece. A bad piece is read again, written once more,
// read again; then the card is bad, and the error says where, how much, and what it looks like. A rewrite casts doubt on
// all that was compared before: on a fake card it may have landed on top of another piece.

import { failure, type PiburnError } from '../errors.js';
import { digestOf } from '../image/digest.js';
import { isSystemError } from '../native.js';
import type { Repair } from '../protocol.js';
import type { Piece } from './pieces.js';
import { type Bench, fillExpected, writePiece, zeroDigest } from './write.js';

/** A card that needs more rewrites than this is dying. */
export const repairsMax = 16;

/**
 * Compares one piece with what it shall be.
 * @returns undefined when it read back right at once, else how it was repaired.
 * @throws PiburnError `VERIFY_MISMATCH`, `VERIFY_READ`, `CARD_WEAK`, `IMAGE_CHANGED`; SystemError when the card is gone.
 */
export function checkPiece(bench: Bench, piece: Piece, repairs: readonly Repair[]): Repair | undefined {
  if (readsBack(bench, piece)) return undefined;
  const { offsetBytes, lengthBytes } = piece;
  if (readsBack(bench, piece)) return { offsetBytes, lengthBytes, how: 'reread' };
  if (repairs.length >= repairsMax) throw tooManyRepairs(bench.path, offsetBytes);
  writePiece(bench, piece);
  bench.card.flush();
  if (readsBack(bench, piece)) return { offsetBytes, lengthBytes, how: 'rewritten' };
  throw mismatch(bench, piece);
}

/**
 * Compares a piece once more after another was rewritten; nothing is repaired any more.
 * @throws PiburnError `VERIFY_MISMATCH`, `VERIFY_READ`; SystemError when the card is gone.
 */
export function checkAgain(bench: Bench, piece: Piece): void {
  if (!readsBack(bench, piece) && !readsBack(bench, piece)) throw mismatch(bench, piece);
}

/**
 * Asserts that the place of the first piece is still as it was wiped: nothing written elsewhere has come out here.
 * @throws PiburnError `CARD_WRAPS`, or `VERIFY_MISMATCH` where only a few bits are wrong, `VERIFY_READ`.
 */
export function checkStillWiped(bench: Bench, first: Piece): void {
  const zeros: Piece = { ...first, from: 'zeros', patch: [], digest: zeroDigest(first.lengthBytes) };
  const untouched = { ...bench, expected: new Map<number, Uint8Array>() };
  if (!readsBack(untouched, zeros) && !readsBack(untouched, zeros)) throw mismatch(untouched, zeros, 'CARD_WRAPS');
}

const readsBack = (bench: Bench, piece: Piece): boolean => lookAt(bench, piece) === 'same';

/**
 * Reads a piece once from the medium: whether it is what it shall be.
 * @throws SystemError when the card is gone.
 */
export function lookAt({ card, requestBytes, expected, times }: Bench, piece: Piece): 'same' | 'other' | 'unreadable' {
  const want = expected.get(piece.offsetBytes) ?? piece.digest;
  if (want === undefined) throw new Error(`no digest is known for the piece at byte ${piece.offsetBytes}`);
  try {
    const got = times.time(times.reading, piece.lengthBytes, () =>
      card.read(piece.offsetBytes, piece.lengthBytes, requestBytes),
    );
    if (got < piece.lengthBytes) return 'other';
  } catch (error) {
    if (isUnreadable(error)) return 'unreadable';
    throw error;
  }
  return Buffer.compare(digestOf(card.buffer.subarray(0, piece.lengthBytes)), want) === 0 ? 'same' : 'other';
}

/** A medium error may pass at the second try or after a rewrite; anything else means that the card is gone. */
export const isUnreadable = (error: unknown): boolean =>
  isSystemError(error) && (error.code === 'EIO' || error.code === 'EREMOTEIO' || error.code === 'EILSEQ');

export const tooManyRepairs = (path: string, offsetBytes: number): PiburnError =>
  failure(
    'CARD_WEAK',
    `${path} had to be written again in ${repairsMax} places and is still wrong at byte ${offsetBytes}`,
    {
      device: path,
      offsetBytes,
      hint: 'the card, the reader or its cable is failing: try another reader, then another card',
    },
  );

/** More wrong bits than this are no bad cells. */
const fewBits = 64;

/**
 * Looks closely at a piece that stays wrong: where the first wrong byte is, and how many bits differ. `codeOfOtherData`
 * is for a piece that holds something else altogether.
 */
function mismatch(bench: Bench, piece: Piece, codeOfOtherData = 'VERIFY_MISMATCH'): PiburnError {
  const { card, path, requestBytes } = bench;
  let found: Buffer;
  try {
    const got = card.read(piece.offsetBytes, piece.lengthBytes, requestBytes);
    found = Buffer.from(card.buffer.subarray(0, got));
  } catch {
    return failure('VERIFY_READ', `${path} cannot be read back at byte ${piece.offsetBytes}, twice over`, {
      device: path,
      offsetBytes: piece.offsetBytes,
      lengthBytes: piece.lengthBytes,
      hint: 'the card has a bad spot: use another card',
    });
  }
  fillExpected(bench, piece);
  const { firstByte, wrongBits } = difference(found, card.buffer.subarray(0, piece.lengthBytes));
  const offsetBytes = piece.offsetBytes + firstByte;
  return failure(
    wrongBits > fewBits ? codeOfOtherData : 'VERIFY_MISMATCH',
    `${path} does not hold what was written: ${wrongBits} of ${piece.lengthBytes * 8} bits differ in the ` +
      `${piece.lengthBytes} bytes at byte ${piece.offsetBytes}, the first at byte ${offsetBytes}`,
    { device: path, offsetBytes, lengthBytes: piece.lengthBytes, hint: likelyCause(found, wrongBits) },
  );
}

function difference(found: Buffer, wanted: Buffer): { firstByte: number; wrongBits: number } {
  let firstByte = -1;
  let wrongBits = 0;
  for (let index = 0; index < wanted.length; index++) {
    const wrong = (found[index] ?? 0xff) ^ (wanted[index] ?? 0);
    if (wrong === 0) continue;
    if (firstByte < 0) firstByte = index;
    for (let bits = wrong; bits > 0; bits &= bits - 1) wrongBits++;
  }
  return { firstByte: Math.max(0, firstByte), wrongBits };
}

function likelyCause(found: Buffer, wrongBits: number): string {
  const first = found[0] ?? 0;
  if (found.length > 0 && found.every((byte) => byte === first))
    return 'the card lost the data: it may be a fake that is smaller than it says, or worn out; use another card';
  if (wrongBits <= fewBits)
    return 'a few bits flipped: a bad cell, or a bad reader or cable; try another reader, then another card';
  return 'the card returned other data: it may be a fake that is smaller than it says; `piburn probe` tests it; use another card';
}
