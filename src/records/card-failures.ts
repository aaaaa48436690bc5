// What the history says against a card: failures that were the card's own, not the image's, the reader's or a person's.

import type { BurnRecord } from '../protocol.js';

/** What a failure says of the card, the worst first. Errnos are those of src/card/trouble.ts. */
const faults: readonly { readonly did: string; readonly codes: readonly string[] }[] = [
  { did: 'proved to be a fake that holds less than it says', codes: ['FAKE_CAPACITY', 'CARD_WRAPS'] },
  { did: 'failed verification', codes: ['VERIFY_MISMATCH', 'VERIFY_READ', 'CARD_WEAK'] },
  { did: 'gave errors', codes: ['EIO', 'EREMOTEIO', 'EILSEQ', 'ETIMEDOUT'] },
  { did: 'turned read-only', codes: ['EROFS'] },
  { did: 'stopped answering', codes: ['STALLED'] },
];

/**
 * What a person should know of a card before it is burned again, a sentence for each kind of failure:
 * `this card failed verification twice (2026-11-01 as red003, 2026-11-20 as red007)`. `records`: the oldest first.
 */
export function warningsOf(records: readonly BurnRecord[], cardId: string): string[] {
  return faultsOf(records.filter(({ card }) => card === cardId)).map((fault) => `this card ${fault}`);
}

/** A card with two or more failures of its own. */
export interface FailingCard {
  readonly card: string;
  readonly failures: number;
  /** What it did: `failed verification twice (…)`. */
  readonly faults: readonly string[];
}

/** The cards that failed twice or more often, the worst first. */
export function failingCards(records: readonly BurnRecord[]): FailingCard[] {
  const byCard = new Map<string, BurnRecord[]>();
  for (const record of records) {
    if (record.card === undefined || !isOwnFault(record)) continue;
    const known = byCard.get(record.card);
    if (known === undefined) byCard.set(record.card, [record]);
    else known.push(record);
  }
  return [...byCard]
    .filter(([, failed]) => failed.length >= 2)
    .map(([card, failed]) => ({ card, failures: failed.length, faults: faultsOf(failed) }))
    .toSorted((a, b) => b.failures - a.failures);
}

const isOwnFault = (record: BurnRecord): boolean => faults.some(({ codes }) => isOneOf(record, codes));

/** An errno may as well be the image's, whose file could not be read: then the sentence does not name the device. */
function isOneOf({ outcome, code, message, device }: BurnRecord, codes: readonly string[]): boolean {
  if (outcome !== 'failed' || code === undefined || !codes.includes(code)) return false;
  const isErrno = /^E[A-Z0-9]+$/.test(code);
  return !isErrno || message === undefined || message.includes(device);
}

const faultsOf = (records: readonly BurnRecord[]): string[] =>
  faults.flatMap(({ did, codes }) => {
    const found = records.filter((record) => isOneOf(record, codes));
    return found.length === 0 ? [] : [`${did} ${often(found.length)} (${occasions(found)})`];
  });

const often = (count: number): string => ['', 'once', 'twice'][count] ?? `${count} times`;

const shownOccasions = 5;

function occasions(records: readonly BurnRecord[]): string {
  const shown = records.slice(-shownOccasions).map(({ at, hostname }) => {
    const day = at.slice(0, 10);
    return hostname === undefined ? day : `${day} as ${hostname}`;
  });
  return [...(records.length > shownOccasions ? ['last'] : []), shown.join(', ')].join(' ');
}
