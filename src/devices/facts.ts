// What is known about the machine's block devices, and the questions that every rule asks about it.

import { cleanText } from './clean-text.js';
import type { BusPlace } from './port.js';
import type { Entry } from './system-source.js';

export interface BlockDevice extends BusPlace {
  /** The kernel's name, `sda1`. */
  readonly name: string;
  /** `/dev/sda1`. */
  readonly path: string;
  /** The name that people know: `vg0-root` for `dm-0`. */
  readonly title: string;
  /** `MAJOR:MINOR`. */
  readonly deviceNumber: string;
  /**
   * `disk`: a whole medium. `stacked`: built upon others (LVM, LUKS, RAID). `bootArea`: the boot and RPMB areas
   * of an eMMC, which look like disks.
   */
  readonly kind: 'disk' | 'partition' | 'loop' | 'stacked' | 'optical' | 'memory' | 'bootArea';
  /** The disk of a partition. */
  readonly parent?: string;
  /** Devices that this one is built upon, and devices built upon this one. */
  readonly slaves: readonly string[];
  readonly holders: readonly string[];
  /** Links below /dev/disk that lead to it, by-id first; none without udev. */
  readonly links: readonly string[];
  /** The file or device behind a loop device; the device that a zram writes to. */
  readonly backingFile?: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** The medium can be taken out of its drive, or the card out of its slot. */
  readonly removable: boolean;
  /** Soldered storage: an eMMC chip on the MMC bus. */
  readonly onBoard: boolean;
  /** `usb`, `mmc`, `nvme`, `sata`, `scsi`, `virtio`, `loop`, or empty. */
  readonly transport: string;
  readonly diskSequence?: number;
  readonly vendor: string;
  readonly model: string;
  readonly serial?: string;
  /** Card identification register of a card on an MMC bus, 32 hexadecimal digits. */
  readonly cid?: string;
  readonly label: string;
  readonly fileSystem: string;
  /** `dos` or `gpt`. */
  readonly tableKind: string;
}

export interface Mount {
  readonly deviceNumber: string;
  readonly mountpoint: string;
  readonly fileSystem: string;
  readonly source: string;
}

/** What a path leads to. */
export interface PathFacts {
  /** Absolute and without symbolic links, as far as it exists. */
  readonly realPath: string;
  readonly entry?: Entry;
  /** What its parent directory is, if anything. */
  readonly parentKind?: Entry['kind'];
}

export interface SystemFacts {
  /** By kernel name. */
  readonly devices: ReadonlyMap<string, BlockDevice>;
  readonly mounts: readonly Mount[];
  /** Paths of devices and files that are used as swap. */
  readonly swaps: readonly string[];
  /** Kernel names of the members of each mounted btrfs. */
  readonly pools: readonly (readonly string[])[];
  /** Kernel names of devices with a file system that is mounted anywhere, also where we cannot see it. */
  readonly mountedAnywhere: readonly string[];
  /** Where the kernel was told to find its root. */
  readonly rootPath?: string;
  /** What a path leads to. The first answer is kept: all rules judge the same thing. */
  readonly lookUp: (path: string) => PathFacts;
}

/** The block device that a path leads to, under whatever name. */
export function deviceAt(path: string, facts: SystemFacts): BlockDevice | undefined {
  const { entry } = facts.lookUp(path);
  return entry?.kind === 'block' ? deviceByNumber(entry.deviceNumber, facts) : undefined;
}

export function deviceByNumber(number: string | undefined, facts: SystemFacts): BlockDevice | undefined {
  return [...facts.devices.values()].find((device) => device.deviceNumber === number);
}

/** A disk and its partitions. */
export function withPartitions(disk: BlockDevice, facts: SystemFacts): BlockDevice[] {
  return [disk, ...[...facts.devices.values()].filter((device) => device.parent === disk.name)];
}

/** Names of the devices that a mount reads: several for a file system over several disks. */
export function devicesOfMount(mount: Mount, facts: SystemFacts): string[] {
  const device = deviceByNumber(mount.deviceNumber, facts);
  // btrfs, bcachefs and ZFS have device numbers of their own; only the source tells.
  const found =
    device === undefined
      ? [...sourcePaths(mount).flatMap((path) => deviceAt(path, facts) ?? []), ...zfsMembers(mount, facts)]
      : [device];
  const names = found.flatMap(({ name }) => [name, ...poolMates(name, facts)]);
  if (names.length > 0) return [...new Set(names)];
  // A btrfs mounted by the kernel itself calls its source /dev/root: it may be any of them.
  return mount.fileSystem === 'btrfs' ? facts.pools.flat() : [];
}

/** The source of a ZFS mount is `POOL/DATASET`, and a member's label is its pool. */
function zfsMembers(mount: Mount, facts: SystemFacts): BlockDevice[] {
  if (mount.fileSystem !== 'zfs') return [];
  const pool = cleanText(mount.source.split('/')[0] ?? '');
  return [...facts.devices.values()].filter(({ fileSystem, label }) => fileSystem === 'zfs_member' && label === pool);
}

/** Names of the devices in the same btrfs, without the device itself. */
export function poolMates(name: string, facts: SystemFacts): string[] {
  return facts.pools.filter((pool) => pool.includes(name)).flatMap((pool) => pool.filter((mate) => mate !== name));
}

/** The device paths that a mount's source may name; bcachefs joins several by colons. */
export function sourcePaths(mount: Mount): string[] {
  return [...new Set([mount.source, ...mount.source.split(':')])].filter((path) => path.startsWith('/dev/'));
}

/** The mount that a path lies on. */
export function mountOf(path: string, facts: SystemFacts): Mount | undefined {
  const { realPath } = facts.lookUp(path);
  let best: Mount | undefined;
  for (const mount of facts.mounts) {
    // Of two at the same place the later one is seen.
    if (isInside(realPath, mount.mountpoint) && mount.mountpoint.length >= (best?.mountpoint.length ?? 0)) best = mount;
  }
  return best;
}

/** Whether a path is a directory or lies below it. */
export const isInside = (path: string, directory: string): boolean =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`);

/**
 * Everything that the given devices stand upon, themselves included: the disks of partitions, the members of LVM,
 * RAID and LUKS, and the devices under the files of loop devices.
 */
export function everythingUnder(names: readonly string[], facts: SystemFacts): Set<string> {
  const found = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const device = facts.devices.get(name);
    if (device === undefined || found.has(name)) continue;
    found.add(name);
    waiting.push(...device.slaves, ...(device.parent === undefined ? [] : [device.parent]));
    if (device.backingFile !== undefined) waiting.push(...devicesOfPath(device.backingFile, facts));
  }
  return found;
}

/** Names of the devices that a path leads to: a device itself, or those that its file system is on. */
export function devicesOfPath(path: string, facts: SystemFacts): string[] {
  const device = deviceAt(path, facts);
  if (device !== undefined) return [device.name];
  const mount = mountOf(path, facts);
  return mount === undefined ? [] : devicesOfMount(mount, facts);
}

/** Vendor and model in one. */
export const modelName = ({ vendor, model }: BlockDevice): string => `${vendor} ${model}`.trim();
