// What a caller of the library may ask for, with its defaults. The command line turns its options into these; nothing
// below this room sees argv.

import type { CardReport, Flavour, Ipv4Address, Plan } from '../protocol.js';
import type { RecordsPlace } from '../records/place.js';

/** How an image is found, fetched and checked. */
export interface ImageWishes {
  /** Directory of the image store (default ~/.cache/piburn). */
  readonly store?: string;
  readonly decoder?: 'auto' | 'xz' | 'lzma-native';
  /** The SHA-256 that the image, as published or decoded, must have. */
  readonly sha256?: string;
  /** A decoded image larger than this is refused (default 256 GB). */
  readonly maxBytes?: number;
  /** Use the .bmap that belongs to an image (default true). */
  readonly bmap?: boolean;
  /** Put a fetched archive that proves wrong aside instead of removing it (default false). */
  readonly keepRejected?: boolean;
  /** Address or file of the list of operating systems (default: PIBURN_REPO, else Raspberry Pi's). */
  readonly repo?: string;
}

/** Options of `burn`: the image alone. */
export interface BurnOptions extends ImageWishes {
  /** A path, `-` for standard input, an address, or a name such as `latest`. */
  readonly image: string;
  /**
   * A hostlist of devices or files: `/dev/sd[a,e,f]`, `cards/red[001-003].img`; `usb` for all readers on USB; `slot 3` or
   * a slot's label. Without it: all card readers that may be written.
   */
  readonly device?: string;
  /** Read every byte back and compare (default true). */
  readonly verify?: boolean;
  /** Write unused bytes too (default false). */
  readonly full?: boolean;
  /** Compare each card with the image first and write only what differs (default false). */
  readonly delta?: boolean;
  /** Largest single request to a card in bytes, a multiple of 4096 (default: what the reader takes, at most 4 MiB). */
  readonly blockBytes?: number;
  /** Size of files that stand in for cards (default: the image's size). */
  readonly fileBytes?: number;
  /** Start writing while a compressed image is still being decoded and checked (default false). */
  readonly early?: boolean;
  /** Print the plan, write nothing to any card. */
  readonly dryRun?: boolean;
  readonly allowFixed?: boolean;
  readonly allowLarge?: boolean;
  readonly unmount?: boolean;
  /** After so long without a byte of progress a card is given up (default 120 s). */
  readonly stallTimeoutMs?: number;
  /** Look for false capacity by markers behind the image (default true). */
  readonly probe?: boolean;
  /** Make every byte of a card zero first (default false). */
  readonly wipeAll?: boolean;
  /** Eject a card that is good (default: with `auto`, where the medium is removable). */
  readonly eject?: boolean;
  /** At most so many cards at once (default: all slots). */
  readonly jobs?: number;
  /** How often a node that failed is burned again, onto another card (default 1, where cards can be changed). */
  readonly retries?: number;
  /** Notice changed cards instead of asking (default false). */
  readonly auto?: boolean;
  /** With `auto`: a slot that gets no card for so long takes none any more (default: it waits). */
  readonly waitMs?: number;
  /** What the run is called in the history, and its journal (default: a new name). */
  readonly runId?: string;
  /** Where the history and the journal of runs are kept; without it there is neither. */
  readonly records?: RecordsPlace;
  /** Whether a person can be asked to change cards; without one, more nodes than slots is an error (default false). */
  readonly attended?: boolean;
  /** Whether `confirm` says yes without asking anybody (default false). */
  readonly unasked?: boolean;
  /** Asked once, before the first write, when anything would be erased. Without it such a burn is refused. */
  readonly confirm?: (plan: Plan) => Promise<boolean>;
  /** Asked when a slot is needed again; resolves when the next card is in, or with false to leave its nodes out. */
  readonly nextCard?: (request: NextCardRequest) => Promise<boolean>;
}

/**
 * Options of `create`: the image, and an identity for each card. What a config file or an inventory says may be left out
 * here, and what is said here wins over them.
 */
export interface CreateOptions extends Omit<BurnOptions, 'image' | 'device'> {
  readonly image?: string;
  /** Without it: all card readers that may be written. */
  readonly device?: string;
  /** Paths of a config file (src/burn/config/config-file.ts) and of an inventory (CSV or YAML). */
  readonly config?: string;
  readonly inventory?: string;
  /** What holds where neither the options nor the files say anything. */
  readonly otherwise?: Otherwise;
  /** Whose `~/.ssh` is meant (default: that of this process's user). */
  readonly home?: string;
  /** A hostlist: `red[001-003]`. With nodes in a file: those that are meant. */
  readonly hostname?: string;
  /** A hostlist of IPv4 addresses, each perhaps with `/prefix` (default 24). */
  readonly ipaddr?: string;
  /** A hostlist of IPv6 addresses, each perhaps with `/prefix` (default 64). */
  readonly ip6addr?: string;
  readonly gateway?: string;
  readonly gateway6?: string;
  readonly dns?: readonly string[];
  /** Search domains. */
  readonly search?: readonly string[];
  /** The interface that gets the addresses (default `eth0`). */
  readonly interface?: string;
  /** Default `pi`, when there is a key or a password. */
  readonly user?: string;
  /** As it is typed, as its sha512crypt hash (`$6$…`), or `random`: another one for each card. */
  readonly password?: string;
  /** Each a path, a name under ~/.ssh, or `default`. */
  readonly sshKeys?: readonly string[];
  readonly ssid?: string;
  /** 8 to 63 bytes, or 64 hexadecimal digits; without it the network is an open one. */
  readonly wifiPassword?: string;
  readonly hidden?: boolean;
  readonly country?: string;
  /** These three: the burner's own, where the image takes them; `image`: leave them as they are. */
  readonly locale?: string;
  readonly timezone?: string;
  readonly keymap?: string;
  /** Every node's name and address in every card's /etc/hosts (default: when there are addresses). */
  readonly clusterHosts?: boolean;
  /** A directory whose files go onto the boot partition. */
  readonly files?: string;
  /** A script that runs once as root, after everything else. */
  readonly firstboot?: string;
  readonly flavour?: Flavour;
  /** Write the settings into the ext4 root, for images that take none by themselves (default false). */
  readonly rootfs?: boolean;
}

/** Defaults from the surroundings: the environment, and the bridge of this machine. */
export interface Otherwise {
  readonly device?: string;
  readonly password?: string;
  readonly wifiPassword?: string;
  /** Gateway and name server of wired nodes whose static address is in its net. */
  readonly bridge?: Ipv4Address;
}

export interface NextCardRequest {
  readonly device: string;
  /** How people call the slot: `slot 3`, `left 2`. */
  readonly place?: string;
  readonly hostname?: string;
  readonly address?: string;
  /** Why the last try did not do, when there was one. */
  readonly trouble?: string;
  /** The card that was burned in this slot last. */
  readonly last?: CardReport;
}

export const defaults = {
  maxImageBytes: 256e9,
  stallTimeoutMs: 120_000,
  stallNoticeMs: 10_000,
  retries: 1,
  userName: 'pi',
} as const;

/** Whether anybody, or anything, sees to it that cards are changed. */
export const canSwap = ({ auto, nextCard }: Pick<BurnOptions, 'auto' | 'nextCard'>): boolean =>
  auto === true || nextCard !== undefined;
