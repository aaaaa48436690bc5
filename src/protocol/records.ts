// What piburn remembers of its burns: one record for each card, the history.

import type { LatencySummary } from './card.js';

/** One burn, as a line of `history.jsonl`. */
export interface BurnRecord {
  readonly version: 1;
  /** ISO 8601, the end of the burn. */
  readonly at: string;
  /** The run that it belongs to. */
  readonly run: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly image: string;
  readonly imageSha256?: string;
  readonly device: string;
  /** Port of the slot, and how people call it: `slot 3`, `left 2`. */
  readonly port?: string;
  readonly slot?: string;
  /** What tells this card from all others: `cid:…`, or `mark:…` that piburn has left on it. */
  readonly card?: string;
  readonly readerModel?: string;
  readonly readerSerial?: string;
  readonly sizeBytes?: number;
  readonly outcome: 'good' | 'failed' | 'cancelled';
  /** Code and words of the failure. */
  readonly code?: string;
  readonly message?: string;
  readonly verified: boolean;
  readonly writtenBytes: number;
  /** Of a burn by difference: what the card had already. */
  readonly unchangedBytes?: number;
  readonly writeMs: number;
  readonly verifiedBytes: number;
  readonly verifyMs: number;
  readonly totalMs: number;
  readonly repairs: number;
  readonly writeLatency?: LatencySummary;
  readonly readLatency?: LatencySummary;
}
