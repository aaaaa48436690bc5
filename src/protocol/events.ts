// What happens in a run, as it happens.

import type { Phase } from './card.js';
import type { ImageState } from './node.js';
import type { BurnSummary, CardReport, Plan } from './run.js';

/** What happens, as it happens. `--json` prints one of these per line, with `version: 1`. Times are in milliseconds. */
export type BurnEvent =
  | {
      readonly type: 'image';
      readonly state: ImageState;
      /** `decode`: into the spool; `fetch`: the same while it is downloaded; `read`: hashing a raw file; `reuse`: in the store. */
      readonly how: 'decode' | 'read' | 'reuse' | 'fetch';
      readonly decoder?: string;
      readonly doneBytes: number;
      readonly totalBytes?: number;
      readonly elapsedMs: number;
    }
  | {
      readonly type: 'fetch';
      readonly name: string;
      readonly url: string;
      readonly state: 'fetching' | 'done' | 'failed';
      /** Bytes of the file as it is published; an earlier run may have fetched the first of them. */
      readonly doneBytes: number;
      readonly resumedBytes: number;
      readonly totalBytes?: number;
      readonly elapsedMs: number;
    }
  | { readonly type: 'plan'; readonly plan: Plan }
  | { readonly type: 'warning'; readonly message: string; readonly device?: string }
  | {
      readonly type: 'card-start';
      readonly slot: number;
      readonly device: string;
      readonly place?: string;
      readonly round: number;
      readonly hostname?: string;
    }
  | {
      readonly type: 'progress';
      readonly slot: number;
      readonly device: string;
      readonly place?: string;
      readonly hostname?: string;
      readonly phase: Phase;
      /** Bytes done and to do in this phase; what is to do grows while the image is still being read. */
      readonly doneBytes: number;
      readonly totalBytes: number;
      /** Since the burn of this card began. */
      readonly elapsedMs: number;
    }
  | {
      readonly type: 'stall';
      readonly slot: number;
      readonly device: string;
      readonly place?: string;
      readonly hostname?: string;
      readonly stalledMs: number;
      readonly phase: Phase;
    }
  | {
      /** A slot waits for a fresh card, on which somebody should write the host name. */
      readonly type: 'slot-wait';
      readonly slot: number;
      readonly device: string;
      readonly place?: string;
      readonly hostname?: string;
      readonly address?: string;
      /** Why the card that is in it will not do, when there is one. */
      readonly trouble?: string;
    }
  /** A slot waits no more: another one has taken its node. */
  | { readonly type: 'slot-idle'; readonly slot: number; readonly device: string; readonly place?: string }
  | {
      /** A card that is slow or answers late: it may be dying. */
      readonly type: 'slow';
      readonly slot: number;
      readonly device: string;
      readonly place?: string;
      readonly hostname?: string;
      readonly phase: Phase;
      readonly message: string;
    }
  | { readonly type: 'card-end'; readonly card: CardReport }
  | { readonly type: 'end'; readonly summary: BurnSummary };
