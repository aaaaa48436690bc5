// What a caller of the library may ask for, with its defaults. The command line turns its options into these; nothing
// below this room sees argv.

import type { Flavour, Plan } from '../protocol.js';

/** Options of `burn`: the image alone. */
export interface BurnOptions {
  /** A path, or `-` for standard input. */
  readonly image: string;
  /** A hostlist of devices or files: `/dev/sd[a,e,f]`, `cards/red[001-003].img`. */
  readonly device: string;
  /** Read every byte back and compare (default true). */
  readonly verify?: boolean;
  /** Write unused bytes too (default false). */
  readonly full?: boolean;
  /** Largest single request to a card in bytes (default 4 MiB); a multiple of 4096. */
  readonly blockBytes?: number;
  /** Size of files that stand in for cards (default: the image's size). */
  readonly fileBytes?: number;
  /** Directory of the image store (default ~/.cache/piburn). */
  readonly store?: string;
  readonly decoder?: 'auto' | 'xz' | 'lzma-native';
  /** Start writing while a compressed image is still being decoded and checked (default false). */
  readonly early?: boolean;
  /** Print the plan, write nothing to any card. */
  readonly dryRun?: boolean;
  readonly allowFixed?: boolean;
  readonly allowLarge?: boolean;
  readonly unmount?: boolean;
  /** After so long without a byte of progress a card is given up (default 120 s). */
  readonly stallTimeoutMs?: number;
  /** Whether a person can be asked to change cards; without one, more nodes than slots is an error (default false). */
  readonly attended?: boolean;
  /** Asked once, before the first write, when anything would be erased. Without it such a burn is refused. */
  readonly confirm?: (plan: Plan) => Promise<boolean>;
  /** Asked when a slot is needed again; resolves when the next card is in, or with false to leave its nodes out. */
  readonly nextCard?: (request: NextCardRequest) => Promise<boolean>;
}

/** Options of `create`: the image and an identity for each card. */
export interface CreateOptions extends BurnOptions {
  /** A hostlist: `red[001-003]`. */
  readonly hostname: string;
  /** A hostlist of IPv4 addresses, each perhaps with `/prefix` (default 24). */
  readonly ipaddr?: string;
  readonly gateway?: string;
  readonly dns?: readonly string[];
  /** Default `pi`, when there is a key or a password. */
  readonly user?: string;
  readonly password?: string;
  /** Each a path, a name under ~/.ssh, or `default`. */
  readonly sshKeys?: readonly string[];
  readonly flavour?: Flavour;
}

export interface NextCardRequest {
  readonly device: string;
  readonly hostname?: string;
  /** Why the last try did not do, when there was one. */
  readonly trouble?: string;
}

export const defaults = {
  blockBytes: 4 * 1024 * 1024,
  stallTimeoutMs: 120_000,
  stallNoticeMs: 10_000,
  userName: 'pi',
} as const;
