// A directory: its entries, and the slots where new ones go. Reading gives a snapshot; writing goes to the overlay.

import { failure } from '../../errors.js';
import { clusterOffset } from './bpb.js';
import { type Medium, readClusters } from './clusters.js';
import { damaged } from './damage.js';
import { type DirectoryEntry, parseEntries } from './entry.js';
import { nameKey } from './name.js';
import { deletedMark, endMark, slotBytes } from './slot.js';

/** Upper bound of a directory (fatgen103). */
const maxSlots = 65536;

/** A directory as it was when it was read. */
export interface Directory {
  /** For messages: `/`, `/overlays`. */
  readonly path: string;
  /** What entries of subdirectories say for `..`: 0 for the root. */
  readonly firstCluster: number;
  /** Empty for the fixed root of FAT12 and FAT16. */
  readonly clusters: readonly number[];
  /** Clusters of the directories above and of this one: a file that shares one of them is cross-linked. */
  readonly trail: ReadonlySet<number>;
  readonly bytes: Uint8Array;
  readonly entries: readonly DirectoryEntry[];
}

/** Where new entries fit: from `firstSlot` on, once the directory has grown by `growClusters`. */
export interface Room {
  readonly firstSlot: number;
  readonly growClusters: number;
  /** The entries come last, and the slot after them has to hold the end mark. */
  readonly endsDirectory: boolean;
}

export function readRoot(medium: Medium): Directory {
  const { root } = medium.geometry;
  if ('firstCluster' in root) {
    return { ...readChained(medium, '/', root.firstCluster, new Set()), firstCluster: 0 };
  }
  const bytes = medium.overlay.read(root.offsetBytes, root.lengthBytes);
  const entries = parseEntries(bytes, false);
  return { path: '/', firstCluster: 0, clusters: [], trail: new Set(), bytes, entries };
}

export function readSubdirectory(medium: Medium, parent: Directory, entry: DirectoryEntry): Directory {
  const path = parent.path === '/' ? `/${entry.name}` : `${parent.path}/${entry.name}`;
  return readChained(medium, path, entry.firstCluster, parent.trail);
}

/** The entry with this name or 8.3 name, in any case. */
export function findEntry(directory: Directory, name: string): DirectoryEntry | undefined {
  const key = nameKey(name);
  return (
    directory.entries.find((entry) => nameKey(entry.name) === key) ??
    directory.entries.find((entry) => nameKey(entry.alias) === key)
  );
}

/** Finds `count` free slots in a row. Throws FAT_DIRECTORY_FULL when the directory can grow no further. */
export function findRoom({ geometry }: Medium, directory: Directory, count: number): Room {
  const slots = directory.bytes.length / slotBytes;
  const markAt = (slot: number) => directory.bytes[slot * slotBytes];
  let endSlot = 0;
  while (endSlot < slots && markAt(endSlot) !== endMark) endSlot++;

  let firstSlot = 0;
  for (let slot = 0; slot < slots && slot - firstSlot < count; slot++) {
    if (slot < endSlot && markAt(slot) !== deletedMark) firstSlot = slot + 1;
  }
  const pastSlot = firstSlot + count;
  const growSlots = Math.max(0, pastSlot - slots);
  if (growSlots > 0 && directory.clusters.length === 0) throw directoryFull(directory, 'a root directory cannot grow');

  const slotsPerCluster = geometry.clusterBytes / slotBytes;
  const growClusters = Math.ceil(growSlots / slotsPerCluster);
  if (slots + growClusters * slotsPerCluster > maxSlots) {
    throw directoryFull(directory, `it holds ${maxSlots} entries at most`);
  }
  return { firstSlot, growClusters, endsDirectory: pastSlot > endSlot && pastSlot < slots };
}

/** Writes entries to the slots from `firstSlot` on; `clusters` are the directory's, after it has grown. */
export function writeSlots(
  medium: Medium,
  clusters: readonly number[],
  firstSlot: number,
  slots: readonly Uint8Array[],
): void {
  for (const [index, bytes] of slots.entries()) {
    medium.overlay.write(slotOffset(medium, clusters, firstSlot + index), bytes);
  }
}

/** The stored bytes of an entry's slots. */
export const entrySlots = (directory: Directory, entry: DirectoryEntry): Uint8Array[] =>
  Array.from({ length: entry.lastSlot - entry.firstSlot + 1 }, (_, index) =>
    directory.bytes.slice((entry.firstSlot + index) * slotBytes, (entry.firstSlot + index + 1) * slotBytes),
  );

function readChained(medium: Medium, path: string, firstCluster: number, above: ReadonlySet<number>): Directory {
  const { geometry, table } = medium;
  const atMost = Math.ceil((maxSlots * slotBytes) / geometry.clusterBytes);
  const clusters = table.chain(firstCluster, { atMost }, path);
  if (clusters.some((cluster) => above.has(cluster))) throw damaged(`${path} is cross-linked with a directory above`);
  const bytes = readClusters(medium, clusters);
  const entries = parseEntries(bytes, geometry.kind === 'fat32');
  return { path, firstCluster, clusters, trail: new Set([...above, ...clusters]), bytes, entries };
}

function slotOffset({ geometry }: Medium, clusters: readonly number[], slot: number): number {
  if ('offsetBytes' in geometry.root && clusters.length === 0) return geometry.root.offsetBytes + slot * slotBytes;
  const slotsPerCluster = geometry.clusterBytes / slotBytes;
  const cluster = clusters[Math.floor(slot / slotsPerCluster)];
  if (cluster === undefined) throw new RangeError(`slot ${slot} is outside of its directory`);
  return clusterOffset(geometry, cluster) + (slot % slotsPerCluster) * slotBytes;
}

const directoryFull = (directory: Directory, why: string) =>
  failure('FAT_DIRECTORY_FULL', `The directory ${directory.path} of the boot partition is full: ${why}.`, {
    hint: 'Put the files into another directory, or fewer of them.',
  });
