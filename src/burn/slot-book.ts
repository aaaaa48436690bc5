// The labels that a person has given to slots, for a run.

import type { SlotBook } from '../devices/slots.js';
import { toFailure } from '../errors.js';
import type { BurnEvent } from '../protocol.js';
import type { RecordsPlace } from '../records/place.js';
import { readSlotBook } from '../records/slot-book.js';

const emptyBook: SlotBook = { slots: [] };

/** The book of slots; what is wrong with it is a warning. */
export function readBook(place: RecordsPlace | undefined, emit: (event: BurnEvent) => void): SlotBook {
  if (place === undefined) return emptyBook;
  try {
    const { book, warning } = readSlotBook(place);
    if (warning !== undefined) emit({ type: 'warning', message: warning });
    return book;
  } catch (error) {
    emit({ type: 'warning', message: toFailure(error).message });
    return emptyBook;
  }
}
