// Whether a wipe has arrived. Worn-out cards take every write, say that it went well, and keep what they had: on such a card
// the old partition table is still there, and calling it wiped would be a lie.

import { failure, type PiburnError } from '../errors.js';
import { blockBytes } from '../image/segment-table.js';
import { isUnreadable } from './verify.js';
import type { Bench } from './write.js';

/** A reader flips a bit now and then; the signature of a partition table alone has eight. */
const flippedBitsMax = 8;

/** Whether a medium shows that its first block was wiped. A file is believed. @throws SystemError of `pread`. */
export function isWiped(bench: Bench): boolean {
  if (bench.card.info.kind === 'file') return true;
  try {
    return looksWiped(bench);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return looksWiped(bench);
  }
}

function looksWiped({ card, requestBytes }: Bench): boolean {
  const got = card.read(0, blockBytes, requestBytes);
  let bits = 0;
  for (const byte of card.buffer.subarray(0, got)) for (let left = byte; left > 0; left &= left - 1) bits++;
  return got === blockBytes && bits <= flippedBitsMax;
}

export const writesIgnored = (path: string): PiburnError =>
  failure('WRITES_IGNORED', `${path} takes every write and stays as it was: its old content is still there`, {
    device: path,
    offsetBytes: 0,
    lengthBytes: blockBytes,
    hint: 'the card is worn out and can only be read: use another card',
  });
