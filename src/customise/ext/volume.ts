// A look into an ext2, ext3 or ext4 file system inside an image or on a card. It is never written to, not mounted, and
// its journal is not replayed.

import { superblockBytes, superblockOffsetBytes } from '../../image/allocation/ext-superblock.js';
import type { ReadImage } from '../overlay.js';
import { readContent, readTarget } from './content.js';
import { damagedAt, tooLarge } from './damage.js';
import { entriesOf, newBudget } from './directory.js';
import { type FileKind, readInode } from './inode.js';
import { parseLayout } from './layout.js';
import { Medium } from './medium.js';
import { findInode } from './path.js';

export type { FileKind } from './inode.js';

export interface ExtStat {
  readonly kind: FileKind;
  /** The permission bits: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

export interface ExtName {
  /** As it is stored, also when it is unfit for a terminal; what is no UTF-8 is replaced. */
  readonly name: string;
  readonly kind: FileKind;
}

const defaultLimitBytes = 1024 * 1024;

/**
 * An open volume. Paths are separated by `/` and count from the volume's root, with or without a `/` in front. Symbolic
 * links are followed (at most 20, and `/` is the volume's root) up to the last name; what the last one does, each method
 * says.
 *
 * Every method throws PiburnError `EXT_DAMAGED` when what it touches contradicts itself, `EXT_TOO_LARGE` for more than
 * 16 MiB of directories on the way, and `EXT_ENCRYPTED` for what has an fscrypt key.
 */
export class ExtVolume {
  /** Empty when there is none. */
  readonly label: string;
  /** As `blkid` writes it. */
  readonly uuid: string;
  /** The journal holds changes that are not in place yet: it was not unmounted, or is mounted now. */
  readonly needsRecovery: boolean;
  readonly #medium: Medium;

  /**
   * Opens the file system in a partition; undefined when there is none, or none of a kind that can be read.
   * @throws PiburnError `EXT_DAMAGED`.
   */
  static open(read: ReadImage, startBytes: number, sizeBytes: number): ExtVolume | undefined {
    if (sizeBytes < superblockOffsetBytes + superblockBytes) return undefined;
    const superblock = Uint8Array.from(read(startBytes + superblockOffsetBytes, superblockBytes));
    const layout = parseLayout(superblock, sizeBytes, damagedAt(startBytes));
    return layout && new ExtVolume(new Medium(read, startBytes, layout));
  }

  private constructor(medium: Medium) {
    this.#medium = medium;
    this.label = medium.layout.label;
    this.uuid = medium.layout.uuid;
    this.needsRecovery = medium.layout.needsRecovery;
  }

  /** Whether there is anything at a path; a symbolic link counts when it leads to something. */
  exists(path: string): boolean {
    return findInode(this.#medium, path, 'follow') !== undefined;
  }

  /**
   * The bytes of a file, also at the end of a symbolic link; undefined when there is no regular file. Holes are zeros.
   * @throws PiburnError `EXT_TOO_LARGE` when it has more than `limitBytes`.
   */
  readFile(path: string, limitBytes: number = defaultLimitBytes): Uint8Array | undefined {
    const inode = findInode(this.#medium, path, 'follow');
    if (inode?.kind !== 'file') return undefined;
    if (inode.sizeBytes > limitBytes) throw tooLarge(`${JSON.stringify(path)} (${inode.sizeBytes} bytes)`, limitBytes);
    return readContent(this.#medium, inode);
  }

  /** Where the symbolic link at a path points, as it is stored; undefined when there is none. */
  readlink(path: string): string | undefined {
    const inode = findInode(this.#medium, path, 'keep');
    return inode?.kind === 'symlink' ? readTarget(this.#medium, inode) : undefined;
  }

  /** What is at a path, a symbolic link being itself; undefined when there is nothing. */
  stat(path: string): ExtStat | undefined {
    const inode = findInode(this.#medium, path, 'keep');
    if (inode === undefined) return undefined;
    const { kind, mode, uid, gid, sizeBytes, modifiedAt } = inode;
    return { kind, mode, uid, gid, sizeBytes, modifiedAt };
  }

  /**
   * What is in a directory, also at the end of a symbolic link, in the order of code units, without `.` and `..`;
   * undefined when there is no directory.
   */
  list(path: string): readonly ExtName[] | undefined {
    const directory = findInode(this.#medium, path, 'follow');
    if (directory?.kind !== 'directory') return undefined;
    const names: ExtName[] = [];
    for (const { inode, name, kind } of entriesOf(this.#medium, directory, newBudget())) {
      names.push({ name: Buffer.from(name).toString('utf8'), kind: kind ?? readInode(this.#medium, inode).kind });
    }
    return names.sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
  }
}
