// Which burns of the history are meant.

import { type PiburnError, usageError } from '../errors.js';
import { expandHostlist } from '../hostlist.js';
import type { BurnRecord } from '../protocol.js';
import { cardSerial, shortCard } from './card-name.js';

export interface RecordChoice {
  /** A card: its identity, the beginning of it (6 characters or more), what `shortCard` shows, or a reader's serial. */
  readonly card?: string;
  /** A hostlist. */
  readonly node?: string;
  readonly outcome?: BurnRecord['outcome'];
  /** ISO 8601; burns that ended before it are left out. */
  readonly since?: string;
  /** So many of the newest. */
  readonly last?: number;
}

/**
 * The burns that are meant, in their order.
 * @throws PiburnError (usage) `HOSTLIST`, `CARD_SHORT`, `CARD_UNKNOWN`, `CARD_AMBIGUOUS`.
 */
export function selectRecords(records: readonly BurnRecord[], choice: RecordChoice): BurnRecord[] {
  const { card, node, outcome, since, last } = choice;
  const nodes = node === undefined ? undefined : new Set(expandHostlist(node, '--node'));
  const isCard = card === undefined ? () => true : cardFilter(records, card);
  const sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  const found = records.filter(
    (record) =>
      isCard(record) &&
      (nodes === undefined || (record.hostname !== undefined && nodes.has(record.hostname))) &&
      (outcome === undefined || record.outcome === outcome) &&
      Date.parse(record.at) >= sinceMs,
  );
  return last === undefined ? found : found.slice(Math.max(0, found.length - last));
}

const fewestCharacters = 6;

function cardFilter(records: readonly BurnRecord[], word: string): (record: BurnRecord) => boolean {
  const wanted = word.toLowerCase();
  const cards = [...new Set(records.flatMap(({ card }) => (card === undefined ? [] : [card])))];
  const exact = cards.find((card) => namesOf(card).includes(wanted));
  if (exact !== undefined) return ({ card }) => card === exact;
  if (records.some(({ readerSerial }) => readerSerial?.toLowerCase() === wanted))
    return ({ readerSerial }) => readerSerial?.toLowerCase() === wanted;
  // `mark:` and `cid:` are no part of what has to be long enough.
  if (wanted.replace(/^[a-z]+:/, '').length < fewestCharacters) throw tooShort(word);
  const begun = cards.filter((card) => namesOf(card).some((name) => name.startsWith(wanted)));
  const [only, another] = begun;
  if (only === undefined) throw unknown(word);
  if (another !== undefined) throw ambiguous(word, begun);
  return ({ card }) => card === only;
}

/** With its kind and without, and by the serial number in it. */
const namesOf = (card: string): string[] =>
  [card, card.slice(card.indexOf(':') + 1), cardSerial(card)].flatMap((name) => name?.toLowerCase() ?? []);

const tooShort = (word: string): PiburnError =>
  usageError('CARD_SHORT', `--card: '${word}' is too short to tell a card by`, {
    hint: `give ${fewestCharacters} characters or more of its id, as \`piburn history\` shows it`,
  });

const unknown = (word: string): PiburnError =>
  usageError('CARD_UNKNOWN', `--card: no card in the history is called '${word}'`, {
    hint: '`piburn history` shows the ids of the cards',
  });

const shownCards = 5;

function ambiguous(word: string, cards: readonly string[]): PiburnError {
  const more = cards.length > shownCards ? `, and ${cards.length - shownCards} more` : '';
  const named = cards.slice(0, shownCards).map((card) => (card.startsWith('cid:') ? shortCard(card) : card));
  return usageError('CARD_AMBIGUOUS', `--card: '${word}' is the beginning of several: ${named.join(', ')}${more}`, {
    hint: 'give more of it',
  });
}
