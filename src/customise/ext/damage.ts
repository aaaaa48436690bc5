// The errors of the look into an ext file system. Nothing is repaired: what contradicts itself is not read any further.

import { failure, type PiburnError } from '../../errors.js';

/** Makes the error for a file system; `what` completes the sentence "the ext file system … is damaged: WHAT". */
export type Damaged = (what: string) => PiburnError;

/** The errors of the file system that begins at this byte of the image. */
export const damagedAt =
  (startBytes: number): Damaged =>
  (what) =>
    failure('EXT_DAMAGED', `the ext file system at byte ${startBytes} is damaged: ${what}`, {
      hint: 'download the image again, or look at it with e2fsck -fn',
      offsetBytes: startBytes,
    });

/** More than a caller wants to have in memory. */
export const tooLarge = (what: string, limitBytes: number): PiburnError =>
  failure('EXT_TOO_LARGE', `${what} has more than the ${limitBytes} bytes that are read here`, {
    hint: 'look at it on the running system',
  });

export const encrypted = (inode: number): PiburnError =>
  failure('EXT_ENCRYPTED', `inode ${inode} of the ext file system is encrypted (fscrypt)`, {
    hint: 'look at it on the running system, which has the key',
  });
