// The files of `--files`: they go onto the boot partition as they are, after those of the flavour.

import type { ExtraFile } from '../protocol.js';
import type { FatVolume } from './fat/volume.js';

/** Writes them, with the directories that they need. Throws as the FAT editor does. */
export function writeExtraFiles(volume: FatVolume, files: readonly ExtraFile[], now: Date): void {
  for (const { path, bytes } of files) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) volume.makeDirectory(parts.slice(0, depth).join('/'), now);
    volume.writeFile(path, bytes, now);
  }
}

/** The first one that did not come out as it was meant. */
export const findLostFile = (volume: FatVolume, files: readonly ExtraFile[]): ExtraFile | undefined =>
  files.find(({ path, bytes }) => {
    const found = volume.readFile(path);
    return found === undefined || Buffer.compare(found, bytes) !== 0;
  });
