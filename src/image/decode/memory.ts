// How much memory a decoder may use: an image can ask for gibibytes of it.

import { readFileSync } from 'node:fs';
import { failure, type PiburnError } from '../../errors.js';
import { formatBytes } from '../../size-text.js';

const mebibyte = 1024 * 1024;

/** A quarter of the memory that is available now, at least `atLeastBytes`. */
export function memoryShareBytes(atLeastBytes = 64 * mebibyte): number {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
  return Math.max(atLeastBytes, Math.floor((Number(available?.[1] ?? 0) * 1024) / 4));
}

/** What the usual settings of zstd and 7z may ask for, and is granted on any machine. */
export const usualWindowBytes = 128 * mebibyte;

export const tooMuchMemory = (name: string, allowedBytes: number): PiburnError =>
  failure('IMAGE_NEEDS_MEMORY', `${name} needs more than ${formatBytes(allowedBytes)} of memory to unpack`, {
    hint: 'close other programs, or unpack it on another machine and burn what was in it',
  });
