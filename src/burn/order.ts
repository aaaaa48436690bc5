// What is to be done, checked as far as words can be checked: targets and nodes, before anything is looked at.

import { homedir } from 'node:os';
import { usageError } from '../errors.js';
import { given } from '../given.js';
import type { Flavour, Node } from '../protocol.js';
import { readConfig } from './config/config-file.js';
import { readInventory } from './config/inventory.js';
import { type MergedSettings, mergeSettings } from './config/merge.js';
import type { Settings } from './config/settings.js';
import { burnOptionsFrom, flavourFrom, settingsFrom } from './create-settings.js';
import { planNodes } from './nodes.js';
import type { BurnOptions, CreateOptions } from './options.js';
import { ownRegion, type Region } from './own-region.js';
import { expandDevices } from './targets.js';

/** A burn: plain words for what is wanted, with the nodes, if each card shall be its own. */
export interface Order {
  readonly options: BurnOptions;
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
}

/** The order of `burn`: the image as it is. */
export const orderBurn = (options: BurnOptions): Order => ({
  options: checkOptions(options),
  devices: expandDevices(options.device),
  nodes: undefined,
  warnings: [],
});

/** The order of `create`: one node for each host name, over as many slots as there are. */
export function orderCreate(wanted: CreateOptions): Order {
  const merged = mergeFiles(wanted);
  const { run, labels } = merged;
  if (merged.nodes.length === 0)
    throw usageError('NO_HOSTNAME', 'no host name was given', {
      hint: 'say --hostname=red[001-003], or give a file of nodes',
    });
  const options = checkOptions(burnOptionsFrom(run, labels, wanted));
  const devices = expandDevices(options.device);
  const { nodes, passwords } = planNodes(merged.nodes, run['cluster-hosts'], wanted.home ?? homedir());
  if (devices.length > nodes.length)
    throw usageError('COUNT_MISMATCH', `--device names ${devices.length} targets, --hostname only ${nodes.length}`, {
      hint: 'give a name for each target, or fewer targets',
    });
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
    passwords,
    rootfs: run.rootfs ?? false,
    hostsAsked: run['cluster-hosts'] ?? false,
    region: ownRegion(),
    warnings: merged.warnings,
    after: given({ report, ansible, hosts, 'ssh-config': run['ssh-config'] }),
    ...given({ flavour }),
  };
}

function mergeFiles(options: CreateOptions): MergedSettings {
  const home = options.home ?? homedir();
  const config = options.config === undefined ? undefined : readConfig(options.config, home);
  const inventory = options.inventory === undefined ? undefined : readInventory(options.inventory, home);
  return withOtherwise(mergeSettings(settingsFrom(options), config, inventory), options.otherwise ?? {});
}

/** What the environment says counts least: a file may give each node a password of its own, or none. */
function withOtherwise(merged: MergedSettings, otherwise: NonNullable<CreateOptions['otherwise']>): MergedSettings {
  const { device, password, wifiPassword } = otherwise;
  const nodes = merged.nodes.map((node) => {
    const { settings, cleared } = node;
    const passwd = settings.passwd ?? (cleared.includes('passwd') ? undefined : password);
    const isOpen = settings.ssid === undefined || cleared.includes('wifipassword');
    const wifipassword = settings.wifipassword ?? (isOpen ? undefined : wifiPassword);
    return { ...node, settings: { ...settings, ...given({ passwd, wifipassword }) } };
  });
  return { ...merged, nodes, run: { ...given({ device }), ...merged.run } };
}

function checkOptions<T extends BurnOptions>(options: T): T {
  const { blockBytes, fileBytes, stallTimeoutMs } = options;
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

/** Cards can only be changed when somebody is there to change them. */
export function checkRounds({ options, devices, nodes }: Order): void {
  if (nodes === undefined || nodes.length <= devices.length || options.attended) return;
  if (devices.every((device) => !device.startsWith('/dev/'))) return;
  throw usageError(
    'MORE_NODES_THAN_SLOTS',
    `${nodes.length} nodes need more than the ${devices.length} targets, and there is no terminal to ask for the next card`,
    { hint: 'run piburn in a terminal, or burn as many nodes as there are slots' },
  );
}

/** What is allowed, but perhaps not meant. */
export function doubts({ options, devices, nodes, warnings }: Order): string[] {
  const lonely = nodes?.some(({ user }) => user === undefined) ?? false;
  const crowded = !options.attended && nodes !== undefined && nodes.length > devices.length;
  const open = nodes?.find(({ wifi }) => wifi !== undefined && wifi.psk === undefined)?.wifi?.ssid;
  return [
    ...warnings,
    ...(open === undefined ? [] : [`the Wi-Fi network '${open}' is joined without a password (no --wifipassword)`]),
    ...(options.verify === false ? ['nothing is read back (--no-verify): a bad or fake card will go unnoticed'] : []),
    ...(lonely ? ['neither --sshkey nor a password was given: only users that the image has itself can log in'] : []),
    ...(crowded ? ['more nodes than files: each file ends as the last of its nodes, unless you move it away'] : []),
  ];
}
