// How much memory a decoder may use: an image can ask for gibibytes of it.

import { failure, type PiburnError } from '../../errors.js';
import { formatBytes } from '../../size-text.js';
import { availableMemoryBytes } from './memory-limit.js';

const mebibyte = 1024 * 1024;

/** A quarter of the memory that this process can have now, at least `atLeastBytes`. */
export const memoryShareBytes = (atLeastBytes = 64 * mebibyte): number =>
  Math.max(atLeastBytes, Math.floor(availableMemoryBytes() / 4));

/** What the usual settings of zstd and 7z may ask for, and is granted on any machine. */
export const usualWindowBytes = 128 * mebibyte;

export const tooMuchMemory = (name: string, allowedBytes: number): PiburnError =>
  failure('IMAGE_NEEDS_MEMORY', `${name} needs more than ${formatBytes(allowedBytes)} of memory to unpack`, {
    hint: 'close other programs, or unpack it on another machine and burn what was in it',
  });
