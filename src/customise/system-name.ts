// Which system an image holds, for people: the first root file system that says so.

import { inspectHead } from '../image/allocation/inspect-head.js';
import { headBytes } from '../image/disk-image.js';
import { readOsRelease } from './ext/os-release.js';
import { ExtVolume } from './ext/volume.js';
import type { ReadImage } from './overlay.js';

/** Such as `Debian GNU/Linux 13 (trixie)`; undefined where no ext root can be read. */
export function readSystemName(read: ReadImage): string | undefined {
  for (const { startBytes, sizeBytes } of inspectHead(read(0, headBytes)).entries) {
    const name = nameIn(read, startBytes, sizeBytes);
    if (name !== undefined) return name;
  }
  return undefined;
}

function nameIn(read: ReadImage, startBytes: number, sizeBytes: number): string | undefined {
  try {
    const volume = ExtVolume.open(read, startBytes, sizeBytes);
    return volume && readOsRelease(volume)?.prettyName;
  } catch {
    // Damaged metadata: whoever writes to it will hear of it; a name is not worth an error.
    return undefined;
  }
}
