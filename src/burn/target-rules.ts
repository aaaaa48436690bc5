// What the rules for disks have to know of a run.

import type { RefusalOptions } from '../devices/refuse.js';
import { given } from '../given.js';
import { localPath } from '../image/resolve.js';
import type { BurnOptions } from './options.js';

export function rulesOf(options: BurnOptions, storeDirectory: string, imageBytes: number | undefined): RefusalOptions {
  const path = localPath(options.image);
  const imagePath = path === '-' ? undefined : path;
  return {
    protectedPaths: imagePath === undefined ? [storeDirectory] : [storeDirectory, imagePath],
    allowFixed: options.allowFixed ?? false,
    allowLarge: options.allowLarge ?? false,
    unmount: options.unmount ?? false,
    ...given({ imagePath, imageBytes, fileBytes: options.fileBytes }),
  };
}
