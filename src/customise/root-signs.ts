// What the root partition of an image says about its system, for the detection of the flavour.

import { given } from '../given.js';
import { readOsRelease } from './ext/os-release.js';
import { ExtVolume } from './ext/volume.js';
import type { RootSigns } from './image-signs.js';
import type { ReadImage } from './overlay.js';

const preseedUnits = ['/usr/lib/systemd/system/rpi-preseed.service', '/lib/systemd/system/rpi-preseed.service'];

/** Where a partition lies in the image. */
interface Range {
  readonly startBytes: number;
  readonly sizeBytes: number;
}

/** Signs of the first partition with an os-release; undefined where no ext root can be read. */
export function readRootSigns(read: ReadImage, partitions: readonly Range[]): RootSigns | undefined {
  for (const partition of partitions) {
    const signs = signsIn(read, partition);
    if (signs !== undefined) return signs;
  }
  return undefined;
}

function signsIn(read: ReadImage, { startBytes, sizeBytes }: Range): RootSigns | undefined {
  try {
    const volume = ExtVolume.open(read, startBytes, sizeBytes);
    const release = volume && readOsRelease(volume);
    if (!volume || !release) return undefined;
    const hasPreseed = preseedUnits.some((path) => volume.exists(path));
    const { id, prettyName, codename } = release;
    return { ...given({ id, prettyName, codename }), hasPreseed };
  } catch {
    // A damaged root is not changed by the settings, and the boot partition has signs enough.
    return undefined;
  }
}
