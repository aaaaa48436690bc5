// The door to the addon: the only file that loads it. It explains bad arguments in words; the C++ side checks types
// again and does the work. All calls are synchronous and belong on the thread that owns the card.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { packageUrl } from './code-root.js';
import { failure } from './errors.js';

/** A target as the kernel describes it at the moment it was opened. */
export interface DeviceInfo {
  readonly kind: 'block' | 'file';
  readonly sizeBytes: number;
  /** Every offset is a multiple of this, every length is rounded up to it. For a file what its O_DIRECT asks for. */
  readonly logicalBlockBytes: number;
  readonly physicalBlockBytes: number;
  /** The medium itself refuses writing: BLKROGET, or a file that this process may not write. */
  readonly readOnly: boolean;
  /** O_DIRECT is in force: no page cache between us and the medium. */
  readonly direct: boolean;
  /** From sysfs, a partition's from its disk; undefined for files and where the kernel does not say. */
  readonly removable?: boolean;
  readonly rotational?: boolean;
  /** `MAJOR:MINOR` of a block device. */
  readonly deviceNumber?: string;
  /** BLKGETDISKSEQ (Linux 5.15): differs when another medium or device has taken this name. */
  readonly diskSequence?: number;
  /** Of a block device; a partition's is that of its disk. */
  readonly queue?: QueueInfo;
}

/**
 * How much the kernel sends to a disk at once, from sysfs at the moment it was opened (Documentation/ABI/stable/sysfs-block
 * of the kernel). What sysfs does not have, or says to be 0, is undefined.
 */
export interface QueueInfo {
  readonly bus?: 'usb' | 'mmc' | 'nvme' | 'loop';
  /** `queue/max_sectors_kb`: a longer write or read is cut into requests of this length. */
  readonly kernelRequestBytes?: number;
  /** `queue/nr_requests`: so many of them wait in the kernel's queue. */
  readonly kernelRequests?: number;
  /** `device/queue_depth`, of a SCSI disk: so many of them it gets at once. 1: a reader that speaks USB Bulk-Only. */
  readonly deviceRequests?: number;
  /** `queue/optimal_io_size`, as the device claims. */
  readonly optimalBytes?: number;
}

export interface OpenOptions {
  readonly write: boolean;
  /** Makes a regular file (mode 0644); EEXIST when there is something. */
  readonly create?: boolean;
  /** EBUSY when somebody else has it: O_EXCL for a block device, flock for a file. */
  readonly exclusive?: boolean;
  /** Default true: O_DIRECT, or buffered where the file system has none. */
  readonly direct?: boolean;
  /** Size of the aligned buffer, at most 256 MiB; rounded up to 4096. */
  readonly bufferBytes: number;
}

/**
 * An open target; it belongs to its thread. Offsets are multiples of `info.logicalBlockBytes`; no single request to
 * the kernel is longer than `requestBytes`. Whatever the kernel refuses is thrown as a `SystemError`.
 */
export interface Device {
  readonly info: DeviceInfo;
  /** Memory at a multiple of 4096. It stays valid when kept after `close()`, and must not be posted to a thread. */
  readonly buffer: Buffer;
  /**
   * Copies a range of the image to the same place of the target, without a copy in memory where possible. A last
   * block that the range does not fill is filled with zeros. May use `buffer`. An image that cannot be read is an
   * error with the image's path.
   */
  writeFromImage(image: ImageFile, offsetBytes: number, lengthBytes: number, requestBytes: number): void;
  /** Writes the first bytes of `buffer`; the rest of their last block becomes zeros, in `buffer` too. */
  writeBuffer(offsetBytes: number, lengthBytes: number, requestBytes: number): void;
  writeZeros(offsetBytes: number, lengthBytes: number, requestBytes: number): void;
  /** Reads into `buffer` from the medium; returns the bytes got, fewer than asked for only at the end. */
  read(offsetBytes: number, lengthBytes: number, requestBytes: number): number;
  /** fdatasync, which flushes the device's own cache; then nothing stays cached that `read` could be fooled by. */
  flush(): void;
  /** Files only. */
  truncate(sizeBytes: number): void;
  /** Makes a range read as zeros, without room on disk where a file system can; keeps the size of a file. */
  punch(offsetBytes: number, lengthBytes: number): void;
  /** BLKDISCARD; false where there is no such thing. */
  discard(offsetBytes: number, lengthBytes: number): boolean;
  /** BLKRRPART; false for a file, and where the kernel cannot now or not for this user. */
  rereadPartitions(): boolean;
  /** May be called twice; every other method then throws EBADF. */
  close(): void;
}

/** A regular file open for reading. */
export interface ImageFile {
  readonly path: string;
  /** The size now: a spool grows while it is decoded. */
  readonly sizeBytes: number;
  /** Reads into `device.buffer`; returns the bytes got, fewer than asked for only at the end. */
  readInto(device: Device, offsetBytes: number, lengthBytes: number): number;
  close(): void;
}

export type LockMode = 'shared' | 'exclusive';

export interface FileLock {
  /** False when another holder is in the way; the old mode then stays in force. */
  change(mode: LockMode): boolean;
  /** May be called twice. */
  close(): void;
}

/** A call that the kernel refused. */
export interface SystemError extends Error {
  /** The name of the errno: `EIO`. */
  readonly code: string;
  /** Its number as in errno(3): 5. */
  readonly errno: number;
  readonly syscall: string;
  /** The file whose trouble it is: of target and image the one that failed. */
  readonly path: string;
  readonly offsetBytes?: number;
  readonly lengthBytes?: number;
}

/** Opens a block device, or a regular file that stands in for one; anything else is ENOTBLK. */
export function openDevice(path: string, options: OpenOptions): Device {
  requirePath(path);
  const { write, create = false, exclusive = false, direct = true, bufferBytes } = options;
  requireBooleans({ write, create, exclusive, direct });
  requireInteger('bufferBytes', bufferBytes, 1, 256 * 1024 * 1024);
  if (create && !write) throw new TypeError('create makes a new file, which needs write: true');
  const native = new (addon().Device)(path, write, create, exclusive, direct, bufferBytes);
  const device = wrapDevice(native, path, write);
  nativeDevices.set(device, native);
  return device;
}

/** Opens a regular file for reading; anything else is EINVAL. */
export function openImage(path: string): ImageFile {
  requirePath(path);
  const native = new (addon().Image)(path);
  const image: ImageFile = {
    path,
    get sizeBytes() {
      return native.size();
    },
    readInto(device, offsetBytes, lengthBytes) {
      requireRange(offsetBytes, lengthBytes, device.buffer.length);
      return native.readInto(nativeOf(nativeDevices, device, 'openDevice'), offsetBytes, lengthBytes);
    },
    close: () => native.close(),
  };
  nativeImages.set(image, native);
  return image;
}

/**
 * Locks a file that exists only for this (made with mode 0600, never to be deleted; symbolic links are ELOOP).
 * Returns undefined when another holder, here or in another process, is in the way. The lock is an open file
 * description lock (fcntl(2)): it ends with `close()` or with the process.
 */
export function lockFile(path: string, mode: LockMode): FileLock | undefined {
  requirePath(path);
  const native = new (addon().Lock)(path, isExclusive(mode));
  if (!native.held) return undefined;
  return {
    change: (next) => native.change(isExclusive(next)),
    close: () => native.close(),
  };
}

/**
 * Asks the kernel to kill this process when its parent (the thread that started it) ends: prctl(2) PR_SET_PDEATHSIG.
 * Returns false if the parent is gone already and the signal will not come.
 */
export function dieWithParent(expectedParentPid: number): boolean {
  requireInteger('expectedParentPid', expectedParentPid, 1, Number.MAX_SAFE_INTEGER);
  return addon().dieWithParent(expectedParentPid);
}

/**
 * Ejects the medium of a SCSI disk, such as a card in a reader on USB (ALLOW MEDIUM REMOVAL, then START STOP UNIT, 15
 * seconds each); nobody should have it open for writing any more. False where the device has no such command.
 * @throws SystemError `ENOTBLK` for what is no block device, `ENOMEDIUM`, `ETIMEDOUT`, `EIO`, or that of `open`.
 */
export function ejectMedium(path: string): boolean {
  requirePath(path);
  return addon().ejectMedium(path);
}

/** A user and a group, by their numbers. */
export interface FileUser {
  readonly uid: number;
  readonly gid: number;
}

const idMax = 2 ** 32 - 2;
let actingAs: FileUser | undefined;

/**
 * As root: does something with files with the rights of that user alone, who then owns what is made (setfsuid(2)); only
 * this thread is changed, and programs that are started meanwhile are root's. It must be done when `act` returns.
 * @throws SystemError `EPERM` without root.
 */
export function asFileUser<T>({ uid, gid }: FileUser, act: () => T extends PromiseLike<unknown> ? never : T): T {
  if (actingAs?.uid === uid && actingAs.gid === gid) return act();
  if (actingAs !== undefined) throw new TypeError('this thread acts for another user already');
  requireInteger('uid', uid, 0, idMax);
  requireInteger('gid', gid, 0, idMax);
  addon().becomeFileUser(uid, gid);
  actingAs = { uid, gid };
  try {
    return act();
  } finally {
    actingAs = undefined;
    addon().leaveFileUser();
  }
}

export function isSystemError(error: unknown): error is SystemError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'errno' in error &&
    typeof error.errno === 'number' &&
    'syscall' in error &&
    typeof error.syscall === 'string' &&
    'path' in error &&
    typeof error.path === 'string'
  );
}

// ---- what the addon gives ----------------------------------------------------------------------------------

type NativeDevice = Omit<Device, 'writeFromImage'> & {
  writeFromImage(image: NativeImage, offsetBytes: number, lengthBytes: number, requestBytes: number): void;
};

interface NativeImage {
  size(): number;
  readInto(device: NativeDevice, offsetBytes: number, lengthBytes: number): number;
  close(): void;
}

interface NativeLock {
  readonly held: boolean;
  change(exclusive: boolean): boolean;
  close(): void;
}

interface Addon {
  readonly Device: new (
    path: string,
    write: boolean,
    create: boolean,
    exclusive: boolean,
    direct: boolean,
    bufferBytes: number,
  ) => NativeDevice;
  readonly Image: new (path: string) => NativeImage;
  readonly Lock: new (path: string, exclusive: boolean) => NativeLock;
  dieWithParent(expectedParentPid: number): boolean;
  ejectMedium(path: string): boolean;
  becomeFileUser(uid: number, gid: number): void;
  leaveFileUser(): void;
}

// The C++ objects stay out of the callers' reach; weak, so that a forgotten device is collected and closed.
const nativeDevices = new WeakMap<Device, NativeDevice>();
const nativeImages = new WeakMap<ImageFile, NativeImage>();

function nativeOf<Face extends object, Native>(natives: WeakMap<Face, Native>, face: Face, maker: string): Native {
  const native = natives.get(face);
  if (native === undefined) throw new TypeError(`expected what ${maker} returned`);
  return native;
}

let loaded: Addon | undefined;

function addon(): Addon {
  loaded ??= load();
  return loaded;
}

function load(): Addon {
  const path = process.env.PIBURN_NATIVE ?? fileURLToPath(packageUrl('build/Release/piburn.node'));
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    throw failure(
      'NATIVE_MISSING',
      `The native addon ${path} cannot be loaded: ${firstLine(cause)}.`,
      { hint: 'Build it with `npm rebuild` in the folder of piburn; that needs g++, make and python3.' },
      cause,
    );
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';

function wrapDevice(native: NativeDevice, path: string, writable: boolean): Device {
  const { info, buffer } = native;
  const requireWritable = () => {
    if (!writable) throw new TypeError(`${path} was opened without write: true`);
  };
  return {
    info,
    buffer,
    writeFromImage(image, offsetBytes, lengthBytes, requestBytes) {
      requireWritable();
      requireRange(offsetBytes, lengthBytes);
      requireRequest(requestBytes);
      native.writeFromImage(nativeOf(nativeImages, image, 'openImage'), offsetBytes, lengthBytes, requestBytes);
    },
    writeBuffer(offsetBytes, lengthBytes, requestBytes) {
      requireWritable();
      requireRange(offsetBytes, lengthBytes, buffer.length);
      requireRequest(requestBytes);
      native.writeBuffer(offsetBytes, lengthBytes, requestBytes);
    },
    writeZeros(offsetBytes, lengthBytes, requestBytes) {
      requireWritable();
      requireRange(offsetBytes, lengthBytes);
      requireRequest(requestBytes);
      native.writeZeros(offsetBytes, lengthBytes, requestBytes);
    },
    read(offsetBytes, lengthBytes, requestBytes) {
      requireRange(offsetBytes, lengthBytes, buffer.length);
      requireRequest(requestBytes);
      return native.read(offsetBytes, lengthBytes, requestBytes);
    },
    flush: () => native.flush(),
    truncate(sizeBytes) {
      requireWritable();
      requireInteger('sizeBytes', sizeBytes, 0, Number.MAX_SAFE_INTEGER);
      native.truncate(sizeBytes);
    },
    punch(offsetBytes, lengthBytes) {
      requireWritable();
      requireRange(offsetBytes, lengthBytes);
      native.punch(offsetBytes, lengthBytes);
    },
    discard(offsetBytes, lengthBytes) {
      requireWritable();
      requireRange(offsetBytes, lengthBytes);
      return native.discard(offsetBytes, lengthBytes);
    },
    rereadPartitions: () => native.rereadPartitions(),
    close: () => native.close(),
  };
}

// ---- arguments in words ------------------------------------------------------------------------------------

function requirePath(path: unknown): void {
  if (typeof path !== 'string') throw new TypeError(`path must be a string, not ${typeof path}`);
  if (path === '' || path.includes('\0')) throw new TypeError('path must not be empty or contain NUL');
}

function requireBooleans(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'boolean') throw new TypeError(`${name} must be true or false, not ${typeof value}`);
  }
}

function requireInteger(name: string, value: unknown, min: number, max: number): void {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, not ${typeof value}`);
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}`);
  }
}

/** `maxLengthBytes`: of a buffer; without one only the sum is bounded, because it must stay exact. */
function requireRange(offsetBytes: unknown, lengthBytes: unknown, maxLengthBytes = Number.MAX_SAFE_INTEGER): void {
  requireInteger('offsetBytes', offsetBytes, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('lengthBytes', lengthBytes, 0, maxLengthBytes);
  if (Number(offsetBytes) > Number.MAX_SAFE_INTEGER - Number(lengthBytes)) {
    throw new RangeError(`offsetBytes ${offsetBytes} and lengthBytes ${lengthBytes} reach beyond 2^53 - 1`);
  }
}

const requireRequest = (requestBytes: unknown): void =>
  requireInteger('requestBytes', requestBytes, 1, 1024 * 1024 * 1024);

function isExclusive(mode: LockMode): boolean {
  if (mode !== 'shared' && mode !== 'exclusive') throw new TypeError(`mode must be shared or exclusive, not ${mode}`);
  return mode === 'exclusive';
}
