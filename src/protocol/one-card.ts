// What the commands on one card show.

import type { Flavour } from './node.js';
import type { PlannedFile } from './run.js';

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
