// The words of the detection: what it looks at in an image, and what it says of it.

import type { Flavour } from '../protocol.js';

/** The values of `init_format` in Raspberry Pi's list (rpi-imager, doc/json-schema/os-list-schema.json). */
export const initFormats = ['systemd', 'cloudinit', 'cloudinit-rpi', 'rpi-preseed', 'none'] as const;
export type InitFormat = (typeof initFormats)[number];

/** The boot partition as far as the detection looks at it. Paths are relative to its root. */
export interface BootPartition {
  readonly label?: string;
  /** A file's text, or undefined where there is none. */
  read(path: string): string | undefined;
  exists(path: string): boolean;
  readonly bootPartitionBytes: number;
  /** What the root partition says, where it has been looked at. */
  readonly root?: RootSigns;
  /** How the list of operating systems says that the image takes its settings. */
  readonly initFormat?: InitFormat;
}

/** Fields of os-release(5), and what else of the root partition counts. */
export interface RootSigns {
  readonly id?: string;
  readonly prettyName?: string;
  readonly codename?: string;
  readonly hasPreseed: boolean;
}

export interface DetectedFlavour {
  readonly flavour: Flavour;
  /** Where the running Pi mounts this partition. */
  readonly bootMount: '/boot' | '/boot/firmware';
  /** What was seen, as the second half of a sentence: `it has …`. */
  readonly reason: string;
  readonly facts: ImageFacts;
}

/** What else is known of the image; nothing depends on it. */
export interface ImageFacts {
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly os?: string;
  /** The date of a Raspberry Pi OS release: `2025-11-24`. */
  readonly release?: string;
  /** Whether a Raspberry Pi OS has started from it before. */
  readonly booted?: boolean;
}

/** What the signs say. `certain`: they name a system, if only one that takes no settings. */
export interface Verdict extends Omit<DetectedFlavour, 'facts'> {
  readonly certain: boolean;
}
