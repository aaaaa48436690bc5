// Changes to an ext2, ext3 or ext4 file system, made by libext2fs. After an error nothing that it wrote is to be used.
// Error numbers: those of WASI (wasi-libc, __errno_values.h) and of libext2fs (e2fsprogs, lib/ext2fs/ext2_err.et.in).

import { type ExtDisk, type Glue, startLibext2fs } from './libext2fs.js';

/** A call that libext2fs refused. */
export class ExtWriteError extends Error {
  override readonly name = 'ExtWriteError';
  readonly isFull: boolean;

  constructor(operation: string, path: string, number: number) {
    super(`${operation} ${path}: error ${number}`);
    this.isFull = fullErrors.includes(number);
  }
}

const errorBase = 2_133_571_328;
const noSpace = 51;
const directoryFull = errorBase + 38;
/** No free block, no free inode, no room in a tree of extents. */
const fullErrors: readonly number[] = [noSpace, errorBase + 72, errorBase + 73, errorBase + 122, directoryFull];

const writeOnly = 0o1;
const create = 0o100;
const truncate = 0o1000;
const noFollow = 0o400000;

/** libext2fs has 16 MiB of memory, and what goes through it at once lies there. */
const maxPieceBytes = 256 * 1024;
/** Inodes have more bits for owners than libext2fs's glue sets. */
const maxOwner = 0xffff;

/** Paths begin with `/` and have no symbolic links on the way; only ASCII and UTF-8 names. All calls throw ExtWriteError. */
export class ExtWriter {
  readonly #glue: Glue;
  readonly #fileSystem: number;

  constructor(disk: ExtDisk, now: Date) {
    this.#glue = startLibext2fs(disk, now);
    this.#fileSystem = checked(this.#glue._node_ext2fs_mount(0), 'mount', 'the file system');
  }

  /** A new file, or new bytes in one that keeps its inode, attributes and links. */
  writeFile(path: string, bytes: Uint8Array, mode: number): void {
    const flags = writeOnly | create | truncate | noFollow;
    this.#withFile(path, flags, mode, (file) => {
      for (let at = 0; at < bytes.length; at += maxPieceBytes) {
        this.#writePiece(file, path, flags, at, bytes.subarray(at, at + maxPieceBytes));
      }
    });
  }

  makeDirectory(path: string, mode: number): void {
    const make = () =>
      this.#withPath(path, (pointer) => this.#glue._node_ext2fs_mkdir(this.#fileSystem, pointer, mode));
    const first = make();
    // Directories grow for new files and links, but not for new directories.
    if (-first === directoryFull) this.#growDirectoryOf(path);
    checked(-first === directoryFull ? make() : first, 'mkdir', path);
  }

  makeLink(path: string, target: string): void {
    const result = this.#withPath(target, (to) =>
      this.#withPath(path, (pointer) => this.#glue._node_ext2fs_symlink(this.#fileSystem, to, pointer)),
    );
    checked(result, 'symlink', path);
  }

  /** Removes a file or symbolic link. */
  remove(path: string): void {
    checked(
      this.#withPath(path, (pointer) => this.#glue._node_ext2fs_unlink(this.#fileSystem, pointer)),
      'unlink',
      path,
    );
  }

  rename(path: string, to: string): void {
    const result = this.#withPath(path, (from) =>
      this.#withPath(to, (pointer) => this.#glue._node_ext2fs_rename(this.#fileSystem, from, pointer)),
    );
    checked(result, 'rename', path);
  }

  /** Permission bits and owner of a file or directory. */
  setAccess(path: string, access: { readonly mode: number; readonly uid: number; readonly gid: number }): void {
    const { mode, uid, gid } = access;
    if (Math.max(uid, gid) > maxOwner) throw new RangeError(`owner ${uid}:${gid} of ${path} is above ${maxOwner}`);
    this.#withFile(path, noFollow, 0, (file) => {
      checked(this.#glue._node_ext2fs_chmod(file, mode), 'chmod', path);
      checked(this.#glue._node_ext2fs_chown(file, uid, gid), 'chown', path);
    });
  }

  /** Writes what is still in memory; nothing may be called after it. */
  close(): void {
    checked(this.#glue._node_ext2fs_umount(this.#fileSystem), 'umount', 'the file system');
  }

  #writePiece(file: number, path: string, flags: number, offsetBytes: number, piece: Uint8Array): void {
    const written = this.#withBytes(piece, (pointer) =>
      this.#glue._node_ext2fs_write(file, flags, pointer, piece.length, offsetBytes),
    );
    // It reports what it could write before it found no room.
    checked(written < 0 || written === piece.length ? written : -noSpace, 'write', path);
  }

  /** A name of the greatest length fits nowhere but in a new block, which stays when the name goes. */
  #growDirectoryOf(path: string): void {
    const longest = `${path.slice(0, path.lastIndexOf('/'))}/${'.piburn-grows-'.padEnd(255, '-')}`;
    this.writeFile(longest, new Uint8Array(0), 0o600);
    this.remove(longest);
  }

  #withFile(path: string, flags: number, mode: number, use: (file: number) => void): void {
    const file = this.#withPath(path, (pointer) =>
      this.#glue._node_ext2fs_open(this.#fileSystem, pointer, flags, mode),
    );
    checked(file, 'open', path);
    use(file);
    checked(this.#glue._node_ext2fs_close(file), 'close', path);
  }

  #withPath(path: string, use: (pointer: number) => number): number {
    return this.#withBytes(Buffer.from(`${path}\0`), use);
  }

  #withBytes(bytes: Uint8Array, use: (pointer: number) => number): number {
    const pointer = this.#glue._malloc_from_js(bytes.length);
    if (pointer === 0) throw new Error('libext2fs has no memory left');
    this.#glue.getBuffer(pointer, bytes.length).set(bytes);
    const result = use(pointer);
    this.#glue._free_from_js(pointer);
    return result;
  }
}

function checked(result: number, operation: string, path: string): number {
  if (result < 0) throw new ExtWriteError(operation, path, -result);
  return result;
}
