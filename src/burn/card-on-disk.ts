// What piburn knows of the cards that lie in the readers: from the cards themselves, and from the history of burns. Cards
// are looked at all at once and only so long; a card that cannot be read is no error.

import { open } from 'node:fs/promises';
import { markBytes, readMark } from '../card/mark.js';
import { readCardFacts, type SettingsFacts } from '../customise/read-back/card-facts.js';
import { errnoOf } from '../errors.js';
import { given } from '../given.js';
import type { BurnRecord, DiskCard, DiskRow } from '../protocol.js';
import { warningsOf } from '../records/history.js';
import { viewMedium } from './one-card/view.js';
import { type OpenCard, readPatiently } from './patient-read.js';

/** A card that piburn knows. */
export interface KnownCard extends DiskCard {
  /** What the history says against it, as sentences without a full stop. */
  readonly warnings: readonly string[];
}

export interface CardsSeen {
  /** By path of the disk. */
  readonly cards: ReadonlyMap<string, KnownCard>;
  /** Disks that this user may not open. */
  readonly closed: readonly string[];
  /** Disks that did not answer in time; the process may have to be ended with them. */
  readonly late: readonly string[];
}

export interface SeeOptions {
  readonly openCard?: (path: string) => Promise<OpenCard>;
  /** For all cards together; default: 3 seconds and 0.5 for each, since a small computer is slow itself. */
  readonly limitMs?: number;
}

/** Looks at the cards in readers, and at what else can be a card; `records`: the oldest first. */
export async function seeCards(
  rows: readonly DiskRow[],
  records: readonly BurnRecord[],
  { openCard = openDisk, limitMs }: SeeOptions = {},
): Promise<CardsSeen> {
  const wanted = rows.filter(mayBeCard);
  const cards = new Map<string, KnownCard>();
  const closed: string[] = [];
  const done = new Set<string>();
  const looks = wanted.map(async (row) => {
    const look = await lookAt(row, openCard);
    done.add(row.path);
    if (look === 'closed') closed.push(row.path);
    const known = knownCard(row, look === 'closed' ? {} : look, records);
    if (known !== undefined) cards.set(row.path, known);
  });
  await within(Promise.all(looks), limitMs ?? 3000 + 500 * wanted.length);
  const late = wanted.map(({ path }) => path).filter((path) => !done.has(path));
  return { cards: new Map(cards), closed: [...closed].sort(), late };
}

/** Built-in disks are not opened. */
const mayBeCard = (row: DiskRow): boolean =>
  row.kind !== 'system' && row.hasMedium && (row.kind === 'reader' || ['usb', 'loop'].includes(row.transport));

async function within(work: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}

/** What could be read of a card. */
interface Look {
  readonly mark?: string;
  readonly facts?: SettingsFacts;
}

const denied: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM']);

async function lookAt(row: DiskRow, openCard: (path: string) => Promise<OpenCard>): Promise<Look | 'closed'> {
  let card: OpenCard | undefined;
  try {
    card = await openCard(row.path);
    const mark = readMark(await card.read(row.sizeBytes - markBytes, markBytes));
    return given({ mark, facts: await factsOf(card, row) });
  } catch (error) {
    return denied.has(errnoOf(error)) ? 'closed' : {};
  } finally {
    // Not awaited: closing waits for the kernel to let go of it.
    void card?.close().catch(() => undefined);
  }
}

/** Undefined for what is no card of a Raspberry Pi, or none that can be read. */
async function factsOf(card: OpenCard, { path, sizeBytes }: DiskRow): Promise<SettingsFacts | undefined> {
  try {
    return await readPatiently(card, sizeBytes, async (read) => readCardFacts(await viewMedium(path, 'block', read)));
  } catch {
    return undefined;
  }
}

function knownCard({ cid }: DiskRow, { mark, facts }: Look, records: readonly BurnRecord[]): KnownCard | undefined {
  const cardId = cid !== undefined ? `cid:${cid}` : mark !== undefined ? `mark:${mark}` : undefined;
  const own = facts !== undefined && (facts.origin === 'piburn' || facts.burned !== undefined) ? facts : undefined;
  const last = cardId === undefined ? undefined : records.findLast(({ card }) => card === cardId);
  const burn = last !== undefined && isOnCard(last, own) ? last : undefined;
  const warnings = cardId === undefined ? [] : warningsOf(records, cardId);
  // A card without a mark, with a CID that the history does not know, is a stranger.
  if (own === undefined && last === undefined && mark === undefined) return undefined;
  return {
    warnings,
    ...given({
      hostname: own?.hostname ?? burn?.hostname,
      image: burn?.image,
      burnedAt: own?.burned?.at ?? burn?.at,
      cardId,
    }),
  };
}

/** Whether the last burn is what is on the card: others may have written it since, and mark or CID outlast that. */
function isOnCard({ outcome, hostname }: BurnRecord, own: SettingsFacts | undefined): boolean {
  return outcome === 'good' && (hostname === undefined) === (own === undefined);
}

async function openDisk(path: string): Promise<OpenCard> {
  const file = await open(path, 'r');
  return {
    async read(offsetBytes, lengthBytes) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(lengthBytes), 0, lengthBytes, offsetBytes);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}
