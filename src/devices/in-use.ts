// Who uses a disk or a file besides mounts that we see: what is built upon it, file systems mounted out of our sight,
// and parts of a LVM group or a RAID that sleep.

import { type PiburnError, refusal } from '../errors.js';
import {
  type BlockDevice,
  devicesOfMount,
  devicesOfPath,
  poolMates,
  type SystemFacts,
  withPartitions,
} from './facts.js';
import { systemUses, unseenMounts } from './system-disk.js';

/** The mount points of a device and its partitions. */
export function mountpointsOf(device: BlockDevice, facts: SystemFacts): string[] {
  const names = withPartitions(device, facts).map((part) => part.name);
  const mounts = facts.mounts.filter((mount) => devicesOfMount(mount, facts).some((name) => names.includes(name)));
  return [...new Set(mounts.map((mount) => mount.mountpoint))];
}

/** What is built upon a disk or its partitions, by the names that people know. */
export function usersOf(device: BlockDevice, facts: SystemFacts): string[] {
  const parts = withPartitions(device, facts);
  const names = parts.flatMap((part) => [...part.holders, ...poolMates(part.name, facts)]);
  // The kernel does not count a loop device among the holders of the disk that it reads.
  const loops = [...facts.devices.values()].filter(({ backingFile }) => isOneOf(parts, backingFile, facts));
  const pool = parts.some((part) => part.fileSystem === 'zfs_member') ? ['a ZFS pool'] : [];
  const titles = [...names.map((name) => facts.devices.get(name)?.title ?? name), ...loops.map(({ title }) => title)];
  return [...new Set([...titles, ...pool])];
}

function isOneOf(parts: readonly BlockDevice[], file: string | undefined, facts: SystemFacts): boolean {
  const number = file === undefined ? undefined : facts.lookUp(file).entry?.deviceNumber;
  return number !== undefined && parts.some((part) => part.deviceNumber === number);
}

/** Partitions whose file system is mounted in another namespace or below an overlay. */
export function unseenParts(device: BlockDevice, facts: SystemFacts): BlockDevice[] {
  const unseen = unseenMounts(facts);
  return withPartitions(device, facts).filter(({ name }) => unseen.includes(name));
}

/** What libblkid calls the parts of things that other disks may belong to as well, and what shows more of them. */
const memberKinds: Readonly<Record<string, readonly [words: string, command: string]>> = {
  LVM1_member: ['an LVM group', 'pvs'],
  LVM2_member: ['an LVM group', 'pvs'],
  linux_raid_member: ['a RAID', 'mdadm --examine'],
  isw_raid_member: ['a RAID', 'mdadm --examine'],
  ddf_raid_member: ['a RAID', 'mdadm --examine'],
  mpath_member: ['a multipath disk', 'multipath -ll'],
  bcache: ['a bcache', 'bcache-super-show'],
  drbd: ['a DRBD volume', 'drbdadm status'],
  ceph_bluestore: ['a Ceph store', 'ceph-volume lvm list'],
};

/** A part of something larger that is not active now, and how to see what it is. */
export function sleepingMember(device: BlockDevice, facts: SystemFacts) {
  for (const part of withPartitions(device, facts)) {
    const [words, command] = Object.hasOwn(memberKinds, part.fileSystem) ? (memberKinds[part.fileSystem] ?? []) : [];
    if (words !== undefined) return { path: part.path, words, command: `${command} ${part.path}` };
  }
  return undefined;
}

/** Swap on a disk, its partitions or in a file on it. */
export function swapsOn(device: BlockDevice, facts: SystemFacts): string[] {
  const names = withPartitions(device, facts).map(({ name }) => name);
  return facts.swaps.filter((path) => devicesOfPath(path, facts).some((name) => names.includes(name)));
}

/**
 * The reason not to write to a file that the machine uses as a disk or as swap. `path`: as the person named it; `except`:
 * the loop device that is judged itself.
 */
export function fileInUse(
  path: string,
  file: string,
  facts: SystemFacts,
  except?: BlockDevice,
): PiburnError | undefined {
  const isSame = (other: string) => sameFile(file, other, facts);
  const swap = facts.swaps.find(isSame);
  if (swap !== undefined) {
    const hint = `Choose another file, or run 'swapoff ${swap}' first.`;
    return refusal('SWAP_IN_USE', `${path} is swap space in use (${swap}).`, { device: path, hint });
  }
  const loops = [...facts.devices.values()].filter(
    ({ backingFile }) => backingFile !== undefined && isSame(backingFile),
  );
  const system = systemUses([], facts).find(({ kind, names }) => {
    return kind === 'system' && loops.some(({ name }) => names.has(name));
  });
  if (system !== undefined) {
    const hint = 'Choose another file; no option lifts this.';
    const words = `${path} holds the running system (${system.what}) and is never written.`;
    return refusal('SYSTEM_DISK', words, { device: path, hint });
  }
  for (const loop of loops.filter(({ name }) => name !== except?.name)) {
    const uses = [...mountpointsOf(loop, facts), ...usersOf(loop, facts)];
    if (uses.length === 0) continue;
    const hint = `Unmount it, and detach it with 'losetup --detach ${loop.path}'.`;
    return refusal('IN_USE', `${path} is in use through ${loop.path} (${uses.join(', ')}).`, { device: path, hint });
  }
  return undefined;
}

function sameFile(file: string, other: string, facts: SystemFacts): boolean {
  const id = facts.lookUp(file).entry?.fileId;
  return id !== undefined && id === facts.lookUp(other).entry?.fileId;
}
