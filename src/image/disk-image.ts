// The first look at decoded bytes: is this the beginning of a disk, and how far does it claim to reach?

import { failure, type PiburnError } from '../errors.js';
import { inspectHead } from './allocation/inspect-head.js';

/** How much of an image `checkDiskImage` wants to see (or all of it, when it is shorter). */
export const headBytes = 1024 * 1024;

/**
 * Where the last partition ends, in bytes.
 * @throws PiburnError `IMAGE_NOT_A_DISK` when the bytes are not the beginning of a disk with a partition table.
 */
export function checkDiskImage(first: Uint8Array, name: string): number {
  const head = inspectHead(first);
  if (head.table !== undefined) return head.partitionsEndBytes;
  throw failure('IMAGE_NOT_A_DISK', `${name} is not a disk image: it has no partition table`, {
    hint: 'give the .img or .img.xz of an operating system',
  });
}

/** The error for an image that ends before its partitions do; undefined when it does not. */
export function cutShort(name: string, imageBytes: number, claimedBytes: number): PiburnError | undefined {
  if (imageBytes >= claimedBytes) return undefined;
  return failure(
    'IMAGE_TRUNCATED',
    `${name} is cut short: it has ${imageBytes} bytes, but its partitions reach to byte ${claimedBytes}`,
    { hint: 'download or copy it again' },
  );
}
