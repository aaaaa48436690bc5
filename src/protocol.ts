// The words that rooms and threads share, as types: nodes, patches, card jobs and results, events.
// Only plain data, so that every value here can be posted to a worker or printed as JSON.

import type { Failure } from './errors.js';

// ---- what is wanted ----------------------------------------------------------------------------------------

/** A static IPv4 address with its prefix length, such as 10.1.1.2/24. */
export interface Ipv4Address {
  readonly address: string;
  readonly prefixLength: number;
}

/** A static IPv6 address with its prefix length, such as fd00::2/64. */
export interface Ipv6Address {
  readonly address: string;
  readonly prefixLength: number;
}

/** A wireless network to join. */
export interface NodeWifi {
  /** 1 to 32 bytes of UTF-8. */
  readonly ssid: string;
  /** The WPA2 pre-shared key, 64 hexadecimal digits; undefined: an open network. */
  readonly psk?: string;
  readonly hidden: boolean;
}

/** A line for a node's /etc/hosts. */
export interface HostEntry {
  readonly address: string;
  readonly names: readonly string[];
}

/** A file that goes onto the boot partition as it is; `path` is relative to its root. */
export interface ExtraFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** One Pi to be. Whatever is undefined (or empty) is left as the image has it. */
export interface Node {
  readonly hostname: string;
  /** The network interface that gets the static addresses and name servers; undefined: `eth0`. */
  readonly interface?: string;
  readonly ipv4?: Ipv4Address;
  readonly gateway?: string;
  readonly ipv6?: Ipv6Address;
  readonly gateway6?: string;
  /** Name servers, IPv4 or IPv6. */
  readonly dns: readonly string[];
  /** Search domains. */
  readonly search?: readonly string[];
  readonly user?: NodeUser;
  readonly wifi?: NodeWifi;
  /** ISO 3166, two capital letters: the country whose radio rules apply. */
  readonly country?: string;
  /** Such as `en_GB.UTF-8`. */
  readonly locale?: string;
  /** Such as `Europe/London`. */
  readonly timezone?: string;
  /** An XKB layout, such as `gb`, perhaps with a variant: `de(nodeadkeys)`. */
  readonly keymap?: string;
  /** Hosts of the cluster, this node included. */
  readonly hosts?: readonly HostEntry[];
  readonly files?: readonly ExtraFile[];
  /** A script that runs once as root, after everything else. */
  readonly firstboot?: string;
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
export type Flavour = 'cloudinit' | 'ubuntu' | 'firstrun' | 'legacy' | 'none';

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

// ---- images ------------------------------------------------------------------------------------------------

/** An image in the store, as `image ls` shows it. */
export interface KeptImageRow {
  readonly name: string;
  /** `damaged`: not whole; `stale`: the file that it was made from has changed or gone. */
  readonly state: 'whole' | 'damaged' | 'stale';
  /** Where it came from: a path or an address. */
  readonly source?: string;
  readonly imageBytes?: number;
  /** Room that it takes in the store. */
  readonly diskBytes: number;
  readonly imageSha256?: string;
  /** Who had said what its SHA-256 should be. */
  readonly trustedBy: readonly string[];
  readonly flavour?: Flavour;
  readonly os?: string;
  /** ISO 8601, like the two below. */
  readonly madeAt?: string;
  readonly burnedAt?: string;
  readonly verifiedAt?: string;
}

/** What is in an image, as `image info` shows it. */
export interface ImageInfo {
  readonly name: string;
  readonly source?: string;
  readonly format?: string;
  readonly archiveBytes?: number;
  /** Of an .xz: how many decoders can work on it at once. */
  readonly xz?: { readonly streams: number; readonly blocks: number };
  readonly imageBytes: number;
  readonly usedBytes: number;
  readonly skippedBytes: number;
  readonly segments: number;
  readonly table: 'mbr' | 'gpt' | 'fat';
  readonly partitions: readonly { readonly startBytes: number; readonly sizeBytes: number }[];
  /** What each partition was understood as. */
  readonly layout: readonly string[];
  readonly os?: string;
  readonly flavour: Flavour;
  readonly flavourReason: string;
  readonly archiveSha256?: string;
  readonly imageSha256?: string;
  readonly trustedBy: readonly string[];
  readonly bmap?: string;
}

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

// ---- one card ----------------------------------------------------------------------------------------------

/** A public key that logs in to a card. */
export interface CardKey {
  readonly type: string;
  /** `SHA256:…`, as ssh-keygen shows it. */
  readonly fingerprint: string;
  readonly comment: string;
}

/** What a card is, as `check` shows it. It holds no secrets. */
export interface CardFacts {
  readonly target: string;
  readonly kind: 'block' | 'file' | 'folder';
  /** `Debian GNU/Linux 13 (trixie)`. */
  readonly os?: string;
  /** The date of a Raspberry Pi OS release. */
  readonly release?: string;
  readonly flavour: Flavour;
  readonly flavourReason: string;
  /** Who made the settings: piburn, nobody (the image as it was published), or others. */
  readonly origin: 'piburn' | 'image' | 'others';
  /** Files of settings that others have made or changed; piburn does not write over them. */
  readonly foreignFiles: readonly string[];
  /** When piburn burned it, as far as the card tells. `at`: ISO 8601. */
  readonly burned?: { readonly instanceId?: string; readonly burnId?: string; readonly at?: string };
  readonly booted?: boolean;
  /** The settings are on the boot partition, and no boot has taken them yet. */
  readonly waiting: boolean;
  readonly hostname?: string;
  readonly interface?: string;
  /** With prefix lengths; none: by DHCP. */
  readonly addresses: readonly string[];
  readonly gateway?: string;
  readonly gateway6?: string;
  readonly dns: readonly string[];
  readonly search: readonly string[];
  readonly user?: string;
  readonly password?: 'set' | 'locked';
  readonly keys: readonly CardKey[];
  readonly wifi?: { readonly ssid: string; readonly hidden: boolean; readonly secured: boolean };
  readonly country?: string;
  readonly locale?: string;
  readonly timezone?: string;
  readonly keymap?: string;
  /** How many other hosts its /etc/hosts names, as far as piburn wrote them. */
  readonly clusterHosts: number;
  /** A script of `--firstboot` waits to be run. */
  readonly firstboot: boolean;
  readonly notes: readonly string[];
}

/** Something in which a card is not what a report says. */
export interface CardDifference {
  readonly what: 'host name' | 'address' | 'outcome';
  readonly expected: string;
  readonly found: string;
}

/** Something on a card, as `ls` shows it. */
export interface CardEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  readonly sizeBytes: number;
  /** The permission bits; FAT has none. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** ISO 8601. */
  readonly modifiedAt?: string;
  /** Where a symbolic link points. */
  readonly target?: string;
}

/** What `set`, `enable` and `wifi` did, or would do, to a card. */
export interface CardChange {
  readonly target: string;
  readonly kind: 'block' | 'file' | 'folder';
  readonly flavour: Flavour;
  readonly dryRun: boolean;
  /** The setting, as in `host name: red001 -> blue001`. */
  readonly summary: readonly string[];
  /** Files that are written, with secrets replaced. */
  readonly files: readonly PlannedFile[];
  readonly writtenBytes: number;
  readonly notes: readonly string[];
}
