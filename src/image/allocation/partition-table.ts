// Which partition table an image has, and its partitions: MBR, GPT behind a protective MBR, or none and one FAT
// volume that fills the image.

import { parseFat } from './fat.js';
import { readGpt } from './gpt.js';
import { isProtective, parseMbr, sectorBytes } from './mbr.js';
import type { PartitionEntry } from './partition.js';
import { NotUnderstood, type Reader, take } from './reader.js';

export interface PartitionTable {
  readonly kind: 'mbr' | 'gpt' | 'fat';
  /** Without the logical partitions of an MBR: their records lie between them, see `readLogicalPartitions`. */
  readonly entries: readonly PartitionEntry[];
}

/** Reads the table from the start of the image; undefined when there is none. */
export function* readPartitionTable(): Reader<PartitionTable | undefined> {
  const sector = yield* take(0, sectorBytes);
  const entries = parseMbr(sector);
  if (entries === undefined) return withoutTable(sector);
  if (!entries.some(isProtective)) return { kind: 'mbr', entries };
  try {
    return { kind: 'gpt', entries: yield* readGpt() };
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    const note = error.message;
    return { kind: 'mbr', entries: entries.map((entry) => ({ ...entry, note })) };
  }
}

function withoutTable(sector: Uint8Array): PartitionTable | undefined {
  const fat = parseFat(sector);
  if (fat === undefined) return undefined;
  return {
    kind: 'fat',
    entries: [{ number: 0, scheme: 'none', type: '', startBytes: 0, sizeBytes: fat.sizeBytes }],
  };
}
