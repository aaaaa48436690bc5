// The one error for a file system that contradicts itself. piburn does not repair: a damaged image is a bad source.

import { failure, type PiburnError } from '../../errors.js';

/** `what` completes the sentence "… is damaged: WHAT." */
export const damaged = (what: string): PiburnError =>
  failure('FAT_DAMAGED', `The FAT file system of the boot partition is damaged: ${what}.`, {
    hint: 'Download the image again, or look at it with `fsck.vfat -n`.',
  });
