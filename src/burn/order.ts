// What is to be done, checked as far as words can be checked: targets and nodes, before anything is looked at.

import { homedir } from 'node:os';
import { sameNet } from '../address.js';
import { hashPassword, isPasswordHash } from '../customise/password.js';
import { wifiPsk } from '../customise/wifi-psk.js';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import { expandHostlist } from '../hostlist.js';
import { localPath } from '../image/resolve.js';
import type { CardReport, Flavour, Ipv4Address, Node } from '../protocol.js';
import { type JournalOptions, toJournalOptions } from '../records/journal-options.js';
import type { JournalRun } from '../records/read-runs.js';
import { readConfig } from './config/config-file.js';
import { readInventory } from './config/inventory.js';
import { type MergedSettings, mergeSettings } from './config/merge.js';
import type { NodeSettings, Settings } from './config/settings.js';
import { burnOptionsFrom, flavourFrom, settingsFrom } from './create-settings.js';
import { planNodes } from './nodes.js';
import { type BurnOptions, type CreateOptions, canSwap } from './options.js';
import { ownRegion, type Region } from './own-region.js';
import type { Slot } from './slot.js';
import type { SlotNow } from './slot-look.js';

/** A burn: plain words for what is wanted, with the nodes, if each card shall be its own. */
export interface Order {
  readonly options: BurnOptions;
  /** Words for the targets: paths, labels of slots, `usb`; none: all readers. */
  readonly devices: readonly string[];
  /** Undefined: the image alone, one card for each device. */
  readonly nodes: readonly Node[] | undefined;
  readonly flavour?: Flavour;
  /** Settings go into the root file system. */
  readonly rootfs?: boolean;
  /** Whether the entries for /etc/hosts were asked for, or are only a default. */
  readonly hostsAsked?: boolean;
  /** What cards get that were not told otherwise, where their image takes it. */
  readonly region?: Region;
  /** Passwords that were made up, by host name. */
  readonly passwords?: ReadonlyMap<string, string>;
  /** What the files of the order want done with its result. */
  readonly after?: Pick<Settings, 'report' | 'ssh-config' | 'ansible' | 'hosts'>;
  readonly warnings: readonly string[];
  /** All nodes, with those that an earlier run has burned. */
  readonly cluster?: readonly Node[];
  /** Cards of an earlier run that this one goes on with; `nodes` has those that are left. */
  readonly earlier: readonly CardReport[];
  /** The run that this one goes on with. */
  readonly resumes?: JournalRun;
  /** What `create --resume` would go on with; `image` is what the image has turned out to be called. */
  readonly journal?: (image: string) => JournalOptions;
}

/** The order of `burn`: the image as it is. */
export const orderBurn = (options: BurnOptions): Order => ({
  options: checkOptions(options),
  devices: wordsOf(options.device),
  nodes: undefined,
  warnings: [],
  earlier: [],
});

const wordsOf = (device: string | undefined): string[] =>
  device === undefined || device === ''
    ? []
    : expandHostlist(device, '--device', { spaces: true }).map((word) => (/^usb$/i.test(word) ? 'usb' : word));

/**
 * The order of `create`: one node for each host name, over as many slots as there are. Nodes that have a good card from
 * the run that is taken up again are done with.
 */
export function orderCreate(wanted: CreateOptions, resumes?: JournalRun): Order {
  const merged = mergeFiles(wanted);
  const { run, labels } = merged;
  if (merged.nodes.length === 0)
    throw usageError('NO_HOSTNAME', 'no host name was given', {
      hint: 'say --hostname=red[001-003], or give a file of nodes',
    });
  const options = checkOptions(burnOptionsFrom(run, labels, wanted));
  const { nodes: all, passwords } = planNodes(merged.nodes, run['cluster-hosts'], wanted.home ?? homedir());
  const earlier = (resumes?.good ?? []).map((report) => ({ ...report, earlier: true }));
  const done = new Set(earlier.map(({ hostname }) => hostname));
  const nodes = all.filter(({ hostname }) => !done.has(hostname));
  const devices = wordsOf(options.device);
  if (resumes !== undefined) checkSameNodes(all, resumes);
  else if (devices.every((word) => word.includes('/'))) checkNotTooMany(devices.length, nodes);
  const flavour = flavourFrom(run, labels);
  if (run.rootfs && flavour !== undefined)
    throw usageError(
      'OPTION_WITHOUT_EFFECT',
      '--flavour has no effect with --rootfs, which asks nothing of the image',
      {
        hint: 'leave one of them out',
      },
    );
  const { report, ansible, hosts } = run;
  return {
    options,
    devices,
    nodes,
    cluster: all,
    passwords,
    rootfs: run.rootfs ?? false,
    hostsAsked: run['cluster-hosts'] ?? false,
    region: ownRegion(),
    warnings: merged.warnings,
    earlier,
    journal: (image) => journalOf(wanted, all, image),
    after: given({ report, ansible, hosts, 'ssh-config': run['ssh-config'] }),
    ...given({ flavour, resumes }),
  };
}

/** What is kept of an order, so that another process can go on with it: the image by the name that it has turned out to have. */
function journalOf(wanted: CreateOptions, nodes: readonly Node[], imageName: string): JournalOptions {
  const { image = '' } = wanted;
  const isNamed = image !== '-' && !image.includes('://') && localPath(image) === undefined;
  return toJournalOptions(isNamed && image !== '' ? { ...wanted, image: imageName } : wanted, {
    hash: hashOf,
    psk: (ssid, password) => wifiPsk(ssid, password, '--wifipassword'),
    isLocalImage: (word) => localPath(word) !== undefined,
    ssids: [...new Set(nodes.flatMap(({ wifi }) => wifi?.ssid ?? []))],
    cwd: process.cwd(),
  });
}

const hashOf = (password: string): string => (isPasswordHash(password) ? password : hashPassword(password));

function mergeFiles(options: CreateOptions): MergedSettings {
  const home = options.home ?? homedir();
  const config = options.config === undefined ? undefined : readConfig(options.config, home);
  const inventory = options.inventory === undefined ? undefined : readInventory(options.inventory, home);
  return withOtherwise(mergeSettings(settingsFrom(options), config, inventory), options.otherwise ?? {});
}

/** What the environment says counts least: a file may give each node a password of its own, or none. */
function withOtherwise(merged: MergedSettings, otherwise: NonNullable<CreateOptions['otherwise']>): MergedSettings {
  const { device, password, wifiPassword, bridge } = otherwise;
  const nodes = merged.nodes.map((node) => {
    const { settings, cleared } = node;
    const passwd = settings.passwd ?? (cleared.includes('passwd') ? undefined : password);
    const isOpen = settings.ssid === undefined || cleared.includes('wifipassword');
    const wifipassword = settings.wifipassword ?? (isOpen ? undefined : wifiPassword);
    const net = bridge === undefined ? {} : bridgeDefaults(node, bridge);
    return { ...node, settings: { ...settings, ...given({ passwd, wifipassword }), ...net } };
  });
  return { ...merged, nodes, run: { ...given({ device }), ...merged.run } };
}

/** The nodes of a run that is taken up again are those that it had: else two good cards could have one address. */
function checkSameNodes(nodes: readonly Node[], run: JournalRun): void {
  const names = nodes.map(({ hostname }) => hostname);
  const odd =
    run.hostnames.find((name) => !names.includes(name)) ?? names.find((name) => !run.hostnames.includes(name));
  const moved = run.good.find(({ hostname, address }) => {
    const ipv4 = nodes.find((node) => node.hostname === hostname)?.ipv4;
    return address !== (ipv4 && `${ipv4.address}/${ipv4.prefixLength}`);
  });
  const wrong = odd ?? moved?.hostname;
  if (wrong === undefined) return;
  throw usageError(
    'RESUME_CHANGED',
    `the nodes are not those any more that the run of ${run.startedAt} had: see ${wrong}`,
    {
      hint: 'put the file of nodes back as it was, or burn the nodes that are left in a run of their own',
    },
  );
}

/** A wired node in the net of this machine's bridge reaches the world through it, unless it is told otherwise. */
function bridgeDefaults({ settings, cleared }: NodeSettings, bridge: Ipv4Address): Pick<Settings, 'gateway' | 'dns'> {
  const { ipaddr, interface: device = 'eth0', gateway, dns } = settings;
  const [address = ''] = ipaddr?.split('/') ?? [];
  if (address === '' || address === bridge.address || !sameNet(bridge, address) || device.startsWith('wl')) return {};
  return given({
    gateway: gateway === undefined && !cleared.includes('gateway') ? bridge.address : undefined,
    dns: dns === undefined && !cleared.includes('dns') ? [bridge.address] : undefined,
  });
}

function checkOptions<T extends BurnOptions>(options: T): T {
  const { blockBytes, fileBytes, stallTimeoutMs, jobs, waitMs, auto } = options;
  if (options.delta) checkDelta(options);
  if (jobs !== undefined && !(Number.isInteger(jobs) && jobs >= 1))
    throw usageError('JOBS', 'at least one card must burn at a time', { hint: 'say --jobs=2' });
  if (waitMs !== undefined && !auto)
    throw usageError('OPTION_WITHOUT_EFFECT', '--wait has no effect without --auto', { hint: 'add --auto' });
  if (blockBytes !== undefined && (blockBytes < 4096 || blockBytes % 4096 !== 0))
    throw usageError('BLOCKSIZE', `a block size of ${blockBytes} bytes is not a multiple of 4096`, {
      hint: 'say --blocksize=1M or --blocksize=4M',
    });
  if (fileBytes !== undefined && (fileBytes < 4096 || fileBytes % 512 !== 0))
    throw usageError('SIZE', `a card of ${fileBytes} bytes is too small or not made of whole sectors`, {
      hint: 'say --size=8G',
    });
  if (stallTimeoutMs !== undefined && !(stallTimeoutMs >= 1000))
    throw usageError('STALL_TIMEOUT', 'a stall time-out under one second would give up good cards', {
      hint: 'say --stall-timeout=120',
    });
  return options;
}

/** Whether the person has left the choice of the targets to piburn. */
export const isChosenByPiburn = ({ devices }: Pick<Order, 'devices'>): boolean =>
  devices.every((word) => word === 'usb');

/** As many cards as nodes, or somebody who changes them. */
export function checkCounts({ options, nodes, resumes }: Order, slots: readonly Slot[]): void {
  if (nodes === undefined) return;
  if (resumes === undefined) checkNotTooMany(slots.length, nodes);
  if (nodes.length <= slots.length || options.dryRun || canSwap(options)) return;
  throw usageError(
    'MORE_NODES_THAN_SLOTS',
    `${nodes.length} nodes need more than the ${slots.length} targets, and there is no terminal to ask for the next card`,
    { hint: 'say --auto, and piburn notices changed cards by itself; or burn as many nodes as there are slots' },
  );
}

function checkNotTooMany(targets: number, nodes: readonly Node[]): void {
  if (targets <= nodes.length) return;
  throw usageError('COUNT_MISMATCH', `--device names ${targets} targets, --hostname only ${nodes.length}`, {
    hint: 'give a name for each target, or fewer targets',
  });
}

/** What cannot go together with comparing. */
function checkDelta({ verify, wipeAll, early }: BurnOptions): void {
  if (verify === false)
    throw usageError('CONTRADICTION', '--delta and --no-verify contradict each other: comparing is reading back', {
      hint: 'leave one of them out',
    });
  if (wipeAll)
    throw usageError('CONTRADICTION', '--delta and --format contradict each other: nothing is left to compare with', {
      hint: 'leave one of them out',
    });
  if (early)
    throw usageError('OPTION_WITHOUT_EFFECT', '--early has no effect with --delta, which waits for the whole image', {
      hint: 'leave one of them out',
    });
}

/** Options that need a disk, or somebody who changes cards. */
export function checkEffects({ options }: Order, slots: readonly SlotNow[]): void {
  const isFiles = slots.every(({ target }) => target?.identity.kind === 'file');
  const isNew = slots.every(
    ({ target }) => target?.identity.kind === 'file' && target.identity.sizeBytes === undefined,
  );
  const idle = [
    ...(options.retries !== undefined && !canSwap(options) ? ['--retries: nobody changes cards (add --auto)'] : []),
    ...(options.eject === true && isFiles ? ['--eject: files cannot be ejected'] : []),
    ...(options.probe === false && isFiles ? ['--no-probe: files are not probed'] : []),
    ...(options.delta && isNew ? ['--delta: a new file has nothing to compare with'] : []),
  ];
  const [first] = idle;
  if (first !== undefined)
    throw usageError('OPTION_WITHOUT_EFFECT', `no effect has ${first}`, { hint: 'leave it out' });
}

/** What is allowed, but perhaps not meant. */
export function doubts(order: Order, slots: readonly Slot[]): string[] {
  const { options, nodes, warnings } = order;
  const lonely = nodes?.some(({ user }) => user === undefined) ?? false;
  const open = nodes?.find(({ wifi }) => wifi !== undefined && wifi.psk === undefined)?.wifi?.ssid;
  const chosen = isChosenByPiburn(order)
    ? slots.map(({ place, device }) => [place, device].filter(Boolean).join(' '))
    : [];
  return [
    ...warnings,
    ...(chosen.length === 0 ? [] : [`the targets are ${chosen.join(', ')}`]),
    ...(open === undefined ? [] : [`the Wi-Fi network '${open}' is joined without a password (no --wifipassword)`]),
    ...(options.verify === false ? ['nothing is read back (--no-verify): a bad or fake card will go unnoticed'] : []),
    ...(lonely ? ['neither --sshkey nor a password was given: only users that the image has itself can log in'] : []),
  ];
}
