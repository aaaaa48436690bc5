// A slot of a run, and how its reader is known again.

import type { BlockDevice } from '../devices/facts.js';
import { given } from '../given.js';

export interface Slot {
  /** The number of the reader where every target is one, else the place among the targets, from 1. */
  readonly slot: number;
  /** As it was given, or found. */
  readonly device: string;
  /** Where its reader is plugged in; undefined for files and for disks without such a place. */
  readonly port?: string;
  /** How people call it: `slot 3`, `left 2`. */
  readonly place?: string;
  /** What is plugged in there: anything else is not what the person has agreed to. */
  readonly reader?: ReaderIdentity;
}

/** What stays the same of a reader, whatever card is in it. */
export interface ReaderIdentity {
  readonly transport: string;
  readonly removable: boolean;
  readonly vendor: string;
  readonly model: string;
  readonly serial?: string;
}

/** Of a card slot on the MMC bus the disk is the card: model and serial change with it. */
export const readerOf = ({ transport, removable, vendor, model, serial }: BlockDevice): ReaderIdentity =>
  transport === 'mmc'
    ? { transport, removable, vendor: '', model: '' }
    : { transport, removable, vendor, model, ...given({ serial }) };
