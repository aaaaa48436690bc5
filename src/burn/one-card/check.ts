// `check`: what a card is, and in what it is not the one that a report speaks of.

import { readFileSync, statSync } from 'node:fs';
import { readCardFacts } from '../../customise/read-back/card-facts.js';
import { errnoOf, type PiburnError, usageError } from '../../errors.js';
import type { BurnSummary, CardDifference, CardFacts, CardReport } from '../../protocol.js';
import { withCard } from './view.js';

export const checkCard = (target: string): Promise<CardFacts> =>
  withCard(target, (card) => {
    const notes = [...card.notes];
    if (card.root === undefined && card.kind === 'folder') notes.push('its root file system was not looked at');
    return { target, kind: card.kind, ...readCardFacts(card), notes };
  });

const maxReportBytes = 64 * 1024 * 1024;

/** @throws PiburnError (usage) `REPORT`. */
export function readReport(path: string): BurnSummary {
  try {
    if (statSync(path).size > maxReportBytes) throw wrongReport(path, 'it is too large');
    const report: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isReport(report)) return report;
  } catch (error) {
    if (error instanceof SyntaxError) throw wrongReport(path, 'it is no JSON');
    if (errnoOf(error) === undefined) throw error;
    throw usageError('REPORT', `the report ${path} cannot be read (${errnoOf(error)})`, { hint: 'check its name' });
  }
  throw wrongReport(path, 'it has no list of cards');
}

const isReport = (value: unknown): value is BurnSummary =>
  isObject(value) && value['version'] === 1 && Array.isArray(value['cards']) && value['cards'].every(isObject);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const wrongReport = (path: string, why: string): PiburnError =>
  usageError('REPORT', `${path} is no report of a burn: ${why}`, {
    hint: 'name the file that create --report=FILE wrote',
  });

/** Everything in which they differ; a report that does not know the card's name differs in it. */
export function compareWithReport(facts: CardFacts, { cards }: BurnSummary): CardDifference[] {
  const name = facts.hostname?.toLowerCase();
  const card = cards.findLast(({ hostname }) => typeof hostname === 'string' && hostname.toLowerCase() === name);
  if (name === undefined || card === undefined) {
    return [{ what: 'host name', expected: namesIn(cards), found: facts.hostname ?? 'none' }];
  }
  const address = facts.addresses.find((each) => !each.includes(':')) ?? facts.addresses[0];
  return [
    ...(card.address === undefined || facts.addresses.includes(card.address)
      ? []
      : [{ what: 'address' as const, expected: card.address, found: address ?? 'by DHCP' }]),
    ...(card.address === undefined && address !== undefined
      ? [{ what: 'address' as const, expected: 'by DHCP', found: address }]
      : []),
    ...(card.outcome === 'good' ? [] : [{ what: 'outcome' as const, expected: 'good', found: String(card.outcome) }]),
  ];
}

const shownNames = 5;

function namesIn(cards: readonly CardReport[]): string {
  const names = cards.flatMap(({ hostname }) => hostname ?? []);
  const more = names.length > shownNames ? [`${names.length - shownNames} more`] : [];
  return names.length === 0 ? 'none' : [...names.slice(0, shownNames), ...more].join(', ');
}
