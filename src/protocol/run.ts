// A run: its targets, its plan, its result.

import type { Failure } from '../errors.js';
import type { CardResult } from './card.js';
import type { Flavour } from './node.js';

/** A target as a person knows it. */
export interface TargetDescription {
  readonly path: string;
  readonly kind: 'block' | 'file';
  /** True when the target does not exist yet: a file that will be made. */
  readonly fresh: boolean;
  readonly sizeBytes?: number;
  /** Vendor and model of the reader or card, or `file`. */
  readonly model: string;
  readonly serial?: string;
  /** `usb`, `mmc`, `loop`, `sata`, `nvme`, …; empty for files. */
  readonly transport: string;
  readonly removable: boolean;
  /** Of a card in an MMC slot. */
  readonly cid?: string;
  /** The slot as people call it: `slot 3`, `left 2`. */
  readonly place?: string;
  /** What is on it now, for the question: `dos table: bootfs (vfat), rootfs (ext4)`, `empty`. */
  readonly content: string;
  readonly mountpoints: readonly string[];
}

/** A file that a node's card gets beyond the image's own; secrets are replaced before this is made. */
export interface PlannedFile {
  readonly path: string;
  readonly text: string;
}

/** One card of the plan. */
export interface PlannedCard {
  /** The slot and its device; undefined for a node that waits for whichever slot is ready first. */
  readonly slot?: number;
  readonly device?: string;
  /** The slot as people call it. */
  readonly place?: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly files: readonly PlannedFile[];
  /** Bytes of the boot partition that differ from the image. */
  readonly patchBytes: number;
}

/** A slot that waits for a card that may be written. */
export interface PlannedWait {
  readonly slot: number;
  readonly device: string;
  readonly place?: string;
  readonly message: string;
}

/** Everything that will be done, decided before anything is written. */
export interface Plan {
  readonly image: {
    readonly source: string;
    /** What it is called, where that is more than the source says. */
    readonly name?: string;
    /** Who had said what its SHA-256 should be; undefined until the image is whole. */
    readonly trustedBy?: readonly string[];
    /** Undefined until the image is whole: a stream does not tell its size beforehand. */
    readonly sizeBytes?: number;
    /** Undefined until the image is whole, as it is when the one question is asked. */
    readonly writeBytes?: number;
    readonly skipBytes?: number;
    readonly flavour?: Flavour;
    /** Why this flavour: what was seen in the image. */
    readonly flavourReason?: string;
    /** What each partition was understood as: `partition 2: ext4 rootfs, 60 % used`. */
    readonly layout: readonly string[];
  };
  /** What will be written at first; another card takes the place of one that is burned. */
  readonly targets: readonly TargetDescription[];
  /** Slots that wait for a card that may be written. */
  readonly notReady: readonly PlannedWait[];
  readonly cards: readonly PlannedCard[];
  readonly verify: boolean;
  readonly full: boolean;
  /** Cards are compared first, and only what differs is written. */
  readonly delta?: boolean;
}

/** Bytes that tell a card of a run from all others. */
export interface CardTrace {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Their XXH3-128, 32 hexadecimal digits. */
  readonly xxh3: string;
}

/** One row of the final table. */
export interface CardReport extends CardResult {
  /** 0, and no device, for a node that got no card. */
  readonly slot: number;
  readonly device: string;
  /** The slot as people call it: `slot 3`, `left 2`. */
  readonly place?: string;
  readonly model: string;
  readonly sizeBytes?: number;
  /** 0 for the first card in a slot, 1 for the one after the first swap, … */
  readonly round: number;
  /** Which of this node's cards it was, from 1. */
  readonly attempt: number;
  /** The node goes back to the queue, and gets another card. */
  readonly willRetry?: boolean;
  /** What is on this card and on no other of its run, so that it is known again. */
  readonly mark?: CardTrace;
  /** Burned by an earlier run that this one goes on with. */
  readonly earlier?: boolean;
  readonly hostname?: string;
  readonly address?: string;
}

/** The end of a run; `--report` writes exactly this. */
export interface BurnSummary {
  readonly version: 1;
  readonly image: string;
  readonly startedAt: string;
  readonly elapsedMs: number;
  /** How often an image was decoded in this run: 0 when the spool was reused. */
  readonly decodes: number;
  readonly good: number;
  readonly failed: number;
  readonly cancelled: number;
  /** One for each node: its last card. */
  readonly cards: readonly CardReport[];
  /** Cards that failed and whose nodes then got another one. */
  readonly retried: readonly CardReport[];
  /** The name of the run in the history. */
  readonly run?: string;
  /** What ended the whole run early, if anything did. */
  readonly failure?: Failure;
}
