// The reasons not to write to a block device. One rule, one function; each says what is wrong and what lifts it.

import { type PiburnError, refusal } from '../errors.js';
import { formatBytes } from '../size-text.js';
import { type BlockDevice, deviceAt, type SystemFacts } from './facts.js';
import { fileInUse, mountpointsOf, sleepingMember, unseenParts, usersOf } from './in-use.js';
import { isAutomountPlace, systemUses } from './system-disk.js';

export { mountpointsOf } from './in-use.js';

/** What the person allowed, and what is known about the image. */
export interface RefusalOptions {
  readonly imageBytes?: number;
  /** The image, if it is a file. */
  readonly imagePath?: string;
  /** Files and directories that this run needs, such as its spool: their disks are never written. */
  readonly protectedPaths: readonly string[];
  readonly allowFixed: boolean;
  readonly allowLarge: boolean;
  readonly unmount: boolean;
  /** The size that files standing in for cards shall get. */
  readonly fileBytes?: number;
}

/** 256 GB: larger cards exist, but most disks of this size are backups. */
const largeBytes = 256e9;

/** A device with the name that the person gave it. */
interface Subject {
  readonly path: string;
  readonly title: string;
  readonly device: BlockDevice;
}

type Rule = (subject: Subject, facts: SystemFacts, options: RefusalOptions) => PiburnError | undefined;

/** Rules that make all others pointless, the gravest first. */
const finalRules: readonly Rule[] = [imageItself, neededBySystem, partOfDisk, noDisk, overDevice, noMedium];
const otherRules: readonly Rule[] = [
  inUse,
  mountedUnseen,
  sleeping,
  sharedFile,
  mounted,
  fixed,
  onBoard,
  large,
  readOnly,
  small,
];

/** Every reason not to write to a device that was named by `path`. */
export function diskRefusals(
  path: string,
  device: BlockDevice,
  facts: SystemFacts,
  options: RefusalOptions,
): PiburnError[] {
  const title = path === device.path ? path : `${path} (${device.path})`;
  const judge = (rule: Rule) => rule({ path, title, device }, facts, options) ?? [];
  const final = finalRules.flatMap(judge);
  return final.length > 0 ? final.slice(0, 1) : otherRules.flatMap(judge);
}

/** A whole disk with a node in /dev; the paths behind a multipath NVMe have none. */
export const isDisk = ({ kind, deviceNumber }: BlockDevice): boolean => kind === 'disk' && deviceNumber !== '';

/** The disks that nothing speaks against. */
export function candidates(facts: SystemFacts, options: RefusalOptions): BlockDevice[] {
  const disks = [...facts.devices.values()].filter((device) => isDisk(device));
  return disks.filter((disk) => diskRefusals(disk.path, disk, facts, options).length === 0);
}

function imageItself({ path, title, device }: Subject, facts: SystemFacts, options: RefusalOptions) {
  for (const needed of neededPaths(options)) {
    const entry = facts.lookUp(needed).entry;
    const behind = device.backingFile === undefined ? undefined : facts.lookUp(device.backingFile).entry;
    const isDevice = entry?.deviceNumber !== undefined && entry.deviceNumber === device.deviceNumber;
    const isBehind = entry !== undefined && entry.fileId === behind?.fileId;
    if (!isDevice && !isBehind) continue;
    return refusal('TARGET_IS_IMAGE', `${title} is ${needed} itself, which this run reads.`, {
      device: path,
      hint: 'Choose another device.',
    });
  }
  return undefined;
}

function neededBySystem({ path, title, device }: Subject, facts: SystemFacts, options: RefusalOptions) {
  // A partition is as sacred as its disk: nobody writes partitions, and the hint must not name that disk.
  const disk = device.parent ?? device.name;
  const uses = systemUses(neededPaths(options), facts).filter(
    (use) => use.names.has(disk) || use.names.has(device.name),
  );
  const list = (kind: string) => [...new Set(uses.flatMap((use) => (use.kind === kind ? use.what : [])))];
  const hint = 'Choose another device; no option lifts this.';
  if (list('system').length > 0) {
    const what = list('system').slice(0, 4).join(', ');
    return refusal('SYSTEM_DISK', `${title} holds the running system (${what}) and is never written.`, {
      device: path,
      hint,
    });
  }
  if (list('swap').length > 0) {
    return refusal('SWAP_IN_USE', `${title} holds swap space in use (${list('swap').join(', ')}).`, {
      device: path,
      hint: `Choose another device, or run 'swapoff ${list('swap')[0]}' first.`,
    });
  }
  if (list('protected').length === 0) return undefined;
  return refusal('HOLDS_NEEDED_FILES', `${title} holds ${list('protected').join(' and ')}, which this run needs.`, {
    device: path,
    hint: 'Choose another device, or keep the image and its store on another disk (--store).',
  });
}

function partOfDisk({ path, title, device }: Subject) {
  if (device.parent === undefined) return undefined;
  return refusal('PARTITION', `${title} is a partition, and images go onto whole disks.`, {
    device: path,
    hint: `Give the disk: /dev/${device.parent.replaceAll('!', '/')}`,
  });
}

function noDisk({ path, title, device }: Subject) {
  const words: Partial<Record<BlockDevice['kind'], string>> = {
    stacked: 'is built upon other devices (LVM, LUKS, RAID or multipath)',
    optical: 'is an optical drive',
    memory: 'is a disk in memory',
    bootArea: 'is a hidden area of an eMMC or flash chip',
  };
  const what = words[device.kind];
  if (what === undefined) return undefined;
  return refusal('NOT_A_DISK', `${title} ${what}, and no card.`, {
    device: path,
    hint: 'Choose a card reader or a disk.',
  });
}

function noMedium({ path, title, device }: Subject) {
  if (device.sizeBytes > 0) return undefined;
  return refusal('NO_MEDIUM', `${title} is empty: there is no card in it.`, { device: path, hint: 'Put a card in.' });
}

/** To write through a loop device to a disk would go around every rule about that disk. */
function overDevice({ path, title, device }: Subject, facts: SystemFacts) {
  const below = device.backingFile === undefined ? undefined : deviceAt(device.backingFile, facts);
  if (below === undefined) return undefined;
  return refusal('NOT_A_DISK', `${title} is a loop device over ${below.path}, and no card.`, {
    device: path,
    hint: `Give the disk itself: ${below.parent === undefined ? below.path : `/dev/${below.parent}`}`,
  });
}

function inUse({ path, title, device }: Subject, facts: SystemFacts) {
  const users = usersOf(device, facts);
  if (users.length === 0) return undefined;
  return refusal('IN_USE', `${title} is in use together with ${users.join(', ')}.`, {
    device: path,
    hint: 'Take it out of its LVM, LUKS, RAID, multipath, btrfs, ZFS or loop device first, or choose another device.',
  });
}

function mountedUnseen({ path, title, device }: Subject, facts: SystemFacts) {
  const [part] = unseenParts(device, facts);
  if (part === undefined) return undefined;
  const words = `${title} is mounted where piburn cannot see it (${part.path}): by a container or a service, or lazily unmounted.`;
  return refusal('IN_USE', words, {
    device: path,
    hint: `Unmount it there; 'grep ${part.name} /proc/*/mountinfo' names the processes.`,
  });
}

function sleeping({ path, title, device }: Subject, facts: SystemFacts) {
  const member = usersOf(device, facts).length > 0 ? undefined : sleepingMember(device, facts);
  if (member === undefined) return undefined;
  const words = `${title} belongs to ${member.words} that is not active (${member.path}); other disks may hold the rest of it.`;
  return refusal('IN_USE', words, {
    device: path,
    hint: `'${member.command}' shows what it is; if nothing of it is needed: wipefs --all ${member.path}`,
  });
}

/** Another loop device over the same file, which is in use, or a file that is. */
function sharedFile({ path, device }: Subject, facts: SystemFacts) {
  return device.backingFile === undefined ? undefined : fileInUse(path, device.backingFile, facts, device);
}

function mounted({ path, title, device }: Subject, facts: SystemFacts, options: RefusalOptions) {
  const elsewhere = mountpointsOf(device, facts).filter((mountpoint) => !isAutomountPlace(mountpoint));
  if (elsewhere.length === 0 || options.unmount) return undefined;
  return refusal('MOUNTED', `${title} is mounted at ${elsewhere.join(', ')}.`, {
    device: path,
    hint: 'Unmount it, or let --unmount do that.',
  });
}

function fixed({ path, title, device }: Subject, _facts: SystemFacts, options: RefusalOptions) {
  const pluggable = device.removable || device.onBoard || ['usb', 'loop'].includes(device.transport);
  if (pluggable || options.allowFixed) return undefined;
  const bus = device.transport === '' ? '' : ` on ${device.transport}`;
  return refusal('NOT_REMOVABLE', `${title} is a built-in disk${bus}, neither a card nor on USB.`, {
    device: path,
    hint: 'Choose a card reader; if it is really this one, add --allow-fixed.',
  });
}

function onBoard({ path, title, device }: Subject, _facts: SystemFacts, options: RefusalOptions) {
  if (!device.onBoard || options.allowFixed) return undefined;
  return refusal('ONBOARD_EMMC', `${title} is an eMMC chip on the board of this computer.`, {
    device: path,
    hint: 'Choose a card reader; if it is really this one, add --allow-fixed.',
  });
}

function large({ path, title, device }: Subject, _facts: SystemFacts, options: RefusalOptions) {
  if (device.sizeBytes <= largeBytes || options.allowLarge || device.kind === 'loop') return undefined;
  return refusal('TOO_LARGE', `${title} has ${formatBytes(device.sizeBytes)}, more than a card usually has (256 GB).`, {
    device: path,
    hint: 'Make sure that it is no backup disk; if it is really this one, add --allow-large.',
  });
}

function readOnly({ path, title, device }: Subject) {
  if (!device.readOnly) return undefined;
  return refusal('READ_ONLY', `${title} is write-protected.`, {
    device: path,
    hint: 'Push the lock of the card, or of its adapter, to the other side.',
  });
}

function small({ path, title, device }: Subject, _facts: SystemFacts, options: RefusalOptions) {
  if (options.imageBytes === undefined || device.sizeBytes >= options.imageBytes) return undefined;
  const sizes = `${formatBytes(device.sizeBytes)}, and the image needs ${formatBytes(options.imageBytes)}`;
  return refusal('TOO_SMALL', `${title} is too small: it has ${sizes}.`, { device: path, hint: 'Use a larger card.' });
}

const neededPaths = (options: RefusalOptions): string[] =>
  options.imagePath === undefined ? [...options.protectedPaths] : [options.imagePath, ...options.protectedPaths];
