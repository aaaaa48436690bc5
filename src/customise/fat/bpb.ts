// Where everything is on a FAT volume, read from its boot sector and checked against the partition's real size.

import { failure, type PiburnError } from '../../errors.js';
import type { Overlay } from '../overlay.js';
import { damaged } from './damage.js';
import { decodeOem } from './oem.js';

export type FatKind = 'fat12' | 'fat16' | 'fat32';

/** The layout of a volume. All offsets are absolute in the image. */
export interface FatGeometry {
  readonly kind: FatKind;
  readonly clusterBytes: number;
  /** Data clusters are numbered 2 … clusterCount + 1. */
  readonly clusterCount: number;
  /** The FATs that are kept equal; the first is the one to read. */
  readonly fatOffsetsBytes: readonly [number, ...number[]];
  readonly fatBytes: number;
  readonly dataOffsetBytes: number;
  readonly root: FixedRoot | ChainedRoot;
  /** The FSInfo sector, on a FAT32 volume that has one. */
  readonly fsInfoOffsetBytes: number | undefined;
  /** The label in the boot sector; the one in the root directory goes before it. */
  readonly label: string | undefined;
  /** A system mounted the volume and did not unmount it. */
  readonly dirty: boolean;
}

/** The root directory of FAT12 and FAT16: it cannot grow. */
export interface FixedRoot {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** The root directory of FAT32: a chain like any other. */
export interface ChainedRoot {
  readonly firstCluster: number;
}

const bootSectorBytes = 512;
const maxFats = 4;

/**
 * Reads the BIOS parameter block as Microsoft's FAT specification (fatgen103) defines it.
 * Throws FAT_UNKNOWN when the partition holds no FAT file system, FAT_DAMAGED when its numbers do not fit together.
 */
export function readGeometry(overlay: Overlay, startBytes: number, sizeBytes: number): FatGeometry {
  if (sizeBytes < bootSectorBytes) throw unknown('it is smaller than a sector');
  const boot = new DataView(overlay.read(startBytes, bootSectorBytes).buffer);
  const bpb = readParameters(boot);
  const fat32 = bpb.fatSectors16 === 0;
  const fatSectors = fat32 ? bpb.fatSectors32 : bpb.fatSectors16;
  const rootSectors = Math.ceil((bpb.rootEntries * 32) / bpb.sectorBytes);
  const rootSector = bpb.reservedSectors + bpb.fats * fatSectors;
  const dataSector = rootSector + rootSectors;

  if (bpb.totalSectors * bpb.sectorBytes > sizeBytes) throw damaged('it is larger than its partition');
  if (fatSectors === 0 || dataSector >= bpb.totalSectors) throw damaged('its tables leave no room for data');
  if (fat32 !== (bpb.rootEntries === 0)) throw damaged('the size of its root directory does not fit its type');

  const clusterCount = Math.floor((bpb.totalSectors - dataSector) / bpb.sectorsPerCluster);
  const kind = fat32 ? 'fat32' : clusterCount < 4085 ? 'fat12' : 'fat16';
  const fatBytes = fatSectors * bpb.sectorBytes;
  const at = (sector: number) => startBytes + sector * bpb.sectorBytes;
  if (clusterCount === 0) throw damaged('it has no room for a single cluster');
  if (clusterCount > maxClusters[kind]) throw damaged(`it counts ${clusterCount} clusters, too many for its type`);
  if (Math.ceil(((clusterCount + 2) * entryBits[kind]) / 8) > fatBytes) throw damaged('its FAT is too small for it');

  return {
    kind,
    clusterBytes: bpb.sectorsPerCluster * bpb.sectorBytes,
    clusterCount,
    fatOffsetsBytes: fatsInUse(boot, fat32, bpb.fats, (fat) => at(bpb.reservedSectors + fat * fatSectors)),
    fatBytes,
    dataOffsetBytes: at(dataSector),
    root: fat32
      ? { firstCluster: boot.getUint32(44, true) }
      : { offsetBytes: at(rootSector), lengthBytes: bpb.rootEntries * 32 },
    fsInfoOffsetBytes: fat32 ? fsInfoOffset(boot, bpb.reservedSectors, at) : undefined,
    label: bootLabel(boot, fat32),
    // Windows and Linux keep the state of the volume in this byte, which fatgen103 still calls reserved.
    dirty: (boot.getUint8(fat32 ? 65 : 37) & 1) !== 0,
  };
}

/** The absolute offset of a data cluster. The caller has checked that its number is in range. */
export const clusterOffset = (geometry: FatGeometry, cluster: number): number =>
  geometry.dataOffsetBytes + (cluster - 2) * geometry.clusterBytes;

const entryBits: Readonly<Record<FatKind, number>> = { fat12: 12, fat16: 16, fat32: 32 };
const maxClusters: Readonly<Record<FatKind, number>> = { fat12: 4084, fat16: 65524, fat32: 0x0ffffff5 };

function readParameters(boot: DataView) {
  const parameters = {
    sectorBytes: boot.getUint16(11, true),
    sectorsPerCluster: boot.getUint8(13),
    reservedSectors: boot.getUint16(14, true),
    fats: boot.getUint8(16),
    rootEntries: boot.getUint16(17, true),
    totalSectors: boot.getUint16(19, true) || boot.getUint32(32, true),
    fatSectors16: boot.getUint16(22, true),
    fatSectors32: boot.getUint32(36, true),
  };
  if (boot.getUint16(510, true) !== 0xaa55) throw unknown('its first sector has no boot signature');
  if (![512, 1024, 2048, 4096].includes(parameters.sectorBytes)) throw unknown('its sector size is none of FAT');
  if (!isPowerOfTwo(parameters.sectorsPerCluster)) throw unknown('its cluster size is none of FAT');
  if (parameters.reservedSectors === 0) throw unknown('it reserves no sectors');
  if (parameters.fats === 0 || parameters.fats > maxFats) throw unknown(`it has ${parameters.fats} FATs`);
  if (parameters.fatSectors16 === 0 && boot.getUint16(42, true) !== 0) throw unknown('its version of FAT32 is not 0.0');
  return parameters;
}

const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;

/** All FATs, or only the active one where bit 7 of BPB_ExtFlags says that they are not mirrored. */
function fatsInUse(boot: DataView, fat32: boolean, fats: number, offsetOf: (fat: number) => number) {
  const flags = fat32 ? boot.getUint16(40, true) : 0;
  const active = flags & 0x0f;
  if ((flags & 0x80) === 0) {
    const [first, ...others] = Array.from({ length: fats }, (_, fat) => offsetOf(fat));
    return [first ?? offsetOf(0), ...others] as const;
  }
  if (active >= fats) throw damaged(`it uses FAT ${active + 1} of ${fats}`);
  return [offsetOf(active)] as const;
}

function fsInfoOffset(boot: DataView, reservedSectors: number, at: (sector: number) => number): number | undefined {
  const sector = boot.getUint16(48, true);
  return sector === 0 || sector >= reservedSectors ? undefined : at(sector);
}

function bootLabel(boot: DataView, fat32: boolean): string | undefined {
  const offset = fat32 ? 66 : 38;
  if (boot.getUint8(offset) !== 0x29) return undefined;
  const label = decodeOem(new Uint8Array(boot.buffer, offset + 5, 11)).trimEnd();
  return label === '' || label === 'NO NAME' ? undefined : label;
}

const unknown = (why: string): PiburnError =>
  failure('FAT_UNKNOWN', `The boot partition holds no FAT file system that piburn can read: ${why}.`, {
    hint: 'Customising needs a Raspberry Pi image with a FAT boot partition; without options the image is burned as it is.',
  });
