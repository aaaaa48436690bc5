// A FAT12, FAT16 or FAT32 volume that is edited without mounting it: files and directories by path. Every change is
// planned first (chains walked, room found) and written after, so that an error leaves the overlay as it was.

import { failure, type PiburnError } from '../../errors.js';
import type { Overlay } from '../overlay.js';
import { type FatKind, readGeometry } from './bpb.js';
import { clustersFor, type Medium, readClusters, writeClusters } from './clusters.js';
import { damaged } from './damage.js';
import { type Directory, entrySlots, findRoom, readRoot, writeSlots } from './directory.js';
import { type DirectoryEntry, findLabel, isDirectory, newDotEntries, newShortEntry, withContent } from './entry.js';
import { longEntries, longEntryCount } from './long-name.js';
import { checkName, nameKey, plainShortName, shortAlias } from './name.js';
import { decodeOem } from './oem.js';
import { findPlace, isADirectory, isRoot, openDirectory, openPlace, type Place } from './place.js';
import { attributes, deletedMark, slotBytes } from './slot.js';
import { FatTable } from './table.js';

/** A file or directory as it is shown. */
export interface FatEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory';
  readonly sizeBytes: number;
}

/** Upper bound for reading or writing one file at once, far above any file of a Raspberry Pi's boot partition. */
const maxFileBytes = 256 * 1024 * 1024;

/** What a new entry shall be. */
interface Newcomer {
  readonly attribute: number;
  readonly contentBytes: number;
  /** The size that the entry states: 0 for directories. */
  readonly statedBytes: number;
  readonly modified: Date;
  /** Its bytes, which for a directory depend on where they will lie. */
  content(firstCluster: number): Uint8Array;
}

/**
 * An open volume. Paths are separated by `/`, count from the root and ignore case. The format is that of Microsoft's
 * FAT specification (fatgen103), with Windows NT's case flags for 8.3 names in lower case.
 *
 * Every method throws FAT_DAMAGED when what it touches contradicts itself and FAT_IS_DIRECTORY for a directory where
 * a file is meant; FAT_FILE_TOO_LARGE guards the memory.
 */
export class FatVolume {
  readonly kind: FatKind;
  readonly label: string | undefined;
  readonly #medium: Medium;

  /** Opens the volume in a partition. Throws FAT_UNKNOWN, FAT_DAMAGED, or FAT_DIRTY when it was not unmounted. */
  static open(overlay: Overlay, startBytes: number, sizeBytes: number): FatVolume {
    const geometry = readGeometry(overlay, startBytes, sizeBytes);
    const table = new FatTable(overlay, geometry);
    if (geometry.dirty || table.dirty) throw dirtyVolume();
    return new FatVolume({ overlay, geometry, table });
  }

  private constructor(medium: Medium) {
    const rootLabel = findLabel(readRoot(medium).bytes);
    this.kind = medium.geometry.kind;
    this.label = rootLabel === undefined ? medium.geometry.label : decodeOem(rootLabel).trimEnd();
    this.#medium = medium;
  }

  /** The files and directories in a directory, in stored order. Throws FAT_NOT_FOUND. */
  list(path: string): FatEntry[] {
    return openDirectory(this.#medium, path).entries.map((entry) =>
      isDirectory(entry)
        ? { name: entry.name, kind: 'directory', sizeBytes: 0 }
        : { name: entry.name, kind: 'file', sizeBytes: entry.sizeBytes },
    );
  }

  /** Whether there is a file or directory at the path. */
  exists(path: string): boolean {
    return isRoot(path) || findPlace(this.#medium, path)?.entry !== undefined;
  }

  /** The bytes of a file, or undefined when there is none. */
  readFile(path: string): Uint8Array | undefined {
    const place = findPlace(this.#medium, path);
    if (place?.entry === undefined) return undefined;
    const clusters = this.#fileChain(place, place.entry);
    checkFileSize(path, place.entry.sizeBytes);
    return readClusters(this.#medium, clusters).slice(0, place.entry.sizeBytes);
  }

  /**
   * Creates a file or replaces its content; the directory around it must exist (FAT_NOT_FOUND). A replaced file keeps
   * its name, its attributes and its clusters, as many as it needs. `modified` is stored as UTC.
   * Throws FAT_NAME, FAT_DIRECTORY_FULL, BOOT_PARTITION_FULL.
   */
  writeFile(path: string, bytes: Uint8Array, modified: Date): void {
    const place = openPlace(this.#medium, path);
    checkFileSize(path, bytes.length);
    if (place.entry !== undefined) {
      this.#replace(place, place.entry, bytes, modified);
      return;
    }
    const size = { contentBytes: bytes.length, statedBytes: bytes.length };
    this.#create(place, { attribute: attributes.archive, ...size, modified, content: () => bytes });
  }

  /** Makes a directory; one that exists is left alone. Throws as `writeFile` does, FAT_NOT_DIRECTORY over a file. */
  makeDirectory(path: string, modified: Date): void {
    if (isRoot(path)) return;
    const place = openPlace(this.#medium, path);
    if (place.entry !== undefined) {
      if (!isDirectory(place.entry)) throw notADirectory(path);
      return;
    }
    const size = { contentBytes: this.#medium.geometry.clusterBytes, statedBytes: 0 };
    const content = (own: number) => newDotEntries(own, place.directory.firstCluster, modified);
    this.#create(place, { attribute: attributes.directory, ...size, modified, content });
  }

  /** Removes a file, also one that is marked read-only; false when there is none. */
  removeFile(path: string): boolean {
    const place = findPlace(this.#medium, path);
    if (place?.entry === undefined) return false;
    const { directory, entry } = place;
    const clusters = this.#fileChain(place, entry);
    const slots = entrySlots(directory, entry);
    for (const slot of slots) slot[0] = deletedMark;
    this.#medium.table.replaceChain(clusters, []);
    writeSlots(this.#medium, directory.clusters, entry.firstSlot, slots);
    return true;
  }

  /** Room for files in whole clusters, counted in the FAT itself. */
  freeBytes(): number {
    return this.#medium.table.countFree() * this.#medium.geometry.clusterBytes;
  }

  #create({ path, directory, name }: Place, newcomer: Newcomer): void {
    const { table } = this.#medium;
    checkName(name);
    const plain = plainShortName(name);
    const shortName = plain ?? shortAlias(name, takenNames(directory));
    const room = findRoom(this.#medium, directory, plain === undefined ? longEntryCount(name) + 1 : 1);
    const dataClusters = clustersFor(this.#medium, newcomer.contentBytes);
    const fresh = this.#findFree(path, dataClusters + room.growClusters);
    const data = fresh.slice(0, dataClusters);
    const growth = fresh.slice(dataClusters);
    const firstCluster = data[0] ?? 0;

    table.replaceChain([], data);
    writeClusters(this.#medium, data, newcomer.content(firstCluster));
    const clusters = directory.clusters.concat(growth);
    if (growth.length > 0) table.replaceChain(directory.clusters, clusters);
    writeClusters(this.#medium, growth, new Uint8Array());
    const content = { firstCluster, sizeBytes: newcomer.statedBytes, modified: newcomer.modified };
    const slots = plain === undefined ? longEntries(name, shortName) : [];
    slots.push(newShortEntry(shortName, newcomer.attribute, content));
    if (room.endsDirectory) slots.push(new Uint8Array(slotBytes));
    writeSlots(this.#medium, clusters, room.firstSlot, slots);
  }

  #replace(place: Place, entry: DirectoryEntry, bytes: Uint8Array, modified: Date): void {
    const { directory, path } = place;
    const before = this.#fileChain(place, entry);
    const count = clustersFor(this.#medium, bytes.length);
    const after = before.slice(0, count).concat(this.#findFree(path, Math.max(0, count - before.length)));

    this.#medium.table.replaceChain(before, after);
    writeClusters(this.#medium, after, bytes);
    const content = { firstCluster: after[0] ?? 0, sizeBytes: bytes.length, modified };
    const stored = entrySlots(directory, entry).slice(-1);
    const slots = stored.map((slot) => withContent(slot, entry.attributes | attributes.archive, content));
    writeSlots(this.#medium, directory.clusters, entry.lastSlot, slots);
  }

  /** The clusters of a file, after a look at everything on the way to it that could share them. */
  #fileChain({ path, directory }: Place, entry: DirectoryEntry): number[] {
    if (isDirectory(entry)) throw isADirectory(path);
    const exactly = clustersFor(this.#medium, entry.sizeBytes);
    const clusters = this.#medium.table.chain(entry.firstCluster, { exactly }, JSON.stringify(path));
    const own = new Set(clusters);
    const sharing = directory.entries.find((other) => other !== entry && own.has(other.firstCluster));
    if (sharing !== undefined) throw damaged(`${JSON.stringify(path)} and ${JSON.stringify(sharing.name)} share data`);
    if (clusters.some((cluster) => directory.trail.has(cluster))) {
      throw damaged(`${JSON.stringify(path)} shares data with its directory`);
    }
    return clusters;
  }

  #findFree(path: string, count: number): number[] {
    const { table, geometry } = this.#medium;
    const free = table.findFree(count);
    if (free.length === count) return free;
    const neededBytes = count * geometry.clusterBytes;
    const freeBytes = free.length * geometry.clusterBytes;
    throw failure(
      'BOOT_PARTITION_FULL',
      `The boot partition is full: ${JSON.stringify(path)} needs ${neededBytes} bytes more, ${freeBytes} are free.`,
      { hint: 'Put less on it, or use an image with a larger boot partition.' },
    );
  }
}

/** Asks whether a name is taken in a directory, as a long name or as an 8.3 name. */
function takenNames(directory: Directory): (shown: string) => boolean {
  const taken = new Set(directory.entries.flatMap((entry) => [nameKey(entry.name), nameKey(entry.alias)]));
  return (shown) => taken.has(nameKey(shown));
}

function checkFileSize(path: string, sizeBytes: number): void {
  if (sizeBytes <= maxFileBytes) return;
  throw failure(
    'FAT_FILE_TOO_LARGE',
    `${JSON.stringify(path)} on the boot partition has ${sizeBytes} bytes, more than piburn handles (${maxFileBytes}).`,
    { hint: 'Put large files on the card after it is burned.' },
  );
}

const notADirectory = (path: string): PiburnError =>
  failure('FAT_NOT_DIRECTORY', `${JSON.stringify(path)} on the boot partition is a file, not a directory.`, {
    hint: 'Choose another name for the directory.',
  });

const dirtyVolume = (): PiburnError =>
  failure('FAT_DIRTY', 'The FAT file system of the boot partition was not unmounted when the image was made.', {
    hint: 'Use another image, or repair this one: mount and unmount its boot partition, or run `fsck.vfat -a` on it.',
  });
