// Where the root file system lies in an image.

import { failure, PiburnError } from '../../errors.js';
import { isExt, superblockBytes, superblockOffsetBytes } from '../../image/allocation/ext-superblock.js';
import { inspectHead } from '../../image/allocation/inspect-head.js';
import { endBytesOf } from '../../image/allocation/partition.js';
import { headBytes } from '../../image/disk-image.js';
import { ExtVolume } from '../ext/volume.js';
import type { ReadImage } from '../overlay.js';
import { type RootPlace, refuseUnwritable } from './ext-refusal.js';

/**
 * Finds the root: the first partition with an ext file system that has /etc/passwd, or /etc and /usr. `exists` resolves
 * when the image has come that far.
 * @throws PiburnError `NO_ROOT_PARTITION`, or what keeps the first ext file system from being read (`ROOT_…`,
 * `EXT_DAMAGED`) when no other one is the root.
 */
export async function findRootPlace(read: ReadImage, exists: (endBytes: number) => Promise<void>): Promise<RootPlace> {
  await exists(headBytes);
  let problem: PiburnError | undefined;
  for (const entry of inspectHead(read(0, headBytes)).entries) {
    if (entry.sizeBytes < superblockOffsetBytes + superblockBytes) continue;
    await exists(entry.startBytes + superblockOffsetBytes + superblockBytes);
    if (!isExt(read(entry.startBytes + superblockOffsetBytes, superblockBytes))) continue;
    await exists(endBytesOf(entry));
    const { startBytes, sizeBytes } = entry;
    try {
      const volume = ExtVolume.open(read, startBytes, sizeBytes);
      // Says by name why it can be neither read nor written.
      if (volume === undefined) refuseUnwritable(read, entry);
      else if (holdsSystem(volume)) return { startBytes, sizeBytes };
    } catch (error) {
      if (!(error instanceof PiburnError)) throw error;
      problem ??= error;
    }
  }
  throw problem ?? noRootPartition();
}

const holdsSystem = (volume: ExtVolume): boolean =>
  volume.exists('/etc/passwd') || (volume.exists('/etc') && volume.exists('/usr'));

const noRootPartition = (): PiburnError =>
  failure('NO_ROOT_PARTITION', 'the image has no ext2, ext3 or ext4 partition with a system (/etc/passwd) in it', {
    hint: 'settings cannot be written into btrfs, f2fs or squashfs; leave --rootfs out',
  });
