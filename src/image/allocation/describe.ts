// What was understood of an image, in a line for each partition.

import { formatBytes } from '../../size-text.js';
import type { Allocation } from './allocation.js';
import type { PartitionInfo } from './partition.js';

/** `partition 2: ext4 "rootfs", 1.90 GB/1.77 GiB, 41 % unused`. */
export const describeLayout = (allocation: Allocation): string[] => allocation.partitions.map(describePartition);

function describePartition(partition: PartitionInfo): string {
  const label = partition.label ? ` "${partition.label}"` : '';
  const kind = `${partition.fileSystem ?? 'not understood'}${label}`;
  const unused = Math.round((100 * (partition.freeBytes ?? 0)) / partition.sizeBytes);
  const use = partition.freeBytes === undefined ? 'written in full' : `${unused} % unused`;
  const why = partition.note === undefined ? '' : ` (${partition.note})`;
  return `partition ${partition.number}: ${kind}, ${formatBytes(partition.sizeBytes)}, ${use}${why}`;
}
