// Opens what the person named as the image, once, and says what it is: which file (so that a spool can be found
// again, or be stale), how large, and in which format. Reads the first bytes and what the format
// says of its size, no more.

import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { errnoOf, failure, usageError } from '../errors.js';
import { given } from '../given.js';
import { decodedSize } from './decoded-size.js';
import type { FileIdentity } from './identity.js';
import { type ImageFormat, sniff, sniffBytes } from './sniff.js';

export interface ImageSource {
  /** As a person knows it: the file's name, or `standard input`. */
  readonly name: string;
  /** Open for reading; owned by the source. */
  readonly descriptor: number;
  readonly format: ImageFormat;
  /** The first bytes; for a stream they have been consumed. */
  readonly head: Uint8Array;
  /** Undefined for a stream (standard input, a pipe), which can be read once only. */
  readonly identity?: FileIdentity;
  /** Size of the decoded image, where the format tells it beforehand. */
  readonly imageBytes?: number;
  /** May be called more than once. */
  close(): void;
}

/**
 * Opens an image: a path, or `-` for standard input.
 * @throws PiburnError `IMAGE_MISSING`, `IMAGE_UNREADABLE`, `IMAGE_EMPTY`, `IMAGE_COMPRESSED`, `IMAGE_CORRUPT`.
 */
export async function openSource(image: string): Promise<ImageSource> {
  const isStdin = image === '-';
  const name = isStdin ? 'standard input' : basename(image);
  const descriptor = isStdin ? 0 : openFile(image);
  let isOpen = !isStdin;
  const close = () => {
    if (isOpen) closeSync(descriptor);
    isOpen = false;
  };
  try {
    const identity = identify(image, descriptor);
    const head = readHead(descriptor, identity !== undefined);
    const format = sniff(head, name);
    const imageBytes =
      identity === undefined ? undefined : await decodedSize(descriptor, format, identity.sizeBytes, name);
    return {
      name,
      descriptor,
      format,
      head,
      ...given({ identity, imageBytes }),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw usageError('IMAGE_MISSING', `there is no image ${path}`, { hint: 'check the path given with --image' });
    throw failure('IMAGE_UNREADABLE', `the image ${path} cannot be opened (${code ?? 'unknown error'})`, {
      hint: code === 'EACCES' ? 'check its permissions' : 'check the disk that holds it',
    });
  }
}

/** A regular file's identity; undefined for a pipe. */
function identify(path: string, descriptor: number): FileIdentity | undefined {
  const stat = fstatSync(descriptor, { bigint: true });
  if (stat.isDirectory())
    throw usageError('IMAGE_MISSING', `${path} is a directory, not an image`, {
      hint: 'name the image in it, such as an .img or .img.xz',
    });
  if (stat.isBlockDevice())
    throw usageError('IMAGE_DEVICE', `${path} is a disk, not an image file`, {
      hint: `copy it first: dd if=${path} of=card.img bs=4M`,
    });
  if (!stat.isFile() || path === '-') return undefined;
  return {
    path: realpathSync(path),
    device: String(stat.dev),
    inode: String(stat.ino),
    sizeBytes: Number(stat.size),
    modifiedNs: String(stat.mtimeNs),
    changedNs: String(stat.ctimeNs),
  };
}

/** The first bytes; from a stream they are taken away. */
export function readHead(descriptor: number, seekable: boolean): Uint8Array {
  const head = Buffer.alloc(sniffBytes);
  let length = 0;
  while (length < head.length) {
    const got = readSomeOf(descriptor, head, length, seekable);
    if (got === 0) break;
    length += got;
  }
  return head.subarray(0, length);
}

/** Standard input may be non-blocking (a terminal, some pipes): EAGAIN means that nothing is there yet. */
function readSomeOf(descriptor: number, into: Buffer, start: number, seekable: boolean): number {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      return readSync(descriptor, into, start, into.length - start, seekable ? start : null);
    } catch (error) {
      if (errnoOf(error) === 'EOF') return 0;
      if (errnoOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 20);
    }
  }
}
