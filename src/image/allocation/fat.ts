// Free clusters of a FAT12, FAT16 or FAT32 volume (Microsoft's fatgen103: "FAT: General Overview of On-Disk Format").

import { type Fields, labelText, littleEndian } from './fields.js';
import type { Volume } from './partition.js';
import { NotUnderstood, type Reader, take } from './reader.js';

/** Divides by 3 and by 4: no entry of any width is cut by the border of a piece. */
const pieceBytes = 768 * 1024;

const bootSectorSignature = 0xaa55;
const extendedBootSignature = 0x29;

export interface FatVolume {
  readonly kind: 'fat12' | 'fat16' | 'fat32';
  readonly label?: string;
  readonly entryBits: 12 | 16 | 32;
  readonly sizeBytes: number;
  /** The file allocation table in use and its size. */
  readonly tableOffsetBytes: number;
  readonly tableBytes: number;
  /** Where cluster 2 starts. */
  readonly dataOffsetBytes: number;
  readonly clusterBytes: number;
  readonly clusterCount: number;
  readonly mediaByte: number;
  /** What forbids to believe the table. */
  readonly doubt?: string;
}

/** The volume that a boot sector describes; undefined when it is not the boot sector of a FAT volume. */
export function parseFat(bootSector: Uint8Array): FatVolume | undefined {
  const boot = littleEndian(bootSector);
  if (!isBootSector(boot)) return undefined;

  const sectorBytes = boot.u16(11);
  const clusterBytes = boot.u8(13) * sectorBytes;
  const tableCount = boot.u8(16);
  const shortTableSectors = boot.u16(22);
  const wide = shortTableSectors === 0;
  const tableBytes = (wide ? boot.u32(36) : shortTableSectors) * sectorBytes;
  const sizeBytes = (boot.u16(19) || boot.u32(32)) * sectorBytes;
  const rootBytes = Math.ceil((boot.u16(17) * 32) / sectorBytes) * sectorBytes;
  const reservedBytes = boot.u16(14) * sectorBytes;
  const dataOffsetBytes = reservedBytes + tableCount * tableBytes + rootBytes;
  const clusterCount = Math.floor((sizeBytes - dataOffsetBytes) / clusterBytes);
  if (tableBytes === 0 || clusterCount < 1) return undefined;

  const entryBits = clusterCount < 4085 ? 12 : clusterCount < 65525 ? 16 : 32;
  const activeTable = wide ? activeTableOf(boot.u16(40)) : 0;
  const extension = wide ? 64 : 36;
  const label =
    boot.u8(extension + 2) === extendedBootSignature ? volumeLabel(boot.bytes(extension + 7, 11)) : undefined;
  const doubt = doubtOf(boot, { wide, entryBits, activeTable, tableCount, dirtyFlags: boot.u8(extension + 1) });
  return {
    kind: `fat${entryBits}`,
    ...(label !== undefined && { label }),
    entryBits,
    sizeBytes,
    tableOffsetBytes: reservedBytes + activeTable * tableBytes,
    tableBytes,
    dataOffsetBytes,
    clusterBytes,
    clusterCount,
    mediaByte: boot.u8(21),
    ...(doubt !== undefined && { doubt }),
  };
}

/** Marks the free clusters of `volume`. @throws NotUnderstood for a table that cannot be believed. */
export function* readFat(volume: Volume, fat: FatVolume): Reader {
  volume.describe(fat.kind, fat.label);
  if (fat.doubt !== undefined) throw new NotUnderstood(fat.doubt);
  if (fat.sizeBytes > volume.sizeBytes) throw new NotUnderstood('the file system is larger than its partition');

  const entryCount = Math.min(fat.clusterCount + 2, Math.floor((fat.tableBytes * 8) / fat.entryBits));
  const usedTableBytes = Math.ceil((entryCount * fat.entryBits) / 8);
  for (let offsetBytes = 0; offsetBytes < usedTableBytes; offsetBytes += pieceBytes) {
    const lengthBytes = Math.min(pieceBytes, usedTableBytes - offsetBytes);
    const piece = yield* take(fat.tableOffsetBytes + offsetBytes, lengthBytes);
    if (offsetBytes === 0) checkFirstEntries(piece, fat);
    const firstCluster = (offsetBytes * 8) / fat.entryBits;
    const endCluster = Math.min(entryCount, firstCluster + Math.floor((lengthBytes * 8) / fat.entryBits));
    markFreeClusters(volume, fat, piece, firstCluster, endCluster);
  }
}

function isBootSector(boot: Fields): boolean {
  const jump = boot.u8(0);
  const clusterSectors = boot.u8(13);
  const media = boot.u8(21);
  return (
    boot.u16(510) === bootSectorSignature &&
    (jump === 0xeb || jump === 0xe9) &&
    [512, 1024, 2048, 4096].includes(boot.u16(11)) &&
    clusterSectors !== 0 &&
    (clusterSectors & (clusterSectors - 1)) === 0 &&
    boot.u16(14) !== 0 &&
    boot.u8(16) !== 0 &&
    (media === 0xf0 || media >= 0xf8)
  );
}

/** FAT32 writes one table only when mirroring is off (bit 7); its number is in the low bits. */
const activeTableOf = (extendedFlags: number): number => (extendedFlags & 0x80 ? extendedFlags & 0x0f : 0);

function volumeLabel(bytes: Uint8Array): string | undefined {
  const label = labelText(bytes, 'latin1');
  return label === 'NO NAME' ? undefined : label;
}

interface Claims {
  readonly wide: boolean;
  readonly entryBits: number;
  readonly activeTable: number;
  readonly tableCount: number;
  readonly dirtyFlags: number;
}

function doubtOf(boot: Fields, { wide, entryBits, activeTable, tableCount, dirtyFlags }: Claims): string | undefined {
  // mkfs.vfat -F 32 makes such volumes when they are small; Linux and fatgen103 then disagree about the width.
  if (wide !== (entryBits === 32)) return 'its number of clusters does not fit its kind of FAT';
  if (wide && boot.u16(42) !== 0) return 'an unknown version of FAT32';
  if (activeTable >= tableCount) return 'its active FAT does not exist';
  if (dirtyFlags & 3) return 'it was not unmounted cleanly';
  return undefined;
}

/** Entry 0 repeats the media byte; entry 1 says in its two top bits that the volume is clean. */
function checkFirstEntries(table: Uint8Array, { entryBits, mediaByte }: FatVolume): void {
  const fields = littleEndian(table);
  if (fields.u8(0) !== mediaByte) throw new NotUnderstood('its FAT does not start like one');
  const cleanBits = entryBits === 32 ? fields.u32(4) >>> 26 : entryBits === 16 ? fields.u16(2) >>> 14 : 3;
  if ((cleanBits & 3) !== 3) throw new NotUnderstood('it was not unmounted cleanly');
}

/** Marks the runs of free clusters in a piece whose first entry is `firstCluster`'s. Clusters 0 and 1 do not exist. */
function markFreeClusters(
  volume: Volume,
  fat: FatVolume,
  piece: Uint8Array,
  firstCluster: number,
  endCluster: number,
): void {
  const entryAt = entryReader(littleEndian(piece), fat.entryBits);
  const offsetOf = (cluster: number) => fat.dataOffsetBytes + (cluster - 2) * fat.clusterBytes;
  let runStart = Math.max(2, firstCluster);
  for (let cluster = runStart; cluster < endCluster; cluster++) {
    if (entryAt(cluster - firstCluster) === 0) continue;
    if (runStart < cluster) volume.markFree(offsetOf(runStart), offsetOf(cluster));
    runStart = cluster + 1;
  }
  if (runStart < endCluster) volume.markFree(offsetOf(runStart), offsetOf(endCluster));
}

function entryReader(table: Fields, entryBits: FatVolume['entryBits']): (index: number) => number {
  switch (entryBits) {
    case 12:
      return (index) => (table.u16(index + (index >>> 1)) >>> (index & 1 ? 4 : 0)) & 0xfff;
    case 16:
      return (index) => table.u16(index * 2);
    case 32: // The top four bits are reserved.
      return (index) => table.u32(index * 4) & 0x0fffffff;
  }
}
