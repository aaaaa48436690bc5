// The words of this room: what a flavour gets, what it gives, and which settings there are.

import { type PiburnError, usageError } from '../../errors.js';
import type { Flavour, Node } from '../../protocol.js';

/** What a flavour may look at on the boot partition: the existing files that it changes. */
export interface BootFiles {
  /** The kernel's command line; empty when there is no such file. */
  readonly cmdline: string;
  /** Where it stands; undefined: `cmdline.txt`. */
  readonly cmdlinePath?: string;
  /** cloud-init's user-data of the image, if it has one. */
  readonly userData?: string;
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
  interface: '--interface',
  address: '--ipaddr',
  gateway: '--gateway',
  address6: '--ip6addr',
  gateway6: '--gateway6',
  dns: '--dns',
  search: '--search',
  user: '--user',
  password: '--passwd',
  key: '--sshkey',
  ssid: '--ssid',
  wifiPassword: '--wifipassword',
  hidden: '--hidden',
  country: '--country',
  locale: '--locale',
  timezone: '--timezone',
  keymap: '--keymap',
  hosts: '--cluster-hosts',
  files: '--files',
  firstboot: '--firstboot',
} as const;

export type Setting = keyof typeof settingOptions;

export const allSettings = Object.keys(settingOptions) as readonly Setting[];

/** The settings that a node asks for; whatever is not among them stays as the image has it. */
export function settingsOf(node: Node): Setting[] {
  const { user, wifi } = node;
  const wanted: Readonly<Record<Setting, boolean>> = {
    hostname: node.hostname !== '',
    interface: node.interface !== undefined,
    address: node.ipv4 !== undefined,
    gateway: node.gateway !== undefined,
    address6: node.ipv6 !== undefined,
    gateway6: node.gateway6 !== undefined,
    dns: node.dns.length > 0,
    search: (node.search?.length ?? 0) > 0,
    user: user !== undefined,
    password: user?.passwordHash !== undefined,
    key: (user?.authorizedKeys.length ?? 0) > 0,
    ssid: wifi !== undefined,
    wifiPassword: wifi?.psk !== undefined,
    hidden: wifi?.hidden === true,
    country: node.country !== undefined,
    locale: node.locale !== undefined,
    timezone: node.timezone !== undefined,
    keymap: node.keymap !== undefined,
    hosts: (node.hosts?.length ?? 0) > 0,
    files: (node.files?.length ?? 0) > 0,
    firstboot: node.firstboot !== undefined,
  };
  return allSettings.filter((setting) => wanted[setting]);
}

/** A setting that an image cannot take, or not with this value. `hint` says what would take it. */
export function cannotHonour(setting: Setting, flavour: Flavour, hint: string, why?: string): PiburnError {
  const reason = why === undefined ? '' : `: ${why}`;
  const message = `${settingOptions[setting]} cannot be applied to an image of flavour '${flavour}'${reason}.`;
  return usageError('FLAVOUR_CANNOT', message, { hint });
}
