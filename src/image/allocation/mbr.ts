// The partition table of a master boot record, and the chain of extended boot records that holds the logical
// partitions. Layout as in Linux's block/partitions/msdos.c: four entries of 16 bytes at 446, 0x55AA at 510.

import { type Fields, littleEndian } from './fields.js';
import { endBytesOf, type PartitionEntry } from './partition.js';
import { NotUnderstood, type Reader, take } from './reader.js';

export const sectorBytes = 512;

const maxLogicalPartitions = 64;

interface Slot {
  readonly status: number;
  readonly type: number;
  readonly startBytes: number;
  readonly sizeBytes: number;
}

/** The primary partitions; undefined when the sector is no MBR or has no partition. */
export function parseMbr(sector: Uint8Array): PartitionEntry[] | undefined {
  const slots = readSlots(littleEndian(sector));
  if (slots === undefined || slots.some(({ status }) => status !== 0 && status !== 0x80)) return undefined;
  const entries = slots.flatMap((slot, index) => (isPartition(slot) ? [toEntry(slot, index + 1)] : []));
  return entries.length > 0 ? entries : undefined;
}

export const isProtective = (entry: PartitionEntry): boolean => entry.type === '0xee';

export const isExtended = (entry: PartitionEntry): boolean =>
  entry.scheme === 'mbr' && ['0x05', '0x0f', '0x85'].includes(entry.type);

export const isLogical = (entry: PartitionEntry): boolean => entry.scheme === 'mbr' && entry.number > 4;

/**
 * Follows the chain inside an extended partition; offsets count from its start, as the links do.
 * Each partition is handed out when its record has passed. @throws NotUnderstood for a chain that loops or leaves it.
 */
export function* readLogicalPartitions(extended: PartitionEntry, found: (entry: PartitionEntry) => void): Reader {
  const seen = new Set<number>();
  let recordBytes: number | undefined = 0;
  while (recordBytes !== undefined) {
    if (seen.has(recordBytes)) throw new NotUnderstood('its chain of logical partitions loops');
    if (seen.size === maxLogicalPartitions) throw new NotUnderstood('it has too many logical partitions');
    seen.add(recordBytes);

    const slots: Slot[] | undefined = readSlots(littleEndian(yield* take(recordBytes, sectorBytes)));
    const [logical, next] = slots ?? [];
    if (logical === undefined || next === undefined)
      throw new NotUnderstood('its chain of logical partitions is broken');
    if (isPartition(logical)) found(logicalEntry(logical, recordBytes, extended, 4 + seen.size));
    recordBytes = isPartition(next) ? next.startBytes : undefined;
  }
}

function logicalEntry(slot: Slot, recordBytes: number, extended: PartitionEntry, number: number): PartitionEntry {
  const entry = toEntry({ ...slot, startBytes: extended.startBytes + recordBytes + slot.startBytes }, number);
  if (endBytesOf(entry) > endBytesOf(extended)) throw new NotUnderstood('a logical partition ends outside of it');
  return entry;
}

function readSlots(sector: Fields): Slot[] | undefined {
  if (sector.u16(510) !== 0xaa55) return undefined;
  return [446, 462, 478, 494].map((offset) => ({
    status: sector.u8(offset),
    type: sector.u8(offset + 4),
    startBytes: sector.u32(offset + 8) * sectorBytes,
    sizeBytes: sector.u32(offset + 12) * sectorBytes,
  }));
}

const isPartition = (slot: Slot): boolean => slot.type !== 0 && slot.startBytes > 0 && slot.sizeBytes > 0;

const toEntry = ({ status, type, startBytes, sizeBytes }: Slot, number: number): PartitionEntry => ({
  number,
  scheme: 'mbr',
  type: `0x${type.toString(16).padStart(2, '0')}`,
  startBytes,
  sizeBytes,
  ...(status === 0x80 && { bootable: true }),
});
