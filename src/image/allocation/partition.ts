// What is known about a partition: its entry in the table, and what its file system said.

export type FileSystemKind = 'fat12' | 'fat16' | 'fat32' | 'ext2' | 'ext3' | 'ext4';

/** A partition as the partition table has it. */
export interface PartitionEntry {
  /** As Linux counts them: primary 1-4, logical from 5; 0 is a file system without a partition table. */
  readonly number: number;
  readonly scheme: 'mbr' | 'gpt' | 'none';
  /** `0x0c` in an MBR, a GUID in a GPT; empty without a table. */
  readonly type: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** The file system's label, else the name in a GPT. */
  readonly label?: string;
  /** MBR: active; GPT: legacy BIOS bootable. */
  readonly bootable?: boolean;
  /** Why the partition is written in full. */
  readonly note?: string;
}

export interface PartitionInfo extends PartitionEntry {
  readonly fileSystem?: FileSystemKind;
  /** Free space found so far, in whole 4 KiB blocks of the image. */
  readonly freeBytes?: number;
}

/** A partition as its file system's reader sees it; offsets count from its start. */
export interface Volume {
  readonly sizeBytes: number;
  describe(fileSystem: FileSystemKind, label: string | undefined): void;
  /** Runs must come in ascending order. */
  markFree(startBytes: number, endBytes: number): void;
}

export const endBytesOf = (entry: PartitionEntry): number => entry.startBytes + entry.sizeBytes;

export const overlaps = (a: PartitionEntry, b: PartitionEntry): boolean =>
  a.startBytes < endBytesOf(b) && b.startBytes < endBytesOf(a);
