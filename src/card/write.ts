// Writing to one card: zeros over both ends or all of it, a piece as the image has it, a piece with this node's patch.

import { failure } from '../errors.js';
import { digestOf } from '../image/digest.js';
import type { Device, ImageFile } from '../native.js';
import type { PieceTimes } from './piece-times.js';
import type { Piece } from './pieces.js';

/** How much at either end is wiped: partition tables, boot sectors and backup tables lie there. */
export const wipeBytes = 1024 * 1024;
/** How much is wiped at a time when all is: small enough for a beat now and then from a slow card. */
const wipeStepBytes = 16 * 1024 * 1024;

/** What a burn needs at hand. */
export interface Bench {
  readonly card: Device;
  readonly image: ImageFile;
  readonly path: string;
  readonly requestBytes: number;
  /** Digests of what was really meant to be written, for pieces that are not the image's own: by offset. */
  readonly expected: Map<number, Uint8Array>;
  readonly times: PieceTimes;
}

/** Zeros over the first MiB: from now on nothing on the card boots. Also takes back what was sealed. */
export function wipeStart({ card, requestBytes }: Bench, cardBytes: number): void {
  wipe(card, 0, Math.min(wipeBytes, cardBytes), requestBytes);
}

/** Zeros over the last MiB, where a backup partition table would bring the old content back. */
export function wipeEnd({ card, requestBytes }: Bench, cardBytes: number): void {
  const start = Math.max(Math.min(wipeBytes, cardBytes), Math.floor((cardBytes - wipeBytes) / 4096) * 4096);
  wipe(card, start, cardBytes - start, requestBytes);
}

/** Zeros over all that lies between; `onStep` is told how much was done each time, and may throw to end it. */
export function wipeBetween({ card, requestBytes }: Bench, cardBytes: number, onStep: (bytes: number) => void): void {
  const end = Math.max(wipeBytes, cardBytes - wipeBytes);
  for (let at = wipeBytes; at < end; at += wipeStepBytes) {
    const lengthBytes = Math.min(wipeStepBytes, end - at);
    makeZero(card, at, lengthBytes, requestBytes);
    onStep(lengthBytes);
  }
}

/** A file stays sparse: a hole reads as zeros. A medium is believed only what was written to it. */
function wipe(card: Device, offsetBytes: number, lengthBytes: number, requestBytes: number): void {
  if (lengthBytes <= 0) return;
  makeZero(card, offsetBytes, lengthBytes, requestBytes);
  card.flush();
}

function makeZero(card: Device, offsetBytes: number, lengthBytes: number, requestBytes: number): void {
  if (card.info.kind === 'file') card.punch(offsetBytes, lengthBytes);
  else card.writeZeros(offsetBytes, lengthBytes, requestBytes);
}

/** Writes a piece, and notes its digest when the segment map does not have it. */
export function writePiece(bench: Bench, piece: Piece): void {
  const { card, requestBytes, expected, times } = bench;
  const { offsetBytes, lengthBytes } = piece;
  if (piece.patch.length > 0) {
    fillExpected(bench, piece);
    expected.set(offsetBytes, digestOf(card.buffer.subarray(0, lengthBytes)));
    times.time(times.writing, lengthBytes, () => card.writeBuffer(offsetBytes, lengthBytes, requestBytes));
    return;
  }
  if (piece.from === 'zeros' && piece.digest === undefined) expected.set(offsetBytes, zeroDigest(lengthBytes));
  times.time(times.writing, lengthBytes, () => writeRange(bench, piece, offsetBytes, lengthBytes, requestBytes));
}

/** Notes the digest of what a piece shall be when the segment map does not have it; nothing is written. */
export function noteExpected(bench: Bench, piece: Piece): void {
  const { card, expected } = bench;
  const { offsetBytes, lengthBytes } = piece;
  if (expected.has(offsetBytes)) return;
  if (piece.patch.length > 0) {
    fillExpected(bench, piece);
    expected.set(offsetBytes, digestOf(card.buffer.subarray(0, lengthBytes)));
  } else if (piece.digest === undefined) expected.set(offsetBytes, zeroDigest(lengthBytes));
}

/** Writes a part of a piece; it begins at a whole block of the card. */
export function writeRange(
  bench: Bench,
  piece: Piece,
  offsetBytes: number,
  lengthBytes: number,
  requestBytes: number,
): void {
  const { card, image } = bench;
  if (piece.patch.length > 0) {
    fillExpected(bench, piece);
    const from = offsetBytes - piece.offsetBytes;
    card.buffer.copyWithin(0, from, from + lengthBytes);
    card.writeBuffer(offsetBytes, lengthBytes, requestBytes);
  } else if (piece.from === 'zeros') card.writeZeros(offsetBytes, lengthBytes, requestBytes);
  else card.writeFromImage(image, offsetBytes, lengthBytes, requestBytes);
}

/** Puts what the piece shall be on the card into the card's buffer. */
export function fillExpected({ card, image, path }: Bench, piece: Piece): void {
  const bytes = card.buffer.subarray(0, piece.lengthBytes);
  if (piece.from === 'zeros') bytes.fill(0);
  else image.readInto(card, piece.offsetBytes, piece.lengthBytes);
  if (piece.digest !== undefined && !digestOf(bytes).every((byte, index) => byte === piece.digest?.[index]))
    throw failure('IMAGE_CHANGED', `the image changed under the burn at byte ${piece.offsetBytes}`, {
      device: path,
      offsetBytes: piece.offsetBytes,
      hint: 'leave the image alone while it is burned; `piburn` decodes it anew when its file changes',
    });
  for (const block of piece.patch) overlay(bytes, piece.offsetBytes, block.offsetBytes, block.bytes);
}

function overlay(bytes: Buffer, bytesStart: number, blockStart: number, block: Uint8Array): void {
  const from = Math.max(bytesStart, blockStart);
  const to = Math.min(bytesStart + bytes.length, blockStart + block.length);
  bytes.set(block.subarray(from - blockStart, to - blockStart), from - bytesStart);
}

const zeroDigests = new Map<number, Uint8Array>();

/** The digest of so many zeros; only a few lengths ever occur often. */
export function zeroDigest(lengthBytes: number): Uint8Array {
  const known = zeroDigests.get(lengthBytes);
  if (known !== undefined) return known;
  const digest = digestOf(Buffer.alloc(lengthBytes));
  if (zeroDigests.size < 64) zeroDigests.set(lengthBytes, digest);
  return digest;
}
