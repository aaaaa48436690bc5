// A GUID partition table in 512 byte sectors (UEFI specification 2.10, section 5.3): header in sector 1, both
// checksums verified. Only the primary copy is read; the backup lies at the end, too late to skip anything.

import { crc32 } from './checksums.js';
import { type Fields, labelText, littleEndian } from './fields.js';
import { maxMappedBytes } from './free-map.js';
import { sectorBytes } from './mbr.js';
import type { PartitionEntry } from './partition.js';
import { maxRequestBytes, NotUnderstood, type Reader, take } from './reader.js';

const maxEntries = 1024;
const unusedType = '00000000-0000-0000-0000-000000000000';

interface Header {
  readonly firstUsableSector: number;
  readonly lastUsableSector: number;
  readonly entriesOffsetBytes: number;
  readonly entryCount: number;
  readonly entryBytes: number;
  readonly entriesChecksum: number;
}

/** All partitions of the table. @throws NotUnderstood when any of it is damaged. */
export function* readGpt(): Reader<PartitionEntry[]> {
  const header = parseHeader(yield* take(sectorBytes, sectorBytes));
  const array = yield* take(header.entriesOffsetBytes, header.entryCount * header.entryBytes);
  if (crc32(array) !== header.entriesChecksum) throw new NotUnderstood('the entries of the GPT have a wrong checksum');

  const entries: PartitionEntry[] = [];
  for (let index = 0; index < header.entryCount; index++) {
    const fields = littleEndian(array.subarray(index * header.entryBytes, (index + 1) * header.entryBytes));
    const type = guid(fields.bytes(0, 16));
    if (type !== unusedType) entries.push(parseEntry(fields, header, type, index + 1));
  }
  return entries;
}

function parseHeader(sector: Uint8Array): Header {
  const fields = littleEndian(sector);
  const headerBytes = fields.u32(12);
  if (labelText(sector.subarray(0, 8), 'latin1') !== 'EFI PART') throw new NotUnderstood('the GPT header is missing');
  if (headerBytes < 92 || headerBytes > sectorBytes) throw new NotUnderstood('the GPT header has a wrong size');
  if (headerChecksum(sector.subarray(0, headerBytes)) !== fields.u32(16)) {
    throw new NotUnderstood('the GPT header has a wrong checksum');
  }

  const header = {
    firstUsableSector: fields.u64(40),
    lastUsableSector: fields.u64(48),
    entriesOffsetBytes: fields.u64(72) * sectorBytes,
    entryCount: fields.u32(80),
    entryBytes: fields.u32(84),
    entriesChecksum: fields.u32(88),
  };
  const { entryCount, entryBytes, entriesOffsetBytes } = header;
  const usableOffsetBytes = header.firstUsableSector * sectorBytes;
  if (fields.u64(24) !== 1) throw new NotUnderstood('the GPT header is not at its place');
  if (entryBytes < 128 || entryBytes % 128 !== 0) throw new NotUnderstood('the GPT has entries of a wrong size');
  if (entryCount > maxEntries || entryCount * entryBytes > maxRequestBytes) {
    throw new NotUnderstood('the GPT has too many entries');
  }
  if (entriesOffsetBytes + entryCount * entryBytes > usableOffsetBytes || usableOffsetBytes > maxMappedBytes) {
    throw new NotUnderstood('the entries of the GPT are not at their place');
  }
  return header;
}

/** The checksum of a header counts its own field as zero. */
function headerChecksum(header: Uint8Array): number {
  const copy = Uint8Array.from(header);
  copy.fill(0, 16, 20);
  return crc32(copy);
}

function parseEntry(fields: Fields, header: Header, type: string, number: number): PartitionEntry {
  const firstSector = fields.u64(32);
  const lastSector = fields.u64(40);
  if (firstSector < header.firstUsableSector || lastSector > header.lastUsableSector || lastSector < firstSector) {
    throw new NotUnderstood(`partition ${number} of the GPT lies outside of the disk`);
  }
  const label = labelText(fields.bytes(56, 72), 'utf-16le');
  const legacyBootable = (fields.u8(48) & 4) !== 0;
  return {
    number,
    scheme: 'gpt',
    type,
    startBytes: firstSector * sectorBytes,
    sizeBytes: (lastSector - firstSector + 1) * sectorBytes,
    ...(label !== undefined && { label }),
    ...(legacyBootable && { bootable: true }),
  };
}

/** The usual spelling: the first three groups are little-endian. */
function guid(bytes: Uint8Array): string {
  const hex = (...indexes: number[]) => indexes.map((i) => (bytes[i] ?? 0).toString(16).padStart(2, '0')).join('');
  return [hex(3, 2, 1, 0), hex(5, 4), hex(7, 6), hex(8, 9), hex(10, 11, 12, 13, 14, 15)].join('-');
}
