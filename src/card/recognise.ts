// Looks at a card before anything is written to it: which card it is, by its mark, and whether it is one that this very
// run has burned already and somebody has put in again.

import { refusal } from '../errors.js';
import { digestOf } from '../image/digest.js';
import { blockBytes } from '../image/segment-table.js';
import { isSystemError } from '../native.js';
import type { BurnedMark } from '../protocol.js';
import { type Burn, sizeOf } from './burn-state.js';
import { markBytes, readMark } from './mark.js';
import type { Bench } from './write.js';

/** A mark of this run is a few sectors; more would not be read in one go. */
const burnedMarkBytesMax = 64 * 1024;

/**
 * Notes the card's identity where it has one.
 * @throws PiburnError `ALREADY_BURNED`, `FAILED_BEFORE`; SystemError of `pread`.
 */
export function recognise(burn: Burn): void {
  const { job, bench, counters, tally } = burn;
  const cardId = job.target.kind === 'block' ? oldMark(burn) : undefined;
  if (cardId !== undefined) {
    tally.cardId = cardId;
    counters.noteCardId(cardId);
    refuseFailed(burn, cardId);
  }
  const burned = burnedBefore(bench, job.burned);
  if (burned === undefined) return;
  tally.bootable = 'yes';
  throw refusal('ALREADY_BURNED', `the card in ${bench.path} is ${burned.hostname}, burned in this run`, {
    device: bench.path,
    hint: 'take it out and put the next card in; nothing was written to it',
  });
}

/** A card that failed by its own fault in this run, and was put in again. */
function refuseFailed({ job, bench }: Burn, cardId: string): void {
  const failed = job.failed.find((each) => each.cardId === cardId);
  if (failed === undefined) return;
  const who = failed.hostname === undefined ? '' : ` as ${failed.hostname}`;
  throw refusal('FAILED_BEFORE', `the card in ${bench.path} has failed in this run${who}`, {
    device: bench.path,
    hint: 'set it aside and put another card in; nothing was written to it this time',
  });
}

/** An end that cannot be read is no mark; the wiping that follows says what is wrong with it. */
function oldMark(burn: Burn): string | undefined {
  const { card, requestBytes } = burn.bench;
  const offsetBytes = sizeOf(burn) - markBytes;
  if (offsetBytes < 0 || offsetBytes % card.info.logicalBlockBytes !== 0) return undefined;
  try {
    const got = card.read(offsetBytes, markBytes, requestBytes);
    return readMark(card.buffer.subarray(0, got));
  } catch (error) {
    if (isSystemError(error) && error.code === 'EIO') return undefined;
    throw error;
  }
}

/** Which node of this run the card is. A card whose burn was broken off has its first block wiped and is none. */
function burnedBefore(bench: Bench, burned: readonly BurnedMark[]): BurnedMark | undefined {
  if (burned.length === 0 || readRange(bench, 0, blockBytes).every((byte) => byte === 0)) return undefined;
  return burned.find(({ offsetBytes, lengthBytes, digest }) => {
    if (lengthBytes > burnedMarkBytesMax) throw new Error(`a mark of ${lengthBytes} bytes is too long`);
    const bytes = readRange(bench, offsetBytes, lengthBytes);
    return bytes.length === lengthBytes && Buffer.compare(digestOf(bytes), digest) === 0;
  });
}

/** Bytes from anywhere, fewer at the end of the card. They lie in the card's buffer until the next call. */
function readRange({ card, requestBytes }: Bench, offsetBytes: number, lengthBytes: number): Buffer {
  const ahead = offsetBytes % card.info.logicalBlockBytes;
  const got = card.read(offsetBytes - ahead, ahead + lengthBytes, requestBytes);
  return card.buffer.subarray(Math.min(ahead, got), got);
}
