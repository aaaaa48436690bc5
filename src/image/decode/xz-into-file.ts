// .xz by the system's xz, straight into the spool. Through a pipe its output would come 8 KiB at a time and be copied three
// times more, which costs more than all that is done with it. xz leaves holes where there are only zeros, as we do.

import { statfsSync } from 'node:fs';
import { failure, type PiburnError } from '../../errors.js';
import { noRoom } from '../room.js';
import { corruptImage } from './corrupt.js';
import type { Encoded } from './encoded.js';
import { unpacksTooLarge } from './limit.js';
import { decodeIntoFile } from './program.js';
import { killedHint, xzArgs } from './xz.js';

export interface XzTarget {
  /** An empty file, for messages. */
  readonly path: string;
  /** The same, open for reading and writing; owned by the caller. xz gets it as it is: it need not be able to open it. */
  readonly descriptor: number;
  /** What the image has: xz is not let write more (setrlimit(2), RLIMIT_FSIZE). */
  readonly promisedBytes: number;
}

/** POSIX: the unit of `ulimit -f`. */
const fileLimitUnitBytes = 512;

// With the signal ignored, writing too much is an error that xz tells in words, and no process ended by a signal.
// A lower limit that this process is under already cannot be raised.
const limitIsLess = 'the file size limit is less';
const script = `trap '' XFSZ; ulimit -f "$1" 2>/dev/null || { echo 'the file size limit is less' >&2; exit 1; }; shift; exec xz "$@"`;

/** `f_type` of statfs(2): FAT, where no file reaches 4 GiB. */
const fatMagic = 0x4d44;

/**
 * How many bytes are in the file, again and again; at last, when its end was checked, how many it has.
 * @throws PiburnError as `decode`, and `STORE_FULL`.
 */
export function decodeByXzIntoFile(
  encoded: Encoded,
  { path, descriptor, promisedBytes }: XzTarget,
  seen?: (bytes: Uint8Array) => void,
): AsyncGenerator<number> {
  const { name, limitBytes = promisedBytes } = encoded;
  if (promisedBytes > limitBytes) throw unpacksTooLarge(name, limitBytes);
  if (promisedBytes >= 2 ** 32 && statfsSync(path).type === fatMagic) throw fileTooLarge(path, promisedBytes);
  const explain = (words: string): PiburnError | undefined => {
    if (words.includes(limitIsLess)) return fileTooLarge(path, promisedBytes);
    if (/File too large/.test(words)) return corruptImage(name, `${promisedBytes} bytes were promised, more came`);
    return /No space left on device|quota/i.test(words) ? noRoom(path) : undefined;
  };
  const units = Math.ceil(promisedBytes / fileLimitUnitBytes);
  const args = ['-c', script, 'xz', String(units), ...xzArgs()];
  return decodeIntoFile(encoded, { program: 'sh', args, explain, killedHint }, descriptor, seen);
}

/** A file system such as FAT32, or a limit of this process: not the image's fault. */
const fileTooLarge = (path: string, promisedBytes: number): PiburnError =>
  failure('STORE_FILE_LIMIT', `${path}: a file of ${promisedBytes} bytes is larger than may be there`, {
    hint: 'a FAT32 file system takes 4 GB at most, and `ulimit -f` may say less: choose another place by --store',
  });
