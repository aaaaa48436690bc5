// What a run of piburn does to its store and records, without cards: brings an image in, notes a run, a card, a slot and
// the use of the image. As a program (test/faults/keep-child.ts) it can be cut anywhere.

import { openImage } from '../../src/image/image.js';
import { noteUse } from '../../src/image/kept.js';
import { openStore } from '../../src/image/store.js';
import type { SlotPlace } from '../../src/protocol.js';
import { appendRecord } from '../../src/records/history.js';
import { beginJournal } from '../../src/records/journal.js';
import { changeSlotBook } from '../../src/records/slot-book.js';
import { goodCard, record } from '../records/samples.js';

export interface KeepOrder {
  readonly directory: string;
  readonly image: string;
  /** The name of the run, and of what it notes. */
  readonly runId: string;
}

/** What lasts from a moment on, whatever is lost after it. */
export type KeepPromise = 'image' | 'slots' | 'journal' | 'card' | 'record' | 'end';

/**
 * @param onPromise told as soon as piburn counts on something to last.
 * @returns how the image came: decoded anew, or as an earlier run has left it.
 */
export async function keepOnce(
  { directory, image, runId }: KeepOrder,
  onPromise: (what: KeepPromise) => void = () => undefined,
): Promise<string> {
  const opened = await openImage(
    { kind: 'file', path: image },
    {
      store: openStore(directory),
      decoder: 'lzma-native',
      expected: [],
      bmap: false,
      keepRejected: false,
      client: () => {
        throw new Error('nothing is fetched here');
      },
      onWait: () => undefined,
      onTrouble: () => undefined,
      cancelled: () => false,
    },
  );
  await opened.whole;
  onPromise('image');
  const place = { directory };
  changeSlotBook(place, ({ slots }) => ({ slots: [...slots, slotAfter(slots)] }));
  onPromise('slots');
  const journal = beginJournal(place, {
    id: runId,
    options: { image, hostname: 'red001' },
    hostnames: ['red001'],
    image: 'an image',
  });
  onPromise('journal');
  const card = { ...goodCard, hostname: 'red001' };
  journal.card(card);
  onPromise('card');
  appendRecord(place, { ...record, run: runId });
  onPromise('record');
  journal.end('done');
  onPromise('end');
  journal.close();
  noteUse(opened.place, { burnedAt: new Date().toISOString() });
  await opened.close();
  return opened.how;
}

const slotAfter = (slots: readonly SlotPlace[]): SlotPlace => ({
  port: `port-${slots.length + 1}`,
  number: slots.length + 1,
});
