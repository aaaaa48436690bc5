// Judges an image by its first bytes, before anything is decoded further or written.

import { isProtective } from './mbr.js';
import { endBytesOf, type PartitionEntry } from './partition.js';
import { type PartitionTable, readPartitionTable } from './partition-table.js';
import { NotUnderstood } from './reader.js';

export interface Head {
  /** `fat`: a FAT volume without a partition table. undefined: this is no disk image. */
  readonly table: 'mbr' | 'gpt' | 'fat' | undefined;
  /** Where the last partition ends; an image that is shorter is truncated. */
  readonly partitionsEndBytes: number;
  /** The partitions, without logical ones. */
  readonly entries: readonly PartitionEntry[];
}

/** Judges an image by its first bytes: at least 1 MiB of them, or the whole image. */
export function inspectHead(first: Uint8Array): Head {
  const table = readAtOnce(first);
  // A protective entry may claim more than the image has: it is sized for the disk the image was made on.
  const ends = table?.entries.filter((entry) => !isProtective(entry)).map(endBytesOf) ?? [];
  return { table: table?.kind, partitionsEndBytes: Math.max(0, ...ends), entries: table?.entries ?? [] };
}

function readAtOnce(bytes: Uint8Array): PartitionTable | undefined {
  try {
    const reader = readPartitionTable();
    let step = reader.next();
    while (!step.done) {
      const { offsetBytes, lengthBytes } = step.value;
      step = reader.next(bytes.subarray(offsetBytes, offsetBytes + lengthBytes));
    }
    return step.value;
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}
