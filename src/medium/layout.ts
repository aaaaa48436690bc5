// Where the one partition of a formatted card lies, which file system it gets, and what its name may be. Decided before the
// card is touched.

import { usageError } from '../errors.js';

export type FileSystemName = 'fat32' | 'exfat';

export interface CardLayout {
  readonly fileSystem: FileSystemName;
  readonly label: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** Partition type of the MBR: 0x0c FAT32 with LBA, 0x07 exFAT. */
  readonly type: number;
}

const MiB = 1024 * 1024;
/** As the SD Association lays it out: partition and data begin on boundaries of erase blocks (SD File System, 4 MiB). */
const startBytes = 4 * MiB;
/** SDHC ends and SDXC begins here; the one is to have FAT32, the other exFAT. */
const largestFat32Bytes = 32 * 1024 ** 3;
/** FAT32 has at least 65525 clusters (Microsoft, FAT specification), here of 512 bytes. */
const leastBytes = { fat32: 40 * MiB, exfat: 8 * MiB } as const;
/** The MBR counts sectors in 32 bits. */
const mostSectors = 2 ** 32 - 1;

export const usualLabel = 'SDCARD';

/** @throws PiburnError `LABEL`, `TOO_SMALL`, `TOO_LARGE`. */
export function planLayout(
  path: string,
  cardBytes: number,
  wishes: { readonly fileSystem?: FileSystemName; readonly label?: string },
): CardLayout {
  const fileSystem = wishes.fileSystem ?? (cardBytes <= largestFat32Bytes ? 'fat32' : 'exfat');
  const sizeBytes = Math.floor((cardBytes - startBytes) / MiB) * MiB;
  if (sizeBytes < leastBytes[fileSystem]) {
    throw usageError('TOO_SMALL', `${path} has ${cardBytes} bytes, too few for a file system of this kind`, {
      device: path,
      hint: `a card, or a file of at least ${(leastBytes[fileSystem] + startBytes) / MiB + 1} MiB`,
    });
  }
  if ((startBytes + sizeBytes) / 512 > mostSectors) {
    throw usageError('TOO_LARGE', `${path} has ${cardBytes} bytes, more than a partition table of this kind can hold`, {
      device: path,
      hint: 'format it with parted and a GPT',
    });
  }
  const label = checkLabel(wishes.label ?? usualLabel, fileSystem);
  return { fileSystem, label, startBytes, sizeBytes, type: fileSystem === 'fat32' ? 0x0c : 0x07 };
}

/** The label as it will be on the card. @throws PiburnError `LABEL`. */
export function checkLabel(label: string, fileSystem: FileSystemName): string {
  const complain = (problem: string, hint: string) => usageError('LABEL', `--label: '${label}' ${problem}`, { hint });
  if (label.trim() === '') throw complain('is empty', `leave it out for ${usualLabel}`);
  if (label.length > 11) throw complain('has more than 11 characters', 'choose a shorter one');
  if (fileSystem === 'fat32') {
    const upper = label.toUpperCase();
    // Characters of a short name (Microsoft, FAT specification 1.03, "short directory entries"), and the space.
    if (/^[A-Z0-9 $%'\-_@~`!(){}^#&]+$/.test(upper) && !upper.startsWith(' ')) return upper;
    throw complain('has characters that FAT32 does not take', 'use letters without accents, digits, - and _');
  }
  if (/[\p{Cc}\p{Cf}\p{Cs}"*/:<>?\\|]/u.test(label))
    throw complain('has characters that exFAT does not take', 'leave out control characters and " * / : < > ? \\ |');
  return label;
}
