// Mounts a card's root and, below it, its boot partition, as they are on the running Pi; and takes them off again. By the
// system's own mount(8); card files go through loop devices that mount makes, and that go with the mount.

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { failure, type PiburnError, refusal } from '../errors.js';
import { run } from '../exec.js';
import { readSystem } from './describe.js';
import { type BlockDevice, deviceAt, deviceByNumber, mountOf, type SystemFacts, withPartitions } from './facts.js';
import {
  makeFolders,
  mountsFolder,
  refusePlace,
  removeFolders,
  removeOwnFolder,
  requireRealFolder,
} from './mount-place.js';
import { refusals } from './refuse.js';
import { mountpointsOf } from './refuse-disk.js';
import { unmountAll } from './unmount.js';

/** Where the partitions of a card lie, and where the running Pi mounts its boot partition. */
export interface CardPartitions {
  readonly root: PartitionPlace;
  readonly boot: PartitionPlace;
  readonly bootMount: '/boot' | '/boot/firmware';
}

export interface PartitionPlace {
  /** As Linux counts them. */
  readonly number: number;
  readonly startBytes: number;
  readonly sizeBytes: number;
}

export interface MountedCard {
  readonly target: string;
  readonly root: string;
  readonly boot: string;
}

/** What is on a card is not to be run, or trusted, here. */
const safeOptions = ['nosuid', 'nodev', 'noexec', 'rw'];
const timeoutMs = 120_000;

/**
 * Mounts a card, or a card file, at `mountpoint` (default: /mnt/piburn/NAME), which is made if it is missing. When one of
 * the two cannot be mounted, nothing stays mounted.
 * @throws PiburnError `NOT_ROOT`, `MOUNTED`, `MOUNT_FAILED`, `BOOT_NOT_MOUNTED`, and reasons to refuse a disk.
 */
export async function mountCard(
  target: string,
  mountpoint: string | undefined,
  partitions: CardPartitions,
  facts: SystemFacts,
): Promise<MountedCard> {
  requireRoot('mount');
  refuseSystem(target, facts);
  const places = placesOf(target, facts);
  if (places.length > 0) throw mountedAlready(target, places);
  const root = resolve(mountpoint ?? join(mountsFolder, basename(target)));
  refusePlace(root, facts);
  const made = makeFolders(root);
  try {
    await mount(target, partitions.root, root, ['-t', 'ext4'], facts);
  } catch (error) {
    removeFolders(made);
    throw error;
  }
  try {
    const boot = join(root, partitions.bootMount);
    requireRealFolder(root, partitions.bootMount);
    await mount(target, partitions.boot, boot, ['-t', 'vfat'], facts);
    return { target, root, boot };
  } catch (error) {
    await unmountAll([root]);
    removeFolders(made);
    throw bootNotMounted(target, error);
  }
}

/**
 * Unmounts everything of a card, named by its device, its file, or the folder where it is mounted. Returns the folders.
 * @throws PiburnError `NOT_ROOT`, `NOT_MOUNTED`, `UNMOUNT_FAILED`, `SYSTEM_DISK`.
 */
export async function unmountCard(target: string, facts: SystemFacts): Promise<readonly string[]> {
  requireRoot('unmount');
  const named = cardAt(target, facts);
  refuseSystem(named, facts);
  const places = placesOf(named, facts);
  await unmountAll(places);
  for (const place of places) removeOwnFolder(place);
  const file = facts.lookUp(named).entry?.kind === 'file';
  if (file) await detachLoops(named);
  flush(named);
  return places;
}

function requireRoot(what: string): void {
  if (process.getuid?.() === 0) return;
  throw refusal('NOT_ROOT', `piburn ${what} needs to be root`, { hint: `run: sudo piburn ${what} …` });
}

/** Disks of the running system, and what is no disk. Size and mounts do not matter here. */
function refuseSystem(target: string, facts: SystemFacts): void {
  if (facts.lookUp(target).entry === undefined) {
    throw failure('NO_CARD', `there is no ${target}`, { hint: 'name a card such as /dev/sda, or a card file' });
  }
  const options = { protectedPaths: [], allowFixed: true, allowLarge: true, unmount: true };
  // A card file that is mounted is in use through a loop device: that is what is looked at here.
  const isFile = facts.lookUp(target).entry?.kind === 'file';
  const problem = refusals([target], facts, options).find(({ failure }) => !(isFile && failure.code === 'IN_USE'));
  if (problem !== undefined) throw problem;
}

/** Its mount points, and those of the loop devices over it. */
function placesOf(target: string, facts: SystemFacts): string[] {
  const device = deviceAt(target, facts);
  const devices = [...(device === undefined ? [] : [device]), ...loopsOver(target, facts)];
  return devices.flatMap((each) => mountpointsOf(each, facts));
}

function loopsOver(file: string, facts: SystemFacts): BlockDevice[] {
  const { entry } = facts.lookUp(file);
  const isIt = (backing: string | undefined) =>
    backing !== undefined && entry !== undefined && facts.lookUp(backing).entry?.fileId === entry.fileId;
  return [...facts.devices.values()].filter(({ backingFile }) => isIt(backingFile));
}

/** The disk or card file behind a folder; a device or file is itself. */
function cardAt(target: string, facts: SystemFacts): string {
  const { entry, realPath } = facts.lookUp(target);
  if (entry?.kind !== 'directory') {
    const device = deviceAt(target, facts);
    return device?.parent === undefined ? target : `/dev/${device.parent.replaceAll('!', '/')}`;
  }
  const mount = mountOf(realPath, facts);
  const device = mount && deviceByNumber(mount.deviceNumber, facts);
  if (mount?.mountpoint !== realPath || device === undefined) {
    throw failure('NOT_MOUNTED', `no card is mounted at ${target}`, {
      hint: 'see what is mounted where with: findmnt',
    });
  }
  if (device.backingFile !== undefined) return device.backingFile;
  return `/dev/${(device.parent ?? device.name).replaceAll('!', '/')}`;
}

async function mount(
  target: string,
  partition: PartitionPlace,
  folder: string,
  type: readonly string[],
  facts: SystemFacts,
): Promise<void> {
  const device = deviceAt(target, facts);
  const range = ['loop', `offset=${partition.startBytes}`, `sizelimit=${partition.sizeBytes}`];
  const node = device && nodeOf(device, partition, facts);
  const options = node === undefined ? [...safeOptions, ...range] : safeOptions;
  const source = node ?? resolve(target);
  const result = await run('mount', [...type, '-o', options.join(','), '--', source, folder], { timeoutMs });
  if (result?.exitCode === 0) return;
  const words = result === undefined ? 'there is no mount program' : result.stderr.trim().split('\n')[0];
  throw failure(
    'MOUNT_FAILED',
    `cannot mount partition ${partition.number} of ${target} at ${folder}: ${words || 'mount gave no reason'}`,
    {
      device: target,
      hint: 'check that no other program uses the card, and that the kernel knows its file system',
    },
  );
}

/** The partition's own device; undefined where the kernel has none, such as over a loop device without partitions. */
function nodeOf(disk: BlockDevice, { number }: PartitionPlace, facts: SystemFacts): string | undefined {
  const suffix = /\d$/.test(disk.name) ? `p${number}` : String(number);
  const own = withPartitions(disk, facts).find(({ name }) => name === `${disk.name}${suffix}`);
  return own?.path;
}

const mountedAlready = (target: string, places: readonly string[]): PiburnError =>
  refusal('MOUNTED', `${target} is mounted already, at ${places.join(' and ')}`, {
    device: target,
    hint: `use it there, or unmount it: piburn unmount ${target}`,
  });

function bootNotMounted(target: string, error: unknown): PiburnError {
  const reason = error instanceof Error ? error.message : String(error);
  return failure(
    'BOOT_NOT_MOUNTED',
    `the boot partition of ${target} could not be mounted, so that its root was unmounted again: ${reason}`,
    { device: target, hint: 'the kernel may have no vfat (modprobe vfat); piburn ls and cat need no mount' },
    error,
  );
}

/** Those that mount made have gone by themselves, and their names may be others' now; some may be made by hand. */
async function detachLoops(file: string): Promise<void> {
  for (const { path } of loopsOver(file, await readSystem())) await run('losetup', ['--detach', path]);
}

/** What the system still holds of the card goes onto it. */
function flush(target: string): void {
  const descriptor = openSync(target, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
