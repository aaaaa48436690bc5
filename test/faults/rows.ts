// The table of faults: each row says what is broken, where, what piburn says of it, and what becomes of that card and of the
// others. One test is made of each row (by the runner of its place), and FAULTS.md is made of all of them.

import { hubRows } from './hub-rows.js';
import { kernelRows } from './kernel-rows.js';
import { programRows } from './program-rows.js';

/** `program`: under the program, by the shim; `kernel`: under a block device; `hub`: USB, in a virtual machine. */
export type Where = 'program' | 'kernel' | 'hub';

/** What the struck card is in the end. */
export type CardState =
  /** Every byte of the image, and it starts. */
  | 'whole'
  /** Nothing on it starts or mounts. */
  | 'blank'
  /** As it was before. */
  | 'untouched'
  /** It took no more writes: nobody knows, and the result says so. */
  | 'unknown'
  /** Called good, and it is wrong: what happens when verifying is left out, and what is not found. */
  | 'wrong, and called good';

export interface FaultRow {
  /** In plain words, as the table shows it; the name of its test. */
  readonly fault: string;
  readonly where: Where;
  /** The code of the failure, or `good`. */
  readonly code: string;
  /** A piece of what piburn says: of the failure's message; of a good card, of how it was mended. */
  readonly says: string;
  readonly card: CardState;
  /** Default: all good, without repairs. */
  readonly others?: string;
  /** More options for piburn. */
  readonly options?: readonly string[];
  /** What a file of rules, a simulator or a machine needs to make the fault; its runner knows how to read it. */
  readonly inject: readonly string[];
}

export const faultRows: readonly FaultRow[] = [...programRows, ...kernelRows, ...hubRows];

/** What the others are when a row says nothing. */
export const othersAreGood = 'good, untouched by it';
