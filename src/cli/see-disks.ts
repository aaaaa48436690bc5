// The disks of this machine with what piburn knows of them: slots from the slot book, cards from the history. What cannot be
// read of that is a note, not an error.

import { seeCards } from '../burn/card-on-disk.js';
import type { OpenCard } from '../burn/patient-read.js';
import { readSystem } from '../devices/describe.js';
import { diskEvents } from '../devices/disk-events.js';
import type { SystemFacts } from '../devices/facts.js';
import { type DiskSight, diskRows } from '../devices/rows.js';
import type { SlotBook } from '../devices/slots.js';
import { liveSource, type SystemSource } from '../devices/system-source.js';
import type { Trigger } from '../devices/watch.js';
import { toFailure } from '../errors.js';
import { given } from '../given.js';
import { storeDirectory } from '../image/store.js';
import type { BurnRecord } from '../protocol.js';
import { readHistory } from '../records/history.js';
import { readSlotBook } from '../records/slot-book.js';
import type { ShownDisk } from '../report/disk-words.js';
import { recordsPlace } from './person.js';

/** The machine as these commands see it; in tests a recorded one. */
export interface DiskWorld {
  readonly source: SystemSource;
  /** Opens a disk that may be a card, for reading; default: the disk at that path. */
  readonly openCard?: (path: string) => Promise<OpenCard>;
  /** Says when something may have happened; `readers`: paths of those whose medium is looked at. */
  trigger(readers: () => readonly string[]): Trigger;
  pause(elapsedMs: number): Promise<void>;
}

export const liveWorld: DiskWorld = {
  source: liveSource,
  trigger: (readers) => diskEvents({ readers }),
  pause: (elapsedMs) => new Promise((resolve) => setTimeout(resolve, elapsedMs)),
};

export interface SeeWishes {
  readonly store?: string;
  /** Loop devices too. */
  readonly loops?: boolean;
}

export interface DisksSeen {
  readonly facts: SystemFacts;
  readonly book: SlotBook;
  readonly rows: readonly DiskSight[];
  /** What a person should know of the slot book. */
  readonly notes: readonly string[];
}

/** Without a look at the cards. */
export async function seeDisks(world: DiskWorld, { store, loops = false }: SeeWishes): Promise<DisksSeen> {
  const facts = await readSystem(world.source);
  const { book, warning } = bookOf(store);
  const rows = diskRows(facts, book, {
    protectedPaths: [storeDirectory(store, process.env)],
    allowFixed: false,
    allowLarge: false,
    unmount: false,
    loops,
  });
  return { facts, book, rows, notes: warning === undefined ? [] : [warning] };
}

function bookOf(store: string | undefined): { readonly book: SlotBook; readonly warning?: string } {
  try {
    return readSlotBook(recordsPlace(store, process.env));
  } catch (error) {
    return { book: { slots: [] }, warning: toFailure(error).message };
  }
}

export interface CardsKnown {
  readonly disks: readonly ShownDisk[];
  readonly notes: readonly string[];
  /** A disk has not answered, and may hold up the end of this process. */
  readonly stuck: boolean;
}

/** The rows with the cards in them; only disks that may be cards are opened, for reading. */
export async function withCards(
  rows: readonly DiskSight[],
  world: DiskWorld,
  store: string | undefined,
): Promise<CardsKnown> {
  const { records, notes } = historyOf(store);
  const { cards, closed, late } = await seeCards(rows, records, given({ openCard: world.openCard }));
  const sudo = closed.length === 0 ? [] : ['what is on the cards is shown to root only: run it with sudo'];
  const slow = late.map((path) => `${path} did not answer in time, and what is on it is not known`);
  return {
    disks: rows.map(({ diskSequence: _, ...row }) => ({ ...row, ...given({ card: cards.get(row.path) }) })),
    notes: [...notes, ...sudo, ...slow],
    stuck: late.length > 0,
  };
}

function historyOf(store: string | undefined): { readonly records: readonly BurnRecord[]; readonly notes: string[] } {
  try {
    return { records: readHistory(recordsPlace(store, process.env)).records, notes: [] };
  } catch (error) {
    return { records: [], notes: [toFailure(error).message] };
  }
}
