// How a card ends that no worker has a result for: it was not begun, or its worker does not answer.

import type { CardCounters } from '../card/counters.js';
import { type Failure, failure } from '../errors.js';
import { given } from '../given.js';
import type { CardResult, Phase } from '../protocol.js';

export const nothingDone: Omit<CardResult, 'outcome'> = {
  bootable: 'untouched',
  writtenBytes: 0,
  skippedBytes: 0,
  verifiedBytes: 0,
  writeMs: 0,
  verifyMs: 0,
  totalMs: 0,
  repairs: [],
  warnings: [],
  direct: true,
};

export const notBurned = (why: Failure): CardResult => ({
  ...nothingDone,
  // A card that cannot be written has failed; everything else has been left out.
  outcome: why.kind === 'refused' ? 'failed' : 'cancelled',
  failure: why,
});

export const interrupted = (what: string): Failure => ({
  kind: 'interrupted',
  code: 'INTERRUPTED',
  message: `${what} was not begun: the run was interrupted`,
});

export const imageBroken = (what: string): Failure =>
  failure('IMAGE_BROKEN', `${what} was not begun: the image proved broken`, {
    hint: 'get the image right first; the card is as it was',
  }).failure;

export const leftOut = (what: string): Failure =>
  failure('LEFT_OUT', `${what} got no card: no slot takes one any more`, {
    hint: 'burn the missing nodes with: piburn create --resume',
  }).failure;

/** What is known of a card whose worker does not answer. Its first MiB was zeroed before anything else was written. */
export function stalled(device: string, phase: Phase, counters: CardCounters): CardResult {
  const problem = failure(
    'STALLED',
    `${device} did not move for too long while ${phase} (after ${counters.doneBytes} bytes)`,
    {
      device,
      offsetBytes: counters.doneBytes,
      hint: 'pull the card out and plug the reader in again; try another card (--stall-timeout sets how long to wait)',
    },
  );
  const isBlank = blankPhases.includes(phase);
  return {
    ...nothingDone,
    outcome: 'failed',
    failure: problem.failure,
    bootable: isBlank ? 'no' : 'unknown',
    ...given({ cardId: counters.cardId }),
  };
}

const blankPhases: readonly Phase[] = ['comparing', 'writing', 'flushing', 'verifying'];

/** What is the card's own fault, and would be the same with the next node: not what a person, the image or a cable did. */
export const isOwnFault = (code: string): boolean => ownFaults.has(code);

const ownFaults: ReadonlySet<string> = new Set([
  'FAKE_CAPACITY',
  'CARD_WRAPS',
  'CARD_WEAK',
  'VERIFY_MISMATCH',
  'VERIFY_READ',
  'EIO',
  'EROFS',
]);
