// The words that rooms and threads share, as types: nodes, patches, card jobs and results, events.
// Only plain data, so that every value here can be posted to a worker or printed as JSON.

import type { Failure } from './errors.js';

// ---- what is wanted ----------------------------------------------------------------------------------------

/** A static IPv4 address with its prefix length, such as 10.1.1.2/24. */
export interface Ipv4Address {
  readonly address: string;
  readonly prefixLength: number;
}

/** One Pi to be. Whatever is undefined (or empty) is left as the image has it. */
export interface Node {
  readonly hostname: string;
  readonly ipv4?: Ipv4Address;
  readonly gateway?: string;
  readonly dns: readonly string[];
  readonly user?: NodeUser;
}

/** The user of a node: able to log in by key, by password, or both; never by neither. */
export interface NodeUser {
  readonly name: string;
  /** A crypt(3) hash, `$6$…`; undefined locks the password. */
  readonly passwordHash?: string;
  /** Lines of authorized_keys. */
  readonly authorizedKeys: readonly string[];
}

/** How an image takes its settings; `none`: it takes none. */
export type Flavour = 'cloudinit' | 'firstrun' | 'none';

// ---- the image ---------------------------------------------------------------------------------------------

/** Some bytes of the image replaced for one node. Blocks of one patch are ascending and do not overlap. */
export interface PatchBlock {
  readonly offsetBytes: number;
  readonly bytes: Uint8Array;
}

/** How far an image has come: `whole` means decoded, checked and kept. */
export type ImageState = 'reading' | 'whole' | 'broken';

// ---- one card ----------------------------------------------------------------------------------------------

/** The thing that is written: which one it is, so that a worker can refuse what is no longer the same. */
export interface TargetIdentity {
  readonly path: string;
  readonly kind: 'block' | 'file';
  /** `MAJOR:MINOR` of a block device. */
  readonly deviceNumber?: string;
  /** The kernel's count of media and devices that came and went under this name (Linux 5.15 or newer). */
  readonly diskSequence?: number;
  /** Size that was shown to the person; undefined for a file that does not exist yet. */
  readonly sizeBytes?: number;
}

/** Everything that a worker needs to burn one card. */
export interface CardJob {
  readonly target: TargetIdentity;
  /** The decoded image: a spool, or the raw image file itself. */
  readonly imagePath: string;
  /** A `SegmentTable` (src/image/segment-table.ts), still growing while the image is decoded. */
  readonly segments: SharedArrayBuffer;
  /** The `CardCounters` (src/card/counters.ts) of this card. */
  readonly counters: SharedArrayBuffer;
  readonly patch: readonly PatchBlock[];
  readonly verify: boolean;
  /** Write the unused bytes too. */
  readonly full: boolean;
  /** Largest single write or read request. */
  readonly requestBytes: number;
  /** Size that a file standing in for a card shall have; undefined: the image's own size. */
  readonly fileBytes?: number;
}

/** What a card went through, in this order. `done` is the end, good or bad. */
export const phases = ['waiting', 'wiping', 'writing', 'flushing', 'verifying', 'sealing', 'done'] as const;
export type Phase = (typeof phases)[number];

/** A segment that read back wrong and was right in the end. */
export interface Repair {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** `reread`: the second reading was right. `rewritten`: it had to be written again. */
  readonly how: 'reread' | 'rewritten';
}

/** How one burn ended. Exactly the cards with outcome `good` may be used. */
export interface CardResult {
  readonly outcome: 'good' | 'failed' | 'cancelled';
  readonly failure?: Failure;
  /** Whether a Pi could start from the card now: `untouched` means that nothing was written to it. */
  readonly bootable: 'yes' | 'no' | 'untouched' | 'unknown';
  readonly writtenBytes: number;
  readonly skippedBytes: number;
  readonly verifiedBytes: number;
  readonly writeMs: number;
  readonly verifyMs: number;
  readonly totalMs: number;
  readonly repairs: readonly Repair[];
  readonly warnings: readonly string[];
  /** False where the file system has no O_DIRECT and reads were answered with its cache dropped first. */
  readonly direct: boolean;
}

// ---- the run -----------------------------------------------------------------------------------------------

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
  /** The place of its device among the targets, counted from 1. */
  readonly slot: number;
  readonly device: string;
  /** 0 for the first card in a slot, 1 for the one after the first swap, … */
  readonly round: number;
  readonly hostname?: string;
  readonly address?: string;
  readonly files: readonly PlannedFile[];
  /** Bytes of the boot partition that differ from the image. */
  readonly patchBytes: number;
}

/** Everything that will be done, decided before anything is written. */
export interface Plan {
  readonly image: {
    readonly source: string;
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
  readonly targets: readonly TargetDescription[];
  readonly cards: readonly PlannedCard[];
  readonly verify: boolean;
  readonly full: boolean;
}

/** One row of the final table. */
export interface CardReport extends CardResult {
  readonly slot: number;
  readonly device: string;
  readonly model: string;
  readonly sizeBytes?: number;
  readonly round: number;
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
  readonly cards: readonly CardReport[];
  /** What ended the whole run early, if anything did. */
  readonly failure?: Failure;
}

/** What happens, as it happens. `--json` prints one of these per line, with `version: 1`. Times are in milliseconds. */
export type BurnEvent =
  | {
      readonly type: 'image';
      readonly state: ImageState;
      /** `decode`: xz to the spool; `read`: hashing a raw file; `reuse`: already in the store. */
      readonly how: 'decode' | 'read' | 'reuse';
      readonly decoder?: string;
      readonly doneBytes: number;
      readonly totalBytes?: number;
      readonly elapsedMs: number;
    }
  | { readonly type: 'plan'; readonly plan: Plan }
  | { readonly type: 'warning'; readonly message: string; readonly device?: string }
  | {
      readonly type: 'card-start';
      readonly slot: number;
      readonly device: string;
      readonly round: number;
      readonly hostname?: string;
    }
  | {
      readonly type: 'progress';
      readonly slot: number;
      readonly device: string;
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
      readonly stalledMs: number;
      readonly phase: Phase;
    }
  | { readonly type: 'card-end'; readonly card: CardReport }
  | { readonly type: 'end'; readonly summary: BurnSummary };
