// The words of this room: what a flavour gets, what it gives, and which settings there are.

import type { Node } from '../../protocol.js';

/** What a flavour may look at on the boot partition: the existing files that it changes. */
export interface BootFiles {
  readonly cmdline: string;
}

export interface FlavourInput {
  readonly node: Node;
  readonly boot: BootFiles;
  /** Unique per burn, such as `20260915T1200-ab12`: letters, digits and hyphens. */
  readonly burnId: string;
  /** Where the running Pi mounts its boot partition. */
  readonly bootMount: '/boot' | '/boot/firmware';
}

/** A file on the boot partition, new or replaced. */
export interface BootFile {
  readonly path: string;
  readonly text: string;
  /** Parts of the text that must never be shown, such as password hashes. */
  readonly secrets: readonly string[];
}

/** Pure: the same input gives the same files. */
export type FlavourFiles = (input: FlavourInput) => BootFile[];

/** A setting of a node, with the option that asks for it. */
export const settingOptions = {
  hostname: '--hostname',
  address: '--ipaddr',
  gateway: '--gateway',
  dns: '--dns',
  user: '--user',
  password: '--passwd',
  key: '--sshkey',
} as const;

export type Setting = keyof typeof settingOptions;

/** The settings that a node asks for; whatever is not among them stays as the image has it. */
export function settingsOf(node: Node): Setting[] {
  const wanted: Readonly<Record<Setting, boolean>> = {
    hostname: node.hostname !== '',
    address: node.ipv4 !== undefined,
    gateway: node.gateway !== undefined,
    dns: node.dns.length > 0,
    user: node.user !== undefined,
    password: node.user?.passwordHash !== undefined,
    key: (node.user?.authorizedKeys.length ?? 0) > 0,
  };
  return allSettings.filter((setting) => wanted[setting]);
}

export const allSettings = Object.keys(settingOptions) as readonly Setting[];
