// The options of a run as its journal keeps them: paths absolute, since the run may be taken up from another directory,
// and secrets only as what goes onto the cards. They are those of src/burn/options.ts, which this room does not import.

import { resolve } from 'node:path';
import { given } from '../given.js';
import type { Flavour } from '../protocol.js';
import { amount, flag, listOf, oneOf, type Reader, shape, text } from './shape.js';

const texts = {
  image: text,
  device: text,
  config: text,
  inventory: text,
  home: text,
  store: text,
  sha256: text,
  repo: text,
  hostname: text,
  ipaddr: text,
  ip6addr: text,
  gateway: text,
  gateway6: text,
  interface: text,
  user: text,
  ssid: text,
  country: text,
  locale: text,
  timezone: text,
  keymap: text,
  files: text,
  firstboot: text,
};

/** What is the same before and after, apart from paths. */
const wishes = {
  ...texts,
  dns: listOf(text),
  search: listOf(text),
  sshKeys: listOf(text),
  decoder: oneOf<'auto' | 'xz' | 'lzma-native'>('auto', 'xz', 'lzma-native'),
  flavour: oneOf<Flavour>('cloudinit', 'ubuntu', 'firstrun', 'legacy', 'none'),
  maxBytes: amount,
  blockBytes: amount,
  fileBytes: amount,
  stallTimeoutMs: amount,
  jobs: amount,
  retries: amount,
  waitMs: amount,
  bmap: flag,
  keepRejected: flag,
  verify: flag,
  full: flag,
  delta: flag,
  early: flag,
  hidden: flag,
  clusterHosts: flag,
  rootfs: flag,
  probe: flag,
  wipeAll: flag,
  eject: flag,
  auto: flag,
};

/**
 * What is not kept: questions, whether somebody can answer them, where the records are and what a run is called, which are this process's own;
 * `dryRun`, which has no journal; and permissions, which are said each time and stand in no file.
 */
export const leftOut = [
  'unasked',
  'confirm',
  'nextCard',
  'attended',
  'records',
  'runId',
  'dryRun',
  'allowFixed',
  'allowLarge',
  'unmount',
] as const;

type Wishes = { readonly [N in keyof typeof wishes]?: (typeof wishes)[N] extends Reader<infer T> ? T : never };

/** The options of a run: `CreateOptions`, as far as this room has to know them. */
export interface RunOptions extends Wishes {
  readonly password?: string;
  readonly wifiPassword?: string;
  readonly otherwise?: { readonly device?: string; readonly password?: string; readonly wifiPassword?: string };
}

/** What is kept of an option that may be secret. */
interface KeptSecrets {
  /** `random`, the word itself. */
  readonly password?: 'random';
  /** crypt(3), `$6$…`. */
  readonly passwordHash?: string;
  /** The WPA2 key, 64 hexadecimal digits. */
  readonly wifiPassword?: string;
}

export interface JournalOptions extends Wishes, KeptSecrets {
  readonly otherwise?: KeptSecrets & { readonly device?: string };
  /** Options that could not be kept, and must be given again. */
  readonly missing?: readonly Missing[];
}

const missingNames = ['device', 'wifiPassword', 'otherwise.device', 'otherwise.wifiPassword'] as const;
export type Missing = (typeof missingNames)[number];

export interface JournalWays {
  /** A password's `$6$…`; a hash stays what it is. */
  readonly hash: (password: string) => string;
  /** The WPA2 key of a network, 64 hexadecimal digits. */
  readonly psk: (ssid: string, password: string) => string;
  /** Whether the word after --image is a path; `-` and addresses are none. */
  readonly isLocalImage: (image: string) => boolean;
  /** The networks that the nodes join; their names may be in a file. A key is kept when there is one network only. */
  readonly ssids: readonly string[];
  readonly cwd: string;
}

/** The options as they are kept. Secrets that make no key (several networks, none) are not: `missing` names them. */
export function toJournalOptions(options: RunOptions, ways: JournalWays): JournalOptions {
  const ssid = options.ssid ?? (ways.ssids.length === 1 ? ways.ssids[0] : undefined);
  const own = keptSecrets(options, ssid, ways);
  const { otherwise } = options;
  const others = otherwise === undefined ? undefined : keptSecrets(otherwise, ssid, ways);
  const placed = placedWishes(options, ways);
  const otherDevice = otherwise?.device === undefined ? undefined : absoluteTargets(otherwise.device, ways.cwd);
  const missing: Missing[] = [
    ...(options.device !== undefined && placed.device === undefined ? (['device'] as const) : []),
    ...(options.wifiPassword !== undefined && own.wifiPassword === undefined ? (['wifiPassword'] as const) : []),
    ...(otherwise?.device !== undefined && otherDevice === undefined ? (['otherwise.device'] as const) : []),
    ...(otherwise?.wifiPassword !== undefined && others?.wifiPassword === undefined
      ? (['otherwise.wifiPassword'] as const)
      : []),
  ];
  return {
    ...placed,
    ...own,
    ...(others === undefined ? {} : { otherwise: { ...others, ...given({ device: otherDevice }) } }),
    ...(missing.length === 0 ? {} : { missing }),
  };
}

function keptSecrets(
  { password, wifiPassword }: Pick<RunOptions, 'password' | 'wifiPassword'>,
  ssid: string | undefined,
  { hash, psk }: JournalWays,
): KeptSecrets {
  return {
    ...(password === undefined ? {} : password === 'random' ? { password } : { passwordHash: hash(password) }),
    ...(wifiPassword === undefined || ssid === undefined ? {} : { wifiPassword: psk(ssid, wifiPassword) }),
  };
}

function placedWishes(options: RunOptions, { isLocalImage, cwd }: JournalWays): Wishes {
  const kept = wishesShape(options) ?? {};
  const path = (value: string | undefined) => (value === undefined ? undefined : resolve(cwd, value));
  const { device, ...others } = kept;
  return {
    ...others,
    ...given({
      image: kept.image !== undefined && isPath(kept.image, isLocalImage) ? path(kept.image) : kept.image,
      device: device === undefined ? undefined : absoluteTargets(device, cwd),
      config: path(kept.config),
      inventory: path(kept.inventory),
      store: path(kept.store),
      files: path(kept.files),
      firstboot: path(kept.firstboot),
      repo: kept.repo === undefined || isAddress(kept.repo) ? kept.repo : path(kept.repo),
      // `default` and names under ~/.ssh are no paths; `~/` is understood where keys are read.
      sshKeys: kept.sshKeys?.map((key) => (key.includes('/') && !key.startsWith('~/') ? resolve(cwd, key) : key)),
    }),
  };
}

const isAddress = (word: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(word);
const isPath = (image: string, isLocalImage: (image: string) => boolean): boolean =>
  image !== '-' && !isAddress(image) && isLocalImage(image);

/**
 * The items of a list of targets with their relative paths made absolute; names of slots stay. Undefined when the
 * directory's own name would be taken for a part of the list.
 */
function absoluteTargets(text: string, cwd: string): string | undefined {
  const items = text.split(/,(?![^[\]]*\])/);
  const isRelative = (item: string) => !/^~?\//.test(item) && (item.includes('/') || /\.img$/i.test(item));
  if (items.some(isRelative) && /[[\],\s\p{Cc}]/u.test(cwd)) return undefined;
  // Joined by hand: what is between brackets is no path yet, and must not be tidied.
  return items.map((item) => (isRelative(item) ? `${cwd}/${item.replace(/^\.\//, '')}` : item)).join(',');
}

/** The options to go on with, as `CreateOptions`, but for `passwordHash`; permissions are to be added. */
export type ResumedOptions = Omit<JournalOptions, 'missing'>;

export function fromJournalOptions({ missing, ...options }: JournalOptions): ResumedOptions {
  return options;
}

const wishesShape = shape<Wishes>({}, wishes);
const secrets = { password: oneOf<'random'>('random'), passwordHash: text, wifiPassword: text };
/** For reading them from a journal. */
export const journalOptions = shape<JournalOptions>(
  {},
  {
    ...wishes,
    ...secrets,
    otherwise: shape<NonNullable<JournalOptions['otherwise']>>({}, { ...secrets, device: text }),
    missing: listOf(oneOf(...missingNames)),
  },
);
